"""All labels equally often: the values of the specification, and keys of repeated samples."""

import pytest
import torch

from mmcontrast.datasets.sampling.uniform_labels import UniformLabelSampler, uniform_order

LABELS = torch.tensor([0] * 6 + [1] * 3 + [3])


def test_quota_and_repetition():
    generator = torch.Generator().manual_seed(0)
    for _ in range(20):
        order = uniform_order(LABELS, generator)
        assert len(order) == 10
        counts = order.bincount(minlength=10)
        # 4 of each label, of which 2 of all 12 are cut off; only small labels repeat samples.
        assert counts[:6].max() <= 1 and 2 <= counts[:6].sum() <= 4
        assert 2 <= counts[6:9].sum() <= 4 and 2 <= counts[9] <= 4


def test_mean_number_of_draws():
    generator = torch.Generator().manual_seed(0)
    counts = sum(uniform_order(LABELS, generator).bincount(minlength=10) for _ in range(2000))
    mean = (counts / 2000).tolist()
    assert mean == pytest.approx([0.555] * 6 + [1.11] * 3 + [3.33], abs=0.03)


def test_samples_without_a_label_are_never_drawn():
    labels = torch.tensor([0, -1, 1, -1, 0])
    order = uniform_order(labels, torch.Generator())
    assert len(order) == 5 and set(order.tolist()) <= {0, 2, 4}
    with pytest.raises(ValueError, match="No sample has a label"):
        uniform_order(torch.tensor([-1, -1]), torch.Generator())


def test_epochs_resume_and_repeated_samples_have_keys_of_their_own():
    sampler = UniformLabelSampler(range(10), seed=3)
    assert sorted(sampler) == list(range(10))  # no labels yet
    sampler.labels_N = LABELS
    sampler.set_epoch(2)
    keys = list(sampler)
    assert len(set(keys)) == 10 == len(sampler)
    assert len({key % 10 for key in keys}) < 10  # sample 9 is there several times
    assert all(key // 10 % 2**64 == 2 for key in keys)
    sampler.start = 4
    assert list(sampler) == keys[4:]
    sampler.set_epoch(3)
    assert [key % 10 for key in sampler] != [key % 10 for key in keys]


def test_labels_of_other_data():
    sampler = UniformLabelSampler(range(9), seed=0)
    sampler.labels_N = LABELS
    with pytest.raises(
        ValueError, match=r"labels of 10 samples, and train_dataloader\.dataset has"
    ):
        list(sampler)
