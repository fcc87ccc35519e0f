"""Focal loss (Lin et al., ICCV 2017) whose weights are normalized by their mean."""

import torch
import torch.nn.functional as F
from torch import Tensor


def balanced_focal(logits: Tensor, targets: Tensor, gamma: float = 2.0) -> Tensor:
    """Binary cross-entropy, weighted by ``|target - probability| ** gamma`` over its mean.

    Args:
        logits: Logits, of any shape.
        targets: Targets, 0 or 1, of the same shape.
        gamma: Focusing exponent; the larger it is, the more hard examples count.

    Returns:
        Scalar; log 2 for logits of zero. The weights are constants: no gradient goes through them.
    """
    weights = (targets - logits.sigmoid()).abs().detach() ** gamma
    weights = weights / weights.mean().clamp(min=torch.finfo(weights.dtype).tiny)
    losses = F.binary_cross_entropy_with_logits(logits, targets, reduction="none")
    return (weights * losses).mean()
