"""The form of a ResNet as its weights show it, and which other libraries' ResNets can hold it."""

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor

from mmcontrast.utils.errors import UserError
from mmcontrast.weights.coverage import compare

# By depth: whether blocks are bottlenecks, and the number of blocks in each layer.
_LAYERS: dict[int, tuple[bool, tuple[int, ...]]] = {
    18: (False, (2, 2, 2, 2)),
    34: (False, (3, 4, 6, 3)),
    50: (True, (3, 4, 6, 3)),
    101: (True, (3, 4, 23, 3)),
}
_DEPTHS = {layers: depth for depth, layers in _LAYERS.items()}
# By the stem's kernel size.
_STEMS = {7: "imagenet", 3: "cifar"}


class ResNetForm(NamedTuple):
    """The form of a ResNet. Keys and shapes do not tell its strides.

    Attributes:
        depth: 18, 34, 50 or 101.
        base_channels: The width of the stem; 64 in the published networks.
        stem: ``'imagenet'`` (7x7) or ``'cifar'`` (3x3).
        in_channels: The number of channels of the input; 3 for RGB images.
    """

    depth: int
    base_channels: int
    stem: str
    in_channels: int = 3


def is_resnet(state_dict: Mapping[str, Tensor]) -> bool:
    """Tell whether these are torchvision's names of a ResNet with one convolution as its stem."""
    stem = state_dict.get("conv1.weight")
    return stem is not None and stem.dim() == 4 and "layer1.0.conv1.weight" in state_dict


def resnet_form(state_dict: Mapping[str, Tensor]) -> ResNetForm | None:
    """Infer the form of a ResNet from its weights; None if it is not one of :class:`ResNetForm`.

    Args:
        state_dict: Weights under torchvision's names.
    """
    if not is_resnet(state_dict):
        return None
    blocks = tuple(
        len({name.split(".")[1] for name in state_dict if name.startswith(f"layer{number}.")})
        for number in range(1, 5)
    )
    width, in_channels, _, kernel = state_dict["conv1.weight"].shape
    depth = _DEPTHS.get(("layer1.0.conv3.weight" in state_dict, blocks))
    if depth is None or kernel not in _STEMS:
        return None
    return ResNetForm(depth, width, _STEMS[kernel], in_channels)


def plain_form(state_dict: Mapping[str, Tensor], library: str) -> ResNetForm:
    """Return the form of a complete ResNet that the ResNets of other libraries can hold.

    Args:
        state_dict: A backbone's weights.
        library: The name of the other library, for messages.

    Raises:
        UserError: It is no ResNet, a part is missing or unusual, or its stem is the 3x3 one.
    """
    if not is_resnet(state_dict):
        raise UserError(f"{library}'s ResNets cannot hold this backbone, which is none.")
    form = resnet_form(state_dict)
    if form is None:
        raise UserError(
            f"{library} cannot hold this backbone: its layers are no complete ResNet-18, 34, 50 or "
            "101. Is layer4 missing?"
        )
    coverage = compare(_plain_resnet(form), state_dict)
    if not coverage.is_exact:
        raise UserError(
            f"{library} cannot hold this backbone: it is no plain ResNet-{form.depth}.\n"
            f"{coverage.report()}"
        )
    if form.stem != "imagenet":
        raise UserError(
            f"{library}'s ResNets start with a 7x7 convolution and max-pooling, this backbone with "
            "the 3x3 convolution of stem='cifar'. safetensors and onnx can hold it."
        )
    return form


def published_form(state_dict: Mapping[str, Tensor], library: str) -> ResNetForm:
    """Return :func:`plain_form` of a ResNet of the published width.

    Raises:
        UserError: It is none, or another ``base_channels`` than 64.
    """
    form = plain_form(state_dict, library)
    if form.base_channels != 64:
        raise UserError(
            f"{library}'s ResNet-{form.depth} has base_channels=64, this backbone "
            f"{form.base_channels}. mmdet, mmseg, safetensors and onnx can hold it."
        )
    return form


def _plain_resnet(form: ResNetForm) -> dict[str, Tensor]:
    """Return the state dict, on the meta device, of a plain ResNet for RGB images.

    The counters of batches in its norms are left out.
    """
    is_bottleneck, layers = _LAYERS[form.depth]
    kernel = next(size for size, stem in _STEMS.items() if stem == form.stem)
    width = form.base_channels
    shapes: dict[str, tuple[int, ...]] = {}

    def add(conv: str, norm: str, channels: int, in_channels: int, kernel: int) -> None:
        shapes[f"{conv}.weight"] = (channels, in_channels, kernel, kernel)
        for name in ("weight", "bias", "running_mean", "running_var"):
            shapes[f"{norm}.{name}"] = (channels,)

    add("conv1", "bn1", width, 3, kernel)
    in_channels = width
    for layer, num_blocks in enumerate(layers):
        inner = width * 2**layer
        channels = 4 * inner if is_bottleneck else inner
        for number in range(num_blocks):
            block = f"layer{layer + 1}.{number}"
            if is_bottleneck:
                convs = [(inner, in_channels, 1), (inner, inner, 3), (channels, inner, 1)]
            else:
                convs = [(inner, in_channels, 3), (inner, inner, 3)]
            for place, conv in enumerate(convs, start=1):
                add(f"{block}.conv{place}", f"{block}.bn{place}", *conv)
            if in_channels != channels:
                add(f"{block}.downsample.0", f"{block}.downsample.1", channels, in_channels, 1)
            in_channels = channels
    return {name: torch.empty(shape, device="meta") for name, shape in shapes.items()}
