import itertools
import pickle

import pytest
import torch
from mmengine.dataset import DefaultSampler, InfiniteSampler
from torch.utils.data import BatchSampler, Dataset, DistributedSampler, RandomSampler, Subset

from mmcontrast.datasets.sampling.epochs import (
    KeyedBatches,
    SeededDataset,
    add_epochs,
    datasets_of,
    takes_keys,
)
from mmcontrast.datasets.sampling.samplers import ResumableSampler


class Noise(Dataset):
    """Its samples come from the global generator."""

    def __len__(self):
        return 5

    def __getitem__(self, index):
        if not 0 <= index < 5:
            raise IndexError(index)
        return float(torch.rand(())) + index


def keys_of(sampler_type, world_size, monkeypatch, epoch=0, total=11, batch_size=2, **kwargs):
    """The keys that each rank draws in an epoch."""
    ranks = []
    for rank in range(world_size):
        for module in ("mmcontrast.datasets.sampling.epochs", "mmengine.dataset.sampler"):
            monkeypatch.setattr(f"{module}.get_dist_info", lambda rank=rank: (rank, world_size))
        if sampler_type is DistributedSampler:
            kwargs = dict(num_replicas=world_size, rank=rank)
        sampler = sampler_type(range(total), **kwargs)
        if hasattr(sampler, "set_epoch"):
            sampler.set_epoch(epoch)
        batches = KeyedBatches(BatchSampler(sampler, batch_size, False), total)
        batches.set_epoch(epoch)
        ranks.append(list(itertools.chain(*itertools.islice(batches, 12))))
    return ranks


@pytest.mark.parametrize("sampler_type", [DefaultSampler, DistributedSampler])
def test_the_views_of_an_epoch_do_not_depend_on_the_number_of_processes(sampler_type, monkeypatch):
    kwargs = dict(seed=3) if sampler_type is DefaultSampler else {}
    (alone,) = keys_of(sampler_type, 1, monkeypatch, epoch=4, **kwargs)
    assert sorted(alone) == list(range(44, 55))
    shares = keys_of(sampler_type, 3, monkeypatch, epoch=4, **kwargs)
    dealt = [key for keys in zip(*shares, strict=True) for key in keys]
    assert dealt[:11] == alone
    # The sample that fills the last round has other random numbers than at its first time.
    assert dealt[11] % 11 == alone[0] % 11 and dealt[11] not in alone


def test_the_passes_of_an_endless_sampler_are_epochs(monkeypatch):
    (alone,) = keys_of(InfiniteSampler, 1, monkeypatch, seed=3)
    assert sorted(alone[:11]) == list(range(11)) and sorted(alone[11:22]) == list(range(11, 22))
    shares = keys_of(InfiniteSampler, 2, monkeypatch, seed=3)
    assert [key for keys in zip(*shares, strict=True) for key in keys][:24] == alone


def test_processes_that_do_not_share_have_their_own_views_and_order(monkeypatch):
    first, second = keys_of(RandomSampler, 2, monkeypatch)
    assert not set(first) & set(second)
    assert sorted(key % 11 for key in second) == list(range(11))
    assert [key % 11 for key in first] != [key % 11 for key in second]


def test_keys_of_a_sampler_of_ones_own_are_left_alone():
    batches = KeyedBatches(BatchSampler([22, 31, 25], 2, False), 11)
    batches.set_epoch(2)
    assert list(batches) == [[22, 31], [25]]


def test_a_sample_is_a_function_of_seed_epoch_and_index():
    data = SeededDataset(Noise())
    views = [[data[epoch * 5 + index] for index in range(5)] for epoch in range(3)]
    assert len({view % 1 for epoch in views for view in epoch}) == 15
    assert views[2][1] == data[11]
    data.seed = 1
    assert views[2][1] != data[11]
    assert pickle.loads(pickle.dumps(data))[11] == data[11]


def test_the_data_sets_inside_are_found_whatever_holds_them():
    inner = Noise()
    wrapper = Subset(inner, [0, 2])
    wrapper.other = [Noise(), wrapper]
    assert datasets_of(wrapper)[:2] == [wrapper, inner] and len(datasets_of(wrapper)) == 3
    assert not takes_keys(wrapper) and takes_keys(SeededDataset(wrapper))


def test_what_needs_no_change_is_not_changed(monkeypatch):
    loader = torch.utils.data.DataLoader(Noise(), batch_size=2)
    data, batches = loader.dataset, loader.batch_sampler
    assert not add_epochs(loader)
    assert loader.dataset is data and loader.batch_sampler is batches
    keyed = SeededDataset(Noise())
    loader = torch.utils.data.DataLoader(keyed, sampler=ResumableSampler(keyed, seed=0))
    batches = loader.batch_sampler
    assert add_epochs(loader)
    assert loader.dataset is keyed and loader.batch_sampler is batches
