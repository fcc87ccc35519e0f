"""Backbone weights out of the checkpoints of this and other projects, and into a network.

A checkpoint's layout is recognized by its keys, whatever the file is called. What comes out has the
backbone's own keys; those of a ResNet are torchvision's (``conv1.weight``, ``layer1.0.bn1.bias``).
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from mmengine.runner.checkpoint import CheckpointLoader
from torch import Tensor, nn

from mmcontrast.weights.coverage import Coverage, compare

# Importing it makes MMEngine's loader the safe one.
from mmcontrast.weights.files import CheckpointError

StateDict = dict[str, Tensor]


class BackboneWeights(NamedTuple):
    """A backbone's state dict, and what its file was recognized as.

    Attributes:
        state_dict: The backbone's own keys, without prefix.
        layout: For messages: ``'mmcontrast'``, ``'MoCo (official)'``, ...
        config: Text of the training's config, where MMEngine put it in the file.
    """

    state_dict: StateDict
    layout: str
    config: str = ""


class _Layout(NamedTuple):
    """The prefix of the online backbone's keys, and what else tells a layout from its like.

    Attributes:
        name: What the layout is called in messages.
        prefix: Of the backbone's keys; '' if they have none.
        beside: The checkpoint also has keys that begin with one of these; none are needed if empty.
        any_network: Whether the prefix marks a backbone of any kind; else only a ResNet's keys are
            taken for a backbone.
    """

    name: str
    prefix: str
    beside: tuple[str, ...] = ()
    any_network: bool = False


# The first that fits is taken: longer prefixes, and layouts that need more beside, come first.
_LAYOUTS = (
    _Layout("VISSL", "trunk.base_model._feature_blocks."),
    _Layout("VISSL", "trunk._feature_blocks."),
    _Layout("VISSL", "base_model._feature_blocks."),
    _Layout("VISSL", "_feature_blocks."),
    # These keep the same encoder a second time, as `backbone.`.
    _Layout("OpenSelfSup, DenseCL (official)", "encoder_q.0."),
    _Layout("MoCo (official)", "encoder_q."),
    _Layout("MoCo v3 (official)", "base_encoder."),
    # Here `backbone.` is the momentum encoder.
    _Layout("lightly", "query_backbone.", (), True),
    _Layout("mmcontrast", "backbone.", ("momentum_encoder.",), True),
    _Layout("mmpretrain, mmselfsup", "backbone.", ("encoder_k.", "target_net."), True),
    _Layout("solo-learn", "backbone.", ("classifier.", "momentum_backbone."), True),
    _Layout("lightly", "backbone.", ("projection_head.", "online_classifier."), True),
    _Layout("SimCLR (sthalles)", "backbone.", ("backbone.fc.",)),
    _Layout("mmcontrast, OpenMMLab or alike", "backbone.", (), True),
    _Layout("SimCLR (Spijkervet)", "encoder.", ("projector.",)),
    _Layout("solo-learn", "encoder.", ("classifier.", "momentum_encoder.")),
    _Layout("SimCLR port or SimSiam", "encoder."),
    _Layout("SimCLR (leftthomas)", "f.", ("g.",)),
    _Layout("lightly", "model.backbone."),
    _Layout("Lightning", "model."),
    _Layout("torchvision, timm or extracted weights", ""),
)
# Where a checkpoint keeps its state dict.
_CONTAINERS = (
    ("classy_state_dict", "base_model", "model", "trunk"),
    ("state_dict",),
    ("model_state_dict",),
    ("model",),
)
_DETECTRON2 = ("stem.conv1.norm.", "backbone.bottom_up.")
_WRAPPERS = ("module.", "_orig_mod.")  # of DistributedDataParallel and torch.compile


def read_backbone(path: str | Path) -> BackboneWeights:
    """Read the backbone out of a checkpoint file.

    Args:
        path: A file of ``torch.save`` or safetensors, in any layout of :func:`find_backbone`; also
            ``torchvision://resnet50`` or an ``https://`` address.

    Raises:
        CheckpointError: The file cannot be read safely, or its layout is unknown.
    """
    if Path(path).suffix == ".pkl":
        raise CheckpointError(
            f"{path} looks like a checkpoint of detectron2: a pickle, whose code would run. "
            "Take the checkpoint that it was converted from."
        )
    try:
        content = CheckpointLoader.load_checkpoint(str(path), "cpu", logger="silent")
        return find_backbone(content)
    except CheckpointError as error:
        if str(path) in str(error):
            raise
        raise CheckpointError(f"{path}: {error}") from error


def find_backbone(checkpoint: Mapping[str, Any]) -> BackboneWeights:
    """Recognize a checkpoint's layout by its keys and return its backbone.

    Of an online (query) and a momentum (key) encoder, the online one is returned. Classifiers and
    projection heads are left out.

    Args:
        checkpoint: What the file holds.

    Raises:
        CheckpointError: No layout that is read fits. The message shows the checkpoint's first keys
            and lists the layouts.
    """
    if not isinstance(checkpoint, Mapping):
        raise CheckpointError(
            f"It holds a {type(checkpoint).__name__}, not named weights. Save its state_dict()."
        )
    tensors = _without_wrappers(_find_tensors(checkpoint))
    if any(name.startswith(_DETECTRON2) for name in tensors):
        raise CheckpointError(
            "This is detectron2's layout, which is written here but not read. Take the checkpoint "
            "that it was converted from."
        )
    for layout in _LAYOUTS:
        if layout.beside and not any(name.startswith(layout.beside) for name in tensors):
            continue
        inside = {
            name.removeprefix(layout.prefix): tensor
            for name, tensor in tensors.items()
            if name.startswith(layout.prefix)
        }
        inside = _without_wrappers(inside)
        weights = _resnet(inside) or (inside if layout.any_network else {})
        if weights:
            return BackboneWeights(weights, layout.name, _stored_config(checkpoint))
    raise CheckpointError(_explain_unknown(checkpoint, tensors))


def load_weights(
    module: nn.Module,
    state_dict: Mapping[str, Tensor],
    *,
    min_coverage: float = 0.95,
    what: str = "backbone",
) -> Coverage:
    """Load a backbone's weights by name and shape, and never pass over what does not fit.

    Args:
        module: Changed in place.
        state_dict: With the module's keys, as :func:`find_backbone` returns it.
        min_coverage: Least share of the module's parameters and norm statistics, by tensor count,
            that must be loaded; of the whole, and of a ResNet's stem and of each of its layers. And
            least share of the checkpoint's stages that the module must have a place for, see
            :meth:`~mmcontrast.weights.coverage.Coverage.overflowing`.
        what: Name of the module, for messages.

    Returns:
        What was loaded and what not.

    Raises:
        CheckpointError: Nothing fits, less than ``min_coverage``, or the checkpoint is of a larger
            network. The module is then as before.
    """
    wanted = module.state_dict()
    coverage = compare(wanted, state_dict)
    if not coverage.loaded:
        raise CheckpointError(_explain_nothing(wanted, state_dict, what))
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
        if name in wanted and tensor.shape == wanted[name].shape
    }
    module.load_state_dict(fitting, strict=False)
    return coverage


def _find_tensors(checkpoint: Mapping[str, Any]) -> StateDict:
    for path in _CONTAINERS:
        inner: Any = checkpoint
        for key in path:
            inner = inner.get(key) if isinstance(inner, Mapping) else None
        if isinstance(inner, Mapping) and inner:
            # A container may hold another: timm's and Lightning's wrappers, for example.
            return _find_tensors(inner)
    return {
        name: value
        for name, value in checkpoint.items()
        if isinstance(name, str) and isinstance(value, Tensor)
    }


def _stored_config(checkpoint: Mapping[str, Any]) -> str:
    meta = checkpoint.get("meta")
    config = meta.get("cfg") if isinstance(meta, Mapping) else None
    return config if isinstance(config, str) else ""


def _without_wrappers(tensors: StateDict) -> StateDict:
    for wrapper in _WRAPPERS:
        if tensors and any(name.startswith(wrapper) for name in tensors):
            tensors = {name.removeprefix(wrapper): tensor for name, tensor in tensors.items()}
    return tensors


def _resnet(tensors: StateDict) -> StateDict:
    """Return the tensors of a ResNet under torchvision's names, or nothing if they are no ResNet's.

    Classifiers and heads beside them are left out.
    """
    tensors = {_resnet_name(name): t for name, t in _named_children(tensors).items()}
    if "layer1.0.conv1.weight" not in tensors:
        return {}
    return {n: t for n, t in tensors.items() if re.match(r"(conv1|bn1|stem|layer\d)\.", n)}


def _resnet_name(name: str) -> str:
    # The form of many ResNets for CIFAR.
    return re.sub(r"^(layer\d\.\d+)\.shortcut\.", r"\1.downsample.", name)


def _named_children(tensors: StateDict) -> StateDict:
    """Name the children of ``nn.Sequential(*resnet.children())``, which numbers them.

    Layers without weights (pooling, activation) take numbers too, and not every port has the same
    ones, so it is the content that tells: a convolution, its norm, then the layers in order.
    """
    if "0.weight" not in tensors or not any(re.match(r"\d\.0\.conv1\.", name) for name in tensors):
        return tensors
    layers = sorted({name[0] for name in tensors if re.match(r"\d\.0\.conv1\.", name)})
    names = {"0": "conv1", "1": "bn1", **{n: f"layer{i}" for i, n in enumerate(layers, start=1)}}
    split = ((name.split(".", 1), tensor) for name, tensor in tensors.items())
    return {f"{names[first]}.{rest}": t for (first, rest), t in split if first in names}


def _explain_unknown(checkpoint: Mapping[str, Any], tensors: StateDict) -> str:
    known = "; ".join(dict.fromkeys(layout.name for layout in _LAYOUTS))
    if not tensors:
        return (
            f"There are no weights in this checkpoint; it holds {_first(checkpoint)}. "
            f"Layouts that are read: {known}."
        )
    return (
        f"No backbone was found among the {len(tensors)} tensors of this checkpoint, which begin "
        f"with {_first(tensors)}. Layouts that are read: {known}."
    )


def _explain_nothing(wanted: StateDict, given: Mapping[str, Tensor], what: str) -> str:
    message = (
        f"The checkpoint fits the {what} in no tensor: the {what} has {_first(wanted)}; the "
        f"checkpoint {_first(given)}."
    )
    for prefix in sorted(_prefixes(given, wanted)):
        if _most_fit({ours: prefix + ours for ours in wanted}, wanted, given):
            return f"{message}\nRemove the prefix {prefix!r} from its keys."
    for prefix in sorted(_prefixes(wanted, given)):
        if _most_fit({prefix + theirs: theirs for theirs in given}, wanted, given):
            return f"{message}\nAdd the prefix {prefix!r} to its keys."
    return f"{message}\nIs it of another architecture, or are its keys behind a wrong prefix?"


def _prefixes(longer: Iterable[str], shorter: Iterable[str]) -> set[str]:
    """All that stands before a name of the one in a name of the other, dot included."""
    ends = set(shorter)
    dots = ((name, match.end()) for name in longer for match in re.finditer(r"\.", name))
    return {name[:end] for name, end in dots if name[end:] in ends}


def _most_fit(
    names: Mapping[str, str], wanted: Mapping[str, Tensor], given: Mapping[str, Tensor]
) -> bool:
    """Whether half of the wanted tensors are found under other names, in their shapes."""
    found = sum(
        ours in wanted and theirs in given and wanted[ours].shape == given[theirs].shape
        for ours, theirs in names.items()
    )
    return found >= len(wanted) / 2


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
            given, wanted = coverage.mismatched["conv1.weight"]
            yield (
                f"The first convolutions differ: {given} in the checkpoint, {wanted} in the "
                "network. Build the network with the stem ('imagenet' 7x7, 'cifar' 3x3) and width "
                "that were trained."
            )
    if "layer4" in uncovered and not any(n.startswith("layer4.") for n in coverage.mismatched):
        yield (
            "The checkpoint has no complete layer4: it would stay as initialized. Was it cut off, "
            "or written from a detector whose layer4 is in roi_head.shared_head?"
        )


def _first(names: Mapping[str, Any]) -> str:
    shown = ", ".join(islice(map(str, names), 3))
    return shown + ", ..." if len(names) > 3 else shown or "nothing"
