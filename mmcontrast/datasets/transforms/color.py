"""Color transforms of uint8 images (H, W, C).

Brightness, contrast, blur and solarization take any number of channels C; what reads colors takes
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
from mmcontrast.utils.arguments import check_number, check_probability, check_sizes

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


def gaussian_blur(image: UInt8, sigma: float) -> UInt8:
    """Apply Pillow's Gaussian blur: three box filters with fractional edges.

    Args:
        image: Image ``(H, W, C)`` or ``(H, W)``.
        sigma: Standard deviation in pixels. (Pillow calls it ``radius``.)
    """
    # A box whose 2 * radius + 1 inner taps weigh 1 and whose two edge taps weigh `edge`, with a
    # variance of sigma^2 / 3. Gwosdek et al., "Theoretical foundations of Gaussian convolution by
    # extended box filtering", 2011, equations 10 and 12.
    variance = sigma * sigma / 3
    radius = math.floor((math.sqrt(12 * variance + 1) - 1) / 2)
    edge = (2 * radius + 1) * (radius * (radius + 1) - 3 * variance)
    edge /= 6 * (variance - (radius + 1) ** 2)
    kernel = np.ones(2 * radius + 3, np.float32)
    kernel[[0, -1]] = edge
    kernel /= kernel.sum()
    blurred = image
    for _ in range(3):
        blurred = cv2.sepFilter2D(blurred, -1, kernel, kernel, borderType=cv2.BORDER_REPLICATE)
    return keep_channels(blurred, image)


def anisotropic_blur(image: UInt8, kernel_size: int, sigma_x: float, sigma_y: float) -> UInt8:
    """Apply a Gaussian blur with a standard deviation for each axis; values are truncated.

    Args:
        image: Image ``(H, W, C)``, which continues as its reflection beyond its borders.
        kernel_size: Number of taps of the kernel, odd.
        sigma_x: Standard deviation along the rows in pixels.
        sigma_y: Standard deviation along the columns in pixels.
    """
    taps = np.arange(kernel_size) - kernel_size // 2
    kernels = [np.exp(-0.5 * (taps / sigma) ** 2) for sigma in (sigma_x, sigma_y)]
    kernel_x, kernel_y = (kernel / kernel.sum() for kernel in kernels)
    # In float: OpenCV's own 8-bit arithmetic rounds the weights.
    blurred = cv2.sepFilter2D(
        image.astype(np.float32), -1, kernel_x, kernel_y, borderType=cv2.BORDER_REFLECT_101
    )
    # Truncated, but for the rounding of float32: constant images remain as they are.
    return keep_channels((blurred + 1e-3).astype(np.uint8), image)


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
class GaussianBlur:
    """Blur with a standard deviation drawn from U(sigma), in pixels, with probability ``p``."""

    def __init__(self, sigma: tuple[float, float] = (0.1, 2.0), p: float = 0.5):
        check_probability("GaussianBlur: p", p)
        if not 0 < sigma[0] <= sigma[1]:
            raise ValueError(
                "GaussianBlur: sigma is a range (smallest, largest) of positive standard "
                f"deviations in pixels, got {tuple(sigma)}"
            )
        self.sigma = tuple(sigma)
        self.p = p

    def __call__(self, results: dict) -> dict:
        """Apply the transform to ``results`` and return them."""
        if random.random() < self.p:
            results["image"] = gaussian_blur(results["image"], random.uniform(*self.sigma))
        return results


@TRANSFORMS.register_module()
class AnisotropicBlur:
    """Blur with one fixed kernel, by default along the columns alone, with probability ``p``.

    It is what CrissCross' released code does: it passes the range (0.1, 2.0) of standard deviations
    to a function that reads them as those of the two axes. :class:`GaussianBlur` is what is meant.

    Args:
        kernel_size: Number of taps, odd: 11 for crops of 112 pixels, 23 for 224.
        sigma: Standard deviations along rows and columns, in pixels.
        p: Probability that the image is changed.
    """

    def __init__(
        self, kernel_size: int = 11, sigma: tuple[float, float] = (0.1, 2.0), p: float = 0.5
    ):
        check_sizes("AnisotropicBlur", kernel_size=kernel_size)
        check_probability("AnisotropicBlur: p", p)
        if kernel_size % 2 == 0:
            raise ValueError(f"AnisotropicBlur: kernel_size must be odd, got {kernel_size}.")
        for value in sigma:
            check_number("AnisotropicBlur: sigma", value, 0, above=True)
        self.kernel_size = kernel_size
        self.sigma = tuple(sigma)
        self.p = p

    def __call__(self, results: dict) -> dict:
        """Apply the transform to ``results`` and return them."""
        if random.random() < self.p:
            results["image"] = anisotropic_blur(results["image"], self.kernel_size, *self.sigma)
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
