"""Batch normalization whose statistics do not depend on how a batch is spread over devices.

Shapes: N items in this process, C channels.
"""

import warnings
from typing import Any

import torch
import torch.nn.functional as F
from mmengine.dist import get_world_size
from torch import Tensor, nn
from torch.distributed.nn.functional import all_reduce as all_reduce_with_grad

from mmcontrast.registry import MODELS

MODELS.register_module("BN", module=nn.BatchNorm2d)
MODELS.register_module("BN1d", module=nn.BatchNorm1d)
MODELS.register_module("GN", module=nn.GroupNorm)


@MODELS.register_module()
class SplitBN(nn.BatchNorm2d):
    """Batch norm over virtual groups of the global batch.

    MoCo needs statistics of a part of the batch: with those of the whole batch a key could be
    recognized by them. Its authors trained on 8 devices with 32 images each; 8 groups give the
    same statistics on one device with 256 images, or on any number of devices in between. Sample j
    of the global batch belongs to group j mod ``num_groups`` (see :mod:`mmcontrast.ops.distributed`
    for the order), so a rank holds whole groups. In eval mode this is plain batch norm; parameters,
    buffers and keys are those of ``nn.BatchNorm2d``.

    Args:
        num_features: Channels.
        num_groups: Groups of the global batch. A rank uses the largest number not above
            ``num_groups / world_size`` that divides its batch into groups of at least two.
        **kwargs: Those of ``nn.BatchNorm2d``.
    """

    # None of these is optional here.
    running_mean: Tensor
    running_var: Tensor
    num_batches_tracked: Tensor
    momentum: float
    _check_input_dim = nn.SyncBatchNorm._check_input_dim  # (N, C) too, for projection heads

    def __init__(self, num_features: int, num_groups: int = 8, **kwargs: Any):
        super().__init__(num_features, **kwargs)
        self.num_groups = num_groups

    def forward(self, x: Tensor) -> Tensor:
        """Normalize (N, C) or (N, C, H, W)."""
        groups = self._groups_here(len(x)) if self.training else 1
        if groups == 1:
            return super().forward(x)
        size, channels = x.shape, x.shape[1]
        # Item i goes to group i mod `groups`: a view, no copy.
        x = x.reshape(size[0] // groups, groups * channels, *size[2:])
        mean, var = self.running_mean.repeat(groups), self.running_var.repeat(groups)
        self.num_batches_tracked += 1
        x = F.batch_norm(
            x,
            mean,
            var,
            self.weight.repeat(groups),
            self.bias.repeat(groups),
            training=True,
            momentum=self.momentum,
            eps=self.eps,
        )
        self.running_mean.copy_(mean.view(groups, channels).mean(dim=0))
        self.running_var.copy_(var.view(groups, channels).mean(dim=0))
        return x.view(size)

    def _groups_here(self, num_items: int) -> int:
        most = min(self.num_groups // get_world_size(), num_items // 2)
        return next((n for n in range(most, 1, -1) if num_items % n == 0), 1)

    def extra_repr(self) -> str:
        """Show the groups beside batch norm's settings."""
        return f"{super().extra_repr()}, num_groups={self.num_groups}"


@MODELS.register_module()
class SyncBN(nn.modules.batchnorm._BatchNorm):
    """``nn.SyncBatchNorm`` that also works on the CPU, for (N, C) and (N, C, H, W).

    It is no subclass, since DistributedDataParallel refuses those without a GPU.

    With one process it is plain batch norm. Processes may hold unequal numbers of items, or none:
    each item counts the same. The gradient is that of the sum of all processes' losses.
    """

    # None of these is optional here.
    running_mean: Tensor
    running_var: Tensor
    num_batches_tracked: Tensor
    momentum: float
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
            wide = x.float()
            count = wide.new_tensor([wide.numel() // wide.shape[1]])
            sums = all_reduce_with_grad(torch.cat([wide.sum(dims), count]))
            total = sums[-1].detach().clamp(min=1)  # of a batch that is empty everywhere too
            mean = sums[:-1] / total
            centered = wide - mean.view(shape)
            var = all_reduce_with_grad(centered.square().sum(dims)) / total
            with torch.no_grad():
                self.num_batches_tracked += 1
                if sums[-1] > 0:
                    self.running_mean.lerp_(mean, self.momentum)
                    unbiased = var * total / (total - 1).clamp(min=1)
                    self.running_var.lerp_(unbiased, self.momentum)
            scale = torch.rsqrt(var + self.eps)
            if not self.affine:
                return (centered * scale.view(shape)).to(x.dtype)
            scale = scale * self.weight
            return (centered * scale.view(shape) + self.bias.view(shape)).to(x.dtype)


def build_norm(norm_cfg: dict, num_features: int) -> nn.Module:
    """Build a normalization layer of the registry.

    Args:
        norm_cfg: For example ``dict(type='SplitBN', num_groups=8)`` or
            ``dict(type='GN', num_groups=32)``.
        num_features: Channels.

    Returns:
        The layer.
    """
    key = "num_channels" if norm_cfg["type"] == "GN" else "num_features"
    return MODELS.build({**norm_cfg, key: num_features})


def warn_of_leaking_statistics(backbone: nn.Module) -> None:
    """Warn where a query could recognize its key by batch statistics instead of content."""
    norms = [m for m in backbone.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
    remedy = "Use norm_cfg=dict(type='SplitBN', num_groups=8) in the backbone."
    if any(isinstance(norm, SyncBN | nn.SyncBatchNorm) for norm in norms):
        warnings.warn(
            "SyncBN does not replace shuffling: statistics of the whole batch let queries "
            f"recognize their keys, since the queue's keys come from other batches. {remedy}",
            stacklevel=2,
        )
    elif get_world_size() == 1 and any(type(norm) is nn.BatchNorm2d for norm in norms):
        warnings.warn(
            "Plain batch norm on one device sees the whole batch, and shuffling changes nothing: "
            f"queries can recognize their keys by its statistics. {remedy}",
            stacklevel=2,
        )
