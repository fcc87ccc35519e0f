"""Hooks that stop a run, or warn, where it would waste time."""

import math
from pathlib import Path
from typing import Any

import torch
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner

from mmcontrast.models.modules.momentum_contrast import KeyQueue
from mmcontrast.ops.distributed import max_over_ranks
from mmcontrast.registry import HOOKS
from mmcontrast.utils.errors import Diverged

_SHOWN_PATHS = 8


@HOOKS.register_module()
class NonFiniteLossHook(Hook):
    """Stop at the first loss that is not a finite number, before anything is saved."""

    priority = "VERY_HIGH"

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
            raise Diverged(f"Another rank met a non-finite loss at iteration {runner.iter + 1}.")
        raise Diverged(self._message(runner, losses, data_batch))

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
            listing.write_text("\n".join(paths) + "\n")
            lines += [f"The batch ({len(paths)} samples, all in {listing}):"]
            lines += [f"  {path}" for path in paths[:_SHOWN_PATHS]]
        last = runner.message_hub.runtime_info.get("last_ckpt")
        lines += [
            "Nothing is saved from here on. "
            + (f"The last good checkpoint is {last}." if last else "No checkpoint was saved yet."),
            "Try a lower learning rate, a longer warm-up, bf16 instead of fp16, "
            "optim_wrapper.clip_grad=dict(max_norm=...), or remove damaged images.",
        ]
        return "\n".join(lines)


@HOOKS.register_module()
class QueueLengthHook(Hook):
    """Warn if a queue of negatives is longer than the data set."""

    def before_train(self, runner: Runner) -> None:
        """Compare the lengths once."""
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        num_samples = len(runner.train_dataloader.dataset)
        for name, module in model.named_modules():
            if isinstance(module, KeyQueue) and module.length > num_samples:
                runner.logger.warning(
                    f"{name} holds {module.length} keys, but the training data has only "
                    f"{num_samples} samples: each image will be compared with older keys of "
                    f"itself as if they were negatives. Set the queue's length to at most "
                    f"{num_samples}, better to a quarter of it."
                )
