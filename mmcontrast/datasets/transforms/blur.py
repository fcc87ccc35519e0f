"""Blur of uint8 images (H, W, C) with any number of channels.

Results of :class:`GaussianBlur` equal those of Pillow up to the tolerance that the tests state.
"""

import math
import random

import cv2
import numpy as np

from mmcontrast.datasets.transforms.color import UInt8, keep_channels
from mmcontrast.registry import TRANSFORMS
from mmcontrast.utils.arguments import check_number, check_probability, check_sizes


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
