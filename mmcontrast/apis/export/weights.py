"""A checkpoint's backbone in the form that other libraries read."""

import io
import pickle
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

import mmcontrast
from mmcontrast.apis.export.onnx import to_onnx
from mmcontrast.apis.inference.backbone import load_backbone, read_checkpoint
from mmcontrast.utils.atomic import write_atomically
from mmcontrast.utils.errors import UserError, input_errors
from mmcontrast.weights import Checkpoint, compare, trusted_checkpoints
from mmcontrast.weights.files import not_finite_names
from mmcontrast.weights.resnet_form import is_resnet, plain_form, published_form

StateDict = dict[str, Tensor]


class _Export(NamedTuple):
    """Content of a file, and how it is loaded; ``{out}`` stands for its path."""

    content: bytes
    usage: str


def export_weights(
    checkpoint: str | Path,
    to: str,
    out: str | Path,
    *,
    config: str | Path | None = None,
    trust_checkpoint: bool = False,
) -> str:
    """Write a checkpoint's backbone for another library.

    Args:
        checkpoint: A file in any layout of :func:`mmcontrast.weights.find_backbone`.
        to: One of :data:`TARGETS`.
        out: The file to write, whole or not at all.
        config: Path of the training's config, where the checkpoint does not hold it.
        trust_checkpoint: Whether the checkpoint may run code.

    Returns:
        What was written and how it is loaded.

    Raises:
        CheckpointError: The checkpoint cannot be read, or does not fill its backbone.
        UserError: The target is unknown or cannot hold the backbone, weights are not finite, or an
            extra is missing.
    """
    if to not in TARGETS:
        raise UserError(f"There is no export to {to!r}. Choose one of: {', '.join(TARGETS)}.")
    suffix = _SUFFIXES.get(to)
    if suffix and Path(out).suffix != suffix:
        raise UserError(f"{to} reads files whose name ends in {suffix}, not {Path(out).name}.")
    with trusted_checkpoints(trust_checkpoint):
        source = read_checkpoint(checkpoint, config)
    not_finite = not_finite_names(source.state_dict)
    if not_finite:
        raise UserError(
            f"{checkpoint} is of a training that diverged: {', '.join(not_finite[:4])} "
            f"({len(not_finite)} of {len(source.state_dict)} tensors) hold infinity or NaN. Take "
            "an earlier checkpoint."
        )
    content, usage = TARGETS[to](source)
    write_atomically(content, out)
    return f"{out}: {source.layout}, for {to}.\n{usage.replace('{out}', str(out))}"


def _to_openmmlab(library: str, source: Checkpoint) -> _Export:
    tensors = source.state_dict
    if is_resnet(_bare(tensors)):
        tensors = _bare(tensors)
        form = plain_form(tensors, library)
        arguments = [f"depth={form.depth}", "style='pytorch'"]
        if form.base_channels != 64:
            arguments += [f"{part}_channels={form.base_channels}" for part in ("base", "stem")]
        arguments += _geometry(source)
        usage = f"backbone: type='ResNet' (not 'ResNetV1c'), {', '.join(arguments)}, with"
    else:
        usage = (
            "backbone: the type and arguments that were trained (a class of this package needs "
            "custom_imports=dict(imports=['mmcontrast.models.backbones'])), with"
        )
    usage += "\n  init_cfg=dict(type='Pretrained', checkpoint='{out}', prefix='backbone.')"
    if library == "mmseg":
        usage += "\nand pretrained=None in the model."
    else:
        usage += "\nA C4 detector needs the same init_cfg in roi_head.shared_head: it is layer4."
    content = dict(state_dict=_prefixed(tensors), meta=_describe(source))
    return _Export(_saved(content), usage)


def _to_torchvision(source: Checkpoint) -> _Export:
    tensors = _bare(source.state_dict)
    form = published_form(tensors, "torchvision")
    usage = (
        f"model = torchvision.models.resnet{form.depth}(); model.fc = torch.nn.Identity()\n"
        "model.load_state_dict(torch.load('{out}'))  # the classifier is yours to train"
    )
    return _Export(_saved(tensors), usage + _unlike(source))


def _to_timm(source: Checkpoint) -> _Export:
    settings = source.backbone or {}
    if settings.get("type") == "TimmBackbone":
        return _back_to_timm(source.state_dict, settings)
    form = published_form(source.state_dict, "timm")
    usage = (
        f"timm.create_model('resnet{form.depth}', num_classes=0, checkpoint_path='{{out}}')"
        "  # the classifier is yours to train"
    )
    return _Export(_saved(source.state_dict), usage + _unlike(source))


def _back_to_timm(state_dict: StateDict, settings: Mapping[str, Any]) -> _Export:
    """Export one of timm's own networks, which TimmBackbone had cut to its feature maps."""
    settings = {key: value for key, value in settings.items() if key not in _OURS}
    name, weights = settings.pop("model_name"), _bare(state_dict)
    with input_errors(f"timm's {name}"), torch.device("meta"):
        import timm

        whole = timm.create_model(name, num_classes=0, **settings).state_dict()
    # Cut to its maps, a network numbers its stages with an underscore.
    cut = {key: re.sub(r"^(\w+)\.(\d+)\.", r"\1_\2.", key) for key in whole}
    names = {key: key if key in weights else cut[key] for key in whole}
    tensors = {key: weights[ours] for key, ours in names.items() if ours in weights}
    coverage = compare(whole, tensors)
    lost = set(weights) - set(names.values())
    if coverage.mismatched or lost:
        raise UserError(
            f"timm's {name} cannot hold this backbone: {', '.join(sorted(lost)[:4])}\n"
            f"{coverage.report()}"
        )
    arguments = "".join(f", {key}={value!r}" for key, value in settings.items())
    usage = f"model = timm.create_model('{name}', num_classes=0{arguments})\n"
    if coverage.missing:
        usage += (
            "model.load_state_dict(torch.load('{out}'), strict=False)\n"
            f"Behind the last feature map, and so not trained: {', '.join(coverage.missing)}."
        )
    else:
        usage += "model.load_state_dict(torch.load('{out}'))"
    return _Export(_saved(tensors), usage)


def _to_detectron2(source: Checkpoint) -> _Export:
    tensors = _bare(source.state_dict)
    form = plain_form(tensors, "detectron2")
    if form.depth < 50:
        published_form(tensors, "detectron2")  # it asks its basic blocks for this width
    model = {
        detectron2_name(name): (tensor.float() if tensor.is_floating_point() else tensor).numpy()
        for name, tensor in tensors.items()
    }
    expansion = 4 if form.depth >= 50 else 1
    usage = (
        "MODEL:\n  WEIGHTS: '{out}'\n  PIXEL_MEAN: [123.675, 116.28, 103.53]\n"
        "  PIXEL_STD: [58.395, 57.12, 57.375]\n"
        f"  RESNETS: {{DEPTH: {form.depth}, STRIDE_IN_1X1: False, "
        f"STEM_OUT_CHANNELS: {form.base_channels}, WIDTH_PER_GROUP: {form.base_channels}, "
        f"RES2_OUT_CHANNELS: {form.base_channels * expansion}}}\nINPUT: {{FORMAT: 'RGB'}}"
    )
    content = {"model": model, "__author__": "mmcontrast", "matching_heuristics": True}
    return _Export(pickle.dumps(content), usage + _unlike(source))


def detectron2_name(name: str) -> str:
    """Translate torchvision's name of a ResNet's tensor into detectron2's."""
    if not name.startswith("layer"):
        name = f"stem.{name}"
    name = re.sub(r"^layer(\d)", lambda match: f"res{int(match[1]) + 1}", name)
    name = re.sub(r"\bbn(\d)\.", r"conv\1.norm.", name)
    return name.replace("downsample.0.", "shortcut.").replace("downsample.1.", "shortcut.norm.")


def _to_safetensors(source: Checkpoint) -> _Export:
    from safetensors.torch import save

    tensors, keys = _bare(source.state_dict), "torchvision's keys"
    if not is_resnet(tensors):
        # When it is read here, the prefix says that this is a backbone.
        tensors, keys = _prefixed(source.state_dict), "the backbone's own keys behind 'backbone.'"
    tensors = {name: tensor.contiguous() for name, tensor in tensors.items()}
    usage = f"safetensors.torch.load_file('{{out}}')  # {keys}"
    return _Export(save(tensors, metadata={"format": "pt", **_describe(source)}), usage)


def _to_onnx(source: Checkpoint) -> _Export:
    backbone = load_backbone(source)
    usage = (
        "onnxruntime.InferenceSession('{out}').run(None, {'image': image})\n"
        "image (N, 3, H, W), normalized as in training, of any N, H and W; "
        "returns global (N, C) and dense (N, C, H', W')"
    )
    return _Export(to_onnx(backbone), usage)


TARGETS: dict[str, Callable[[Checkpoint], _Export]] = {
    "mmdet": lambda source: _to_openmmlab("mmdet", source),
    "mmseg": lambda source: _to_openmmlab("mmseg", source),
    "torchvision": _to_torchvision,
    "timm": _to_timm,
    "detectron2": _to_detectron2,
    "safetensors": _to_safetensors,
    "onnx": _to_onnx,
}
_SUFFIXES = {"detectron2": ".pkl", "safetensors": ".safetensors", "onnx": ".onnx"}
# Arguments of TimmBackbone that timm does not have.
_OURS = ("type", "out_indices", "init_cfg")


def _bare(state_dict: StateDict) -> StateDict:
    """Remove the prefix that TimmBackbone puts before the network's own names."""
    for prefix in ("network.model.", "network."):
        if all(name.startswith(prefix) for name in state_dict):
            return {name.removeprefix(prefix): tensor for name, tensor in state_dict.items()}
    return state_dict


def _geometry(source: Checkpoint) -> list[str]:
    """Return the strides and dilations that a ResNet does not usually have, as arguments."""
    usual = dict(strides=(1, 2, 2, 2), dilations=(1, 1, 1, 1))
    settings = source.backbone or {}
    own = {name: tuple(settings.get(name, value)) for name, value in usual.items()}
    return [f"{name}={own[name]}" for name in usual if own[name] != usual[name]]


def _unlike(source: Checkpoint) -> str:
    geometry = ", ".join(_geometry(source))
    if not geometry:
        return ""
    return f"\nIt was trained with {geometry}; there, with the usual ones, its maps differ."


def _prefixed(tensors: StateDict) -> StateDict:
    return {f"backbone.{name}": tensor for name, tensor in tensors.items()}


def _describe(source: Checkpoint) -> dict[str, str]:
    return {
        "source": Path(source.path).name,
        "layout": source.layout,
        "mmcontrast_version": mmcontrast.__version__,
    }


def _saved(content: Any) -> bytes:
    file = io.BytesIO()
    torch.save(content, file)
    return file.getvalue()
