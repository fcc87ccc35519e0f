"""The length of MMEngine's history of logged metrics."""

from typing import Any

from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmcontrast.registry import HOOKS
from mmcontrast.utils.arguments import check_sizes


@HOOKS.register_module()
class HistoryLengthHook(Hook):
    """Keep the last 10,000 values of each metric in memory and in checkpoints, not a million.

    MMEngine copies the whole history with every iteration; in a run of some hundred thousand that
    would take longer than a small network's step. The logs on the disk stay complete.

    Args:
        length: Number of values to keep; it must be larger than any smoothing window.
    """

    def __init__(self, length: int = 10_000):
        check_sizes("HistoryLengthHook", length=length)
        self.length = length

    def after_train_iter(self, runner: Runner, **kwargs: Any) -> None:
        """Limit the histories that there are; they shrink when the next value arrives."""
        if self.every_n_train_iters(runner, self.length):
            for history in runner.message_hub.log_scalars.values():
                history.max_length = self.length
