"""A checkpoint's backbone in the form that other libraries read."""

import io
import pickle
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

import mmcontrast
from mmcontrast.models.backbones import ResNet
from mmcontrast.utils.atomic import write_atomically
from mmcontrast.utils.checkpoint import trusted_checkpoints
from mmcontrast.utils.coverage import compare
from mmcontrast.utils.errors import UserError, input_errors
from mmcontrast.utils.weights import read_backbone

from .backbone import ResNetForm, backbone_settings, load_backbone, resnet_form
from .onnx import to_onnx

StateDict = dict[str, Tensor]


class _Source(NamedTuple):
    """What is exported: a backbone, and where it comes from."""

    checkpoint: str
    config: str | None
    layout: str
    tensors: StateDict
    settings: dict[str, Any] | None


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
        checkpoint: A file in any layout of :func:`mmcontrast.utils.weights.find_backbone`.
        to: One of :data:`TARGETS`.
        out: File to write, whole or not at all.
        config: The training's config, where the checkpoint does not hold it.
        trust_checkpoint: Whether the checkpoint may run code.

    Returns:
        What was written and how it is loaded.

    Raises:
        CheckpointError: The checkpoint cannot be read, or does not fill its backbone.
        UserError: The target is unknown or cannot hold the backbone, or an extra is missing.
    """
    if to not in TARGETS:
        raise UserError(f"There is no export to {to!r}. Choose one of: {', '.join(TARGETS)}.")
    with trusted_checkpoints(trust_checkpoint):
        weights = read_backbone(checkpoint)
        source = _Source(
            str(checkpoint),
            None if config is None else str(config),
            weights.layout,
            _without_wrapper(weights.state_dict),
            backbone_settings(weights, config),
        )
        content, usage = TARGETS[to](source)
    with input_errors(f"cannot write {out}"):
        write_atomically(content, out)
    return f"{out}: {weights.layout}, for {to}.\n{usage.replace('{out}', str(out))}"


def _to_openmmlab(library: str, source: _Source) -> _Export:
    form = _plain_resnet(source.tensors, library)
    if form is None:
        usage = (
            "backbone: the type and arguments that were trained (a class of this package needs "
            "custom_imports=dict(imports=['mmcontrast.models.backbones'])), with"
        )
    else:
        _refuse_stem(form, library)
        width = f", base_channels={form.base_channels}, stem_channels={form.base_channels}"
        usage = (
            f"backbone: type='ResNet' (not 'ResNetV1c'), depth={form.depth}"
            f"{'' if form.base_channels == 64 else width}, style='pytorch', with"
        )
    usage += "\n  init_cfg=dict(type='Pretrained', checkpoint='{out}', prefix='backbone.')"
    if library == "mmseg":
        usage += "\nand pretrained=None in the model."
    else:
        usage += "\nA C4 detector needs the same init_cfg in roi_head.shared_head: it is layer4."
    tensors = {f"backbone.{name}": tensor for name, tensor in source.tensors.items()}
    return _Export(_saved(dict(state_dict=tensors, meta=_describe(source))), usage)


def _to_torchvision(source: _Source) -> _Export:
    form = _published_resnet(source, "torchvision")
    usage = (
        f"model = torchvision.models.resnet{form.depth}(); model.fc = torch.nn.Identity()\n"
        "model.load_state_dict(torch.load('{out}'))  # the classifier is yours to train"
    )
    return _Export(_saved(source.tensors), usage)


def _to_timm(source: _Source) -> _Export:
    if not (source.settings or {}).get("type", "").endswith("TimmBackbone"):
        form = _published_resnet(source, "timm")
        usage = (
            f"timm.create_model('resnet{form.depth}', num_classes=0, checkpoint_path='{{out}}')"
            "  # the classifier is yours to train"
        )
        return _Export(_saved(source.tensors), usage)
    import timm

    settings = {k: v for k, v in (source.settings or {}).items() if k not in _OURS}
    name = settings.pop("model_name")
    with input_errors(f"timm's {name}"), torch.device("meta"):
        wanted = timm.create_model(name, num_classes=0, **settings).state_dict()
    # A network cut to its feature maps numbers its stages with an underscore.
    cut = {key: re.sub(r"^(\w+)\.(\d+)\.", r"\1_\2.", key) for key in wanted}
    names = {key: key if key in source.tensors else cut[key] for key in wanted}
    tensors = {key: source.tensors[ours] for key, ours in names.items() if ours in source.tensors}
    coverage = compare(wanted, tensors)
    lost = set(source.tensors) - set(names.values())
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


def _to_detectron2(source: _Source) -> _Export:
    form = _plain_resnet(source.tensors, "detectron2")
    if form is None:
        raise UserError("detectron2's ResNets hold ResNets alone, and this backbone is none.")
    _refuse_stem(form, "detectron2")
    model = {
        detectron2_name(name): tensor.detach().float().numpy()
        if tensor.is_floating_point()
        else tensor.numpy()
        for name, tensor in source.tensors.items()
    }
    expansion = 4 if form.depth in (50, 101) else 1
    usage = (
        "MODEL:\n  WEIGHTS: '{out}'\n  PIXEL_MEAN: [123.675, 116.28, 103.53]\n"
        "  PIXEL_STD: [58.395, 57.12, 57.375]\n"
        f"  RESNETS: {{DEPTH: {form.depth}, STRIDE_IN_1X1: False, "
        f"STEM_OUT_CHANNELS: {form.base_channels}, WIDTH_PER_GROUP: {form.base_channels}, "
        f"RES2_OUT_CHANNELS: {form.base_channels * expansion}}}\nINPUT: {{FORMAT: 'RGB'}}"
    )
    content = {"model": model, "__author__": "mmcontrast", "matching_heuristics": True}
    return _Export(pickle.dumps(content), usage)


def detectron2_name(name: str) -> str:
    """Translate torchvision's name of a ResNet's tensor into detectron2's."""
    if not name.startswith("layer"):
        name = f"stem.{name}"
    name = re.sub(r"^layer(\d)", lambda match: f"res{int(match[1]) + 1}", name)
    name = re.sub(r"\bbn(\d)\.", r"conv\1.norm.", name)
    return name.replace("downsample.0.", "shortcut.").replace("downsample.1.", "shortcut.norm.")


def _to_safetensors(source: _Source) -> _Export:
    from safetensors.torch import save

    tensors = {name: tensor.detach().contiguous() for name, tensor in source.tensors.items()}
    usage = "safetensors.torch.load_file('{out}')  # the backbone's own keys, no prefix"
    return _Export(save(tensors, metadata={"format": "pt", **_describe(source)}), usage)


def _to_onnx(source: _Source) -> _Export:
    backbone = load_backbone(source.checkpoint, source.config)
    usage = (
        "onnxruntime.InferenceSession('{out}').run(None, {'image': image})\n"
        "image (N, 3, H, W), normalised as in training, of any N, H and W; "
        "returns global (N, C) and dense (N, C, H', W')"
    )
    return _Export(to_onnx(backbone), usage)


TARGETS: dict[str, Callable[[_Source], _Export]] = {
    "mmdet": lambda source: _to_openmmlab("mmdet", source),
    "mmseg": lambda source: _to_openmmlab("mmseg", source),
    "torchvision": _to_torchvision,
    "timm": _to_timm,
    "detectron2": _to_detectron2,
    "safetensors": _to_safetensors,
    "onnx": _to_onnx,
}
# Arguments of TimmBackbone that timm does not have.
_OURS = ("type", "out_indices", "init_cfg")


def _published_resnet(source: _Source, library: str) -> ResNetForm:
    """Return the form of a ResNet as it was published.

    Raises:
        UserError: It is another one, which the library's ``resnet*`` cannot hold.
    """
    form = _plain_resnet(source.tensors, library)
    if form is None:
        raise UserError(
            f"{library}'s ResNets cannot hold this backbone, which is none ({source.layout})."
            + (" Was it trained as a TimmBackbone? Give its config." if library == "timm" else "")
        )
    _refuse_stem(form, library)
    if form.base_channels != 64:
        raise UserError(
            f"{library}'s ResNet-{form.depth} has base_channels=64, this backbone "
            f"{form.base_channels}. mmdet, mmseg, safetensors and onnx can hold it."
        )
    return form


def _plain_resnet(tensors: StateDict, library: str) -> ResNetForm | None:
    """Return the form of a ResNet with torchvision's layers; None for other networks.

    Raises:
        UserError: It is a ResNet of which a part is missing or unusual.
    """
    form = resnet_form(tensors)
    if form is None or form.stem == "deep":
        return None
    if form.depth not in (18, 34, 50, 101) or form.stem not in ("imagenet", "cifar"):
        raise UserError(
            f"{library} cannot hold this backbone: its layers are no complete ResNet-18, 34, 50 or "
            "101. Is layer4 missing?"
        )
    with torch.device("meta"):
        wanted = ResNet(form.depth, form.stem, form.base_channels).state_dict()
    coverage = compare(wanted, tensors)
    if not coverage.is_exact:
        raise UserError(
            f"{library} cannot hold this backbone: it is no plain ResNet-{form.depth}.\n"
            f"{coverage.report()}"
        )
    return form


def _refuse_stem(form: ResNetForm, library: str) -> None:
    if form.stem != "imagenet":
        raise UserError(
            f"{library}'s ResNets start with a 7x7 convolution and max-pooling, this backbone with "
            "the 3x3 convolution of stem='cifar'. safetensors and onnx can hold it."
        )


def _without_wrapper(tensors: StateDict) -> StateDict:
    """Leave out the prefix that TimmBackbone puts before the network's own keys."""
    for prefix in ("network.model.", "network."):
        if all(name.startswith(prefix) for name in tensors):
            return {name.removeprefix(prefix): tensor for name, tensor in tensors.items()}
    return tensors


def _describe(source: _Source) -> dict[str, str]:
    return {
        "source": Path(source.checkpoint).name,
        "layout": source.layout,
        "mmcontrast_version": mmcontrast.__version__,
    }


def _saved(content: Any) -> bytes:
    file = io.BytesIO()
    torch.save(content, file)
    return file.getvalue()
