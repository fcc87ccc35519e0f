"""Pooled maps against slow loops, and the values of the SVM features of CrissCross."""

import pytest
import torch

from mmcontrast.models.necks import BandStatistics, MaxPool


def slow_max(last, kernel, stride):
    """Windows of a map (N, C, ...) by loops, as a list of numbers of each sample."""
    rows = []
    for sample in last:
        row = []
        for channel in sample:
            starts = [
                range(0, length - min(k, length) + 1, s)
                for length, k, s in zip(channel.shape, kernel, stride, strict=True)
            ]
            grid = torch.cartesian_prod(*[torch.tensor(list(each)) for each in starts])
            for place in grid.reshape(-1, channel.dim()).tolist():
                window = tuple(slice(p, p + k) for p, k in zip(place, kernel, strict=True))
                row.append(channel[window].max())
        rows.append(torch.stack(row))
    return torch.stack(rows)


@pytest.mark.parametrize(
    ("shape", "kernel", "stride"),
    [
        ((2, 3, 4, 5, 5), (2, 2, 2), (2, 2, 2)),
        ((2, 3, 1, 4, 4), (2, 2, 2), (2, 2, 2)),  # a map of one frame
        ((2, 3, 3, 7), (1, 3), (1, 2)),
    ],
)
def test_windows_lie_side_by_side(shape, kernel, stride):
    last = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    expected = slow_max(last, kernel, stride)
    torch.testing.assert_close(MaxPool(kernel, stride)([last]), expected)
    unit = expected / expected.norm(dim=1, keepdim=True)
    torch.testing.assert_close(MaxPool(kernel, stride, "vector")([last]), unit)


def test_the_maximum_of_the_whole_map():
    last = torch.randn(2, 3, 2, 4, 4, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(MaxPool()([last]), last.flatten(2).max(dim=2).values)


def test_time_is_normalized_as_in_crisscross():
    pool = MaxPool((1, 3), (1, 2), "time")
    rows = torch.arange(1.0, 8.0).expand(1, 512, 3, 7)
    feature = pool([rows])
    assert feature.shape == (1, 4608)
    expected = torch.tensor([3.0, 5.0, 7.0]) / 83**0.5
    torch.testing.assert_close(feature.view(-1, 3), expected.expand(1536, 3))
    constant = torch.ones(1, 1, 3, 7)
    torch.testing.assert_close(pool([constant]), torch.full((1, 9), 0.5773503))
    longer = torch.ones(1, 1, 3, 16)
    torch.testing.assert_close(pool([longer]), torch.full((1, 21), 0.3779645))
    assert pool([torch.zeros(1, 1, 3, 7)]).eq(0).all()
    dcase = MaxPool((1, 3), (1, 2), "vector")([torch.ones(1, 4, 3, 4)])
    torch.testing.assert_close(dcase, torch.full((1, 12), 0.2886751))


def test_time_of_a_clip_is_the_first_dimension_of_its_map():
    clip = torch.tensor([3.0, 4.0]).view(1, 1, 2, 1, 1)
    torch.testing.assert_close(
        MaxPool((1, 1, 1), normalize="time")([clip]), torch.tensor([[0.6, 0.8]])
    )


def test_statistics_of_bands():
    spectrogram = torch.tensor([[[[1.0, 3.0], [2.0, 2.0]]]])
    assert BandStatistics()([spectrogram]).tolist() == [[2.0, 2.0, 1.0, 0.0]]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (dict(normalize="channels"), "normalize is one of"),
        (dict(stride=(1, 2)), "stride needs kernel_size"),
        (dict(kernel_size=(0, 3)), "kernel_size"),
    ],
)
def test_settings_that_do_not_fit_are_named(settings, message):
    with pytest.raises(ValueError, match=message):
        MaxPool(**settings)


def test_windows_of_another_number_of_dimensions_are_named():
    with pytest.raises(ValueError, match="kernel_size has 3 numbers"):
        MaxPool((2, 2))([torch.ones(1, 1, 2, 2, 2)])
