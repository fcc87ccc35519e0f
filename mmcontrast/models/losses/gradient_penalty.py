"""The penalty that keeps a critic's slope at 1."""

from collections.abc import Callable

import torch
from torch import Tensor


def gradient_penalty(
    critic: Callable[[Tensor], Tensor], real_ND: Tensor, fake_ND: Tensor
) -> Tensor:
    """Mean of (|grad_x critic(x)| - 1)^2 at x = u real + (1 - u) fake (Gulrajani et al., 2017).

    Args:
        critic: Function from (N, D) to (N, 1) that treats each row by itself.
        real_ND: Real features, float32, without gradient.
        fake_ND: Generated features, float32, without gradient.

    Returns:
        A scalar with gradient to the critic's parameters.
    """
    share_N1 = torch.rand(len(real_ND), 1, device=real_ND.device)
    mixed_ND = (share_N1 * real_ND + (1 - share_N1) * fake_ND).requires_grad_()
    # In full precision: this gradient is no loss that a scaler would keep from vanishing in fp16.
    with torch.autocast(real_ND.device.type, enabled=False):
        (slope_ND,) = torch.autograd.grad(critic(mixed_ND).sum(), mixed_ND, create_graph=True)
    return (slope_ND.norm(dim=1) - 1).square().mean()
