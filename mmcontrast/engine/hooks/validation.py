"""Validation within an epoch, and of a training that has no step left."""

from typing import Any

from mmengine.hooks import Hook
from mmengine.runner import EpochBasedTrainLoop, Runner

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
class FinalValidationHook(Hook):
    """Validate a resumed training that has no step left.

    A training that was stopped between its last step and the validation after it has no metrics of
    its final weights, and MMEngine's loops would end at once.
    """

    # After all other hooks: the validation can be interrupted, for instance.
    priority = "LOWEST"

    def before_train(self, runner: Runner) -> None:
        """Validate if no step is left and the config has a validation."""
        loop = runner.train_loop
        # A last epoch may be resumed after its last iteration, before what ends the epoch.
        by_epoch = isinstance(loop, EpochBasedTrainLoop)
        left = loop.max_epochs - loop.epoch if by_epoch else loop.max_iters - loop.iter
        if left <= 0 and runner.val_loop is not None:
            runner.logger.info("All training steps are done: validating the final weights.")
            runner.val_loop.run()
