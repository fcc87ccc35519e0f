import pytest

from mmcontrast.datasets import ResumableSampler
from mmcontrast.registry import DATA_SAMPLERS


def sampler_of(rank, world_size, monkeypatch, total=11, **kwargs):
    monkeypatch.setattr(
        "mmcontrast.datasets.sampling.samplers.get_dist_info", lambda: (rank, world_size)
    )
    return ResumableSampler(range(total), seed=5, **kwargs)


def test_an_epoch_holds_every_sample_once(monkeypatch):
    sampler = sampler_of(0, 1, monkeypatch)
    first = list(sampler)
    assert sorted(first) == list(range(11)) and first != list(range(11))
    sampler.set_epoch(3)
    third = list(sampler)
    assert sorted(third) == list(range(33, 44))
    assert [key - 33 for key in third] != first
    assert len(sampler) == 11


def test_ranks_share_one_order(monkeypatch):
    alone = list(sampler_of(0, 1, monkeypatch))
    shares = [list(sampler_of(rank, 3, monkeypatch)) for rank in range(3)]
    assert [len(share) for share in shares] == [3, 3, 3]
    assert [key for keys in zip(*shares, strict=True) for key in keys] == alone[:9]


def test_ranks_that_do_not_share(monkeypatch):
    """Each has the whole epoch, with other keys than all others, in all epochs."""
    keys = []
    for rank in range(3):
        sampler = sampler_of(rank, 3, monkeypatch, total=2, shuffle=False, share=False)
        assert len(sampler) == 2
        for epoch in range(2):
            sampler.set_epoch(epoch)
            own = list(sampler)
            assert [key % 2 for key in own] == [0, 1]
            sampler.start = 1
            assert list(sampler) == own[1:]
            keys += own
    assert sorted(keys) == list(range(12))
    alone = sampler_of(0, 1, monkeypatch, share=False)
    assert list(alone) == list(sampler_of(0, 1, monkeypatch))


def test_start_goes_on_in_the_middle_of_an_epoch(monkeypatch):
    sampler = sampler_of(1, 2, monkeypatch)
    sampler.set_epoch(2)
    whole = list(sampler)
    resumed = sampler_of(1, 2, monkeypatch)
    resumed.set_epoch(2)
    resumed.start = 3
    assert list(resumed) == whole[3:]
    assert len(resumed) == 5
    resumed.set_epoch(2)
    assert list(resumed) == whole[3:]
    resumed.set_epoch(3)
    assert len(list(resumed)) == 5


def test_seeds_differ_and_order_can_be_kept(monkeypatch):
    assert list(sampler_of(0, 1, monkeypatch, shuffle=False)) == list(range(11))
    other = ResumableSampler(range(11), seed=6)
    assert list(other) != list(sampler_of(0, 1, monkeypatch))


def test_more_processes_than_samples(monkeypatch):
    with pytest.raises(ValueError, match="2 samples cannot be sharded over 3 processes"):
        sampler_of(0, 3, monkeypatch, total=2)


def test_built_by_name():
    config = dict(type="ResumableSampler", shuffle=False)
    sampler = DATA_SAMPLERS.build(config, default_args=dict(dataset=range(4), seed=1))
    assert list(sampler) == [0, 1, 2, 3]
