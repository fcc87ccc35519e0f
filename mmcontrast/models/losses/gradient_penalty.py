"""The penalty that keeps a critic's slope at 1."""

from collections.abc import Callable

import torch
from torch import Tensor


def gradient_penalty(
    critic: Callable[[Tensor], Tensor], real_ND: Tensor, fake_ND: Tensor
) -> Tensor:
    """Mean of (|grad_x critic(x)| - 1)^2 at x = u real + (1 - u) fake (Gulrajani et al., 2017).

    Args:
        critic: From (N, D) to (N, 1), each row by itself.
        real_ND: Without gradient.
        fake_ND: Without gradient.

    Returns:
        A scalar with gradient to the critic's parameters.
    """
    share_N1 = torch.rand(len(real_ND), 1, device=real_ND.device)
    mixed_ND = (share_N1 * real_ND + (1 - share_N1) * fake_ND).requires_grad_()
    (slope_ND,) = torch.autograd.grad(critic(mixed_ND).sum(), mixed_ND, create_graph=True)
    return (slope_ND.float().norm(dim=1) - 1).square().mean()
