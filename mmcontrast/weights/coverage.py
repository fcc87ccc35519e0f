"""How well a checkpoint's weights fit a network: compare, report, and load what is enough."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from torch import Tensor, nn

from mmcontrast.weights.files import CheckpointError

_Shape = tuple[int, ...]
_EXAMPLES = 4


class StageCount(NamedTuple):
    """Tensors of one stage that were loaded, are missing, and are only in the checkpoint."""

    loaded: int
    missing: int
    unexpected: int

    @property
    def share(self) -> float:
        """Share of the network's tensors that were loaded, 0 to 1; 1 where it has none."""
        return self.loaded / (self.loaded + self.missing) if self.loaded + self.missing else 1.0


class Coverage(NamedTuple):
    """The tensors of a network that a checkpoint holds, and those that only one of them has.

    ``num_batches_tracked``, which old checkpoints lack and nothing depends on, does not count.

    Attributes:
        loaded: Names that are in both, with the same shape.
        missing: Names of the network that the checkpoint lacks or has in another shape.
        unexpected: Names of the checkpoint that the network lacks.
        mismatched: For names that both have in different shapes: (checkpoint's, network's).
    """

    loaded: list[str]
    missing: list[str]
    unexpected: list[str]
    mismatched: dict[str, tuple[_Shape, _Shape]]

    @property
    def share(self) -> float:
        """Share of the network's tensors that were loaded, 0 to 1; 1 where it has none."""
        return StageCount(len(self.loaded), len(self.missing), 0).share

    @property
    def is_exact(self) -> bool:
        """Whether every tensor has its counterpart."""
        return not (self.missing or self.unexpected)

    def stages(self) -> dict[str, StageCount]:
        """Count by stage: ``stem`` and ``layer1`` to ``layer4`` of a ResNet, in this order.

        In other networks a stage is the first part of a name, behind the prefix that all share.
        """
        prefix = _common_prefix([*self.loaded, *self.missing])
        counts: dict[str, list[int]] = {}
        for column, names in enumerate((self.loaded, self.missing, self.unexpected)):
            for name in names:
                stage = _stage(name.removeprefix(prefix))
                counts.setdefault(stage, [0, 0, 0])[column] += 1
        return {stage: StageCount(*counts[stage]) for stage in sorted(counts, key=_rank)}

    def uncovered(self, least: float) -> list[str]:
        """Name the stem and those layers of a ResNet that are covered by less than ``least``."""
        return [
            stage
            for stage, count in self.stages().items()
            if (stage == "stem" or _is_layer(stage)) and count.share < least
        ]

    def overflowing(self, least: float) -> list[str]:
        """Name the stages of which the network has a place for less than ``least`` of the blocks.

        A ResNet-50 is filled entirely by a part of a ResNet-101. A stage is a list of blocks with a
        number in its name (``layer3``, ``stages.2.blocks``); one that the network lacks altogether
        was left out on purpose, and single tensors come and go with a library's versions.
        """
        ours, theirs = _blocks([*self.loaded, *self.missing]), _blocks(self.unexpected)
        return [
            name
            for name, blocks in theirs.items()
            if name in ours and len(ours[name]) < least * len(ours[name] | blocks)
        ]

    def report(self) -> str:
        """Return a table with a row for each stage, and the first names that do not fit."""
        total = StageCount(len(self.loaded), len(self.missing), len(self.unexpected))
        stages = {**self.stages(), "total": total}
        width = max(map(len, stages))
        rows = [("", StageCount._fields), *stages.items()]
        lines = [f"  {stage:<{width}}{a:>12}{b:>12}{c:>12}" for stage, (a, b, c) in rows]
        shapes = [
            f"{name} {theirs} instead of {ours}" for name, (theirs, ours) in self.mismatched.items()
        ]
        absent = [name for name in self.missing if name not in self.mismatched]
        for what, names in (
            ("of another shape in the checkpoint", shapes),
            ("not in the checkpoint", absent),
            ("only in the checkpoint", self.unexpected),
        ):
            if names:
                more = ", ..." if len(names) > _EXAMPLES else ""
                lines.append(f"  {len(names)} {what}: {', '.join(names[:_EXAMPLES])}{more}")
        return "\n".join(lines)


def compare(network: Mapping[str, Tensor], checkpoint: Mapping[str, Tensor]) -> Coverage:
    """Compare a network's state dict with a checkpoint's, by name and shape."""
    ours, theirs = _shapes(network), _shapes(checkpoint)
    mismatched = {
        name: (theirs[name], shape)
        for name, shape in ours.items()
        if name in theirs and theirs[name] != shape
    }
    loaded = [name for name in ours if name in theirs and name not in mismatched]
    return Coverage(
        loaded=loaded,
        missing=[name for name in ours if name not in theirs or name in mismatched],
        unexpected=[name for name in theirs if name not in ours],
        mismatched=mismatched,
    )


def rename_like(
    network: Mapping[str, Tensor], checkpoint: Mapping[str, Tensor]
) -> dict[str, Tensor]:
    """Give a checkpoint's tensors the names of a network's that differ in form only.

    A network's names may have a prefix that all of them share, and underscores for dots. Tensors
    without a counterpart keep their names.
    """
    prefix = _common_prefix(list(network))
    names: dict[str, list[str]] = {}
    for name in network:
        for form in {name, name.removeprefix(prefix)}:
            names.setdefault(form.replace(".", "_"), []).append(name)
    counterparts = {form: ours[0] for form, ours in names.items() if len(ours) == 1}
    return {
        counterparts.get(name.replace(".", "_"), name): tensor
        for name, tensor in checkpoint.items()
    }


def load_weights(
    module: nn.Module,
    state_dict: Mapping[str, Tensor],
    *,
    min_coverage: float = 0.95,
    what: str = "backbone",
) -> Coverage:
    """Load weights by name and shape, and refuse them where too little fits.

    Args:
        module: The network, changed in place.
        state_dict: Weights under the module's keys, such as ``Checkpoint.state_dict``.
        min_coverage: The least share of the module's parameters and norm statistics, by tensor
            count, that must be loaded: of the whole, and of a ResNet's stem and each of its layers.
            Also the least share of the checkpoint's stages that the module must have a place for,
            see :meth:`Coverage.overflowing`.
        what: Name of the module, for messages.

    Returns:
        What was loaded and what not.

    Raises:
        CheckpointError: Nothing fits, less than ``min_coverage`` fits, or the checkpoint is of a
            larger network. The module is then as before.
    """
    network = module.state_dict()
    coverage = compare(network, state_dict)
    if not coverage.loaded:
        raise CheckpointError(_explain_nothing(network, state_dict, what))
    uncovered = coverage.uncovered(min_coverage)
    if coverage.share < min_coverage or uncovered:
        where = f" ({' and '.join(uncovered)} not covered)" if uncovered else ""
        raise CheckpointError(
            f"The checkpoint fills {coverage.share:.1%} of the {what}{where}; at least "
            f"{min_coverage:.0%} are asked for.\n{coverage.report()}"
            + "".join(f"\n{advice}" for advice in _advice(coverage, uncovered))
        )
    larger = coverage.overflowing(min_coverage)
    if larger:
        raise CheckpointError(
            f"The checkpoint is of a larger network: the {what} has no place for all of its "
            f"{' and '.join(larger)}.\n{coverage.report()}"
        )
    fitting = {
        name: tensor
        for name, tensor in state_dict.items()
        if name in network and tensor.shape == network[name].shape
    }
    module.load_state_dict(fitting, strict=False)
    return coverage


def first_names(names: Iterable[Any]) -> str:
    """Return the first three names, for messages."""
    names = list(map(str, names))
    return ", ".join(names[:3]) + (", ..." if len(names) > 3 else "") or "nothing"


def _explain_nothing(
    network: Mapping[str, Tensor], checkpoint: Mapping[str, Tensor], what: str
) -> str:
    message = (
        f"The checkpoint fits the {what} in no tensor: the {what} has {first_names(network)}; the "
        f"checkpoint {first_names(checkpoint)}."
    )
    for prefix in sorted(_prefixes(checkpoint, network)):
        if _most_fit({name: prefix + name for name in network}, network, checkpoint):
            return f"{message}\nRemove the prefix {prefix!r} from its keys."
    for prefix in sorted(_prefixes(network, checkpoint)):
        if _most_fit({prefix + name: name for name in checkpoint}, network, checkpoint):
            return f"{message}\nAdd the prefix {prefix!r} to its keys."
    return f"{message}\nIs it of another architecture, or are its keys behind a wrong prefix?"


def _prefixes(longer: Iterable[str], shorter: Iterable[str]) -> set[str]:
    """Return all that stands before a name of the one in a name of the other, dot included."""
    ends = set(shorter)
    dots = ((name, match.end()) for name in longer for match in re.finditer(r"\.", name))
    return {name[:end] for name, end in dots if name[end:] in ends}


def _most_fit(
    names: Mapping[str, str], network: Mapping[str, Tensor], checkpoint: Mapping[str, Tensor]
) -> bool:
    """Tell whether half of the network's tensors have their shapes under other names."""
    num_fitting = sum(
        ours in network and theirs in checkpoint and network[ours].shape == checkpoint[theirs].shape
        for ours, theirs in names.items()
    )
    return num_fitting >= len(network) / 2


def _advice(coverage: Coverage, uncovered: list[str]) -> Iterator[str]:
    """Say what to do about the parts that are known to get lost."""
    if "stem" in uncovered:
        if any(name.startswith("stem.0.") for name in coverage.missing):
            yield (
                "The network has a V1c stem of three convolutions, the checkpoint a single "
                "convolution: set the backbone's type to 'ResNet' instead of 'ResNetV1c'."
            )
        elif any(name.startswith("stem.0.") for name in coverage.unexpected):
            yield (
                "The checkpoint has a V1c stem of three convolutions, the network a single "
                "convolution: set the backbone's type to 'ResNetV1c'."
            )
        elif "conv1.weight" in coverage.mismatched:
            theirs, ours = coverage.mismatched["conv1.weight"]
            yield (
                f"The first convolutions differ: {theirs} in the checkpoint, {ours} in the "
                "network. Build the network with the stem ('imagenet' 7x7, 'cifar' 3x3) and width "
                "that were trained."
            )
    if any(re.fullmatch(r"layer\d\.0\.conv2\.0\.0\.weight", name) for name in coverage.mismatched):
        yield (
            "The convolutions of XDC's R(2+1)D have other numbers of planes than torchvision's: "
            "build R2Plus1D with midplanes='conv' for XDC's weights, 'block' for torchvision's."
        )
    if "layer4" in uncovered and not any(n.startswith("layer4.") for n in coverage.mismatched):
        yield (
            "The checkpoint has no complete layer4: it would stay as initialized. Was it cut off, "
            "or written from a detector whose layer4 is in roi_head.shared_head?"
        )


def _shapes(state_dict: Mapping[str, Tensor]) -> dict[str, _Shape]:
    """Return the shape of each tensor, without the counters of batches in norms."""
    return {
        name: tuple(tensor.shape)
        for name, tensor in state_dict.items()
        if not name.endswith("num_batches_tracked")
    }


def _blocks(names: Sequence[str]) -> dict[str, set[str]]:
    """Return the members of the numbered lists of modules that are inside a numbered stage."""
    lists: dict[str, set[str]] = {}
    for name in names:
        for number in re.finditer(r"\.\d+(?=\.)", name):
            stage = name[: number.start()]
            if re.search(r"\d", stage):
                lists.setdefault(stage, set()).add(number[0])
    return lists


def _common_prefix(names: Sequence[str]) -> str:
    """Return the leading parts that all names share, except one that names a stage."""
    shared: list[str] = []
    for parts in zip(*(name.split(".")[:-1] for name in names), strict=False):
        if len(set(parts)) > 1 or _is_layer(parts[0]):
            break
        shared.append(parts[0] + ".")
    return "".join(shared)


def _stage(name: str) -> str:
    first = name.split(".")[0]
    return "stem" if first in ("conv1", "bn1", "stem") else first


def _rank(stage: str) -> tuple[int, str]:
    """Sort the parts of a ResNet; leave those of other networks in the order that they have."""
    if stage == "stem":
        return 0, ""
    return (1, stage) if _is_layer(stage) else (2, "")


def _is_layer(stage: str) -> bool:
    return re.fullmatch(r"layer\d+", stage) is not None
