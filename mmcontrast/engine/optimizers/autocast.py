"""Mixed precision on any device."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from mmengine.device import get_device
from mmengine.optim import OptimWrapper
from torch import nn

from mmcontrast.registry import OPTIM_WRAPPERS

DTYPES = {"bf16": torch.bfloat16, "fp16": torch.float16}


@OPTIM_WRAPPERS.register_module()
class AutocastOptimWrapper(OptimWrapper):
    """Run the forward pass in bf16 or fp16 where that is safe; weights and updates stay in fp32.

    MMEngine's ``AmpOptimWrapper`` refuses the CPU. Here ``fp16`` scales the loss dynamically, so
    that small gradients survive; ``bf16`` has the range of fp32 and needs no scaling.

    Args:
        dtype: ``'bf16'`` or ``'fp16'``.
        **kwargs: Arguments of MMEngine's ``OptimWrapper``: ``optimizer``, ``accumulative_counts``,
            ``clip_grad``.

    Raises:
        ValueError: The dtype is unknown, or the GPU does not support it.
    """

    def __init__(self, dtype: str = "bf16", **kwargs: Any):
        super().__init__(**kwargs)
        if dtype not in DTYPES:
            raise ValueError(f"dtype must be one of {sorted(DTYPES)}, got {dtype!r}.")
        self.device_type = torch.device(get_device()).type
        self.dtype = DTYPES[dtype]
        if self.device_type == "cuda" and dtype == "bf16" and not torch.cuda.is_bf16_supported():
            raise ValueError("This GPU has no bf16; use fp16.")
        self.scaler = torch.amp.GradScaler(self.device_type, enabled=dtype == "fp16")

    @contextmanager
    def optim_context(self, model: nn.Module) -> Iterator[None]:
        """Autocast the forward pass, and hold back gradient exchange while accumulating."""
        autocast = torch.autocast(self.device_type, dtype=self.dtype)
        with super().optim_context(model), autocast:
            yield

    def backward(self, loss: torch.Tensor, **kwargs: Any) -> None:
        """Back-propagate the scaled loss."""
        self.scaler.scale(loss).backward(**kwargs)
        self._inner_count += 1

    def step(self, **kwargs: Any) -> None:
        """Update the parameters, unless fp16 overflowed in a gradient."""
        if self.clip_grad_kwargs:
            self.scaler.unscale_(self.optimizer)
            self._clip_grad()
        self.scaler.step(self.optimizer, **kwargs)
        self.scaler.update()

    def state_dict(self) -> dict[str, Any]:
        """Return the optimizer's state with the loss scale."""
        return {**super().state_dict(), "scaler": self.scaler.state_dict()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Load what :meth:`state_dict` or a plain ``OptimWrapper`` returned."""
        state_dict = dict(state_dict)
        self.scaler.load_state_dict(state_dict.pop("scaler", {}) or self.scaler.state_dict())
        super().load_state_dict(state_dict)
