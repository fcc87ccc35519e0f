"""Batch norms over groups of a batch, and with one process."""

import warnings

import pytest
import torch
from torch import nn

from mmcontrast.models.modules import SplitBN, SyncBN, warn_of_leaking_statistics
from mmcontrast.registry import MODELS

DEVICES = [
    "cpu",
    pytest.param(
        "cuda",
        marks=[
            pytest.mark.gpu,
            pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here"),
        ],
    ),
]


def normalized_by_group(norm, x, groups):
    """Outputs and running statistics of plain batch norms of items k, k + groups, ..."""
    y, means, variances = torch.empty_like(x), [], []
    for group in range(groups):
        one = nn.BatchNorm2d(
            norm.num_features, norm.eps, norm.momentum, norm.affine, norm.track_running_stats
        ).to(x)
        one.load_state_dict(norm.state_dict())
        items = x[group::groups]
        y[group::groups] = one(items if x.dim() == 4 else items[..., None, None]).view_as(items)
        means.append(one.running_mean)
        variances.append(one.running_var)
    if not norm.track_running_stats:
        return y, None, None
    return y, torch.stack(means).mean(0), torch.stack(variances).mean(0)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize(
    "options",
    [
        {},
        dict(affine=False),
        dict(momentum=None),
        dict(momentum=0.3, eps=1e-3),
        dict(track_running_stats=False),
        dict(affine=False, track_running_stats=False),
    ],
    ids=str,
)
@pytest.mark.parametrize("shape", [(12, 5, 3, 3), (14, 5, 3, 3), (11, 5)], ids=str)
def test_split_bn_equals_batch_norm_of_each_group(shape, options, device):
    """Where the groups do not divide the batch, some have one item more."""
    torch.manual_seed(0)
    norm = SplitBN(5, num_groups=4, **options).to(device)
    if norm.affine:
        nn.init.uniform_(norm.weight)
        nn.init.normal_(norm.bias)
    for step in range(3):
        x = torch.randn(shape, device=device) * 3 + 1
        x_split, x_plain = x.clone().requires_grad_(), x.clone().requires_grad_()
        expected, mean, var = normalized_by_group(norm, x_plain, 4)
        y = norm(x_split)
        torch.testing.assert_close(y, expected)
        assert norm.num_batches_tracked == (step + 1 if norm.track_running_stats else None)
        torch.testing.assert_close(norm.running_mean, mean)
        torch.testing.assert_close(norm.running_var, var)
        y.cos().sum().backward()
        expected.cos().sum().backward()
        torch.testing.assert_close(x_split.grad, x_plain.grad, atol=1e-5, rtol=1e-4)
    norm.eval()
    plain = nn.BatchNorm2d(5, norm.eps, norm.momentum, norm.affine, norm.track_running_stats)
    plain = plain.to(device).eval()
    plain.load_state_dict(norm.state_dict())
    x = torch.randn(6, 5, 3, 3, device=device)
    torch.testing.assert_close(norm(x), plain(x))


@pytest.mark.parametrize(
    ("num_items", "groups"),
    [(32, 8), (20, 8), (16, 8), (12, 6), (8, 4), (7, 3), (5, 2), (2, 1), (1, 1)],
)
def test_split_bn_with_any_batch(num_items, groups):
    norm = SplitBN(3, num_groups=8)
    x = torch.randn(num_items, 3, 4, 4)
    expected = normalized_by_group(norm, x, groups)[0]
    if groups < 8:
        fewer = rf"8 groups, but a batch of {num_items} fills only {groups} .*norm_cfg"
        with pytest.warns(UserWarning, match=fewer):
            y = norm(x)
    else:
        y = norm(x)
    torch.testing.assert_close(y, expected)


@pytest.mark.parametrize("device", DEVICES)
def test_split_bn_under_autocast_and_in_double_precision(device):
    norm = SplitBN(3, num_groups=2).to(device)
    for num_items in (8, 7):
        x = torch.randn(num_items, 3, 4, 4, device=device)
        with torch.autocast(device, torch.bfloat16):
            y = norm(x.bfloat16())
        assert y.dtype == torch.bfloat16
        assert norm.running_mean.dtype == torch.float32
        double = SplitBN(3, num_groups=2).double().to(device)
        expected = normalized_by_group(double, x.double(), 2)
        torch.testing.assert_close(double(x.double()), expected[0], rtol=1e-12, atol=1e-12)
        torch.testing.assert_close(double.running_var, expected[2], rtol=1e-12, atol=1e-12)


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
