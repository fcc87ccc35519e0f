"""Each kernel against torchvision or Pillow, in gray levels; then the drawing of parameters."""

import random
from collections import Counter

import numpy as np
import pytest
import torch
from PIL import Image, ImageFilter
from scipy.stats import kstest, uniform
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional as F

from mmcontrast.datasets.sampling.seeding import seeded
from mmcontrast.datasets.transforms import ColorJitter, GaussianBlur, Grayscale, Solarize, ToLAB
from mmcontrast.datasets.transforms.blur import gaussian_blur
from mmcontrast.datasets.transforms.color import (
    adjust_brightness,
    adjust_contrast,
    adjust_hue,
    adjust_saturation,
    to_gray,
)
from tests.datasets.conftest import photo


def as_tensor(image):
    return torch.from_numpy(image).permute(2, 0, 1).contiguous()


def as_array(tensor):
    return tensor.permute(1, 2, 0).numpy().astype(int)


def pixels(function, image, value):
    return as_array(function(as_tensor(image), value))


@pytest.mark.parametrize("factor", [0.0, 0.2, 0.6, 1.0, 1.37, 1.8])
@pytest.mark.parametrize(
    ("ours", "torchvisions"),
    [
        (adjust_brightness, F.adjust_brightness),
        (adjust_contrast, F.adjust_contrast),
        (adjust_saturation, F.adjust_saturation),
    ],
)
def test_blends_equal_torchvision_on_pillow_images(ours, torchvisions, factor):
    image = photo()
    expected = np.asarray(torchvisions(Image.fromarray(image), factor))
    difference = ours(image, factor).astype(int) - expected
    assert np.abs(difference).max() <= 1
    # No offset adds up over the four operations.
    assert abs(difference.mean()) < 0.1


@pytest.mark.parametrize("shift", [-0.5, -0.2, -0.07, 0.0, 0.05, 0.1, 0.3])
def test_hue_is_closer_to_the_exact_turn_than_pillows(shift):
    image = photo()
    exact = pixels(F.adjust_hue, image, shift)
    ours = np.abs(adjust_hue(image, shift) - exact)
    pillow = np.abs(np.asarray(F.adjust_hue(Image.fromarray(image), shift)) - exact)
    assert ours.max() <= 8 and ours.mean() < 0.6
    assert ours.mean() <= pillow.mean()


def test_hue_leaves_gray_alone():
    gray = np.repeat(np.arange(256, dtype=np.uint8)[:, None, None], 3, axis=2)
    np.testing.assert_array_equal(adjust_hue(gray, 0.3), gray)


def test_luma_of_the_pure_colors():
    colors = np.eye(3, dtype=np.uint8)[None] * 255
    assert to_gray(colors)[0].tolist() == [[76] * 3, [150] * 3, [29] * 3]


def test_gray_equals_pillow():
    image = photo()
    expected = np.asarray(Image.fromarray(image).convert("L")).astype(int)[..., None]
    assert np.abs(to_gray(image) - expected).max() <= 1


def test_blur_of_an_impulse():
    impulse = np.zeros((9, 9), np.uint8)
    impulse[4, 4] = 255
    blurred = gaussian_blur(impulse, 1.0)
    assert blurred[4].tolist() == [0, 1, 6, 24, 42, 24, 6, 1, 0]
    assert blurred[:, 4].tolist() == [0, 1, 6, 24, 42, 24, 6, 1, 0]


@pytest.mark.parametrize("sigma", [0.1, 0.3, 0.7, 1.0, 1.4, 2.0])
def test_blur_equals_pillow(sigma):
    image = photo()
    expected = Image.fromarray(image).filter(ImageFilter.GaussianBlur(sigma))
    difference = gaussian_blur(image, sigma).astype(int) - np.asarray(expected)
    assert np.abs(difference).max() <= 3
    assert np.abs(difference).mean() < 0.6


def test_solarize_threshold():
    values = np.array([[[0, 127, 128], [129, 200, 255]]], np.uint8)
    solarized = Solarize(threshold=128, p=1.0)(dict(image=values))["image"]
    assert solarized[0].tolist() == [[0, 127, 127], [126, 55, 0]]
    image = photo()
    expected = pixels(F.solarize, image, 128)
    np.testing.assert_array_equal(Solarize(p=1.0)(dict(image=image))["image"], expected)


TRANSFORMS = {
    "jitter": lambda p: ColorJitter(0.4, 0.4, 0.4, 0.1, p=p),
    "gray": lambda p: Grayscale(p=p),
    "blur": lambda p: GaussianBlur((0.5, 2.0), p=p),
    "solarize": lambda p: Solarize(p=p),
}


@pytest.mark.parametrize("name", TRANSFORMS)
def test_probabilities(name):
    image = photo()
    kept = image.copy()
    changed = 0
    for seed in range(200):
        with seeded(seed):
            assert TRANSFORMS[name](0.0)(dict(image=image))["image"] is image
            always = TRANSFORMS[name](1.0)(dict(image=image))["image"]
            changed += TRANSFORMS[name](0.3)(dict(image=image))["image"] is not image
        assert (always != image).mean() > 0.1
        assert always.shape == image.shape and always.dtype == np.uint8
    assert 35 < changed < 85
    np.testing.assert_array_equal(image, kept)  # the other view still needs it


def record_jitter(monkeypatch, count):
    """What ColorJitter did: (name, factor) in the order of application, for each of many seeds."""
    done = []
    for name in ("brightness", "contrast", "saturation", "hue"):
        monkeypatch.setattr(
            f"mmcontrast.datasets.transforms.color.adjust_{name}",
            lambda image, factor, name=name: done[-1].append((name, factor)) or image,
        )
    jitter = ColorJitter(0.4, 0.8, 0.3, 0.1)
    for seed in range(count):
        done.append([])
        with seeded(seed):
            jitter(dict(image=None))
    return done


def test_jitter_factors_are_uniform(monkeypatch):
    done = record_jitter(monkeypatch, 1000)
    ranges = dict(
        brightness=(0.6, 1.4), contrast=(0.2, 1.8), saturation=(0.7, 1.3), hue=(-0.1, 0.1)
    )
    for name, (low, high) in ranges.items():
        factors = [dict(steps)[name] for steps in done]
        assert kstest(factors, uniform(low, high - low).cdf).pvalue > 0.001


def test_jitter_order_is_drawn(monkeypatch):
    done = record_jitter(monkeypatch, 1200)
    orders = Counter(tuple(name for name, _ in steps) for steps in done)
    assert len(orders) == 24 and max(orders.values()) < 2 * 1200 / 24


def test_jitter_applies_the_kernels():
    image = photo()
    with seeded(4):
        jittered = ColorJitter(0.4, 0, 0, 0)(dict(image=image))["image"]
    with seeded(4):
        random.random(), random.sample([0], 1)
        expected = adjust_brightness(image, random.uniform(0.6, 1.4))
    np.testing.assert_array_equal(jittered, expected)


def test_jitter_without_some_parts():
    image = photo()
    result = ColorJitter(0, 0, 0, 0)(dict(image=image))["image"]
    assert result is image


def test_augmented_images_have_torchvisions_statistics():
    """Mean and spread over many draws of the whole color recipe."""
    image = photo(80, 60)
    ours = [ColorJitter(0.4, 0.4, 0.4, 0.1, p=0.8), Grayscale(0.2), GaussianBlur((0.1, 2.0), 0.5)]
    theirs = v2.Compose(
        [
            v2.RandomApply([v2.ColorJitter(0.4, 0.4, 0.4, 0.1)], 0.8),
            v2.RandomGrayscale(0.2),
            v2.RandomApply([v2.GaussianBlur(9, (0.1, 2.0))], 0.5),
        ]
    )
    figures: dict[str, list] = {"ours": [], "theirs": []}
    for seed in range(400):
        with seeded(seed):
            results = dict(image=image)
            for transform in ours:
                results = transform(results)
        with seeded(seed + 1000):
            other = as_array(theirs(as_tensor(image)))
        for name, array in (("ours", results["image"].astype(float)), ("theirs", other)):
            chroma = array.max(-1) - array.min(-1)
            sharpness = np.abs(np.diff(array, axis=1)).mean()
            figures[name].append((array.mean(), array.std(), chroma.mean(), sharpness))
    ours_mean, theirs_mean = (np.mean(figures[name], 0) for name in figures)
    ours_std, theirs_std = (np.std(figures[name], 0) for name in figures)
    error = 4 * theirs_std * (2 / 400) ** 0.5  # four standard errors of a difference of means
    assert (np.abs(ours_mean - theirs_mean) < error).all()
    np.testing.assert_allclose(ours_std, theirs_std, rtol=0.2)


@pytest.mark.parametrize("sigma", [(0.0, 2.0), (2.0, 0.1)])
def test_bad_sigma(sigma):
    with pytest.raises(ValueError, match="sigma is a range"):
        GaussianBlur(sigma)


def test_bad_hue():
    with pytest.raises(ValueError, match="hue"):
        ColorJitter(0.4, 0.4, 0.4, 0.7)


def test_lab_has_its_known_values():
    # White, black, middle gray and the primaries in CIE LAB (D65).
    known = {
        (255, 255, 255): (100, 0, 0), (0, 0, 0): (0, 0, 0), (119, 119, 119): (50.03, 0, 0),
        (255, 0, 0): (53.24, 80.09, 67.20), (0, 255, 0): (87.73, -86.18, 83.18),
        (0, 0, 255): (32.30, 79.19, -107.86),
    }  # fmt: skip
    image = np.array([list(known)], np.uint8)
    lab = ToLAB()(dict(image=image))["image"].astype(float)
    lab = lab * (100 / 255, 1, 1) - (0, 128, 128)
    np.testing.assert_allclose(lab[0], list(known.values()), atol=0.6)


def test_lightness_three_times():
    image = np.random.default_rng(0).integers(0, 256, (5, 6, 3), dtype=np.uint8)
    lab = ToLAB()(dict(image=image))["image"]
    gray = ToLAB(only_lightness=True)(dict(image=image))["image"]
    assert (gray == lab[..., :1]).all() and gray.flags.c_contiguous
