"""Running statistics of batch norms that are the same on all processes."""

from typing import Any

import torch
from mmengine.dist import all_reduce, get_world_size
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase

from mmcontrast.models.modules.momentum_contrast import SplitBN
from mmcontrast.models.modules.norm import SyncBN
from mmcontrast.registry import HOOKS


@HOOKS.register_module()
class BatchStatisticsHook(Hook):
    """Average the running statistics of plain batch norms over the processes.

    A plain batch norm sees the batch of its own process. Averaged after each iteration, before all
    hooks that evaluate, save or copy the model, its running statistics are the same on all
    processes, and what MMEngine's ``SyncBuffersHook`` computes at the end of an epoch, since they
    are linear in those of the batches. ``SplitBN`` and ``SyncBN`` need no averaging; they alone
    also give the statistics of one process on the whole batch.

    :func:`mmcontrast.apis.training.train.train` adds it to every training in several processes; a
    Runner of one's own takes ``dict(type='mmcontrast.BatchStatisticsHook')`` in ``custom_hooks``.
    """

    # Before moving averages (EMAHook), PreciseBNHook and checkpoints.
    priority = "HIGH"

    def after_train_iter(self, runner: Runner, **kwargs: Any) -> None:
        """Average what this iteration has changed."""
        if get_world_size() > 1:
            average_running_statistics(runner.model)


@torch.no_grad()
def average_running_statistics(model: nn.Module) -> None:
    """Replace running means and variances by their means over the processes.

    Layers in eval mode, whose statistics are constant, are left out.

    Args:
        model: The model, wrapped or not; the same on all processes, all of which must call this.
    """
    statistics = [
        buffer
        for module in model.modules()
        if isinstance(module, _NormBase) and not isinstance(module, SplitBN | SyncBN)
        for buffer in (module.running_mean, module.running_var)
        if module.training and buffer is not None
    ]
    if not statistics:
        return
    flat = torch.cat([buffer.flatten().float() for buffer in statistics])
    all_reduce(flat, op="mean")
    parts: list[Tensor] = list(flat.split([buffer.numel() for buffer in statistics]))
    torch._foreach_copy_(statistics, parts)
