"""Batch norms over groups of a batch, and with one process."""

import warnings

import pytest
import torch
from torch import nn

from mmcontrast.models.modules import SplitBN, SyncBN, warn_of_leaking_statistics
from mmcontrast.registry import MODELS


def test_split_bn_equals_batch_norm_of_each_group():
    torch.manual_seed(0)
    x = torch.randn(12, 5, 3, 3) * 3 + 1
    norm = SplitBN(5, num_groups=4)
    nn.init.uniform_(norm.weight)
    plain = nn.BatchNorm2d(5)
    plain.load_state_dict(norm.state_dict())
    y = norm(x)
    means, variances = [], []
    for group in range(4):
        one = nn.BatchNorm2d(5)
        one.load_state_dict(plain.state_dict())
        torch.testing.assert_close(y[group::4], one(x[group::4]))
        means.append(one.running_mean)
        variances.append(one.running_var)
    torch.testing.assert_close(norm.running_mean, torch.stack(means).mean(0))
    torch.testing.assert_close(norm.running_var, torch.stack(variances).mean(0))
    assert norm.num_batches_tracked == 1


def test_split_bn_in_eval_mode_is_batch_norm():
    x = torch.randn(6, 4, 2, 2)
    norm, plain = SplitBN(4).eval(), nn.BatchNorm2d(4).eval()
    torch.testing.assert_close(norm(x), plain(x))


@pytest.mark.parametrize(
    ("num_items", "groups"), [(32, 8), (16, 8), (8, 4), (12, 6), (7, 1), (5, 1), (2, 1), (1, 1)]
)
def test_split_bn_with_any_batch(num_items, groups):
    norm = SplitBN(3, num_groups=8)
    assert norm._groups_here(num_items) == groups
    assert norm(torch.randn(num_items, 3, 4, 4)).isfinite().all()


def test_sync_bn_with_one_process_is_batch_norm():
    for x in (torch.randn(6, 4), torch.randn(6, 4, 3, 3)):
        norm = SyncBN(4)
        plain = (nn.BatchNorm1d if x.dim() == 2 else nn.BatchNorm2d)(4)
        torch.testing.assert_close(norm(x), plain(x))
        torch.testing.assert_close(norm.running_var, plain.running_var)


def test_norms_are_built_from_configs():
    channels = dict(num_features=6)
    assert MODELS.build(dict(type="SplitBN", num_groups=2), default_args=channels).num_groups == 2
    assert MODELS.build(dict(type="GN", num_groups=3), default_args=channels).num_channels == 6


def test_warns_of_leaking_statistics():
    with pytest.warns(UserWarning, match="SyncBN does not replace shuffling"):
        warn_of_leaking_statistics(nn.Sequential(SyncBN(2)))
    with pytest.warns(UserWarning, match="SplitBN"):
        warn_of_leaking_statistics(nn.Sequential(nn.BatchNorm2d(2)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_of_leaking_statistics(nn.Sequential(SplitBN(2), nn.GroupNorm(1, 2)))
