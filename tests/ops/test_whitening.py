"""Whitening: covariance, order of the components, and limits."""

import pytest
import torch

from mmcontrast.ops.whitening import fit_whitening, to_unit_space


def features(count=200):
    generator = torch.Generator().manual_seed(0)
    scale = torch.tensor([5.0, 1.0, 3.0, 0.1])
    mix = torch.linalg.qr(torch.randn(4, 4, generator=generator))[0]
    return (torch.randn(count, 4, generator=generator) * scale) @ mix + 7


def test_components_are_uncorrelated_and_of_variance_one():
    x = features()
    whitening = fit_whitening(x, 3)
    assert whitening.matrix_DC.shape == (4, 3)
    white = (x - whitening.mean_D) @ whitening.matrix_DC
    covariance = white.t() @ white / len(x)
    torch.testing.assert_close(covariance, torch.eye(3), atol=1e-3, rtol=0)
    # The largest variance comes first: its direction is scaled down most.
    lengths = whitening.matrix_DC.norm(dim=0).tolist()
    assert lengths == sorted(lengths)
    largest = whitening.matrix_DC.abs().argmax(dim=0, keepdim=True)
    assert (whitening.matrix_DC.gather(0, largest) > 0).all()
    torch.testing.assert_close(to_unit_space(x, whitening).norm(dim=1), torch.ones(len(x)))


@pytest.mark.parametrize(("count", "expected"), [(200, 4), (3, 2)])
def test_no_more_components_than_there_are(count, expected):
    whitening = fit_whitening(features(count), 256)
    assert whitening.matrix_DC.shape == (4, expected)
    assert whitening.matrix_DC.isfinite().all()


def test_without_a_map_features_are_normalized():
    x = features(5)
    torch.testing.assert_close(to_unit_space(x.double(), None), x / x.norm(dim=1, keepdim=True))
