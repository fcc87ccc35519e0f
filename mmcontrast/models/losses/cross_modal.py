"""Agreement of two views of a video's picture and two of its sound, without negatives.

    D(p, z) = -mean over the batch of cos(p, stopgrad z)
    L(x, y) = D(p_x, z_y) / 2 + D(p_y, z_x) / 2

    intra         L(video0, video1), L(audio0, audio1)
    synchronous   L(video0, audio0), L(video1, audio1)
    asynchronous  L(video0, audio1), L(audio0, video1)

Sarkar and Etemad, "Self-Supervised Audio-Visual Representation Learning with Relaxed Cross-Modal
Synchronicity" (CrissCross), AAAI 2023.

Shapes: N videos, C embedding.
"""

from collections.abc import Mapping
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmcontrast.registry import MODELS
from mmcontrast.utils.arguments import check_number

Pair = tuple[str, str]


class Agreement(NamedTuple):
    """The loss, and the similarities that it was computed from."""

    loss: Tensor
    """Scalar float32; the only field with a gradient."""
    similarity: dict[Pair, Tensor]
    """For each pair of views, the mean cosine of one's prediction and the other's projection."""


def cross_modal_loss(
    predictions: Mapping[str, Tensor],
    projections: Mapping[str, Tensor],
    weights: Mapping[Pair, float],
) -> Agreement:
    """Weighted agreement of pairs of views, divided by the number of pairs, in float32.

    Args:
        predictions: p of each view, (N, C), not normalized, with gradient.
        projections: z of each view, (N, C), not normalized; constants, as targets.
        weights: Weight of each pair. A weight of 0 changes nothing about the divisor.

    Returns:
        The loss, between -1, where all views agree, and 1 for weights of 1; views that have nothing
        to do with each other give about 0.
    """
    similarity = {}
    for x, y in weights:
        with torch.autocast(predictions[x].device.type, enabled=False):
            cosines = [
                F.cosine_similarity(predictions[a].float(), projections[b].detach().float(), dim=1)
                for a, b in ((x, y), (y, x))
            ]
        similarity[x, y] = torch.stack(cosines).mean()
    total = torch.stack([-weight * similarity[pair] for pair, weight in weights.items()])
    return Agreement(total.mean(), {pair: value.detach() for pair, value in similarity.items()})


@MODELS.register_module()
class CrossModalLoss(nn.Module):
    """:func:`cross_modal_loss` over three families of pairs, each with a switch and weights.

    Pairs with views that there are none of, in a run on one modality, are left out, and do not
    count in the divisor.

    Args:
        intra: Whether views of the same modality agree.
        synchronous: Whether picture and sound of the same time agree.
        asynchronous: Whether picture and sound of the two different times agree.
        video_weight: Weight of the two views of the picture.
        audio_weight: Weight of the two views of the sound.
        synchronous_weight: Weight of both synchronous pairs.
        asynchronous_weight: Weight of both asynchronous pairs.

    Raises:
        ValueError: All families are off, or a weight is negative.
    """

    def __init__(
        self,
        intra: bool = True,
        synchronous: bool = True,
        asynchronous: bool = True,
        video_weight: float = 1.0,
        audio_weight: float = 1.0,
        synchronous_weight: float = 1.0,
        asynchronous_weight: float = 1.0,
    ):
        super().__init__()
        weights = {
            ("video0", "video1"): (intra, video_weight),
            ("audio0", "audio1"): (intra, audio_weight),
            ("video0", "audio0"): (synchronous, synchronous_weight),
            ("video1", "audio1"): (synchronous, synchronous_weight),
            ("video0", "audio1"): (asynchronous, asynchronous_weight),
            ("audio0", "video1"): (asynchronous, asynchronous_weight),
        }
        for pair, (_, weight) in weights.items():
            check_number(f"CrossModalLoss: weight of {' and '.join(pair)}", weight, 0)
        self.weights = {pair: weight for pair, (is_on, weight) in weights.items() if is_on}
        if not self.weights:
            raise ValueError(
                "CrossModalLoss: one of intra, synchronous and asynchronous must be True."
            )

    def forward(
        self, predictions: Mapping[str, Tensor], projections: Mapping[str, Tensor]
    ) -> Agreement:
        """See :func:`cross_modal_loss`.

        Raises:
            ValueError: No pair is left, as for one modality with ``intra=False``.
        """
        weights = {
            (x, y): weight
            for (x, y), weight in self.weights.items()
            if x in predictions and y in predictions
        }
        if not weights:
            raise ValueError(
                f"CrossModalLoss: {', '.join(predictions)} form no pair that is switched on; set "
                "intra=True for one modality."
            )
        return cross_modal_loss(predictions, projections, weights)
