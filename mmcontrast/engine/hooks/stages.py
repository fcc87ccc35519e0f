"""A training in stages, each with its own data pipeline and its own losses."""

from bisect import bisect_right
from collections.abc import Sequence

from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner

from mmcontrast.datasets.sampling.epochs import datasets_of
from mmcontrast.datasets.transforms import compose
from mmcontrast.registry import HOOKS


@HOOKS.register_module()
class StageHook(Hook):
    """Set the stage of the method at each epoch, and the stage's pipeline of the data.

    The stage is a function of the epoch, so a resumed run is in the same one. The method has a
    ``set_stage(stage, epoch)``, which gets the number of the stage and of the epoch within it.

    Args:
        begins: The first epoch of each stage but the first, which begins at epoch 0.
        pipelines: The transforms that replace the data set's, for each stage but the first.

    Raises:
        ValueError: The epochs do not ascend from above 0, or there are not as many pipelines.
    """

    def __init__(self, begins: Sequence[int], pipelines: Sequence[Sequence[dict]]):
        self.begins = [0, *begins]
        if sorted(set(self.begins)) != self.begins:
            raise ValueError(f"StageHook: begins must ascend and lie above 0, got {begins}.")
        if len(pipelines) != len(begins):
            raise ValueError(
                f"StageHook: each of the {len(begins)} later stages needs a pipeline, got "
                f"{len(pipelines)}."
            )
        self.pipelines = list(pipelines)
        self._stage = 0

    def before_train_epoch(self, runner: Runner) -> None:
        """Set the stage of this epoch."""
        stage = bisect_right(self.begins, runner.epoch) - 1
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        model.set_stage(stage, runner.epoch - self.begins[stage])
        if stage == self._stage:
            return
        self._stage = stage
        runner.logger.info(f"Stage {stage} of {len(self.begins)} begins (the first is 0).")
        loader = runner.train_dataloader
        for dataset in datasets_of(loader.dataset):
            if hasattr(dataset, "pipeline"):
                dataset.pipeline = compose(self.pipelines[stage - 1])
        # Persistent workers have the old pipeline: the loader starts new ones.
        loader._iterator = None
