import numpy as np
import pytest
import torch
from PIL import Image
from scipy.stats import ks_2samp
from torchvision.transforms import v2

from mmcontrast.datasets.sampling.seeding import seeded
from mmcontrast.datasets.transforms import (
    CenterCrop,
    HorizontalFlip,
    RandomCrop,
    RandomResizedCrop,
    RandomRotation,
    RandomScale,
    Resize,
    ResizeAndPad,
    ShrinkToMultiple,
)
from tests.datasets.conftest import photo


def results_of(image: np.ndarray) -> dict:
    height, width = image.shape[:2]
    return dict(
        path="x.jpg",
        image=image,
        size=(width, height),
        box=(0.0, 0.0, float(width), float(height)),
        flip=False,
    )


def coordinates(width: int, height: int) -> np.ndarray:
    """Red tells the column, green the row (of up to 256)."""
    image = np.zeros((height, width, 3), np.uint8)
    image[..., 0] = np.arange(width)
    image[..., 1] = np.arange(height)[:, None]
    return image


def assert_box_is_right(results: dict, tolerance: float = 1.5) -> None:
    """Each pixel shows the source column and row that box and flip say."""
    x0, y0, x1, y1 = results["box"]
    height, width = results["image"].shape[:2]
    x = x0 + (np.arange(width) + 0.5) / width * (x1 - x0) - 0.5
    y = y0 + (np.arange(height) + 0.5) / height * (y1 - y0) - 0.5
    if results["flip"]:
        x = x[::-1]
    inner = slice(2, -2)  # resizing repeats pixels at the border
    middle = results["image"][inner, inner].astype(float)
    np.testing.assert_allclose(middle[..., 0], np.tile(x[inner], (height - 4, 1)), atol=tolerance)
    np.testing.assert_allclose(
        middle[..., 1], np.tile(y[inner, None], (1, width - 4)), atol=tolerance
    )


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
@pytest.mark.parametrize("seed", range(8))
def test_crop_equals_pillow_and_records_its_box(seed, interpolation):
    image = photo(200, 150)
    with seeded(seed):
        results = RandomResizedCrop(64, interpolation=interpolation)(results_of(image))
    box = results["box"]
    assert all(v == int(v) for v in box)
    expected = Image.fromarray(image).crop(tuple(map(int, box)))
    expected = np.asarray(expected.resize((64, 64), Image.Resampling[interpolation.upper()]))
    expected = expected.astype(int)
    assert results["image"].shape == (64, 64, 3)
    assert np.abs(results["image"] - expected).max() <= 1


def draw_boxes(transform, count=1500, width=200, height=150):
    results = results_of(np.zeros((height, width, 3), np.uint8))
    boxes = []
    for seed in range(count):
        with seeded(seed):
            boxes.append(transform(dict(results))["box"])
    return np.array(boxes).T


@pytest.mark.parametrize("scale", [(0.2, 1.0), (0.08, 0.5)])
def test_crop_boxes_are_distributed_as_torchvisions(scale):
    ours = draw_boxes(RandomResizedCrop(4, scale=scale))
    shape = torch.empty((3, 150, 200), device="meta")
    with seeded(0):
        draws = [v2.RandomResizedCrop.get_params(shape, scale, (3 / 4, 4 / 3)) for _ in range(1500)]
    top, left, height, width = np.array(draws).T
    theirs = (left, top, left + width, top + height)
    for side, other in zip(ours, theirs, strict=True):
        assert ks_2samp(side, other).pvalue > 0.001
    width, height = ours[2] - ours[0], ours[3] - ours[1]
    area = width * height / (200 * 150)
    assert area.min() >= scale[0] - 0.01 and area.max() <= scale[1] + 0.01
    assert (width / height).min() > 0.73 and (width / height).max() < 1.36


@pytest.mark.parametrize(
    ("width", "height", "box"), [(500, 20, (236, 0, 263, 20)), (9, 90, (0, 39, 9, 51))]
)
def test_crop_of_very_long_images_is_the_middle(width, height, box):
    boxes = draw_boxes(RandomResizedCrop(4, scale=(0.9, 1.0)), 3, width, height).T
    assert boxes.tolist() == [list(box)] * 3


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("flip_first", [False, True])
def test_recorded_boxes_and_flips_point_at_the_right_pixels(seed, flip_first):
    steps = [RandomResizedCrop(50, scale=(0.3, 0.7)), HorizontalFlip(p=1.0)]
    results = results_of(coordinates(200, 150))
    with seeded(seed):
        for step in reversed(steps) if flip_first else steps:
            results = step(results)
    assert results["flip"] is True
    assert_box_is_right(results)


def test_a_crop_of_a_scaled_decode_is_in_source_pixels():
    results = results_of(np.ascontiguousarray(coordinates(200, 152)[::2, ::2]))
    results.update(size=(200, 152), box=(0.0, 0.0, 200.0, 152.0))
    with seeded(3):
        assert_box_is_right(RandomResizedCrop(40, scale=(0.3, 0.7))(results), tolerance=2.5)


def test_two_flips_are_none():
    image = photo()
    once = HorizontalFlip(p=1.0)(results_of(image))
    np.testing.assert_array_equal(once["image"], image[:, ::-1])
    twice = HorizontalFlip(p=1.0)(once)
    np.testing.assert_array_equal(twice["image"], image)
    assert twice["flip"] is False
    never = HorizontalFlip(p=0.0)(results_of(image))
    assert never["image"] is image and never["flip"] is False


def test_flip_happens_with_its_probability():
    flips = 0
    for seed in range(400):
        with seeded(seed):
            flips += HorizontalFlip(p=0.3)(results_of(photo(4, 4)))["flip"]
    assert 85 < flips < 155


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (dict(size=560, multiple=64), (560, 960)),
        (dict(size=(320, 300)), (320, 300)),
        (dict(size=480), (480, 854)),
    ],
)
def test_resize_for_videos(arguments, expected):
    results = Resize(**arguments)(dict(image=np.zeros((480, 854, 3), np.uint8)))
    assert results["image"].shape[:2] == expected


@pytest.mark.parametrize(
    ("width", "height", "expected"), [(200, 150, (64, 85)), (90, 180, (128, 64))]
)
def test_resize_keeps_proportions_and_equals_pillow(width, height, expected):
    image = photo(width, height)
    results = Resize(64)(results_of(image))
    assert results["image"].shape[:2] == expected
    pillow = Image.fromarray(image).resize(expected[::-1], Image.Resampling.BILINEAR)
    assert np.abs(results["image"].astype(int) - np.asarray(pillow)).max() <= 1
    assert results["box"] == (0, 0, width, height)


def test_center_crop_equals_torchvision_and_records_its_box():
    image = coordinates(201, 150)
    results = CenterCrop(64)(Resize(80)(results_of(image)))
    expected = v2.CenterCrop(64)(v2.Resize(80)(Image.fromarray(image)))
    assert np.abs(results["image"].astype(int) - np.asarray(expected)).max() <= 1
    assert_box_is_right(results)


def test_center_crop_refuses_small_images():
    with pytest.raises(ValueError, match=r"x\.jpg has only 160x120.*Resize"):
        CenterCrop(128)(results_of(photo()))


@pytest.mark.parametrize("kwargs", [dict(scale=(0.5, 0.2)), dict(scale=(0, 1)), dict(ratio=(2, 1))])
def test_bad_ranges(kwargs):
    with pytest.raises(ValueError, match="RandomResizedCrop"):
        RandomResizedCrop(224, **kwargs)


def test_random_crop_records_its_box_and_reaches_every_place():
    corners = set()
    for seed in range(200):
        with seeded(seed):
            results = RandomCrop(5)(results_of(coordinates(7, 6)))
        left, top, right, bottom = map(int, results["box"])
        corners.add((left, top))
        assert (results["image"] == coordinates(7, 6)[top:bottom, left:right]).all()
        assert results["image"].shape == (5, 5, 3)
    assert corners == {(x, y) for x in range(3) for y in range(2)}


def test_random_crop_continues_a_small_image_by_its_mirror_image():
    results = RandomCrop(8)(results_of(coordinates(8, 5)))
    assert results["box"] == (0, -1, 8, 7)
    assert list(results["image"][:, 0, 1]) == [1, 0, 1, 2, 3, 4, 3, 2]


def test_random_scale_keeps_box_and_proportions():
    sizes = []
    for seed in range(200):
        with seeded(seed):
            results = RandomScale(1.2)(results_of(coordinates(120, 60)))
        sizes.append(results["image"].shape[1])
        assert results["image"].shape[0] == pytest.approx(sizes[-1] / 2, abs=1)
        assert results["box"] == (0, 0, 120, 60)
    assert min(sizes) == pytest.approx(100, abs=1) and max(sizes) == pytest.approx(144, abs=1)
    assert_box_is_right(results)
    with pytest.raises(ValueError, match=r"at least 1, got 0\.5"):
        RandomScale(0.5)


def test_rotation_turns_about_the_middle():
    square = np.zeros((41, 41, 3), np.uint8)
    square[20, 20] = 255
    square[20, 35] = 200
    seen = set()
    for seed in range(300):
        with seeded(seed):
            image = RandomRotation(10)(results_of(square.copy()))["image"]
        assert image[20, 20, 0] == 255 and set(np.unique(image)) <= {0, 200, 255}
        (y,), (x,) = np.nonzero(image[..., 0] == 200)
        assert np.hypot(x - 20, y - 20) == pytest.approx(15, abs=1)
        seen.add(round(np.degrees(np.arctan2(20 - y, x - 20))))
    assert min(seen) == pytest.approx(-10, abs=2.5) and max(seen) == pytest.approx(10, abs=2.5)


def test_rotation_fills_corners_with_the_mirror_image():
    image = RandomRotation(10)(results_of(np.full((20, 30, 3), 90, np.uint8)))["image"]
    assert image.shape == (20, 30, 3) and (image == 90).all()


@pytest.mark.parametrize(
    ("size", "expected"), [((640, 359), (640, 320)), ((63, 128), (64, 128)), ((64, 64), (64, 64))]
)
def test_both_sides_become_multiples(size, expected):
    results = ShrinkToMultiple(64)(results_of(photo(*size)))
    assert results["image"].shape[1::-1] == expected
    assert results["box"] == (0, 0, *size)


def test_resize_and_pad_makes_a_square_around_the_whole_image():
    results = ResizeAndPad(64)(results_of(coordinates(128, 96)))
    assert results["image"].shape == (64, 64, 3)
    assert results["box"] == (0, -16, 128, 112)
    inner = dict(results, image=results["image"][8:56], box=(0, 0, 128, 96))
    assert_box_is_right(inner)
    assert (results["image"][7] == results["image"][9]).all()
    # More is added than the image has rows.
    assert ResizeAndPad(64)(results_of(coordinates(64, 8)))["image"].shape == (64, 64, 3)
