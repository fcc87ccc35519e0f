"""The order of samples: a function of (seed, epoch) that can be entered anywhere."""

from collections.abc import Iterator, Sized

import numpy as np
import torch
from mmengine.dist import get_dist_info, sync_random_seed
from torch.utils.data import Sampler

from mmcontrast.registry import DATA_SAMPLERS


@DATA_SAMPLERS.register_module()
class ResumableSampler(Sampler[int]):
    """Gives each process its share of an epoch as keys ``epoch * len(dataset) + index``.

    Process ``r`` of ``W`` takes every ``W``-th sample of the epoch's order from the ``r``-th on.
    All get equally many; what is left over is dropped, and differs from epoch to epoch. Without
    ``share`` each takes all samples, as epoch ``epoch * W + r``: with random numbers of its own.

    Args:
        dataset: Any dataset with a length.
        shuffle: A new order each epoch; ``False`` keeps the dataset's.
        seed: Seed of the order, equal in all processes; ``None`` draws a common one.
        share: ``False`` for data that one process cannot do with a part of, such as one graph: an
            epoch has as many steps however many processes there are.

    Attributes:
        epoch: Set by ``set_epoch``.
        start: How many samples of the epoch this process has already used; iteration begins
            behind them. To resume within an epoch, call ``set_epoch`` and then set it. The length
            stays that of the whole epoch.

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
                f"{len(dataset)} samples cannot be shared out to {self.world_size} processes"
            )
        self.dataset = dataset
        self.shuffle = shuffle
        self.seed = sync_random_seed() if seed is None else seed
        self.epoch = 0
        self.start = 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch; a new one begins at its first sample."""
        if epoch != self.epoch:
            self.start = 0
        self.epoch = epoch

    def __len__(self) -> int:
        return len(self.dataset) // (self.world_size if self.share else 1)

    def __iter__(self) -> Iterator[int]:
        total = len(self.dataset)
        if self.shuffle:
            state = np.random.SeedSequence((self.seed, self.epoch)).generate_state(1, np.uint64)
            generator = torch.Generator().manual_seed(int(state[0]))
            order = torch.randperm(total, generator=generator)
        else:
            order = torch.arange(total)
        epoch = self.epoch
        if self.share:
            order = order[self.rank :: self.world_size][: len(self)]
        else:
            epoch = self.epoch * self.world_size + self.rank
        return iter((order[self.start :] + epoch * total).tolist())
