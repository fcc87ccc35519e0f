"""Two projections whose cross-correlation shows where a target is."""

from typing import Any

import torch.nn.functional as F
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmcontrast.registry import MODELS
from mmcontrast.utils.arguments import check_given, check_number, check_sizes


def cross_correlation(exemplars_NCzz: Tensor, searches_NCxx: Tensor) -> Tensor:
    """Correlate each search map with its own exemplar.

    Args:
        exemplars_NCzz: Feature maps of targets; a single one serves all searches.
        searches_NCxx: Larger maps to look in.

    Returns:
        Responses (N, H, W), H = xx - zz + 1.
    """
    num = len(searches_NCxx)
    exemplars_NCzz = exemplars_NCzz.expand(num, -1, -1, -1)
    return F.conv2d(searches_NCxx.flatten(0, 1)[None], exemplars_NCzz, groups=num)[0]


@MODELS.register_module()
class SiameseHead(BaseModule):
    """SiamFC on frozen features: a 1x1 convolution for the exemplar, another one for the search.

    Args:
        in_channels: Number of channels of the backbone's map; a protocol fills it in where its
            config has none.
        scale: Factor of the response, so that sigmoids are not saturated from the start:
            1e-3 for the 512 channels of a ResNet-18, 1e-5 for the 2048 of a ResNet-50 (VFS).
    """

    def __init__(self, in_channels: int | None, scale: float = 1e-3, **kwargs: Any):
        in_channels = check_given("SiameseHead: in_channels", in_channels)
        check_sizes("SiameseHead", in_channels=in_channels)
        check_number("SiameseHead: scale", scale, 0, above=True)
        super().__init__(**kwargs)
        self.exemplar = nn.Conv2d(in_channels, in_channels, 1)
        self.search = nn.Conv2d(in_channels, in_channels, 1)
        self.scale = scale

    def forward(self, exemplars_NCzz: Tensor, searches_NCxx: Tensor) -> Tensor:
        """Compute the responses (N, H, W), logits."""
        return self.scale * cross_correlation(
            self.exemplar(exemplars_NCzz), self.search(searches_NCxx)
        )
