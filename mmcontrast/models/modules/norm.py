"""Normalization layers that configs name: ``BN``, ``BN1d``, ``BN3d``, ``GN`` and ``SyncBN``.

A layer is built with ``MODELS.build(norm_cfg, default_args=dict(num_features=C))``. ``SplitBN``
stands with the other parts of MoCo, in :mod:`mmcontrast.models.modules.momentum_contrast`.

Shapes: N items in this process, C channels.
"""

from typing import Any

import torch
from mmengine.dist import get_world_size
from torch import Tensor, nn
from torch.distributed.nn.functional import all_reduce as all_reduce_with_grad
from torch.nn.modules.batchnorm import _BatchNorm

from mmcontrast.models.modules.momentum_contrast import update_running_statistics
from mmcontrast.registry import MODELS

MODELS.register_module("BN", module=nn.BatchNorm2d)
MODELS.register_module("BN1d", module=nn.BatchNorm1d)
MODELS.register_module("BN3d", module=nn.BatchNorm3d)


@MODELS.register_module("GN")
class GroupNorm(nn.GroupNorm):
    """``nn.GroupNorm`` whose number of channels has the name that it has in the other norms.

    Args:
        num_features: Number of channels C.
        num_groups: Number of groups of channels; a divisor of C.
        **kwargs: Those of ``nn.GroupNorm``.
    """

    def __init__(self, num_features: int, num_groups: int, **kwargs: Any):
        super().__init__(num_groups, num_features, **kwargs)


@MODELS.register_module()
class SyncBN(_BatchNorm):
    """``nn.SyncBatchNorm`` that also works on the CPU, for (N, C) and maps of 2 or 3 dimensions.

    It is no subclass, since DistributedDataParallel refuses those without a GPU.

    With one process it is plain batch norm. Processes may hold unequal numbers of items, or none:
    each item counts the same. The gradient is that of the sum of all processes' losses.
    """

    process_group = None
    _check_input_dim = nn.SyncBatchNorm._check_input_dim
    _check_non_zero_input_channels = nn.SyncBatchNorm._check_non_zero_input_channels

    def forward(self, x: Tensor) -> Tensor:
        """Normalize with the statistics of all processes."""
        if not self.training or get_world_size() == 1:
            return super().forward(x)
        if x.is_cuda:
            return nn.SyncBatchNorm.forward(self, x)  # type: ignore[arg-type]
        dims = [0, *range(2, x.dim())]
        shape = [1, -1] + [1] * (x.dim() - 2)
        with torch.autocast(x.device.type, enabled=False):
            wide = x.to(torch.promote_types(x.dtype, torch.float32))
            count = wide.new_tensor([wide.numel() // wide.shape[1]])
            sums = all_reduce_with_grad(torch.cat([wide.sum(dims), count]))
            total = sums[-1].detach().clamp(min=1)  # of a batch that is empty everywhere too
            mean = sums[:-1] / total
            centered = wide - mean.view(shape)
            var = all_reduce_with_grad(centered.square().sum(dims)) / total
            if sums[-1] > 0:
                update_running_statistics(self, mean, var * total / (total - 1).clamp(min=1))
            scale = torch.rsqrt(var + self.eps)
            if not self.affine:
                return (centered * scale.view(shape)).to(x.dtype)
            scale = scale * self.weight
            return (centered * scale.view(shape) + self.bias.view(shape)).to(x.dtype)
