"""Cutout of clips as in CrissCross: one square at the same place of all frames.

DeVries and Taylor, "Improved Regularization of Convolutional Neural Networks with Cutout", 2017;
Sarkar and Etemad, AAAI 2023.
"""

import random
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mmcontrast.datasets.transforms.clips import refuse_different_sizes
from mmcontrast.registry import TRANSFORMS
from mmcontrast.utils.arguments import check_probability, check_sizes

IMAGENET_MEAN = (123.675, 116.28, 103.53)
IMAGENET_STD = (58.395, 57.12, 57.375)


def cutout_box(length: int, y: int, x: int, height: int, width: int) -> tuple[slice, slice]:
    """Return rows and columns of a square of side 2 (``length`` // 2), without what lies outside.

    Args:
        length: Side in pixels, rounded down to an even number; 1 gives an empty square.
        y: Row below the center.
        x: Column right of the center.
        height: Height of the image.
        width: Width of the image.
    """
    half = length // 2
    return (
        slice(max(y - half, 0), min(y + half, height)),
        slice(max(x - half, 0), min(x + half, width)),
    )


def scale_box(clip_THWC: NDArray, box: tuple[slice, slice]) -> NDArray:
    """Multiply a box of all frames by the mean of the first frame, as the authors' code does.

    Of normalized frames that mean may be negative or above 1, so that the box is inverted or made
    brighter in place of being hidden.

    Args:
        clip_THWC: Normalized frames, floating point.
        box: Rows and columns.

    Returns:
        A new array (T, H, W, C).
    """
    result = clip_THWC.copy()
    result[:, box[0], box[1]] *= clip_THWC[0].mean()
    return result


@TRANSFORMS.register_module()
class Cutout:
    """Hide a square at one random place of all frames, with probability ``p``.

    Its side is 2 (l // 2) pixels with l drawn from U{1..max_length}, and its center is uniform, so
    that a part of it may lie outside. It comes after the other transforms of the frames.

    What differs from the authors' code: the square has the mean color, which normalization makes 0,
    rounded to integers. With ``ref_compat`` the frames are normalized here, in float32 (four times
    the bytes, and ``ViewPreprocessor`` passes them unchanged), and :func:`scale_box` is applied.

    Args:
        max_length: Largest side of the square in pixels.
        p: Probability that there is a square.
        mean: Mean color in 0..255, one value a channel: that of ``ViewPreprocessor``.
        std: Standard deviation of the colors in 0..255, for ``ref_compat``.
        ref_compat: Do what the released code does.

    Raises:
        ValueError: The frames have different sizes.
    """

    def __init__(
        self,
        max_length: int = 20,
        p: float = 1.0,
        mean: Sequence[float] = IMAGENET_MEAN,
        std: Sequence[float] = IMAGENET_STD,
        ref_compat: bool = False,
    ):
        check_sizes("Cutout", max_length=max_length)
        check_probability("Cutout: p", p)
        self.max_length = max_length
        self.p = p
        self.mean = np.asarray(mean, np.float32)
        self.std = np.asarray(std, np.float32)
        self.ref_compat = ref_compat

    def __call__(self, results: dict) -> dict:
        """Apply the transform to ``results`` and return them."""
        frames = results["frames"]
        refuse_different_sizes("Cutout", frames, results["path"])
        height, width = frames[0]["image"].shape[:2]
        clip = np.stack([frame["image"] for frame in frames])
        if self.ref_compat:
            clip = (clip.astype(np.float32) - self.mean) / self.std
        if random.random() < self.p:
            length = random.randint(1, self.max_length)
            y, x = random.randrange(height), random.randrange(width)
            box = cutout_box(length, y, x, height, width)
            if self.ref_compat:
                clip = scale_box(clip, box)
            else:
                clip[:, box[0], box[1]] = np.rint(self.mean).astype(np.uint8)
        for frame, image in zip(frames, clip, strict=True):
            frame["image"] = image
        return results
