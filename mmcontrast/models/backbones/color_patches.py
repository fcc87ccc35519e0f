"""Colors as features: the baseline that a learned correspondence has to beat."""

from typing import Any

import torch.nn.functional as F
from mmengine.model import BaseModule
from torch import Tensor

from mmcontrast.registry import MODELS
from mmcontrast.utils.arguments import check_sizes


@MODELS.register_module()
class ColorPatches(BaseModule):
    """Mean colors of the 3 x 3 cells around each cell of a coarse grid; nothing is learned.

    Args:
        stride: Side of a cell in pixels.
    """

    def __init__(self, stride: int = 8, **kwargs: Any):
        check_sizes("ColorPatches", stride=stride)
        super().__init__(**kwargs)
        self.stride = stride
        self.out_channels = (27,)

    def forward(self, x: Tensor) -> tuple[Tensor]:
        """Compute the map (N, 27, H / stride, W / stride), rounded up, of (N, 3, H, W)."""
        grid = (-(-x.shape[2] // self.stride), -(-x.shape[3] // self.stride))
        means = F.adaptive_avg_pool2d(x, grid)
        return (F.unfold(means, kernel_size=3, padding=1).unflatten(2, grid),)
