"""Random numbers that are a function of a key.

A key is ``epoch * len(dataset) + index``. Data sets of this package take keys; others are asked for
plain indices through :class:`~mmcontrast.datasets.sampling.epochs.SeededDataset`.
"""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import numpy as np
import torch
from numpy.random.mtrand import get_bit_generator, set_bit_generator

_wrapped: ContextVar[bool] = ContextVar("wrapped", default=False)


@contextmanager
def seeded(*key: int) -> Iterator[None]:
    """Seed the global generators of torch, numpy and Python by ``key``; restore them at the end."""
    seed = int(np.random.SeedSequence(key).generate_state(1, np.uint64)[0])
    torch_generator = torch.random.default_generator
    # Exchanging numpy's generator takes a sixth of the time of saving and restoring its state;
    # torch.manual_seed would also visit every accelerator.
    states = torch_generator.get_state(), get_bit_generator(), random.getstate()
    torch_generator.manual_seed(seed)
    set_bit_generator(np.random.PCG64(seed))
    random.seed(seed)
    try:
        yield
    finally:
        torch_generator.set_state(states[0])
        set_bit_generator(states[1])
        random.setstate(states[2])


@contextmanager
def seeded_sample(seed: int, key: int, length: int, wraps: bool = False) -> Iterator[int]:
    """Seed the global generators by (seed, epoch, index) of a key; restore them at the end.

    Args:
        seed: Seed of the data set.
        key: Key of the sample.
        length: Length of the data set.
        wraps: Whether the data set draws its sample from data sets inside it. These then continue
            its random numbers in place of seeding their own: the indices that they are asked for
            carry no epoch, and the same one may be asked for several times.

    Yields:
        Index of the sample, in ``0..length - 1``.
    """
    epoch, index = divmod(int(key), length)
    if _wrapped.get():
        yield index
        return
    token = _wrapped.set(wraps)
    try:
        # SeedSequence takes no negative numbers: -1 is a key of the last epoch of 32 bits.
        with seeded(seed, epoch % 2**32 if epoch < 0 else epoch, index):
            yield index
    finally:
        _wrapped.reset(token)
