"""R(2+1)D-18 for clips, as XDC has it, and the parts that other R(2+1)D networks share.

Tran et al., "A Closer Look at Spatiotemporal Convolutions for Action Recognition", CVPR 2018: each
3-D convolution is a spatial one (1x3x3) followed by a temporal one (3x1x1), with a norm and a ReLU
between them.

Shapes: N clips, T frames of H x W pixels.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from mmengine.model import BaseModule
from torch import Tensor, nn

from mmcontrast.registry import MODELS
from mmcontrast.utils.arguments import check_sizes

Norm = Callable[[int], nn.Module]


class _Block(nn.Module):
    """torchvision's basic block of two (2+1)D convolutions, with the widths between their parts."""

    def __init__(
        self, in_channels: int, channels: int, stride: int, midplanes: tuple[int, int], norm: Norm
    ):
        super().__init__()
        self.conv1 = nn.Sequential(
            _factorized(in_channels, midplanes[0], channels, stride, norm),
            norm(channels),
            nn.ReLU(inplace=True),
        )
        self.conv2 = nn.Sequential(
            _factorized(channels, midplanes[1], channels, 1, norm), norm(channels)
        )
        self.relu = nn.ReLU(inplace=True)
        self.downsample: nn.Module = nn.Identity()
        if stride != 1 or in_channels != channels:
            self.downsample = nn.Sequential(
                nn.Conv3d(in_channels, channels, 1, stride, bias=False), norm(channels)
            )

    def forward(self, x: Tensor) -> Tensor:
        """Compute the map of the block."""
        return self.relu(self.conv2(self.conv1(x)) + self.downsample(x))


@MODELS.register_module()
class R2Plus1D(BaseModule):
    """R(2+1)D-18, the network of XDC, without classifier; its keys are torchvision's.

    The number of planes between the spatial and the temporal part of a convolution from i to o
    channels is ``27 i o // (9 i + 3 o)``, which gives it the number of parameters of a full 3-D
    convolution. The released weights of XDC (in VMZ's form) compute it for every convolution:
    33,165,639 parameters; torchvision computes it once a block, for the first one: 31,300,125.
    The shapes of 18 tensors differ, so weights of the one form do not load into the other.

    Convolutions are initialized by Kaiming's normal distribution (fan out), as in torchvision.
    XDC's norms have an epsilon of 1e-3 and the usual momentum of 0.1. (Its released network says
    0.9, which in Caffe2, where it was trained, is the weight of the old average.)

    Args:
        midplanes: ``'conv'`` for the planes of XDC, ``'block'`` for those of torchvision.
        base_channels: Width of the stem and of the first stage; each further stage doubles it.
        out_indices: Stages whose maps are returned, 0 to 3.
        norm_cfg: Config of the norms without their channels; ``dict(type='BN3d', eps=1e-3)`` by
            default.
        **kwargs: Those of MMEngine's ``BaseModule``: ``init_cfg``.

    Raises:
        ValueError: ``midplanes``, a stage or a width that cannot be built.
    """

    def __init__(
        self,
        midplanes: str = "conv",
        base_channels: int = 64,
        out_indices: Sequence[int] = (3,),
        norm_cfg: dict | None = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        if midplanes not in ("conv", "block"):
            raise ValueError(f"R2Plus1D: midplanes must be 'conv' or 'block', got {midplanes!r}.")
        widths = stage_widths("R2Plus1D", base_channels, out_indices)
        norm = partial(build_norm, norm_cfg or dict(type="BN3d", eps=1e-3))
        stem_planes = max(45 * base_channels // 64, 1)
        self.stem = nn.Sequential(
            nn.Conv3d(3, stem_planes, (1, 7, 7), (1, 2, 2), (0, 3, 3), bias=False),
            norm(stem_planes),
            nn.ReLU(inplace=True),
            temporal(stem_planes, base_channels),
            norm(base_channels),
            nn.ReLU(inplace=True),
        )
        inputs = [base_channels, *widths]
        self.layer1, self.layer2, self.layer3, self.layer4 = (
            self._make_stage(inputs[stage], widths[stage], 2 if stage else 1, midplanes, norm)
            for stage in range(4)
        )
        for module in self.modules():
            if isinstance(module, nn.Conv3d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        self.out_indices = tuple(out_indices)
        self.out_channels = tuple(widths[index] for index in out_indices)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Compute feature maps.

        Args:
            x: Clips (N, 3, T, H, W), normalized.

        Returns:
            For each of ``out_indices`` a map; the last stage has stride 8 in time, rounded up, and
            16 in space: (N, 512, 1, 7, 7) for 8 frames of 112 pixels.

        Raises:
            ValueError: The input is no batch of clips.
        """
        x = self.stem(check_clips("R2Plus1D", x))
        stages = (self.layer1, self.layer2, self.layer3, self.layer4)
        return stage_maps(x, stages, self.out_indices)

    @staticmethod
    def _make_stage(
        in_channels: int, channels: int, stride: int, midplanes: str, norm: Norm
    ) -> nn.Sequential:
        first, second = _midplanes(in_channels, channels), _midplanes(channels, channels)
        planes = (first, second if midplanes == "conv" else first)
        return nn.Sequential(
            _Block(in_channels, channels, stride, planes, norm),
            _Block(channels, channels, 1, (second, second), norm),
        )


def _midplanes(in_channels: int, channels: int) -> int:
    return 27 * in_channels * channels // (9 * in_channels + 3 * channels)


def spatial(in_channels: int, channels: int, stride: int = 1) -> nn.Conv3d:
    """Return a convolution over 3x3 places of one frame."""
    return nn.Conv3d(in_channels, channels, (1, 3, 3), (1, stride, stride), (0, 1, 1), bias=False)


def temporal(in_channels: int, channels: int, stride: int = 1) -> nn.Conv3d:
    """Return a convolution over three frames of one place."""
    return nn.Conv3d(in_channels, channels, (3, 1, 1), (stride, 1, 1), (1, 0, 0), bias=False)


def _factorized(
    in_channels: int, midplanes: int, channels: int, stride: int, norm: Norm
) -> nn.Sequential:
    return nn.Sequential(
        spatial(in_channels, midplanes, stride),
        norm(midplanes),
        nn.ReLU(inplace=True),
        temporal(midplanes, channels, stride),
    )


def build_norm(norm_cfg: dict, num_features: int) -> nn.Module:
    """Build the norm of a layer with this number of channels."""
    return MODELS.build(norm_cfg, default_args=dict(num_features=num_features))


def stage_widths(owner: str, base_channels: int, out_indices: Sequence[int]) -> list[int]:
    """Return the widths of the four stages.

    Raises:
        ValueError: The width of the first one is below 1, or a stage does not exist.
    """
    check_sizes(owner, base_channels=base_channels)
    if not out_indices or not set(out_indices) <= {0, 1, 2, 3}:
        raise ValueError(f"{owner}: out_indices must name stages 0 to 3, got {tuple(out_indices)}.")
    return [base_channels * 2**stage for stage in range(4)]


def check_clips(owner: str, x: Tensor) -> Tensor:
    """Return the input of a network.

    Raises:
        ValueError: It is no batch of clips (N, 3, T, H, W).
    """
    # Conv3d would take a batch of three images for one clip.
    if x.dim() != 5:
        raise ValueError(
            f"{owner} needs clips (N, 3, T, H, W), got {tuple(x.shape)}: load clips of several "
            "frames in the pipeline."
        )
    return x


def stage_maps(
    x: Tensor, stages: Sequence[nn.Module], out_indices: Sequence[int]
) -> tuple[Tensor, ...]:
    """Propagate through the stages, and return the maps of some of them."""
    maps = []
    for index, stage in enumerate(stages[: max(out_indices) + 1]):
        x = stage(x)
        if index in out_indices:
            maps.append(x)
    return tuple(maps)
