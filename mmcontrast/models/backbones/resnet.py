"""ResNet-18/34/50/101 with torchvision's layers, parameter names and initialization.

He et al., CVPR 2016, in the v1.5 form (stride in the 3x3 convolution of a bottleneck).
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from mmengine.model import BaseModule
from torch import Tensor, nn
from torchvision.models.resnet import BasicBlock, Bottleneck, conv1x1

from mmcontrast.registry import MODELS
from mmcontrast.utils.arguments import check_sizes

_DEPTHS: dict[int, tuple[type[BasicBlock] | type[Bottleneck], list[int]]] = {
    18: (BasicBlock, [2, 2, 2, 2]),
    34: (BasicBlock, [3, 4, 6, 3]),
    50: (Bottleneck, [3, 4, 6, 3]),
    101: (Bottleneck, [3, 4, 23, 3]),
}


def _check(
    depth: int, stem: str, base_channels: int, out_indices: Sequence[int], frozen_stages: int
) -> None:
    if depth not in _DEPTHS:
        raise ValueError(f"ResNet depth must be one of {list(_DEPTHS)}, got {depth}.")
    if not out_indices or not set(out_indices) <= {0, 1, 2, 3}:
        raise ValueError(f"out_indices must name stages 0 to 3, got {tuple(out_indices)}.")
    if not -1 <= frozen_stages <= 4:
        raise ValueError(f"frozen_stages must be between -1 and 4, got {frozen_stages}.")
    if stem not in ("imagenet", "cifar"):
        raise ValueError(f"stem must be 'imagenet' or 'cifar', got {stem!r}.")
    if base_channels < 1:
        raise ValueError(f"base_channels must be positive, got {base_channels}.")


def _build_norm(norm_cfg: dict, num_features: int) -> nn.Module:
    return MODELS.build(norm_cfg, default_args=dict(num_features=num_features))


def _make_stage(
    block: type[BasicBlock] | type[Bottleneck],
    in_channels: int,
    channels: int,
    depth: int,
    stride: int,
    norm: Callable[[int], nn.Module],
) -> nn.Sequential:
    out_channels = channels * block.expansion
    shortcut = None
    if stride != 1 or in_channels != out_channels:
        shortcut = nn.Sequential(conv1x1(in_channels, out_channels, stride), norm(out_channels))
    return nn.Sequential(
        block(in_channels, channels, stride, shortcut, norm_layer=norm),
        *(block(out_channels, channels, norm_layer=norm) for _ in range(depth - 1)),
    )


def _initialize(network: nn.Module, zero_init_residual: bool) -> None:
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        elif zero_init_residual and isinstance(module, BasicBlock | Bottleneck):
            last: Any = module.bn3 if isinstance(module, Bottleneck) else module.bn2
            nn.init.zeros_(last.weight)


def set_strides(
    backbone: nn.Module, strides: Sequence[int], dilations: Sequence[int] = (1, 1, 1, 1)
) -> None:
    """Change the strides and dilations of any ResNet with torchvision's layer names, in place.

    Dense tasks on video take (1, 2, 1, 1), which keeps stride 8 to the end. As in torchvision, the
    first block of a dilated stage keeps the dilation of the stage before it.

    Args:
        backbone: ResNet with ``layer1`` to ``layer4``, or fewer.
        strides: Strides of the four stages.
        dilations: Dilations of the four stages' 3x3 convolutions.

    Raises:
        ValueError: It is no ResNet, not four values are given, or a stage without shortcut
            convolution should have a stride.
    """
    if len(strides) != 4 or len(dilations) != 4:
        raise ValueError(
            f"A ResNet has four stages, got strides {tuple(strides)}, dilations {tuple(dilations)}."
        )
    stages = [getattr(backbone, f"layer{number}", None) for number in range(1, 5)]
    if stages[0] is None:
        raise ValueError(f"{type(backbone).__name__} has no layer1: it is no ResNet.")
    for number, (stage, stride, dilation) in enumerate(
        zip(stages, strides, dilations, strict=True)
    ):
        if stage is None:
            continue
        first: Any = stage[0]
        if first.downsample is not None:
            first.downsample[0].stride = (stride, stride)
        elif stride != 1:
            raise ValueError(f"layer{number + 1} has no shortcut convolution: its stride is 1.")
        (first.conv2 if hasattr(first, "conv3") else first.conv1).stride = (stride, stride)
        for block in stage:
            kept = dilations[max(number - 1, 0)] if block is first else dilation
            for module in block.modules():
                if isinstance(module, nn.Conv2d) and module.kernel_size == (3, 3):
                    module.dilation = module.padding = (kept, kept)


@MODELS.register_module()
class ResNet(BaseModule):
    """A ResNet without classifier; its keys are torchvision's (``conv1.weight``, ``layer1.0...``).

    Args:
        depth: 18, 34, 50 or 101.
        stem: ``'imagenet'``: 7x7 convolution of stride 2 and max-pooling; ``'cifar'``: 3x3 of
            stride 1 and no pooling, for images of 32 pixels.
        base_channels: Width of the stem and of the first stage's 3x3 convolutions; each further
            stage doubles it. 64 is the published network; 32 takes a quarter of its time.
        out_indices: Stages whose maps are returned, 0 to 3.
        out_stem: Return the stem's map, from before the max-pooling, as well, ahead of theirs.
        strides: Strides of the four stages.
        dilations: Dilations of the four stages' 3x3 convolutions, see :func:`set_strides`.
        frozen_stages: The stem and this many stages are neither trained nor do their statistics
            move; 0 freezes the stem alone, -1 nothing.
        norm_cfg: Config of the norms without their channels, for example
            ``dict(type='SplitBN', num_groups=8)``.
        norm_eval: Keep all batch-norm statistics fixed in training, too.
        zero_init_residual: Let each residual block start as the identity, as SimCLR does.
        in_channels: Channels of the images: 1 for gray images or spectrograms.
        **kwargs: Those of MMEngine's ``BaseModule``: ``init_cfg``.

    Raises:
        ValueError: A depth, stem, stage or stride that cannot be built.
    """

    def __init__(
        self,
        depth: int = 50,
        stem: str = "imagenet",
        base_channels: int = 64,
        out_indices: Sequence[int] = (3,),
        strides: Sequence[int] = (1, 2, 2, 2),
        dilations: Sequence[int] = (1, 1, 1, 1),
        frozen_stages: int = -1,
        norm_cfg: dict | None = None,
        norm_eval: bool = False,
        zero_init_residual: bool = False,
        out_stem: bool = False,
        in_channels: int = 3,
        **kwargs: Any,
    ):
        check_sizes("ResNet", strides=strides, dilations=dilations, in_channels=in_channels)
        super().__init__(**kwargs)
        _check(depth, stem, base_channels, out_indices, frozen_stages)
        block, depths = _DEPTHS[depth]
        norm = partial(_build_norm, norm_cfg or dict(type="BN"))
        kernel, stride, padding = (7, 2, 3) if stem == "imagenet" else (3, 1, 1)
        self.conv1 = nn.Conv2d(in_channels, base_channels, kernel, stride, padding, bias=False)
        self.bn1 = norm(base_channels)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, 2, 1) if stem == "imagenet" else nn.Identity()
        widths = [base_channels * 2**i for i in range(4)]
        inputs = [base_channels] + [width * block.expansion for width in widths]
        self.layer1, self.layer2, self.layer3, self.layer4 = (
            _make_stage(block, inputs[i], widths[i], depths[i], 2 if i else 1, norm)
            for i in range(4)
        )
        _initialize(self, zero_init_residual)
        self.out_indices = tuple(out_indices)
        self.out_stem = out_stem
        self.out_channels = tuple(inputs[i + 1] for i in out_indices)
        if out_stem:
            self.out_channels = (base_channels, *self.out_channels)
        self.frozen_stages = frozen_stages
        self.norm_eval = norm_eval
        set_strides(self, strides, dilations)
        for module in self._frozen_modules():
            module.requires_grad_(False)

    @property
    def stages(self) -> list[nn.Sequential]:
        """The four stages, in order."""
        return [self.layer1, self.layer2, self.layer3, self.layer4]

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Compute feature maps.

        Args:
            x: (N, in_channels, H, W), normalized.

        Returns:
            The stem's map if asked for, and for each of ``out_indices`` a map; the last stage has
            stride 32 with the default stem and strides.
        """
        x = self.relu(self.bn1(self.conv1(x)))
        outputs = [x] if self.out_stem else []
        x = self.maxpool(x)
        for index, stage in enumerate(self.stages[: max(self.out_indices) + 1]):
            x = stage(x)
            if index in self.out_indices:
                outputs.append(x)
        return tuple(outputs)

    def train(self, mode: bool = True) -> "ResNet":
        """Switch to training; frozen parts and, with ``norm_eval``, all statistics stay as is."""
        super().train(mode)
        if mode:
            for module in self._frozen_modules():
                module.eval()
            if self.norm_eval:
                for module in self.modules():
                    if isinstance(module, nn.modules.batchnorm._BatchNorm):
                        module.eval()
        return self

    def _frozen_modules(self) -> list[nn.Module]:
        if self.frozen_stages < 0:
            return []
        return [self.conv1, self.bn1, *self.stages[: self.frozen_stages]]
