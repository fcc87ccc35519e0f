"""Masks and keypoints on a feature map, and back."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image

from mmcontrast.ops.soft_labels import (
    gaussian_patch,
    labels_to_mask,
    labels_to_points,
    mask_to_labels,
    points_to_labels,
    resize_ids,
    stretch,
)


def by_pillow(ids, size):
    image = Image.fromarray(ids)
    return np.asarray(image.resize((size[1], size[0]), Image.Resampling.NEAREST))


@pytest.mark.parametrize(
    ("source", "target", "num_ids", "num_ties"),
    [((480, 854), (70, 120), 8, 421), ((480, 640), (720, 960), 256, 163_324)],
)
def test_ties_fall_as_pillow_lets_them_fall(source, target, num_ids, num_ties):
    ids = np.random.default_rng(0).integers(0, num_ids, source, dtype=np.uint8)
    expected, mask = by_pillow(ids, target), torch.from_numpy(ids)
    resized = resize_ids(mask, target)
    assert resized.dtype == torch.uint8 and np.array_equal(resized.numpy(), expected)
    exact = F.interpolate(mask[None, None], target, mode="nearest-exact")[0, 0]
    assert np.count_nonzero(exact.numpy() != expected) == num_ties
    labels = mask_to_labels(mask, target, num_classes=256)
    assert np.array_equal(labels.argmax(0).numpy(), expected)


def test_ids_beyond_bytes_keep_their_values_and_type():
    ids = torch.tensor([[0, 70_000], [3, 1]])
    assert torch.equal(resize_ids(ids, (4, 4)), ids.repeat_interleave(2, 0).repeat_interleave(2, 1))


def test_first_mask_through_the_input_of_the_network():
    ids = np.random.default_rng(1).integers(0, 3, (72, 96), dtype=np.uint8)
    labels = mask_to_labels(torch.from_numpy(ids), (6, 9), input_size=(50, 70))
    assert np.array_equal(labels.argmax(0).numpy(), by_pillow(by_pillow(ids, (50, 70)), (6, 9)))


def test_classes_are_decided_at_the_input_and_resized():
    labels = torch.rand(3, 6, 8, generator=torch.Generator().manual_seed(0))
    at_input = labels_to_mask(labels, (48, 64)).numpy()
    resized = labels_to_mask(labels, (72, 96), input_size=(48, 64))
    assert np.array_equal(resized.numpy(), by_pillow(at_input, (72, 96)))


@pytest.mark.parametrize(
    ("size", "grid"), [((48, 85), (6, 11)), ((37, 50), (5, 7)), ((8, 8), (8, 8))]
)
def test_nearest_pixel_as_pillow_takes_it(size, grid):
    mask = np.random.default_rng(0).integers(0, 4, size, dtype=np.uint8)
    expected = by_pillow(mask, grid)
    labels = mask_to_labels(torch.from_numpy(mask), grid)
    assert labels.shape == (4, *grid)
    assert np.array_equal(labels.argmax(0).numpy(), expected)
    assert (labels.sum(0) == 1).all()


def test_an_object_that_vanishes_keeps_its_channel():
    mask = torch.zeros(64, 64, dtype=torch.uint8)
    mask[10:30, 10:30] = 1
    mask[0, 0] = 2
    labels = mask_to_labels(mask, (8, 8))
    assert labels.shape[0] == 3
    assert not labels[2].any()


def test_soft_first_mask_keeps_shares():
    mask = torch.zeros(8, 8, dtype=torch.uint8)
    mask[:, :3] = 1
    labels = mask_to_labels(mask, (4, 4), soft=True)
    torch.testing.assert_close(labels[1, 0], torch.tensor([1.0, 0.5, 0, 0]))


@pytest.mark.parametrize(
    ("mask", "classes", "message"),
    [(torch.zeros(4, 4), None, "shows no object"), (torch.full((4, 4), 5), 3, "run from 5 to 5")],
)
def test_bad_masks(mask, classes, message):
    with pytest.raises(ValueError, match=message):
        mask_to_labels(mask, (2, 2), classes)


def test_stretching_leaves_empty_channels():
    labels = torch.tensor([[[0.2, 0.4]], [[0.0, 0.0]]])
    torch.testing.assert_close(stretch(labels), torch.tensor([[[0.0, 1.0]], [[0.0, 0.0]]]))


def test_a_faint_object_counts_after_stretching():
    labels = torch.tensor([[[0.6, 0.9]], [[0.4, 0.1]]])
    assert labels_to_mask(labels, (1, 2)).tolist() == [[1, 0]]
    assert labels_to_mask(labels, (1, 2), stretched=False).tolist() == [[0, 0]]


def test_mask_survives_the_grid():
    mask = torch.zeros(48, 80, dtype=torch.uint8)
    mask[8:32, 16:40] = 1
    labels = mask_to_labels(mask, (6, 10))
    back = labels_to_mask(labels, (48, 80))
    assert back.dtype == torch.uint8
    overlap = ((mask > 0) & (back > 0)).sum() / ((mask > 0) | (back > 0)).sum()
    assert overlap > 0.95
    small = labels_to_mask(labels, (24, 40), input_size=(48, 80))
    assert torch.equal(small, back[1::2, 1::2])


def test_gaussian():
    patch = gaussian_patch(4)
    assert patch.shape == (25, 25)
    assert patch.sum().item() == pytest.approx(100.183536, abs=1e-4)
    assert patch[0, 0].item() == pytest.approx(1.2341e-4, rel=1e-4)
    assert patch[0, 12].item() == pytest.approx(0.011109, rel=1e-4)
    assert patch[12, 12] == 1


def test_points_there_and_back():
    points = torch.tensor([[20.0, 30.0], [2.0, 1.0], [-40.0, 10.0], [50.0, 39.0]])
    maps = points_to_labels(points, (40, 51))
    assert maps.shape == (4, 40, 51)
    assert not maps[2].any()
    found = labels_to_points(maps, topk=1)
    assert found.tolist() == [[20, 30], [2, 1], [-1, -1], [50, 39]]


@pytest.mark.parametrize(("topk", "expected"), [(1, (3, 2)), (3, (3.3, 2.1)), (5, (3.3, 2.1))])
def test_soft_coordinates(topk, expected):
    heat = torch.zeros(1, 6, 8)
    heat[0, 2, 3], heat[0, 2, 4], heat[0, 3, 3] = 0.6, 0.3, 0.1
    assert labels_to_points(heat, topk)[0].tolist() == pytest.approx(expected)


def test_no_heat_gives_no_point():
    found = labels_to_points(torch.zeros(2, 3, 3))
    assert found.tolist() == [[-1, -1]] * 2
    assert not any(math.isnan(value) for value in found.flatten())
