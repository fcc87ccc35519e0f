"""Geometric transforms; each records which region of the source image it shows.

Images are resized by torch's kernels with antialiasing on uint8, bilinear unless a transform says
otherwise, which equal Pillow's up to one gray level. Parameters are drawn by torchvision's rules,
but with Python's generator: drawing a few numbers as tensors would take as long as resizing.
"""

import math
import random

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import interpolate

from mmcontrast.datasets.transforms.color import keep_channels
from mmcontrast.registry import TRANSFORMS
from mmcontrast.utils.arguments import check_number, check_probability, check_sizes


def _resize(
    image: NDArray[np.uint8], height: int, width: int, interpolation: str = "bilinear"
) -> NDArray[np.uint8]:
    # The kernel is twice as fast on contiguous channels-last memory, which the array has if the
    # batch dimension is added before the permutation (otherwise its stride does not match).
    tensor = torch.from_numpy(np.ascontiguousarray(image))[None].permute(0, 3, 1, 2)
    resized = interpolate(tensor, (height, width), mode=interpolation, antialias=True)
    return np.ascontiguousarray(resized[0].permute(1, 2, 0).numpy())


def source_box(results: dict, x0: int, y0: int, x1: int, y1: int) -> tuple[float, ...]:
    """Map the region ``x0 y0 x1 y1`` of the current image to source pixels."""
    height, width = results["image"].shape[:2]
    if results["flip"]:
        x0, x1 = width - x1, width - x0
    left, top, right, bottom = results["box"]
    per_x, per_y = (right - left) / width, (bottom - top) / height
    return (left + x0 * per_x, top + y0 * per_y, left + x1 * per_x, top + y1 * per_y)


@TRANSFORMS.register_module()
class RandomResizedCrop:
    """Crop a random region of the image and resize it to a square.

    Args:
        size: Side of the result in pixels.
        scale: Range of the region's area, as a fraction of the image's area.
        ratio: Range of the region's width / height, drawn log-uniformly.
        interpolation: ``'bilinear'`` or ``'bicubic'``.
    """

    def __init__(
        self,
        size: int,
        scale: tuple[float, float] = (0.2, 1.0),
        ratio: tuple[float, float] = (3 / 4, 4 / 3),
        interpolation: str = "bilinear",
    ):
        check_sizes("RandomResizedCrop", size=size)
        if interpolation not in ("bilinear", "bicubic"):
            raise ValueError(
                "RandomResizedCrop: interpolation is 'bilinear' or 'bicubic', got "
                f"{interpolation!r}"
            )
        if not 0 < scale[0] <= scale[1] <= 1:
            raise ValueError(
                "RandomResizedCrop: scale is the range of area fractions (smallest, largest) "
                f"within (0, 1], got {tuple(scale)}"
            )
        if not 0 < ratio[0] <= ratio[1]:
            raise ValueError(
                "RandomResizedCrop: ratio is a positive range (smallest, largest) of "
                f"width / height, got {tuple(ratio)}"
            )
        self.size = size
        self.scale = tuple(scale)
        self.ratio = tuple(ratio)
        self.interpolation = interpolation

    def __call__(self, results: dict) -> dict:
        """Apply the transform to ``results`` and return them."""
        image = results["image"]
        left, top, right, bottom = self._draw(image.shape[1], image.shape[0])
        results["box"] = source_box(results, left, top, right, bottom)
        results["image"] = _resize(
            image[top:bottom, left:right], self.size, self.size, self.interpolation
        )
        return results

    def _draw(self, width: int, height: int) -> tuple[int, int, int, int]:
        low, high = (math.log(value) for value in self.ratio)
        for _ in range(10):
            area = width * height * random.uniform(*self.scale)
            ratio = math.exp(random.uniform(low, high))
            w, h = round(math.sqrt(area * ratio)), round(math.sqrt(area / ratio))
            if 0 < w <= width and 0 < h <= height:
                left, top = random.randint(0, width - w), random.randint(0, height - h)
                return left, top, left + w, top + h
        # An image with an extreme aspect ratio: the largest centered region of an allowed shape.
        w = min(width, round(height * self.ratio[1]))
        h = min(height, round(width / self.ratio[0]))
        left, top = (width - w) // 2, (height - h) // 2
        return left, top, left + w, top + h


@TRANSFORMS.register_module()
class HorizontalFlip:
    """Mirror the image horizontally with probability ``p``."""

    def __init__(self, p: float = 0.5):
        check_probability("HorizontalFlip: p", p)
        self.p = p

    def __call__(self, results: dict) -> dict:
        """Apply the transform to ``results`` and return them."""
        if random.random() < self.p:
            results["image"] = keep_channels(cv2.flip(results["image"], 1), results["image"])
            results["flip"] = not results["flip"]
        return results


@TRANSFORMS.register_module()
class Resize:
    """Resize the image so that its short side has ``size`` pixels, keeping its aspect ratio.

    Args:
        size: Size of the short side in pixels; or (height, width), regardless of the aspect ratio.
        multiple: Number to a multiple of which the long side is rounded down.
    """

    def __init__(self, size: int | tuple[int, int], multiple: int = 1):
        check_sizes("Resize", size=size, multiple=multiple)
        self.size = size
        self.multiple = multiple

    def __call__(self, results: dict) -> dict:
        """Apply the transform to ``results`` and return them."""
        results["image"] = _resize(results["image"], *self._target(*results["image"].shape[:2]))
        return results

    def _target(self, height: int, width: int) -> tuple[int, int]:
        if not isinstance(self.size, int):
            return self.size[0], self.size[1]
        # The long side is rounded down, as in torchvision.
        long_side = int(self.size * max(height, width) / min(height, width))
        long_side = max(long_side // self.multiple, 1) * self.multiple
        return (self.size, long_side) if height <= width else (long_side, self.size)


@TRANSFORMS.register_module()
class CenterCrop:
    """Crop the central square of ``size`` x ``size`` pixels.

    Raises:
        ValueError: The image is smaller than ``size``; put ``Resize`` before this transform.
    """

    def __init__(self, size: int):
        check_sizes("CenterCrop", size=size)
        self.size = size

    def __call__(self, results: dict) -> dict:
        """Apply the transform to ``results`` and return them."""
        height, width = results["image"].shape[:2]
        if min(height, width) < self.size:
            raise ValueError(
                f"CenterCrop({self.size}): {results['path']} has only {width}x{height} pixels "
                f"here. Put dict(type='Resize', size={self.size}) or larger before it."
            )
        top, left = round((height - self.size) / 2), round((width - self.size) / 2)
        box = (left, top, left + self.size, top + self.size)
        results["box"] = source_box(results, *box)
        image = results["image"][top : top + self.size, left : left + self.size]
        results["image"] = np.ascontiguousarray(image)
        return results


@TRANSFORMS.register_module()
class RandomCrop:
    """Crop a random square of ``size`` x ``size`` pixels.

    A smaller image is first padded with its reflection, equally at both ends.
    """

    def __init__(self, size: int):
        check_sizes("RandomCrop", size=size)
        self.size = size

    def __call__(self, results: dict) -> dict:
        """Apply the transform to ``results`` and return them."""
        _pad(results, self.size, self.size)
        height, width = results["image"].shape[:2]
        top, left = random.randint(0, height - self.size), random.randint(0, width - self.size)
        bottom, right = top + self.size, left + self.size
        results["box"] = source_box(results, left, top, right, bottom)
        results["image"] = np.ascontiguousarray(results["image"][top:bottom, left:right])
        return results


@TRANSFORMS.register_module()
class RandomScale:
    """Resize by a factor drawn from U(1 / ``factor``, ``factor``), keeping the aspect ratio."""

    def __init__(self, factor: float):
        if factor < 1:
            raise ValueError(f"RandomScale: factor is the largest one, at least 1, got {factor}")
        self.factor = factor

    def __call__(self, results: dict) -> dict:
        """Apply the transform to ``results`` and return them."""
        factor = random.uniform(1 / self.factor, self.factor)
        height, width = results["image"].shape[:2]
        size = max(round(factor * height), 1), max(round(factor * width), 1)
        results["image"] = _resize(results["image"], *size)
        return results


@TRANSFORMS.register_module()
class RandomRotation:
    """Rotate about the center by an integer angle in degrees, U{-``degrees``..``degrees``}.

    The size of the image does not change. Corners are filled by reflection, and pixels are
    sampled by nearest neighbor. ``box`` remains that of the upright image.
    """

    def __init__(self, degrees: int):
        check_number("RandomRotation: degrees", degrees, 0)
        self.degrees = degrees

    def __call__(self, results: dict) -> dict:
        """Apply the transform to ``results`` and return them."""
        height, width = results["image"].shape[:2]
        center = (width - 1) / 2, (height - 1) / 2
        rotation = cv2.getRotationMatrix2D(center, random.randint(-self.degrees, self.degrees), 1.0)
        rotated = cv2.warpAffine(
            results["image"],
            rotation,
            (width, height),
            flags=cv2.INTER_NEAREST,
            borderMode=cv2.BORDER_REFLECT_101,
        )
        results["image"] = keep_channels(rotated, results["image"])
        return results


@TRANSFORMS.register_module()
class ShrinkToMultiple:
    """Round both sides down to a multiple of ``multiple``, at least ``multiple``, by resizing."""

    def __init__(self, multiple: int):
        check_sizes("ShrinkToMultiple", multiple=multiple)
        self.multiple = multiple

    def __call__(self, results: dict) -> dict:
        """Apply the transform to ``results`` and return them."""
        height, width = (
            max(side // self.multiple, 1) * self.multiple for side in results["image"].shape[:2]
        )
        results["image"] = _resize(results["image"], height, width)
        return results


@TRANSFORMS.register_module()
class ResizeAndPad:
    """Resize so that the long side has ``size`` pixels, and pad to a square by reflection."""

    def __init__(self, size: int):
        check_sizes("ResizeAndPad", size=size)
        self.size = size

    def __call__(self, results: dict) -> dict:
        """Apply the transform to ``results`` and return them."""
        height, width = results["image"].shape[:2]
        factor = self.size / max(height, width)
        size = max(round(factor * height), 1), max(round(factor * width), 1)
        results["image"] = _resize(results["image"], *size)
        _pad(results, self.size, self.size)
        return results


def _pad(results: dict, height: int, width: int) -> None:
    """Pad an image by reflection to at least (height, width), equally at both ends."""
    image = results["image"]
    more_y, more_x = max(height - image.shape[0], 0), max(width - image.shape[1], 0)
    if not (more_y or more_x):
        return
    top, left = more_y // 2, more_x // 2
    bottom, right = more_y - top, more_x - left
    box = (-left, -top, image.shape[1] + right, image.shape[0] + bottom)
    results["box"] = source_box(results, *box)
    padded = cv2.copyMakeBorder(image, top, bottom, left, right, cv2.BORDER_REFLECT_101)
    results["image"] = keep_channels(padded, image)
