"""The job that wrote a checkpoint."""

from typing import Any

from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmcontrast.registry import HOOKS
from mmcontrast.utils.job import restarts_by_job


@HOOKS.register_module()
class JobHook(Hook):
    """Write into each checkpoint which job it is of, see :mod:`mmcontrast.utils.job`.

    A job that torchrun or Slurm has restarted resumes from its own checkpoints and from no others
    that lie in the same folder. The trainer registers it in every training.
    """

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict[str, Any]) -> None:
        """Add ``jobs``, names of the job, to the meta data."""
        checkpoint["meta"]["jobs"] = list(restarts_by_job())
