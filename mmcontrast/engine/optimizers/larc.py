r"""LARC: a learning rate of its own for every tensor, in front of any optimizer.

.. math::
    g' = \lambda (g + \beta w), \qquad
    \lambda = \min\left(\frac{\eta \|w\|}{(\|g\| + \beta \|w\| + \epsilon) \gamma}, 1\right)

with trust coefficient :math:`\eta`, weight decay :math:`\beta` and learning rate :math:`\gamma`.
You et al., 2017, arXiv 1708.03888, in the form of NVIDIA Apex, which CrissCross (Sarkar and Etemad,
AAAI 2023) puts in front of Adam.
"""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

from mmcontrast.registry import OPTIMIZERS
from mmcontrast.utils.arguments import check_number

_EPSILON = 1e-8


@OPTIMIZERS.register_module("LARC")
def larc(
    params: Iterable,
    base: str,
    lr: float,
    weight_decay: float = 0.0,
    trust_coefficient: float = 1e-3,
    clip: bool = True,
    **kwargs: Any,
) -> Optimizer:
    """Build an optimizer whose gradients are scaled tensor by tensor before each step.

    The weight decay becomes a part of the gradients; the optimizer itself has none. A tensor of
    zeros, and one whose gradient is zero, keeps its gradient, without weight decay. Under loss
    scaling the gradients are those that the scaler hands to the optimizer, which are unscaled.

    In front of Adam, whose steps do not depend on a constant factor of the gradient, it is the
    change of the factor that counts. Biases that start at zero have a factor of 1 in the first step
    and a small one afterwards.

    Args:
        params: Parameters, or groups of them.
        base: Name of the optimizer in the registry, such as ``'Adam'``.
        lr: Learning rate, at least 0.
        weight_decay: Factor of the L2 penalty, at least 0.
        trust_coefficient: Trust coefficient, above 0.
        clip: Whether the learning rate of a tensor is at most ``lr``; otherwise the trust ratio
            multiplies it.
        **kwargs: Other arguments of the optimizer, such as ``betas``.

    Returns:
        The optimizer, with its own state dict.

    Raises:
        ValueError: A setting is out of its range.
    """
    check_number("LARC: weight_decay", weight_decay, 0)
    check_number("LARC: trust_coefficient", trust_coefficient, 0, above=True)
    settings = dict(type=base, params=params, lr=lr, weight_decay=weight_decay, **kwargs)
    optimizer = OPTIMIZERS.build(settings)
    decays: list[float] = []

    def scale(optimizer: Optimizer, *_: Any) -> None:
        for group in optimizer.param_groups:
            decays.append(group["weight_decay"])
            for parameter in group["params"]:
                if parameter.grad is not None:
                    scale_gradient(
                        parameter, group["lr"], group["weight_decay"], trust_coefficient, clip
                    )
            group["weight_decay"] = 0.0

    def restore(optimizer: Optimizer, *_: Any) -> None:
        for group, decay in zip(optimizer.param_groups, decays, strict=True):
            group["weight_decay"] = decay
        decays.clear()

    optimizer.register_step_pre_hook(scale)
    optimizer.register_step_post_hook(restore)
    return optimizer


@torch.no_grad()
def scale_gradient(
    parameter: Tensor, lr: float, weight_decay: float, trust_coefficient: float, clip: bool
) -> None:
    """Add the weight decay to a gradient and scale it, in place.

    Args:
        parameter: Tensor with a gradient.
        lr: Learning rate; with 0, of a schedule's first step, the clipped factor is 1.
        weight_decay: Factor of the L2 penalty.
        trust_coefficient: Trust coefficient.
        clip: Whether the learning rate of the tensor is at most ``lr``.
    """
    gradient = parameter.grad
    if gradient is None:
        return
    norm, gradient_norm = parameter.norm(), gradient.norm()
    factor = trust_coefficient * norm / (gradient_norm + weight_decay * norm + _EPSILON)
    if clip:
        factor = (factor / lr).clamp(max=1)
    scaled = gradient.add(parameter, alpha=weight_decay) * factor
    gradient.copy_(torch.where((norm > 0) & (gradient_norm > 0), scaled, gradient))
