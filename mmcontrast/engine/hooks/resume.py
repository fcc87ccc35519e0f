"""A resumed run equals an uninterrupted one, bit for bit.

All randomness is a function of (seed, epoch, sample) in the data and of (seed, iteration, rank) in
the model. What has to be restored is the position in the data, and the gradients of an accumulation
that was unfinished when the checkpoint was written.
"""

import random
from typing import Any

import numpy as np
import torch
from mmengine.dist import gather, get_rank, get_world_size
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.optim import OptimWrapper, OptimWrapperDict
from mmengine.runner import Runner
from torch import Tensor
from torch.utils.data import Dataset

from mmcontrast.registry import HOOKS

_KEY = "resume"


@HOOKS.register_module()
class IterationSeedHook(Hook):
    """Seed Python, NumPy and torch from (seed, iteration, rank) before each iteration."""

    priority = "VERY_HIGH"

    def before_train_iter(self, runner: Runner, **kwargs: Any) -> None:
        """Set all generators of this process."""
        sequence = np.random.SeedSequence((runner.seed, runner.iter, get_rank()))
        state = int(sequence.generate_state(1)[0])
        random.seed(state)
        np.random.seed(state)
        torch.manual_seed(state)


@HOOKS.register_module()
class ResumeHook(Hook):
    """Restore the position of sampler and data set, and pending gradients.

    It replaces MMEngine's ``DistSamplerSeedHook``. Samplers and data sets that have a ``seed``, a
    ``set_epoch`` or a ``start`` get the run's seed, the epoch, and the number of samples that this
    rank has used in the epoch.
    """

    priority = "NORMAL"

    def __init__(self) -> None:
        self._loaded: dict[str, Any] = {}
        self._gradients: Tensor | None = None

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict[str, Any]) -> None:
        """Take out what :meth:`before_save_checkpoint` put in."""
        self._loaded = checkpoint.pop(_KEY, {})

    def before_train(self, runner: Runner) -> None:
        """Set the seed, and restore the position at which a resumed checkpoint was written."""
        for part in _data_parts(runner):
            if hasattr(part, "seed"):
                part.seed = runner.seed
        if runner.iter and self._loaded:
            self._translate_position(runner)
            self._restore_gradients(runner)
        self._loaded = {}

    def before_train_epoch(self, runner: Runner) -> None:
        """Set the epoch and the position in it in sampler and data set."""
        loader = runner.train_dataloader
        done = runner.iter - runner.epoch * len(loader)
        for part in _data_parts(runner):
            if hasattr(part, "set_epoch"):
                part.set_epoch(runner.epoch)
            if hasattr(part, "start"):
                part.start = done * _batch_size(runner)

    def before_write_checkpoint(self, runner: Runner) -> None:
        """Collect the gradients of an unfinished accumulation from all ranks.

        Each rank has its own, since they are exchanged at the accumulation's end.
        """
        self._gradients = None
        if _accumulating(runner):
            gathered = gather(_flatten_gradients(runner))
            self._gradients = torch.stack(gathered).cpu() if gathered else None

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict[str, Any]) -> None:
        """Add the position in the data and the pending gradients."""
        checkpoint[_KEY] = dict(
            batch_size=_batch_size(runner),
            world_size=get_world_size(),
            epoch_length=len(runner.train_dataloader),
            gradients=self._gradients,
        )

    def _translate_position(self, runner: Runner) -> None:
        """Convert the position to batches of another size; epoch and sample stay the same."""
        batch, ranks, length = _batch_size(runner), get_world_size(), len(runner.train_dataloader)
        old_batch, old_ranks, old_length = (
            self._loaded[name] for name in ("batch_size", "world_size", "epoch_length")
        )
        if (batch, ranks, length) == (old_batch, old_ranks, old_length):
            return
        loop = runner.train_loop
        done = loop.iter - loop.epoch * old_length
        if length != old_length:  # equal where processes do not share an epoch's samples
            done = min(done * old_batch * old_ranks // (batch * ranks), length)
        loop._iter = loop.epoch * length + done
        runner.logger.warning(
            f"The checkpoint was made with batches of {old_batch} on {old_ranks} process(es), this "
            f"run has {batch} on {ranks}: it continues in the same epoch at about the same sample "
            f"(iteration {loop.iter}), but will not equal an uninterrupted run. Schedules that "
            "count iterations keep their old count."
        )

    def _restore_gradients(self, runner: Runner) -> None:
        saved = self._loaded.get("gradients")
        if saved is None or not _accumulating(runner):
            return
        # With another number of ranks, the mean is what the exchange would have computed.
        flat = saved[get_rank()] if len(saved) == get_world_size() else saved.mean(dim=0)
        offset = 0
        for parameter in _trainable(runner):
            values = flat[offset : offset + parameter.numel()]
            # All zeros: it had no gradient, which an optimizer with weight decay distinguishes.
            if values.any():
                parameter.grad = values.to(parameter.device, copy=True).view_as(parameter)
            offset += parameter.numel()
        runner.logger.info("The gradients of the unfinished accumulation are restored.")


def _data_parts(runner: Runner) -> list[Any]:
    """Return sampler, data set and the data sets inside wrappers."""
    loader = runner.train_dataloader
    batch_sampler = getattr(loader, "batch_sampler", None)
    parts = [loader.sampler, getattr(batch_sampler, "sampler", None), *datasets_of(loader.dataset)]
    unique = {id(part): part for part in parts if part is not None}
    return list(unique.values())


def datasets_of(dataset: Dataset) -> list[Dataset]:
    """Return a data set and all data sets that it wraps."""
    inner = [getattr(dataset, "dataset", None), *getattr(dataset, "datasets", [])]
    return [dataset, *(deep for part in inner if part is not None for deep in datasets_of(part))]


def _batch_size(runner: Runner) -> int:
    loader = runner.train_dataloader
    return loader.batch_size or loader.batch_sampler.batch_size


def _accumulating(runner: Runner) -> bool:
    wrapper = runner.optim_wrapper
    if isinstance(wrapper, OptimWrapperDict):
        return False  # a method with several optimizers accumulates nothing
    return isinstance(wrapper, OptimWrapper) and not wrapper.should_update()


def _trainable(runner: Runner) -> list[torch.nn.Parameter]:
    model = runner.model.module if is_model_wrapper(runner.model) else runner.model
    return [parameter for parameter in model.parameters() if parameter.requires_grad]


def _flatten_gradients(runner: Runner) -> Tensor:
    return torch.cat(
        [
            (torch.zeros_like(parameter) if parameter.grad is None else parameter.grad).flatten()
            for parameter in _trainable(runner)
        ]
    )
