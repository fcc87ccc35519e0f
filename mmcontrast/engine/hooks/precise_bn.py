"""Batch-norm statistics of the data in place of a moving average over past weights.

Wu and Johnson, "Rethinking 'Batch' in BatchNorm", 2021, section 3; detectron2's ``PRECISE_BN``.

Shapes: N items in this process, C channels.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from mmengine.dataset import DefaultSampler
from mmengine.dist import all_gather
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import EpochBasedTrainLoop, Runner
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils.data import BatchSampler, DataLoader

from mmcontrast.datasets.sampling.epochs import KeyedBatches, takes_keys
from mmcontrast.registry import HOOKS


class Moments:
    """Mean and variance of everything that a layer receives, over batches and ranks.

    Args:
        num_channels: Number of channels, C.
        device: Device of the layer.
    """

    def __init__(self, num_channels: int, device: torch.device):
        # Sums in double precision: of a thousand batches, single precision would lose digits.
        # MPS has none, so they are kept on the CPU there.
        device = torch.device("cpu") if device.type == "mps" else device
        self.count = torch.zeros((), dtype=torch.float64, device=device)
        self.mean_C = torch.zeros(num_channels, dtype=torch.float64, device=device)
        self.squares_C = torch.zeros_like(self.mean_C)  # summed squared distances from the mean

    def add(self, x: Tensor) -> None:
        """Add a batch (N, C, ...); an empty one, of a head without regions, changes nothing."""
        if x.numel() == 0:
            return  # its mean is NaN
        dims = [0, *range(2, x.dim())]
        var_C, mean_C = torch.var_mean(x.float(), dims, correction=0)
        count = torch.tensor(x.numel() / x.shape[1]).to(self.count)
        self._merge(count, mean_C.to(self.mean_C), var_C.to(self.mean_C) * count)

    def over_ranks(self) -> "Moments":
        """Return the moments of all ranks together; all of them must call it."""
        packed = torch.cat([self.count[None], self.mean_C, self.squares_C])
        joined = Moments(len(self.mean_C), self.count.device)
        for part in all_gather(packed):
            count, mean_C, squares_C = part.split([1, len(self.mean_C), len(self.mean_C)])
            joined._merge(count[0], mean_C, squares_C)
        return joined

    def variance(self) -> Tensor:
        """Unbiased variance (C,), as ``running_var`` holds it."""
        return self.squares_C / (self.count - 1).clamp(min=1)

    def _merge(self, count: Tensor, mean_C: Tensor, squares_C: Tensor) -> None:
        """Chan, Golub and LeVeque's rule for the moments of two sets together."""
        total = self.count + count
        if total == 0:
            return
        delta_C = mean_C - self.mean_C
        self.mean_C += delta_C * count / total
        self.squares_C += squares_C + delta_C.square() * self.count * count / total
        self.count = total


@HOOKS.register_module()
class PreciseBNHook(Hook):
    """Measure batch-norm statistics again before each validation, and at the end of training.

    ``num_iters`` training batches go through the network in training mode, without gradient. Each
    layer's ``running_mean`` and ``running_var`` become the mean and variance of all inputs that it
    received, on all ranks; plain, synchronized and split batch norm alike. This happens before the
    checkpoint of the same step is written, so that what is saved is what was validated. Layers in
    eval mode (``norm_eval``, frozen stages) keep their statistics.

    The hook is for supervised models: the forward pass of a method with a queue would change the
    queue.

    Args:
        num_iters: Number of batches on each rank; fewer where the data end before.
    """

    priority = "NORMAL"

    def __init__(self, num_iters: int = 200):
        if num_iters < 1:
            raise ValueError(f"num_iters must be positive, got {num_iters}.")
        self.num_iters = num_iters

    def after_train_iter(self, runner: Runner, **kwargs: Any) -> None:
        """Measure, if a loop that counts iterations validates or ends after this one."""
        loop = runner.train_loop
        if not isinstance(loop, EpochBasedTrainLoop) and _is_due(
            runner, loop.iter + 1, loop.max_iters
        ):
            self.measure(runner)

    def after_train_epoch(self, runner: Runner) -> None:
        """Measure, if a loop that counts epochs validates or ends after this one."""
        loop = runner.train_loop
        if isinstance(loop, EpochBasedTrainLoop) and _is_due(
            runner, loop.epoch + 1, loop.max_epochs
        ):
            self.measure(runner)

    @torch.no_grad()
    def measure(self, runner: Runner) -> None:
        """Replace the statistics of all batch norms that are in training mode."""
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        norms = [module for module in model.modules() if _is_trained(module)]
        if not norms:
            return
        moments = {
            norm: Moments(norm.num_features, norm.get_buffer("running_mean").device)
            for norm in norms
        }
        counters = {norm: norm.get_buffer("num_batches_tracked").clone() for norm in norms}
        with _observe(moments):
            num_batches = self._run_batches(runner, model)
        for norm in norms:
            norm.get_buffer("num_batches_tracked").copy_(counters[norm])
            _write(norm, moments[norm])
        runner.logger.info(
            f"The statistics of {len(norms)} batch norms are from {num_batches} batches per rank."
        )

    def _run_batches(self, runner: Runner, model: Any) -> int:
        """Run the forward pass of training batches, and return their number."""
        num_batches = 0
        for data in _fresh_loader(runner):
            with runner.optim_wrapper.optim_context(runner.model):
                model(**model.data_preprocessor(data, True), mode="loss")
            num_batches += 1
            if num_batches == self.num_iters:
                break
        return num_batches


def _is_trained(module: nn.Module) -> bool:
    return isinstance(module, _BatchNorm) and module.training and module.track_running_stats


@contextmanager
def _observe(moments: Mapping[nn.Module, Moments]) -> Iterator[None]:
    """Add what each layer receives to its moments."""

    def add(layer: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        moments[layer].add(inputs[0])

    handles = [layer.register_forward_pre_hook(add) for layer in moments]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _write(norm: nn.Module, moments: Moments) -> None:
    moments = moments.over_ranks()
    if moments.count > 0:  # a layer that no input reached keeps what it has
        norm.get_buffer("running_mean").copy_(moments.mean_C)
        norm.get_buffer("running_var").copy_(moments.variance())


def _is_due(runner: Runner, done: int, end: int) -> bool:
    """Whether the loop validates, or ends, when this many iterations or epochs are done."""
    loop = runner.train_loop
    validates = (
        runner.val_loop is not None and done >= loop.val_begin and done % loop.val_interval == 0
    )
    return validates or done >= end


def _fresh_loader(runner: Runner) -> DataLoader:
    """Return a loader of the training data that does not change the training's position in them."""
    loader = runner.train_dataloader
    sampler = DefaultSampler(loader.dataset, shuffle=True, seed=runner.seed)
    sampler.set_epoch(runner.iter)
    # The batch sampler may group images by shape, which changes how much padding there is.
    source = getattr(loader.batch_sampler, "source", loader.batch_sampler)
    batch_sampler: type[BatchSampler] = type(source)
    batches: Any = batch_sampler(sampler, loader.batch_size or source.batch_size, False)
    if takes_keys(loader.dataset):
        batches = KeyedBatches(batches, len(loader.dataset))
        batches.set_epoch(runner.iter)
    return DataLoader(
        loader.dataset,
        batch_sampler=batches,
        num_workers=loader.num_workers,
        collate_fn=loader.collate_fn,
        worker_init_fn=loader.worker_init_fn,
    )
