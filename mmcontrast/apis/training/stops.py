"""Why a run ended that had started: a file that cannot be written, or too little memory."""

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from mmengine.config import Config
from mmengine.runner import Runner, TestLoop, ValLoop

from mmcontrast.apis.training.config import optim_wrappers_of
from mmcontrast.utils.errors import TrainingStopped, explain
from mmcontrast.utils.memory import memory_errors
from mmcontrast.utils.writing import is_write_error


@contextmanager
def explained_stops(runner: Runner) -> Iterator[None]:
    """Explain what ends a training or an evaluation, in sentences that name a remedy.

    Args:
        runner: The runner of what runs inside.

    Raises:
        TrainingStopped: A file of the training cannot be written.
        OutOfMemory: The memory does not suffice.
    """
    with memory_errors(lambda error: memory_remedy(runner.cfg, _part_of(error))):
        try:
            yield
        except TrainingStopped:
            raise
        except Exception as error:
            if not is_write_error(error) or not runner.iter:
                raise
            newest = runner.message_hub.runtime_info.get("last_ckpt")
            raise TrainingStopped(
                f"{explain(error)}\nThe training has stopped in iteration {runner.iter + 1}. "
                + (
                    f"Continue from {newest} with --resume auto."
                    if newest
                    else "There is no checkpoint from this run yet."
                )
            ) from error


def memory_remedy(cfg: Config, part: str) -> str:
    """Return what to lower in a config, with its present values.

    Args:
        cfg: Config of the run.
        part: The data loader that was in use: ``'train'``, ``'val'`` or ``'test'``.
    """
    batch_size = _batch_size(cfg.get(f"{part}_dataloader") or {})
    now = "" if batch_size is None else f" (now {batch_size})"
    sentences = [f"Lower {part}_dataloader.batch_size{now}"]
    if part != "train":
        return sentences[0] + "."
    wrappers = optim_wrappers_of(cfg)
    if len(wrappers) == 1 and batch_size is not None and batch_size > 1:
        steps = 2 * wrappers[0].get("accumulative_counts", 1)
        sentences[0] += (
            " and accumulate gradients, which keeps the total batch, though negatives come from "
            f"the smaller one: --cfg-options train_dataloader.batch_size={batch_size // 2} "
            f"optim_wrapper.accumulative_counts={steps}"
        )
    kinds = [str(wrapper.get("type", "")) for wrapper in wrappers]
    if not any("Amp" in kind or "Autocast" in kind for kind in kinds):
        sentences.append("Train in bfloat16, which halves what activations take: --amp bf16")
    return ". ".join(sentences) + "."


def _batch_size(loader: dict[str, Any]) -> int | None:
    sampler = loader.get("batch_sampler") or {}
    size = loader.get("batch_size", sampler.get("batch_size"))
    return size if isinstance(size, int) else None


def _part_of(error: BaseException) -> str:
    """Return the loop that an error comes from: a training may be in its validation."""
    for frame, _ in traceback.walk_tb(error.__traceback__):
        loop = frame.f_locals.get("self")
        if isinstance(loop, ValLoop | TestLoop):
            return "val" if isinstance(loop, ValLoop) else "test"
    return "train"
