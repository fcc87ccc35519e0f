"""Color transforms of uint8 images (H, W, C).

Brightness, contrast and solarization take any number of channels C; what reads colors takes
RGB alone and refuses others.

Factors are defined as in torchvision, and results equal those of torchvision on Pillow images up to
one or two gray levels (the tests state each tolerance). The kernels are OpenCV's: on one core they
take a fifth to a tenth of the time of Pillow's and torchvision's.
"""

import math
import random

import cv2
import numpy as np
from numpy.typing import NDArray

from mmcontrast.registry import TRANSFORMS
from mmcontrast.utils.arguments import check_number, check_probability

UInt8 = NDArray[np.uint8]

# OpenCV rounds and Pillow truncates. They agree after subtracting slightly less than half a level,
# which keeps integers unchanged.
_TRUNCATE = -0.499


def keep_channels(result: NDArray, image: UInt8) -> NDArray:
    """Return what OpenCV made of ``image`` with its channels: it drops the axis of a single one."""
    return result if result.ndim == image.ndim else result[..., None]


def refuse_other_than_rgb(transform: str, image: UInt8) -> None:
    """Raise a ``ValueError`` if an image has other channels than RGB."""
    if image.shape[2] != 3:
        raise ValueError(
            f"{transform} is defined for the 3 channels of RGB, and the image has "
            f"{image.shape[2]}: leave it out of the pipeline."
        )


def adjust_brightness(image: UInt8, factor: float) -> UInt8:
    """Blend with black; ``factor`` 1 keeps the image, 0 gives black."""
    return keep_channels(cv2.addWeighted(image, factor, image, 0.0, _TRUNCATE), image)


def adjust_contrast(image: UInt8, factor: float) -> UInt8:
    """Blend with the image's mean luma; ``factor`` 1 keeps the image, 0 gives that gray.

    Of an image that is not RGB it is the mean of all channels.
    """
    gray = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) if image.shape[2] == 3 else image.reshape(-1, 1)
    mean = math.floor(cv2.mean(gray)[0] + 0.5)
    offset = (1 - factor) * mean + _TRUNCATE
    return keep_channels(cv2.addWeighted(image, factor, image, 0.0, offset), image)


def adjust_saturation(image: UInt8, factor: float) -> UInt8:
    """Blend with the image's luma; ``factor`` 1 keeps the image, 0 gives the gray image."""
    refuse_other_than_rgb("ColorJitter with saturation above 0", image)
    return cv2.addWeighted(image, factor, to_gray(image), 1 - factor, _TRUNCATE)


def adjust_hue(image: UInt8, shift: float) -> UInt8:
    """Rotate the hue by ``shift`` of the full circle, -0.5 to 0.5."""
    refuse_other_than_rgb("ColorJitter with hue above 0", image)
    # OpenCV's full-range hue has 256 steps per circle from RGB and 255 to RGB.
    table = np.round((np.arange(256) / 256 + shift) % 1 * 255).astype(np.uint8)
    hsv = cv2.cvtColor(image, cv2.COLOR_RGB2HSV_FULL)
    cv2.insertChannel(cv2.LUT(cv2.extractChannel(hsv, 0), table), hsv, 0)
    return cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB_FULL)


def to_gray(image: UInt8) -> UInt8:
    """Return the ITU-R 601 luma in all three channels: pure red, green, blue give 76, 150, 29."""
    return cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)


@TRANSFORMS.register_module()
class ColorJitter:
    """Change brightness, contrast, saturation and hue in a random order, with probability ``p``.

    Images that are not RGB need ``saturation=0`` and ``hue=0``.

    Args:
        brightness: Half width b of the range of factors, drawn from U(max(0, 1 - b), 1 + b).
        contrast: Half width of the range of contrast factors, likewise.
        saturation: Half width of the range of saturation factors, likewise.
        hue: Half width h of the range of hue shifts, U(-h, h), at most 0.5 (half the circle).
        p: Probability that the image is changed at all.
    """

    def __init__(
        self, brightness: float, contrast: float, saturation: float, hue: float, p: float = 1.0
    ):
        check_probability("ColorJitter: p", p)
        # torchvision checks and converts half widths to ranges, or to None for no change.
        # Importing torchvision takes half a second.
        from torchvision.transforms import v2

        ranges = v2.ColorJitter(brightness, contrast, saturation, hue)
        pairs = (
            (adjust_brightness, ranges.brightness),
            (adjust_contrast, ranges.contrast),
            (adjust_saturation, ranges.saturation),
            (adjust_hue, ranges.hue),
        )
        self.changes = [(change, tuple(range_)) for change, range_ in pairs if range_ is not None]
        self.p = p

    def __call__(self, results: dict) -> dict:
        """Apply the transform to ``results`` and return them."""
        if random.random() < self.p:
            for change, range_ in random.sample(self.changes, len(self.changes)):
                results["image"] = change(results["image"], random.uniform(*range_))
        return results


@TRANSFORMS.register_module()
class Grayscale:
    """Replace the colors by their luma, in three equal channels, with probability ``p``."""

    def __init__(self, p: float = 0.2):
        check_probability("Grayscale: p", p)
        self.p = p

    def __call__(self, results: dict) -> dict:
        """Apply the transform to ``results`` and return them."""
        refuse_other_than_rgb("Grayscale", results["image"])
        if random.random() < self.p:
            results["image"] = to_gray(results["image"])
        return results


@TRANSFORMS.register_module()
class Solarize:
    """Invert the values of at least ``threshold`` (0 to 255), with probability ``p``."""

    def __init__(self, threshold: int = 128, p: float = 0.2):
        check_number("Solarize: threshold", threshold, 0, 256)
        check_probability("Solarize: p", p)
        level = np.arange(256, dtype=np.uint8)
        self.table = np.where(level < threshold, level, 255 - level).astype(np.uint8)
        self.p = p

    def __call__(self, results: dict) -> dict:
        """Apply the transform to ``results`` and return them."""
        if random.random() < self.p:
            results["image"] = keep_channels(
                cv2.LUT(results["image"], self.table), results["image"]
            )
        return results


@TRANSFORMS.register_module()
class ToLAB:
    """Convert RGB to CIE LAB as OpenCV stores it in bytes: 255/100 L, a + 128, b + 128.

    It must be the last color transform: all others expect RGB.

    Args:
        only_lightness: Whether all three channels are L, as UVC's network sees them.
    """

    def __init__(self, only_lightness: bool = False):
        self.only_lightness = only_lightness

    def __call__(self, results: dict) -> dict:
        """Apply the transform to ``results`` and return them."""
        refuse_other_than_rgb("ToLAB", results["image"])
        image = cv2.cvtColor(results["image"], cv2.COLOR_RGB2LAB)
        if self.only_lightness:
            image = image[..., :1].repeat(3, axis=2)
        results["image"] = image
        return results
