"""Square crops around a tracked target, and the labels of the responses to them.

Bertinetto et al., ECCV workshops 2016 (SiamFC), section 2.2. Boxes are (x, y, width, height) and
all coordinates count pixels from 0.
"""

import math

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

CONTEXT = 0.5


def exemplar_size(width: float, height: float) -> float:
    """Side of the square around a target that shows it with half its mean size as a margin."""
    margin = CONTEXT * (width + height)
    return math.sqrt((width + margin) * (height + margin))


def crop_square(
    image_HW3: NDArray[np.uint8],
    center: NDArray[np.floating],
    size: float,
    out_size: int,
    interpolation: int = cv2.INTER_LINEAR,
) -> NDArray[np.uint8]:
    """Cut out a square and resize it; what lies outside the image has its mean color.

    Args:
        image_HW3: Image, uint8.
        center: Center of the square, x and y in pixels.
        size: Side of the square in pixels of the image; at least one pixel is cut out.
        out_size: Side of the result in pixels.
        interpolation: OpenCV's number of the interpolation.

    Returns:
        (out_size, out_size, 3).
    """
    side = max(round(size), 1)
    left, top = (round(float(c) - (side - 1) / 2) for c in center)
    height, width = image_HW3.shape[:2]
    inner = image_HW3[max(top, 0) : max(top + side, 0), max(left, 0) : max(left + side, 0)]
    if inner.shape[:2] != (side, side):
        margins = (
            max(-top, 0), max(top + side - height, 0), max(-left, 0), max(left + side - width, 0)
        )  # fmt: skip
        color = image_HW3.mean(axis=(0, 1))
        if inner.size == 0:
            inner = np.broadcast_to(np.round(color).astype(np.uint8), (side, side, 3))
        else:
            inner = cv2.copyMakeBorder(inner, *margins, cv2.BORDER_CONSTANT, value=color.tolist())
    resized = cv2.resize(
        np.ascontiguousarray(inner), (out_size, out_size), interpolation=interpolation
    )
    return resized.astype(np.uint8, copy=False)


def response_labels(size: tuple[int, int], radius: float = 2) -> Tensor:
    """1 where a response of a centered target may be, by city-block distance in cells; else 0.

    Returns:
        ``size`` float32: 12 ones of 16 x 16 cells at radius 2, 13 of 17 x 17.
    """
    dy, dx = (torch.arange(side) - (side - 1) / 2 for side in size)
    return (dy.abs()[:, None] + dx.abs() <= radius).float()
