"""The distance of colors of UVC and ContrastCorr.

    L1c = |dL| + 10 |da| + 10 |db|, each the mean over an image
    L   = L1c of the target + 0.1 L1c of the reference, from the way back

Li et al., NeurIPS 2019; Wang et al., AAAI 2021. The two color channels vary much less than the
lightness. Where L is larger than a threshold it counts as 0, both terms together: what the images
show is likely occluded or out of the frame.

Shapes: N images, three channels in LAB, each in -1..1.
"""

import math

import torch
from torch import Tensor, nn

from mmcontrast.registry import MODELS
from mmcontrast.utils.arguments import check_number

_WEIGHTS = (1.0, 10.0, 10.0)
_BACK_WEIGHT = 0.1


def lab_color_loss(
    predicted_N3HW: Tensor,
    target_N3HW: Tensor,
    threshold: float = math.inf,
    back: tuple[Tensor, Tensor] | None = None,
) -> Tensor:
    """Distance of each image to its target, in float32 under autocast too.

    Args:
        predicted_N3HW: LAB, with gradient.
        target_N3HW: LAB; its gradient, if it asks for one, is the opposite.
        threshold: Images with a larger distance get 0, without gradient.
        back: Prediction and target of the way back, LAB, (N, 3, H, W) each. A tenth of their
            distance is added before the threshold is applied.

    Returns:
        (N,), not negative.
    """
    distance_N = _distance(predicted_N3HW, target_N3HW)
    if back is not None:
        distance_N = distance_N + _BACK_WEIGHT * _distance(*back)
    return torch.where(distance_N > threshold, torch.zeros_like(distance_N), distance_N)


def _distance(predicted_N3HW: Tensor, target_N3HW: Tensor) -> Tensor:
    with torch.autocast(predicted_N3HW.device.type, enabled=False):
        difference_N3 = (predicted_N3HW.float() - target_N3HW.float()).abs().mean(dim=(2, 3))
        return (difference_N3 * difference_N3.new_tensor(_WEIGHTS)).sum(dim=1)


@MODELS.register_module()
class LabColorLoss(nn.Module):
    """:func:`lab_color_loss` with its setting.

    Args:
        threshold: Distance above which an image is left out; 2.5 in ContrastCorr.
    """

    def __init__(self, threshold: float = math.inf):
        check_number("LabColorLoss: threshold", threshold, 0, above=True)
        super().__init__()
        self.threshold = threshold

    def forward(
        self,
        predicted_N3HW: Tensor,
        target_N3HW: Tensor,
        keep_all: bool = False,
        back: tuple[Tensor, Tensor] | None = None,
    ) -> Tensor:
        """See :func:`lab_color_loss`; ``keep_all`` sets the threshold aside."""
        threshold = math.inf if keep_all else self.threshold
        return lab_color_loss(predicted_N3HW, target_N3HW, threshold, back)
