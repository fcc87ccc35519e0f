"""Validation within an epoch, and where a training is resumed."""

from typing import Any

from mmengine.hooks import Hook
from mmengine.runner import EpochBasedTrainLoop, IterBasedTrainLoop, Runner

from mmcontrast.registry import HOOKS


@HOOKS.register_module()
class ValidationHook(Hook):
    """Run the config's validation every ``interval`` iterations, also within an epoch.

    The first one is that of the network before training.

    It is for pre-training with epochs of hours. It validates between two iterations, before the
    next one's random numbers are seeded: training is the same with and without it, and a checkpoint
    that a signal asks for meanwhile is that of the iterations done.

    Args:
        interval: Number of iterations between two validations, at least 1.
            ``train_cfg.val_interval`` counts epochs.
    """

    # Before IterationSeedHook.
    priority = "HIGHEST"

    def __init__(self, interval: int):
        if interval < 1:
            raise ValueError(f"ValidationHook: interval must be at least 1, got {interval}.")
        self.interval = interval
        self._validated_at = -1

    def before_train(self, runner: Runner) -> None:
        """Check that the config has a validation.

        Raises:
            ValueError: The config has no validation.
        """
        if runner.val_loop is None:
            raise ValueError(
                "ValidationHook needs val_dataloader, val_evaluator and val_cfg in the config, as "
                "in configs/_base_/data/imagenet_online_knn.py."
            )

    def before_train_iter(self, runner: Runner, **kwargs: Any) -> None:
        """Validate at the interval, unless the end of an epoch has just done so."""
        if runner.iter % self.interval or runner.iter == self._validated_at:
            return
        runner.val_loop.run()
        runner.model.train()

    def after_val_epoch(self, runner: Runner, metrics: dict[str, float] | None = None) -> None:
        """Record that these weights are validated."""
        self._validated_at = runner.iter


@HOOKS.register_module()
class ResumedValidationHook(Hook):
    """Run the validation that is due where a training is resumed.

    Checkpoints are saved before the validation of their weights. A training that was killed in it,
    or at any time before the next checkpoint, would lack its metrics (and choose the best weights
    without them), and MMEngine's loops would end at once where no step is left.
    """

    # After all other hooks: the validation can be interrupted, for instance.
    priority = "LOWEST"

    def before_train(self, runner: Runner) -> None:
        """Validate if an undisturbed training does so at this step."""
        loop = runner.train_loop
        if runner.val_loop is None or not _validates_at(loop):
            return
        runner.logger.info(f"Resumed after {loop.iter} steps: validating these weights first.")
        runner.val_loop.run()


def _validates_at(loop: EpochBasedTrainLoop | IterBasedTrainLoop) -> bool:
    """Return whether a loop validates where it is, by the rules of its ``run``."""
    by_epoch = isinstance(loop, EpochBasedTrainLoop)
    # A last epoch may be resumed after its last iteration, before what ends the epoch.
    done, end = (loop.epoch, loop.max_epochs) if by_epoch else (loop.iter, loop.max_iters)
    if done >= end:
        return True
    if done == 0 or (by_epoch and loop.iter != done * len(loop.dataloader)):
        return False
    loop._decide_current_val_interval()
    return bool(done >= loop.val_begin and done % loop.val_interval == 0)
