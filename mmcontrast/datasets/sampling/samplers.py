"""Sampling in an order that is a function of (seed, epoch), resumable at any sample."""

from collections.abc import Iterator, Sized

import numpy as np
import torch
from mmengine.dist import get_dist_info, sync_random_seed
from torch.utils.data import Sampler

from mmcontrast.registry import DATA_SAMPLERS


@DATA_SAMPLERS.register_module()
class ResumableSampler(Sampler[int]):
    """Shards each epoch over the processes, as keys ``epoch * len(dataset) + index``.

    Process ``r`` of ``W`` takes every ``W``-th sample of the epoch's order, starting with the
    ``r``-th. All shards have the same size; the remainder is dropped, and differs from epoch to
    epoch. With ``share=False`` each process takes all samples as those of epoch ``epoch * W + r``,
    and therefore with other random numbers.

    Args:
        dataset: Any dataset with a length.
        shuffle: Whether each epoch has a new random order; ``False`` keeps the dataset's order.
        seed: Seed of the order, equal in all processes; ``None`` draws a common one.
        share: Whether samples are sharded over the processes. ``False`` is for data that cannot be
            sharded, such as a single graph: the number of steps per epoch then does not depend on
            the number of processes.

    Attributes:
        epoch: The current epoch, set by ``set_epoch``.
        start: Number of samples of the epoch that this process has already used; iteration
            continues after them. To resume within an epoch, call ``set_epoch`` and then set it. The
            length remains that of the whole epoch.

    Raises:
        ValueError: The dataset has fewer samples than there are processes.
    """

    def __init__(
        self, dataset: Sized, shuffle: bool = True, seed: int | None = None, share: bool = True
    ):
        self.rank, self.world_size = get_dist_info()
        self.share = share
        if share and len(dataset) < self.world_size:
            raise ValueError(
                f"{len(dataset)} samples cannot be sharded over {self.world_size} processes"
            )
        self.dataset = dataset
        self.shuffle = shuffle
        self.seed = sync_random_seed() if seed is None else seed
        self.epoch = 0
        self.start = 0

    def set_epoch(self, epoch: int) -> None:
        """Set the epoch; ``start`` is reset to 0 if it is a new one."""
        if epoch != self.epoch:
            self.start = 0
        self.epoch = epoch

    def __len__(self) -> int:
        return len(self.dataset) // (self.world_size if self.share else 1)

    def __iter__(self) -> Iterator[int]:
        total = len(self.dataset)
        order = self._order(total)
        epoch = self.epoch
        if self.share:
            order = order[self.rank :: self.world_size][: len(self)]
        else:
            epoch = self.epoch * self.world_size + self.rank
        return (key + epoch * total for key in order[self.start :])

    def _order(self, total: int) -> list[int]:
        """Return the samples of the epoch, as keys of epoch 0."""
        if not self.shuffle:
            return list(range(total))
        return torch.randperm(total, generator=self._generator()).tolist()

    def _generator(self) -> torch.Generator:
        """Return a generator of random numbers that are a function of (seed, epoch)."""
        state = np.random.SeedSequence((self.seed, self.epoch)).generate_state(1, np.uint64)
        return torch.Generator().manual_seed(int(state[0]))
