"""Crops around a target."""

import numpy as np
import pytest

from mmcontrast.ops.square_crops import crop_square, exemplar_size, response_labels


@pytest.mark.parametrize(("side", "positives"), [(16, 12), (17, 13), (18, 12)])
def test_labels_of_responses(side, positives):
    labels = response_labels((side, side))
    assert labels.sum() == positives
    assert labels.equal(labels.flip(0)) and labels.equal(labels.t())


def test_size_of_exemplars():
    assert exemplar_size(40, 20) == pytest.approx(59.160798, abs=1e-6)
    assert exemplar_size(40, 20) * 255 / 120 == pytest.approx(125.716695, abs=1e-5)


def test_crop_inside():
    image = np.random.default_rng(0).integers(0, 255, (30, 40, 3), dtype=np.uint8)
    crop = crop_square(image, np.array([20.0, 15.0]), 11, 11)
    assert np.array_equal(crop, image[10:21, 15:26])


@pytest.mark.parametrize("center", [(0, 0), (39, 29), (200, 15), (-90, -90)])
def test_outside_has_the_mean_color(center):
    image = np.full((30, 40, 3), (10, 200, 90), np.uint8)
    crop = crop_square(image, np.array(center, dtype=float), 21, 16)
    assert crop.shape == (16, 16, 3)
    assert (crop == (10, 200, 90)).all()
