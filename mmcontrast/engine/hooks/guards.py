"""Hooks that stop a run, or warn, where it would waste time."""

import math
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from torch import Tensor, nn

from mmcontrast.engine.hooks.checkpoint import SafeCheckpointHook
from mmcontrast.models.modules.momentum_contrast import KeyQueue
from mmcontrast.ops.distributed import max_over_ranks
from mmcontrast.registry import HOOKS
from mmcontrast.utils.atomic import write_atomically
from mmcontrast.utils.errors import Diverged
from mmcontrast.utils.writing import UnwritableError

_SHOWN_PATHS = 8
_SHOWN_NAMES = 4
_RUNNING = ("running_mean", "running_var")
_REMEDY = (
    "Try a lower learning rate, a longer warm-up, bf16 instead of fp16, "
    "optim_wrapper.clip_grad=dict(max_norm=...), or remove damaged images."
)


@HOOKS.register_module()
class NonFiniteLossHook(Hook):
    """Stop at the first loss or weight that is not finite, before anything is saved.

    A loss may still be finite where the step after it spoils the weights, so they are looked at
    before each checkpoint, see :func:`unusable_weights`.
    """

    priority = "VERY_HIGH"

    def __init__(self) -> None:
        self._excepted: set[str] = set()

    def before_train(self, runner: Runner) -> None:
        """Note the buffers that hold infinity by design, which say nothing of a training."""
        state = _unwrapped(runner).state_dict()
        self._excepted = {name for name, _ in unusable_weights(state, ())} - {
            name for name in state if name.endswith(_RUNNING)
        }

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: dict[str, Any] | None = None,
    ) -> None:
        """Check the iteration's losses on all ranks.

        Raises:
            Diverged: A loss is infinite or NaN, on any rank.
        """
        losses = {
            name: float(torch.as_tensor(value).detach())
            for name, value in (outputs or {}).items()
            if "loss" in name
        }
        diverged = not all(math.isfinite(value) for value in losses.values())
        if not max_over_ranks(diverged):
            return
        if not diverged:
            _consequences(runner)
            raise Diverged(f"Another rank met a non-finite loss at iteration {runner.iter + 1}.")
        raise Diverged(self._message(runner, losses, data_batch))

    def before_write_checkpoint(self, runner: Runner) -> None:
        """Check the weights on all ranks.

        Raises:
            Diverged: They are not finite, on any rank.
        """
        model = _unwrapped(runner)
        unusable = self._unusable(runner, model.state_dict())
        if not max_over_ranks(bool(unusable)):
            return
        reason = _describe(unusable) or "the weights of another rank are not finite"
        raise Diverged(
            "\n".join([f"No checkpoint is saved: {reason}.", *_consequences(runner), _REMEDY])
        )

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict[str, Any]) -> None:
        """Check what any hook saves, such as MMEngine's ``CheckpointHook`` or the best weights.

        Raises:
            Diverged: Weights are not finite.
        """
        unusable = self._unusable(runner, checkpoint.get("state_dict", {}))
        if unusable:
            lines = [f"No checkpoint is saved: {_describe(unusable)}.", *_consequences(runner)]
            raise Diverged("\n".join([*lines, _REMEDY]))

    def _unusable(self, runner: Runner, state: Mapping[str, Tensor]) -> list[tuple[str, float]]:
        parameters = {name for name, _ in _unwrapped(runner).named_parameters()}
        pairs = unusable_weights(state, parameters)
        return [(name, value) for name, value in pairs if name not in self._excepted]

    @staticmethod
    def _message(runner: Runner, losses: dict[str, float], data_batch: Any) -> str:
        parts = ", ".join(f"{name} {value:.4g}" for name, value in losses.items())
        lines = [
            f"The loss is not finite at iteration {runner.iter + 1} (epoch {runner.epoch + 1}): "
            f"{parts}."
        ]
        samples = data_batch.get("data_samples") if isinstance(data_batch, dict) else None
        paths = [str(sample["path"]) for sample in samples or [] if "path" in sample]
        if paths:
            listing = Path(runner.work_dir, f"non_finite_iter_{runner.iter + 1}.txt")
            try:
                write_atomically("".join(f"{path}\n" for path in paths).encode(), listing)
                where = f"all in {listing}"
            except UnwritableError as error:  # the loss is the message
                where = f"{error}"
            lines += [f"The batch ({len(paths)} samples, {where}):"]
            lines += [f"  {path}" for path in paths[:_SHOWN_PATHS]]
        return "\n".join([*lines, *_consequences(runner), _REMEDY])


def unusable_weights(
    state: Mapping[str, Tensor], parameters: Collection[str]
) -> list[tuple[str, float]]:
    """Return the tensors that no training can continue with.

    These are the ones with infinity or NaN, and parameters so large that the sum of their squares
    is not a number of their type (2e19 in float32 is): optimizers, weight decay and normalization
    compute such squares.

    Args:
        state: Tensors by name, of any shapes; those of integers are passed over.
        parameters: Names of the parameters; the others are buffers, such as running statistics.

    Returns:
        Names, and the largest magnitude in each tensor.
    """
    unusable = []
    for name, tensor in state.items():
        if not (torch.is_tensor(tensor) and tensor.is_floating_point() and tensor.numel()):
            continue
        # The squares of float16 would overflow at 256.
        values = tensor.detach().to(torch.promote_types(tensor.dtype, torch.float32))
        largest = values.abs().max()
        extreme = torch.linalg.vector_norm(values) if name in parameters else largest
        if not extreme.isfinite():
            unusable.append((name, float(largest)))
    return unusable


def _describe(unusable: Sequence[tuple[str, float]]) -> str:
    shown = ", ".join(f"{name} (up to {largest:.3g})" for name, largest in unusable[:_SHOWN_NAMES])
    more = f" and {len(unusable) - _SHOWN_NAMES} more" if len(unusable) > _SHOWN_NAMES else ""
    return f"weights are not finite, or too large to compute with: {shown}{more}" if shown else ""


def _consequences(runner: Runner) -> list[str]:
    """Set aside checkpoints that are not good; return lines that say so and name a good one."""
    good = runner.message_hub.runtime_info.get("last_good_ckpt")
    rejected: list[str] = []
    for hook in runner.hooks:
        if isinstance(hook, SafeCheckpointHook):
            good, rejected = hook.reject(runner)
    lines = [
        "Nothing is saved from here on. "
        + (f"The last good checkpoint is {good}." if good else "There is no good checkpoint yet.")
    ]
    if rejected:
        lines.append(f"After {', '.join(rejected)}, renamed so, no loss was finite.")
    return lines


def _unwrapped(runner: Runner) -> nn.Module:
    return runner.model.module if is_model_wrapper(runner.model) else runner.model


@HOOKS.register_module()
class QueueLengthHook(Hook):
    """Warn if a queue of negatives is longer than the data set."""

    def before_train(self, runner: Runner) -> None:
        """Compare the lengths once, for the first queue of a method: a key of it is an image."""
        model = _unwrapped(runner)
        num_samples = len(runner.train_dataloader.dataset)
        for name, module in model.named_modules():
            if isinstance(module, KeyQueue) and module.length > num_samples:
                runner.logger.warning(
                    f"{name} holds {module.length} keys, but the training data has only "
                    f"{num_samples} samples: each image will be compared with older keys of "
                    f"itself as if they were negatives. Set the queue's length to at most "
                    f"{num_samples}, better to a quarter of it."
                )
                return
