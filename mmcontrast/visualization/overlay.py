"""Masks, boxes and points drawn over frames."""

import cv2
import numpy as np
from numpy.typing import NDArray

from mmcontrast.datasets.masks import palette

COLORS = np.frombuffer(palette(), np.uint8).reshape(256, 3)
"""Of object ids, as in DAVIS' palette: black, red, green, yellow, blue..."""


def overlay_mask(
    frame_HW3: NDArray[np.uint8], mask_HW: NDArray[np.integer], opacity: float = 0.5
) -> NDArray[np.uint8]:
    """Tint each object in its color and draw its outline; the background stays as it is.

    Args:
        frame_HW3: RGB.
        mask_HW: Object ids.
        opacity: Of the tint, 0..1.

    Raises:
        ValueError: Frame and mask differ in size.
    """
    if frame_HW3.shape[:2] != mask_HW.shape:
        raise ValueError(f"A frame {frame_HW3.shape[:2]} cannot carry a mask {mask_HW.shape}.")
    inside = mask_HW > 0
    drawn = frame_HW3.copy()
    colors = COLORS[mask_HW[inside]]
    drawn[inside] = np.round((1 - opacity) * drawn[inside] + opacity * colors).astype(np.uint8)
    ids = mask_HW.astype(np.uint8)
    edge = cv2.dilate(ids, np.ones((3, 3), np.uint8)) != cv2.erode(ids, np.ones((3, 3), np.uint8))
    drawn[edge & inside] = COLORS[mask_HW[edge & inside]]
    return drawn


def overlay_box(
    frame_HW3: NDArray[np.uint8], box: NDArray[np.floating], color: int = 1
) -> NDArray[np.uint8]:
    """Draw a box (x, y, width, height) as a frame of two pixels in the color of an object id."""
    x, y, width, height = (round(float(value)) for value in box)
    drawn = frame_HW3.copy()
    corner = (x + width - 1, y + height - 1)
    return cv2.rectangle(drawn, (x, y), corner, COLORS[color].tolist(), thickness=2)
