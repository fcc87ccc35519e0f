"""How well a checkpoint's tensors fit a network, in a form that a person reads."""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from torch import Tensor

_Shape = tuple[int, ...]
_EXAMPLES = 4


class StageCount(NamedTuple):
    """Tensors of one stage that were loaded, are missing, and are only in the checkpoint."""

    loaded: int
    missing: int
    unexpected: int

    @property
    def share(self) -> float:
        """Loaded over wanted tensors, 0 to 1; 1 where none is wanted."""
        return self.loaded / (self.loaded + self.missing) if self.loaded + self.missing else 1.0


class Coverage(NamedTuple):
    """What of a network a checkpoint holds.

    ``num_batches_tracked``, which old checkpoints lack and nothing depends on, does not count.

    Attributes:
        loaded: Names that are in both, with the same shape.
        missing: Names of the network that the checkpoint lacks or has in another shape.
        unexpected: Names of the checkpoint that the network lacks.
        mismatched: Those of ``missing`` that are there in another shape: (checkpoint's, network's).
    """

    loaded: list[str]
    missing: list[str]
    unexpected: list[str]
    mismatched: dict[str, tuple[_Shape, _Shape]]

    @property
    def share(self) -> float:
        """Loaded over wanted tensors, 0 to 1; 1 where none is wanted."""
        return StageCount(len(self.loaded), len(self.missing), 0).share

    @property
    def is_exact(self) -> bool:
        """Whether every tensor has its counterpart."""
        return not (self.missing or self.unexpected)

    def stages(self) -> dict[str, StageCount]:
        """Count by stage: ``stem`` and ``layer1`` to ``layer4`` of a ResNet, in this order.

        Elsewhere a stage is the first part of the names, behind what they all begin with.
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
            f"{name} {given} instead of {wanted}"
            for name, (given, wanted) in self.mismatched.items()
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
    ours = {name: t for name, t in network.items() if not name.endswith("num_batches_tracked")}
    theirs = {name: t for name, t in checkpoint.items() if not name.endswith("num_batches_tracked")}
    mismatched = {
        name: (tuple(theirs[name].shape), tuple(tensor.shape))
        for name, tensor in ours.items()
        if name in theirs and theirs[name].shape != tensor.shape
    }
    loaded = [name for name in ours if name in theirs and name not in mismatched]
    return Coverage(
        loaded=loaded,
        missing=[name for name in ours if name not in theirs or name in mismatched],
        unexpected=[name for name in theirs if name not in ours],
        mismatched=mismatched,
    )


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
