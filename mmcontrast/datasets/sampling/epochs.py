"""Fresh random numbers in every epoch, for any sampler and any wrapping data set.

A sample of this package's data sets is a function of (seed, epoch, index), which they are told as a
key, ``epoch * len(dataset) + index``. :class:`~mmcontrast.datasets.ResumableSampler` draws keys.
Other samplers draw plain indices, and other wrappers, such as MMEngine's ``RepeatDataset`` or
torch's ``Subset``, translate plain indices: :func:`add_epochs` adapts both in a data loader.
"""

import itertools
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from mmengine.dataset import InfiniteSampler
from mmengine.dist import get_dist_info
from torch import Tensor
from torch.utils.data import BatchSampler, DataLoader, Dataset, IterableDataset

from mmcontrast.datasets.sampling.samplers import ResumableSampler
from mmcontrast.datasets.sampling.seeding import seeded, seeded_sample

_CONTAINERS = (str, bytes, list, tuple, dict, np.ndarray, Tensor)
_ORDER = 1  # keeps the random numbers of an order apart from those of a sample


def datasets_of(dataset: Any) -> list[Any]:
    """Return a data set and all data sets that it wraps, whatever attributes hold them."""
    parts = [dataset]
    for part in parts:
        for value in getattr(part, "__dict__", {}).values():
            # A list of data sets begins with one; a list of a million samples does not.
            inner = value if isinstance(value, list | tuple) and value[:1] else [value]
            if _is_dataset(inner[0]):
                parts += [each for each in inner if not any(each is other for other in parts)]
    return parts


def _is_dataset(value: Any) -> bool:
    """Whether a value is a data set; MMEngine's wrappers have no common base class."""
    return isinstance(value, Dataset) or (
        hasattr(type(value), "__getitem__")
        and hasattr(type(value), "__len__")
        and hasattr(value, "__dict__")
        and not isinstance(value, _CONTAINERS)
    )


def takes_keys(dataset: Any) -> bool:
    """Whether a data set understands keys in place of indices."""
    # A wrapper may forward the attributes of the dataset inside it.
    return hasattr(type(dataset), "takes_keys") and dataset.takes_keys


class SeededDataset(Dataset):
    """Adapt a data set that understands plain indices to keys.

    All random numbers of a sample, those of the data sets inside included, are a function of (seed,
    epoch, index).

    Args:
        dataset: A data set with a length.

    Attributes:
        seed: Seed of the random numbers. The engine sets it from the run's seed.
    """

    takes_keys = True

    def __init__(self, dataset: Any):
        self.dataset = dataset
        self.seed = 0

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, key: int) -> Any:
        with seeded_sample(self.seed, key, len(self), wraps=True) as index:
            return self.dataset[index]

    def __getattr__(self, name: str) -> Any:
        # Not torch's __getitems__, which would pass the seeding by.
        if name.startswith("__") or name == "dataset":
            raise AttributeError(name)
        return getattr(self.dataset, name)


class KeyedBatches:
    """Add the epoch to the indices that a sampler draws.

    The key of an index holds the epoch and, where there are such, the number of complete passes
    over the data within it, how often the index was drawn before in that pass, and the rank of a
    process that does not share the data with others. Thus no two draws have the same random
    numbers, and samplers that shard an epoch give the same views on any number of processes.
    Samplers that draw from the global generators are seeded by (seed, epoch).

    Args:
        source: A batch sampler, or a sampler in a data loader without batches.
        length: Length of the data set.

    Attributes:
        seed: Seed of orders that come from the global generators.
        epoch: The current epoch. An endless sampler has only one; its passes are the epochs.
        start: Number of samples of the epoch that this process has already used; iteration
            continues after them.
    """

    def __init__(self, source: Iterable, length: int):
        self.source = source
        self.sampler: Any = getattr(source, "sampler", source)
        self.batch_size = getattr(source, "batch_size", 1)
        self.drop_last = getattr(source, "drop_last", False)
        self.length = length
        self.endless = isinstance(self.sampler, InfiniteSampler)
        # Other samplers than MMEngine's and torch's distributed ones do not shard the data.
        self.shards = any(hasattr(self.sampler, name) for name in ("world_size", "num_replicas"))
        self.seed = 0
        self.epoch = 0
        self.start = 0

    def set_epoch(self, epoch: int) -> None:
        """Set the epoch; ``start`` is reset to 0 if it is a new one."""
        if epoch != self.epoch:
            self.start = 0
        self.epoch = epoch

    def __len__(self) -> int:
        return len(self.source)  # type: ignore[arg-type]

    def __iter__(self) -> Iterator[int | list[int]]:
        rank, world_size = get_dist_info()
        # Without sharding, each process is alone with its own random numbers.
        stride, offset, replica = (world_size, rank, 0) if self.shards else (1, 0, rank)
        drawn = 0
        if self.endless and type(self.source) is BatchSampler:
            self.sampler.skip(self.start)  # without drawing what was used
            drawn = self.start
        counts = np.zeros(self.length, dtype=np.uint32)
        turn = 0
        for batch in self._draw(replica):
            keys = []
            for index in batch if isinstance(batch, list) else [batch]:
                passes = (drawn * stride + offset) // self.length
                if passes != turn:
                    turn = passes
                    counts[:] = 0
                keys.append(self._key(int(index), turn, counts, replica))
                drawn += 1
            if drawn > self.start:
                yield keys if isinstance(batch, list) else keys[0]

    def _draw(self, replica: int) -> Iterator[Any]:
        """Yield the sampler's batches, with the global generators seeded."""
        iterator = None
        for number in itertools.count():
            with seeded(self.seed, self.epoch, replica, number, _ORDER):
                iterator = iter(self.source) if iterator is None else iterator
                try:
                    batch = next(iterator)
                except StopIteration:
                    return
            yield batch

    def _key(self, index: int, turn: int, counts: np.ndarray, replica: int) -> int:
        if index >= self.length:
            return index  # a key already, of a sampler of one's own
        epoch = turn if self.endless else self.epoch + (turn << 32)
        epoch += (int(counts[index]) << 64) + (replica << 96)
        counts[index] += 1
        return epoch * self.length + index


def add_epochs(loader: DataLoader) -> bool:
    """Let a data loader give each sample fresh random numbers in every epoch.

    Nothing is changed where a ``ResumableSampler`` draws from data sets of this package, nor for
    other data under other samplers, whose random numbers come from the worker processes.

    Args:
        loader: The data loader, before its first iteration.

    Returns:
        Whether the random numbers depend on the epoch that sampler and data set are told.
    """
    dataset: Any = loader.dataset
    sampler = sampler_of(loader)
    if isinstance(dataset, IterableDataset):
        return any(hasattr(part, "set_epoch") for part in datasets_of(dataset))
    draws_keys = isinstance(sampler, ResumableSampler)
    if not (draws_keys or any(takes_keys(part) for part in datasets_of(dataset))):
        return False
    # torch forbids these assignments because workers might be running; none are yet.
    if not takes_keys(dataset):
        vars(loader)["dataset"] = SeededDataset(dataset)
    name = "sampler" if loader.batch_sampler is None else "batch_sampler"
    if not draws_keys and not isinstance(vars(loader)[name], KeyedBatches):
        vars(loader)[name] = KeyedBatches(vars(loader)[name], len(dataset))
    return True


def sampler_of(loader: DataLoader) -> Any:
    """Return the sampler of a data loader, which a batch sampler may hold."""
    sampler = loader.sampler if loader.batch_sampler is None else loader.batch_sampler
    return getattr(sampler, "sampler", sampler)
