"""A resumed run equals an uninterrupted one, bit for bit.

All randomness is a function of (seed, epoch, sample) in the data and of (seed, iteration, rank) in
the model. What has to be restored is the position in the data, and the gradients and keys of an
accumulation that was unfinished when the checkpoint was written.
"""

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from mmengine.dataset import InfiniteSampler
from mmengine.dist import gather, get_rank, get_world_size
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.optim import OptimWrapper, OptimWrapperDict
from mmengine.runner import EpochBasedTrainLoop, Runner
from torch import Tensor
from torch.utils.data import DataLoader

from mmcontrast.datasets.sampling.epochs import add_epochs, datasets_of, sampler_of
from mmcontrast.engine.reschedule import FreshSchedules
from mmcontrast.models.modules.momentum_contrast import KeyQueue
from mmcontrast.registry import HOOKS
from mmcontrast.utils.errors import UserError

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


class EpochIterator:
    """The batches of a loop that counts iterations, one epoch after another.

    It takes the place of MMEngine's iterator, which tells a new epoch to the sampler but not to the
    data set, loads again what a resumed run has used, and waits for two seconds after each epoch.

    Args:
        loader: The data loader.
        begin_epoch: Function that tells sampler and data set the number of a new epoch.
    """

    def __init__(self, loader: DataLoader, begin_epoch: Callable[[int], None]):
        self.epoch = 0
        self._loader = loader
        self._begin_epoch = begin_epoch
        self._batches: Any = None

    def __next__(self) -> Any:
        if self._batches is None:
            self._batches = iter(self._loader)
        try:
            return next(self._batches)
        except StopIteration:
            self.epoch += 1
            self._begin_epoch(self.epoch)
            self._batches = iter(self._loader)
            return next(self._batches)

    def skip_iter(self, num_iters: int) -> None:
        """Do nothing, since :class:`ResumeHook` has set the position in the data already."""


# MMEngine builds a DistSamplerSeedHook wherever a config names no other.
@HOOKS.register_module(name=["ResumeHook", "DistSamplerSeedHook"])
class ResumeHook(Hook):
    """Give each epoch fresh random numbers, and restore the position in the data and gradients.

    It replaces MMEngine's ``DistSamplerSeedHook``. Samplers and data sets that have a ``seed``, a
    ``set_epoch`` or a ``start`` get the run's seed, the epoch, and the number of samples that this
    rank has used in the epoch. What does not know of epochs is adapted, see
    :func:`~mmcontrast.datasets.sampling.epochs.add_epochs`.
    """

    priority = "NORMAL"

    def __init__(self) -> None:
        self._loaded: dict[str, Any] = {}
        self._schedules: FreshSchedules | None = None
        self._gradients: Tensor | None = None

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict[str, Any]) -> None:
        """Take out what :meth:`before_save_checkpoint` put in, and compare the schedules."""
        self._loaded = checkpoint.pop(_KEY, {})
        self._schedules = FreshSchedules(runner, checkpoint)

    def before_train(self, runner: Runner) -> None:
        """Set the seed, and restore the position at which a resumed checkpoint was written.

        Schedules with other settings than the checkpoint's hold from there.

        Raises:
            UserError: The loop counts epochs, and the sampler never ends one.
        """
        loader, loop = runner.train_dataloader, runner.train_loop
        _refuse_endless_epochs(runner)
        has_epochs = add_epochs(loader)
        if has_epochs and hasattr(loop, "dataloader_iterator"):
            loop.dataloader_iterator = EpochIterator(
                loader, lambda epoch: _set_position(runner, epoch, 0)
            )
        for part in _data_parts(runner):
            if hasattr(part, "seed"):
                part.seed = runner.seed
        saved_iter = runner.iter
        if runner.iter and self._loaded:
            self._translate_position(runner)
            self._restore_gradients(runner)
        if runner.iter and self._schedules:
            self._schedules.hold(runner, moved=runner.iter != saved_iter)
        self._loaded, self._schedules = {}, None

    def before_train_epoch(self, runner: Runner) -> None:
        """Set the epoch and the position in it in sampler and data set."""
        loader, loop = runner.train_dataloader, runner.train_loop
        epoch, done = runner.epoch, runner.iter - runner.epoch * len(loader)
        iterator = getattr(loop, "dataloader_iterator", None)
        endless = isinstance(sampler_of(loader), InfiniteSampler)
        if isinstance(iterator, EpochIterator) and not endless:
            epoch, done = divmod(runner.iter, len(loader))
            iterator.epoch = epoch
        _set_position(runner, epoch, done * _batch_size(runner))

    def before_write_checkpoint(self, runner: Runner) -> None:
        """Collect the gradients of an unfinished accumulation from all ranks.

        Each rank has its own, since they are exchanged at the accumulation's end.
        """
        self._gradients = None
        if _accumulating(runner):
            gathered = gather(_flatten_gradients(runner))
            self._gradients = torch.stack(gathered).cpu() if gathered else None

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict[str, Any]) -> None:
        """Add the position in the data, the pending gradients and the keys that wait."""
        for state in _scheduler_states(checkpoint.get("param_schedulers")):
            # OneCycleLR keeps a function, which no checkpoint should need to run.
            for name in [name for name, value in state.items() if callable(value)]:
                del state[name]
        checkpoint[_KEY] = dict(
            batch_size=_batch_size(runner),
            world_size=get_world_size(),
            epoch_length=len(runner.train_dataloader),
            gradients=self._gradients,
            waiting_keys={name: queue.waiting.cpu() for name, queue in _queues(runner).items()},
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
        if not isinstance(loop, EpochBasedTrainLoop):
            runner.logger.warning(
                f"The checkpoint was made with batches of {old_batch} on {old_ranks} process(es), "
                f"this run has {batch} on {ranks}: it continues at iteration {loop.iter}, with "
                "other samples than an uninterrupted run."
            )
            return
        done = loop.iter - loop.epoch * old_length
        if length != old_length:  # equal where processes do not share an epoch's samples
            done = min(done * old_batch * old_ranks // (batch * ranks), length)
        loop._iter = loop.epoch * length + done
        runner.logger.warning(
            f"The checkpoint was made with batches of {old_batch} on {old_ranks} process(es), this "
            f"run has {batch} on {ranks}: it continues in the same epoch at about the same sample "
            f"(iteration {loop.iter}), but will not equal an uninterrupted run."
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
        keys = self._loaded.get("waiting_keys", {})  # missing in older checkpoints
        for name, queue in _queues(runner).items():
            if name in keys:
                queue.waiting = keys[name].to(queue.keys.device)
        runner.logger.info("The gradients of the unfinished accumulation are restored.")


def _data_parts(runner: Runner) -> list[Any]:
    """Return sampler, data set and the data sets inside wrappers."""
    loader = runner.train_dataloader
    parts = [loader.sampler, loader.batch_sampler, sampler_of(loader), *datasets_of(loader.dataset)]
    unique = {id(part): part for part in parts if part is not None}
    return list(unique.values())


def _scheduler_states(saved: Any) -> list[dict[str, Any]]:
    """Return the states of all schedules in a checkpoint, of one or several optimizers."""
    parts = saved.values() if isinstance(saved, dict) else [saved]
    return [state for part in parts for state in part or []]


def _set_position(runner: Runner, epoch: int, start: int) -> None:
    """Tell sampler and data set the epoch, and how many of its samples this rank has used."""
    for part in _data_parts(runner):
        if hasattr(part, "set_epoch"):
            part.set_epoch(epoch)
        if hasattr(part, "start"):
            part.start = start


def _refuse_endless_epochs(runner: Runner) -> None:
    sampler = sampler_of(runner.train_dataloader)
    if isinstance(runner.train_loop, EpochBasedTrainLoop) and isinstance(sampler, InfiniteSampler):
        raise UserError(
            f"The first epoch of train_cfg.type={type(runner.train_loop).__name__} would never "
            f"end, since train_dataloader.sampler.type={type(sampler).__name__} is endless: use "
            "the sampler ResumableSampler, or the loop IterBasedTrainLoop with max_iters."
        )


def _batch_size(runner: Runner) -> int:
    loader = runner.train_dataloader
    return loader.batch_size or getattr(loader.batch_sampler, "batch_size", 1)


def _accumulating(runner: Runner) -> bool:
    wrapper = runner.optim_wrapper
    if isinstance(wrapper, OptimWrapperDict):
        return False  # a method with several optimizers accumulates nothing
    return isinstance(wrapper, OptimWrapper) and not wrapper.should_update()


def _trainable(runner: Runner) -> list[torch.nn.Parameter]:
    model = runner.model.module if is_model_wrapper(runner.model) else runner.model
    return [parameter for parameter in model.parameters() if parameter.requires_grad]


def _queues(runner: Runner) -> dict[str, KeyQueue]:
    model = runner.model.module if is_model_wrapper(runner.model) else runner.model
    return {name: part for name, part in model.named_modules() if isinstance(part, KeyQueue)}


def _flatten_gradients(runner: Runner) -> Tensor:
    return torch.cat(
        [
            (torch.zeros_like(parameter) if parameter.grad is None else parameter.grad).flatten()
            for parameter in _trainable(runner)
        ]
    )
