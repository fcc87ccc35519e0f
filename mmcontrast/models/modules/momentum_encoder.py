"""The slowly moving copy of an encoder that makes consistent keys."""

import copy
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn


class MomentumEncoder(nn.Module):
    """A copy of the online modules whose parameters follow theirs slowly.

        theta_k <- m * theta_k + (1 - m) * theta_q

    He et al., CVPR 2020, equation 2. Only parameters follow; batch-norm statistics come from the
    copy's own forward passes. Parameters stay in float32 whatever the online ones are cast to: in
    bfloat16 a step of 1 - m = 0.001 is rounded away and the copy never moves.

    The copies are its attributes: ``MomentumEncoder(0.999, backbone=b).backbone``.

    Args:
        momentum: Weight m kept of the old parameters, as in the papers: 0.999. MMEngine's own
            moving average calls 1 - m momentum.
        **online: The modules to follow, by name.

    Raises:
        ValueError: The momentum is outside [0.5, 1].
    """

    if TYPE_CHECKING:  # the copies

        def __getattr__(self, name: str) -> nn.Module: ...

    def __init__(self, momentum: float = 0.999, **online: nn.Module):
        if not 0.5 <= momentum <= 1:
            hint = f" Did you mean {1 - momentum:g}?" if 0 <= momentum < 0.5 else ""
            raise ValueError(
                f"momentum is the weight kept of the old parameters (0.999 in MoCo and DenseCL), "
                f"got {momentum}; MMEngine and mmpretrain write 1 - m in its place.{hint}"
            )
        super().__init__()
        for name, module in online.items():
            self.add_module(name, copy.deepcopy(module))
        self.momentum = momentum
        self.requires_grad_(False).float()

    @torch.no_grad()
    def copy_from(self, **online: nn.Module) -> None:
        """Start anew from the online modules, buffers included."""
        for name, module in online.items():
            self.get_submodule(name).load_state_dict(module.state_dict())

    @torch.no_grad()
    def update(self, **online: nn.Module) -> None:
        """Move one step toward the online modules.

        Args:
            **online: The modules given to the constructor, under the same names.
        """
        for name, module in online.items():
            mine: list[Tensor] = list(self.get_submodule(name).parameters())
            theirs: list[Tensor] = [parameter.float() for parameter in module.parameters()]
            torch._foreach_lerp_(mine, theirs, 1 - self.momentum)

    def _apply(self, fn: Any, recurse: bool = True) -> "MomentumEncoder":
        # Module.to(), .half() and .bfloat16() all come through here.
        super()._apply(fn, recurse)
        for parameter in self.parameters():
            parameter.data = parameter.data.float()
        return self
