"""The light R(2+1)D network for clips of AVID and CrissCross.

Shapes: N clips, T frames of H x W pixels.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

from mmengine.model import BaseModule
from torch import Tensor, nn

from mmcontrast.registry import MODELS

from .r2plus1d import Norm, build_norm, check_clips, spatial, stage_maps, stage_widths, temporal

# Numbers of blocks in the four stages. AVID's network of depth 34, which CrissCross uses, has two
# blocks in its last stage.
_DEPTHS = {10: (1, 1, 1, 1), 18: (2, 2, 2, 2), 34: (3, 4, 6, 2)}


class _LightBlock(nn.Module):
    """Two (2+1)D convolutions and a shortcut, with one norm behind their sum."""

    def __init__(self, in_channels: int, channels: int, stride: int, norm: Norm):
        super().__init__()
        self.spt_conv1 = spatial(in_channels, channels, stride)
        self.spt_bn1 = norm(channels)
        self.tmp_conv1 = temporal(channels, channels, stride)
        self.tmp_bn1 = norm(channels)
        self.spt_conv2 = spatial(channels, channels)
        self.spt_bn2 = norm(channels)
        self.tmp_conv2 = temporal(channels, channels)
        self.out_bn = norm(channels)
        self.relu = nn.ReLU(inplace=True)
        self.res_conv: nn.Module = nn.Identity()
        if stride != 1 or in_channels != channels:
            self.res_conv = nn.Conv3d(in_channels, channels, 1, stride, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Compute the map of the block."""
        y = self.tmp_conv1(self.relu(self.spt_bn1(self.spt_conv1(x))))
        y = self.relu(self.tmp_bn1(y))
        y = self.tmp_conv2(self.relu(self.spt_bn2(self.spt_conv2(y))))
        return self.relu(self.out_bn(y + self.res_conv(x)))


@MODELS.register_module()
class LightR2Plus1D(BaseModule):
    """CrissCross' network for clips, which is AVID's (Morgado et al., CVPR 2021).

    In contrast to :class:`~mmcontrast.models.backbones.R2Plus1D` the stem is one full 3-D
    convolution followed by max-pooling, the spatial convolutions have as many channels as the
    temporal ones, and a block has one norm behind the sum of its two branches. Depth 18 has
    15,379,136 parameters. The keys are those of the authors' released weights
    (``conv1.0.weight``, ``conv2x.0.spt_conv1.weight``).

    The initial weights are PyTorch's defaults, as in the authors' code.

    Args:
        depth: 10, 18 or 34.
        base_channels: Width of the stem and of the first stage; each further stage doubles it.
        out_indices: Stages whose maps are returned, 0 to 3.
        norm_cfg: Config of the norms without their channels; ``dict(type='BN3d')`` by default.
        **kwargs: Those of MMEngine's ``BaseModule``: ``init_cfg``.

    Raises:
        ValueError: A depth, stage or width that cannot be built.
    """

    def __init__(
        self,
        depth: int = 18,
        base_channels: int = 64,
        out_indices: Sequence[int] = (3,),
        norm_cfg: dict | None = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        if depth not in _DEPTHS:
            raise ValueError(f"LightR2Plus1D: depth must be one of {list(_DEPTHS)}, got {depth}.")
        widths = stage_widths("LightR2Plus1D", base_channels, out_indices)
        norm = partial(build_norm, norm_cfg or dict(type="BN3d"))
        self.conv1 = nn.Sequential(
            nn.Conv3d(3, base_channels, (3, 7, 7), (1, 2, 2), (1, 3, 3), bias=False),
            norm(base_channels),
            nn.ReLU(inplace=True),
            nn.MaxPool3d((1, 3, 3), (1, 2, 2), (0, 1, 1)),
        )
        inputs = [base_channels, *widths]
        self.conv2x, self.conv3x, self.conv4x, self.conv5x = (
            nn.Sequential(
                _LightBlock(inputs[stage], widths[stage], 2 if stage else 1, norm),
                *(
                    _LightBlock(widths[stage], widths[stage], 1, norm)
                    for _ in range(_DEPTHS[depth][stage] - 1)
                ),
            )
            for stage in range(4)
        )
        self.out_indices = tuple(out_indices)
        self.out_channels = tuple(widths[index] for index in out_indices)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Compute feature maps.

        Args:
            x: Clips (N, 3, T, H, W), normalized.

        Returns:
            For each of ``out_indices`` a map; the last stage has stride 8 in time, rounded up, and
            32 in space: (N, 512, 1, 4, 4) for 8 frames of 112 pixels.

        Raises:
            ValueError: The input is no batch of clips.
        """
        x = self.conv1(check_clips("LightR2Plus1D", x))
        stages = (self.conv2x, self.conv3x, self.conv4x, self.conv5x)
        return stage_maps(x, stages, self.out_indices)
