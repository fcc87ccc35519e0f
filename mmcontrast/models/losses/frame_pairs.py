"""Similarity of frames of one video, without negatives, as in VFS.

    d(p, z) = 2 - 2 cos(p, stopgrad z)
    L       = mean over frames i of group 0 and j of group 1 of  d(p_i, z_j) / 2 + d(p_j, z_i) / 2

Xu and Wang, ICCV 2021, section 3.1; Chen and He, "Exploring Simple Siamese Representation
Learning", CVPR 2021, equation 2, has -cos in place of d: half this gradient.

Shapes: N videos, T frames a group, C embedding.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmcontrast.registry import MODELS


def frame_pair_loss(
    predictions0_NTC: Tensor,
    projections0_NTC: Tensor,
    predictions1_NTC: Tensor,
    projections1_NTC: Tensor,
    symmetric: bool = True,
) -> Tensor:
    """Mean distance of all T * T pairs of frames of each video, in float32 under autocast too.

    One product gives the cosines of all pairs.

    Args:
        predictions0_NTC: Predictions from the frames of group 0, not normalized, with gradient.
        projections0_NTC: Projections of the same frames; the targets of group 1, and constants.
        predictions1_NTC: Predictions from the frames of group 1, with gradient.
        projections1_NTC: Projections of the frames of group 1; the targets of group 0.
        symmetric: Whether both groups predict; else only group 0 predicts group 1.

    Returns:
        (N,), in 0 (all predictions are right) to 4; independent vectors give about 2.
    """
    predictions = [predictions0_NTC, predictions1_NTC][: 2 if symmetric else 1]
    targets = [projections1_NTC, projections0_NTC][: len(predictions)]
    with torch.autocast(predictions0_NTC.device.type, enabled=False):
        unit_DNTC = F.normalize(torch.stack(predictions).float(), dim=3)
        target_DNTC = F.normalize(torch.stack(targets).detach().float(), dim=3)
        cosine_DNTT = unit_DNTC @ target_DNTC.transpose(2, 3)
    return 2 - 2 * cosine_DNTT.mean(dim=(0, 2, 3))


@MODELS.register_module()
class FramePairLoss(nn.Module):
    """:func:`frame_pair_loss` with its setting.

    Args:
        symmetric: Whether both groups of frames predict the other.
    """

    def __init__(self, symmetric: bool = True):
        super().__init__()
        self.symmetric = symmetric

    def forward(
        self,
        predictions0_NTC: Tensor,
        projections0_NTC: Tensor,
        predictions1_NTC: Tensor,
        projections1_NTC: Tensor,
    ) -> Tensor:
        """See :func:`frame_pair_loss`."""
        return frame_pair_loss(
            predictions0_NTC,
            projections0_NTC,
            predictions1_NTC,
            projections1_NTC,
            self.symmetric,
        )
