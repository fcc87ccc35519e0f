r"""LARS: a learning rate of its own for every layer, as SimCLR's authors compute it.

.. math::
    g' = g + \beta w \\
    v \leftarrow \mu v + \gamma \eta \frac{\|w\|}{\|g'\|} g' \\
    w \leftarrow w - v

You et al., 2017, arXiv 1708.03888, have :math:`\|g\| + \beta \|w\|` as the denominator, and so do
most versions for PyTorch. The learning rate :math:`\gamma` multiplies what enters the buffer, as in
SimCLR and in the paper: a later change of it does not rescale the buffer.
"""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch.optim import Optimizer

from mmcontrast.registry import OPTIMIZERS


@OPTIMIZERS.register_module()
class LARS(Optimizer):
    """Layer-wise adaptive rate scaling with classic momentum.

    Parameters with one dimension (biases and the scales and shifts of norms) get neither weight
    decay nor adaptation, but plain SGD with momentum, as in SimCLR.

    Args:
        params: Parameters, or groups of them.
        lr: Learning rate, at least 0.
        momentum: Weight of the buffer, in [0, 1).
        weight_decay: Factor of the L2 penalty, at least 0.
        eta: Trust coefficient, above 0.

    Raises:
        ValueError: A setting is out of its range.
    """

    def __init__(
        self,
        params: Iterable,
        lr: float,
        momentum: float = 0.9,
        weight_decay: float = 0.0,
        eta: float = 1e-3,
    ):
        if lr < 0 or weight_decay < 0 or eta <= 0 or not 0 <= momentum < 1:
            raise ValueError(
                "LARS needs lr >= 0, weight_decay >= 0, eta > 0 and 0 <= momentum < 1, got "
                f"{lr=}, {weight_decay=}, {eta=}, {momentum=}."
            )
        super().__init__(params, dict(lr=lr, momentum=momentum, weight_decay=weight_decay, eta=eta))

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update all parameters that have a gradient.

        Args:
            closure: Function that computes the loss again and returns it.

        Returns:
            The closure's loss, if there is one.
        """
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    self._update(parameter, parameter.grad, group)
        return loss

    def _update(self, parameter: torch.Tensor, update: torch.Tensor, group: dict[str, Any]) -> None:
        if parameter.dim() > 1:
            update = update.add(parameter, alpha=group["weight_decay"])
            weight_norm, update_norm = parameter.norm(), update.norm()
            trust = group["eta"] * weight_norm / update_norm
            # A layer of zeros moves at the plain learning rate.
            update.mul_(torch.where((weight_norm > 0) & (update_norm > 0), trust, 1.0))
        state = self.state[parameter]
        if "momentum_buffer" not in state:
            state["momentum_buffer"] = torch.zeros_like(parameter)
        buffer = state["momentum_buffer"]
        buffer.mul_(group["momentum"]).add_(update, alpha=group["lr"])
        parameter.sub_(buffer)
