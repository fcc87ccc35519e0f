"""A checkpoint's backbone in the form that other libraries read."""

import io
import pickle
import re
from collections.abc import Callable
from dataclasses import dataclass
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
from mmcontrast.weights.resnet_form import is_resnet, plain_form, published_form

StateDict = dict[str, Tensor]


@dataclass(frozen=True)
class _Source:
    """What is exported."""

    checkpoint: Checkpoint

    @property
    def tensors(self) -> StateDict:
        """The backbone's weights under its own names."""
        return self.checkpoint.state_dict

    @property
    def settings(self) -> dict[str, Any]:
        """The settings that it was trained with, as far as they are known."""
        return self.checkpoint.backbone or {}

    @property
    def bare(self) -> StateDict:
        """The weights without the prefix that TimmBackbone puts before the network's own names."""
        for prefix in ("network.model.", "network."):
            if all(name.startswith(prefix) for name in self.tensors):
                return {name.removeprefix(prefix): t for name, t in self.tensors.items()}
        return self.tensors

    @property
    def geometry(self) -> str:
        """Strides and dilations that a ResNet does not usually have, as arguments."""
        usual = dict(strides=(1, 2, 2, 2), dilations=(1, 1, 1, 1))
        own = {name: tuple(self.settings.get(name, value)) for name, value in usual.items()}
        return ", ".join(f"{name}={own[name]}" for name in usual if own[name] != usual[name])


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
        UserError: The target is unknown or cannot hold the backbone, or an extra is missing.
    """
    if to not in TARGETS:
        raise UserError(f"There is no export to {to!r}. Choose one of: {', '.join(TARGETS)}.")
    suffix = _SUFFIXES.get(to)
    if suffix and Path(out).suffix != suffix:
        raise UserError(f"{to} reads files whose name ends in {suffix}, not {Path(out).name}.")
    with trusted_checkpoints(trust_checkpoint):
        source = read_checkpoint(checkpoint, config)
    content, usage = TARGETS[to](_Source(source))
    with input_errors(f"cannot write {out}"):
        write_atomically(content, out)
    return f"{out}: {source.layout}, for {to}.\n{usage.replace('{out}', str(out))}"


def _to_openmmlab(library: str, source: _Source) -> _Export:
    tensors = source.tensors
    if is_resnet(source.bare):
        tensors = source.bare
        form = plain_form(tensors, library)
        arguments = [f"depth={form.depth}", "style='pytorch'"]
        if form.base_channels != 64:
            arguments += [f"{part}_channels={form.base_channels}" for part in ("base", "stem")]
        arguments += [source.geometry] if source.geometry else []
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


def _to_torchvision(source: _Source) -> _Export:
    form = published_form(source.bare, "torchvision")
    usage = (
        f"model = torchvision.models.resnet{form.depth}(); model.fc = torch.nn.Identity()\n"
        "model.load_state_dict(torch.load('{out}'))  # the classifier is yours to train"
    )
    return _Export(_saved(source.bare), usage + _unlike(source))


def _to_timm(source: _Source) -> _Export:
    if source.settings.get("type") == "TimmBackbone":
        return _back_to_timm(source)
    form = published_form(source.tensors, "timm")
    usage = (
        f"timm.create_model('resnet{form.depth}', num_classes=0, checkpoint_path='{{out}}')"
        "  # the classifier is yours to train"
    )
    return _Export(_saved(source.tensors), usage + _unlike(source))


def _back_to_timm(source: _Source) -> _Export:
    """Export one of timm's own networks, which TimmBackbone had cut to its feature maps."""
    settings = {key: value for key, value in source.settings.items() if key not in _OURS}
    name, given = settings.pop("model_name"), source.bare
    with input_errors(f"timm's {name}"), torch.device("meta"):
        import timm

        wanted = timm.create_model(name, num_classes=0, **settings).state_dict()
    # Cut to its maps, a network numbers its stages with an underscore.
    cut = {key: re.sub(r"^(\w+)\.(\d+)\.", r"\1_\2.", key) for key in wanted}
    names = {key: key if key in given else cut[key] for key in wanted}
    tensors = {key: given[ours] for key, ours in names.items() if ours in given}
    coverage = compare(wanted, tensors)
    lost = set(given) - set(names.values())
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
    form = plain_form(source.bare, "detectron2")
    if form.depth < 50:
        published_form(source.bare, "detectron2")  # it asks its basic blocks for this width
    model = {
        detectron2_name(name): (tensor.float() if tensor.is_floating_point() else tensor).numpy()
        for name, tensor in source.bare.items()
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


def _to_safetensors(source: _Source) -> _Export:
    from safetensors.torch import save

    if is_resnet(source.bare):
        tensors, keys = source.bare, "torchvision's keys"
    else:
        # When it is read here, the prefix says that this is a backbone.
        tensors, keys = _prefixed(source.tensors), "the backbone's own keys behind 'backbone.'"
    tensors = {name: tensor.contiguous() for name, tensor in tensors.items()}
    usage = f"safetensors.torch.load_file('{{out}}')  # {keys}"
    return _Export(save(tensors, metadata={"format": "pt", **_describe(source)}), usage)


def _to_onnx(source: _Source) -> _Export:
    backbone = load_backbone(source.checkpoint)
    usage = (
        "onnxruntime.InferenceSession('{out}').run(None, {'image': image})\n"
        "image (N, 3, H, W), normalized as in training, of any N, H and W; "
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
_SUFFIXES = {"detectron2": ".pkl", "safetensors": ".safetensors", "onnx": ".onnx"}
# Arguments of TimmBackbone that timm does not have.
_OURS = ("type", "out_indices", "init_cfg")


def _unlike(source: _Source) -> str:
    if not source.geometry:
        return ""
    return f"\nIt was trained with {source.geometry}; there, with the usual ones, its maps differ."


def _prefixed(tensors: StateDict) -> StateDict:
    return {f"backbone.{name}": tensor for name, tensor in tensors.items()}


def _describe(source: _Source) -> dict[str, str]:
    return {
        "source": Path(source.checkpoint.path).name,
        "layout": source.checkpoint.layout,
        "mmcontrast_version": mmcontrast.__version__,
    }


def _saved(content: Any) -> bytes:
    file = io.BytesIO()
    torch.save(content, file)
    return file.getvalue()
