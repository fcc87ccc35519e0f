"""Recognize the layouts in which this and other projects write backbones.

A layout is recognized by the keys, whatever the file is called. The returned weights have the
backbone's own keys; those of a ResNet are torchvision's (``conv1.weight``, ``layer1.0.bn1.bias``).
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

from torch import Tensor

from mmcontrast.weights.coverage import first_names
from mmcontrast.weights.files import CheckpointError
from mmcontrast.weights.network_names import StateDict, resnet_tensors, video_tensors


class BackboneWeights(NamedTuple):
    """A backbone's state dict, and what its file was recognized as.

    Attributes:
        state_dict: The weights under the backbone's own keys, without prefix.
        layout: Name of the layout, for messages: ``'mmcontrast'``, ``'MoCo (official)'``, ...
        others: Names of further containers in the file that hold a backbone, such as
            ``'state_dict_ema'``; see :func:`~mmcontrast.weights.parts.select_part`.
    """

    state_dict: StateDict
    layout: str
    others: tuple[str, ...] = ()


class _Layout(NamedTuple):
    """The prefix of the online backbone's keys, and what else tells a layout from its like.

    Attributes:
        name: The name of the layout in messages.
        prefix: The prefix of the backbone's keys; '' if they have none.
        beside: The checkpoint also has keys that begin with one of these; none are needed if empty.
        any_network: Whether the prefix marks a backbone of any kind; else only the keys of a ResNet
            or of a network for clips are taken for a backbone.
    """

    name: str
    prefix: str
    beside: tuple[str, ...] = ()
    any_network: bool = False


# Of methods that learn from clips and sounds, with the backbone for clips first.
TWO_MODALITIES = "CrissCross (official) or mmcontrast"
_MODALITIES = ("video_backbone", "audio_backbone")
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
    *(_Layout(TWO_MODALITIES, f"{name}.", (), True) for name in _MODALITIES),
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
    _Layout("BYOL (lucidrains)", "online_encoder.net."),
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
    ("online_network_state_dict",),  # of BYOL (sthalles)
)
_DETECTRON2 = ("stem.conv1.norm.", "backbone.bottom_up.")
_WRAPPERS = ("module.", "_orig_mod.")  # of DistributedDataParallel and torch.compile


def find_backbone(checkpoint: Mapping[str, Any]) -> BackboneWeights:
    """Recognize a checkpoint's layout by its keys and return its backbone.

    Of an online (query) and a momentum (key) encoder, the online one is returned; of weights and
    their moving average, the weights. Classifiers and projection heads are left out.

    Args:
        checkpoint: The content of the file.

    Raises:
        CheckpointError: No layout that is read fits, and the message shows the checkpoint's first
            keys and lists the layouts; or it holds several networks of which none comes first, as
            DINO's student and teacher, and the message says how to choose.
    """
    if not isinstance(checkpoint, Mapping):
        raise CheckpointError(
            f"It holds a {type(checkpoint).__name__}, not named weights. Save its state_dict()."
        )
    tensors = without_wrappers(find_tensors(checkpoint))
    if any(name.startswith(_DETECTRON2) for name in tensors):
        raise CheckpointError(
            "This is detectron2's layout, which is written here but not read. Take the checkpoint "
            "that it was converted from."
        )
    backbone = _recognize(tensors)
    if backbone is None:
        raise CheckpointError(_explain_unknown(checkpoint, tensors))
    main = next((path[0] for path in _CONTAINERS if path[0] in checkpoint), "")
    others = [name for name in _networks(checkpoint) if name != main] if main else []
    if backbone.layout == TWO_MODALITIES:
        others += list(modality_backbones(checkpoint))[1:]
    return backbone._replace(others=tuple(others))


def modality_backbones(checkpoint: Mapping[str, Any]) -> dict[str, StateDict]:
    """Return the backbones of a method that learns from clips and sounds, by their names.

    Args:
        checkpoint: The content of the file, in the layout :data:`TWO_MODALITIES`.

    Returns:
        Weights under the backbones' own keys: ``video_backbone`` and then ``audio_backbone``, or
        the one of them that there is.
    """
    tensors = without_wrappers(find_tensors(checkpoint))
    parts = {name: tensors_behind(f"{name}.", tensors) for name in _MODALITIES}
    return {name: resnet_tensors(part) or part for name, part in parts.items() if part}


def choose_one(names: Iterable[str]) -> str:
    """Return how to choose one of the networks in a file, for messages."""
    names = list(names)
    return f"It holds {' and '.join(names)}: choose with " + " or ".join(
        f"CHECKPOINT#{name}" for name in names
    )


def _recognize(tensors: StateDict) -> BackboneWeights | None:
    for layout in _LAYOUTS:
        if layout.beside and not any(name.startswith(layout.beside) for name in tensors):
            continue
        inside = without_wrappers(tensors_behind(layout.prefix, tensors))
        weights = resnet_tensors(inside) or video_tensors(inside)
        weights = weights or (inside if layout.any_network else {})
        if weights:
            return BackboneWeights(weights, layout.name)
    return None


def tensors_behind(prefix: str, tensors: StateDict) -> StateDict:
    """Return the tensors whose names begin with a prefix, without it."""
    return {
        name.removeprefix(prefix): tensor
        for name, tensor in tensors.items()
        if name.startswith(prefix)
    }


def _networks(checkpoint: Mapping[str, Any]) -> list[str]:
    """Return the names of the containers in a checkpoint that hold a backbone."""
    names = []
    for name, inner in checkpoint.items():
        if isinstance(name, str) and isinstance(inner, Mapping):
            with suppress(CheckpointError):
                if _recognize(without_wrappers(find_tensors(inner))):
                    names.append(name)
    return names


def find_tensors(checkpoint: Mapping[str, Any]) -> StateDict:
    """Return the state dict in a checkpoint, from whatever container it is in.

    Raises:
        CheckpointError: Several containers hold a backbone, and none comes first.
    """
    for path in _CONTAINERS:
        inner: Any = checkpoint
        for key in path:
            inner = inner.get(key) if isinstance(inner, Mapping) else None
        if isinstance(inner, Mapping) and inner:
            # A container may hold another: timm's and Lightning's wrappers, for example.
            return find_tensors(inner)
    tensors = {
        name: value
        for name, value in checkpoint.items()
        if isinstance(name, str) and isinstance(value, Tensor)
    }
    networks = [] if tensors else _networks(checkpoint)
    if len(networks) > 1:
        raise CheckpointError(f"{choose_one(networks)}.")
    return find_tensors(checkpoint[networks[0]]) if networks else tensors


def without_wrappers(tensors: StateDict) -> StateDict:
    """Return the tensors without what DistributedDataParallel and torch.compile put before."""
    for wrapper in _WRAPPERS:
        if tensors and any(name.startswith(wrapper) for name in tensors):
            tensors = {name.removeprefix(wrapper): tensor for name, tensor in tensors.items()}
    return tensors


def _explain_unknown(checkpoint: Mapping[str, Any], tensors: StateDict) -> str:
    layouts = "; ".join(dict.fromkeys(layout.name for layout in _LAYOUTS))
    if not tensors:
        return (
            f"There are no weights in this checkpoint; it holds {first_names(checkpoint)}. "
            f"Layouts that are read: {layouts}."
        )
    ends = [name.partition("layer1.0.conv1.weight") for name in tensors]
    prefixes = {start for start, end, _ in ends if end and start}
    prefixes |= {name.split(".")[0] + "." for name in tensors}
    networks = [
        prefix for prefix in sorted(prefixes) if _recognize(tensors_behind(prefix, tensors))
    ]
    choice = choose_one(name[:-1] for name in networks) + ". " if networks else ""
    return (
        f"No backbone was found among the {len(tensors)} tensors of this checkpoint, which begin "
        f"with {first_names(tensors)}. {choice}Layouts that are read: {layouts}."
    )
