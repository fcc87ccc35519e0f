"""Refuse checkpoints of another network."""

from typing import Any

from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner, find_latest_checkpoint
from torch import nn

from mmcontrast.models.modules.pretrained import skip_pretrained
from mmcontrast.models.modules.pseudo_labels import PseudoLabels
from mmcontrast.registry import HOOKS
from mmcontrast.weights import Checkpoint, CheckpointError, compare

_LEAST_SHARE = 0.5


@HOOKS.register_module()
class ArchitectureHook(Hook):
    """Compare a checkpoint with the model before it is loaded.

    MMEngine loads what fits and goes on with random weights for the rest, with no more than a
    warning. Here a resumed run must fit entirely. Weights to start from must not contradict the
    model in any parameter's shape, and must hold at least half of its tensors; what is missing is
    then listed. A run that resumes loads no pre-trained weights before.
    """

    def before_run(self, runner: Runner) -> None:
        """Leave all weights of a resumed run to its checkpoint."""
        if runner._resume and (runner._load_from or find_latest_checkpoint(runner.work_dir)):
            skip_pretrained(_bare_model(runner))

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict[str, Any]) -> None:
        """Check the weights that are about to be loaded.

        Raises:
            CheckpointError: They do not fit.
        """
        model = _bare_model(runner)
        source = Checkpoint(str(runner._load_from), checkpoint)
        try:
            weights = source.model_weights
        except CheckpointError as error:
            raise CheckpointError(f"{error}\n{_advice(model, source)}") from error
        for name, part in model.named_modules():
            if isinstance(part, PseudoLabels):  # of any number of samples
                part.resize_like(weights, f"{name}.")
        coverage = compare(model.state_dict(), weights)
        if coverage.is_exact:
            return
        parameters = {name for name, _ in model.named_parameters()}
        if runner._resume:
            problem = "cannot be resumed by this config"
        elif coverage.share < _LEAST_SHARE or parameters & set(coverage.mismatched):
            problem = "is of another architecture than this config's model"
        else:
            runner.logger.warning(f"The checkpoint is incomplete.\n{coverage.report()}")
            return
        raise CheckpointError(
            f"The checkpoint {source.path} {problem} ({type(model).__name__}).\n"
            f"{coverage.report()}\n{_advice(model, source)}"
        )


def _bare_model(runner: Runner) -> nn.Module:
    return runner.model.module if is_model_wrapper(runner.model) else runner.model


def _advice(model: nn.Module, source: Checkpoint) -> str:
    advice = "Use the config that it was trained with (it lies beside the checkpoint)."
    if hasattr(model, "backbone"):
        advice += (
            f" To start from its backbone alone: --init-from {source.path}, or "
            f"model.pretrained={str(source.path)!r} in the config, instead of load_from."
        )
    return advice
