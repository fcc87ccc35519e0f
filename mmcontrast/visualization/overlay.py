"""Masks drawn over frames."""

import cv2
import numpy as np
from numpy.typing import NDArray

from mmcontrast.datasets.masks import palette

COLORS = np.frombuffer(palette(), np.uint8).reshape(256, 3)
"""Colors of object ids in DAVIS' palette: black, red, green, yellow, blue and so on."""


def overlay_mask(
    frame_HW3: NDArray[np.uint8], mask_HW: NDArray[np.integer], opacity: float = 0.5
) -> NDArray[np.uint8]:
    """Tint each object in its color and draw its outline; the background is not changed.

    Args:
        frame_HW3: RGB frame, uint8.
        mask_HW: Object ids, 0 for the background.
        opacity: Opacity of the tint, 0..1.

    Raises:
        ValueError: Frame and mask differ in size.
    """
    if frame_HW3.shape[:2] != mask_HW.shape:
        raise ValueError(
            f"Frame and mask differ in size: {frame_HW3.shape[:2]} and {mask_HW.shape}."
        )
    inside = mask_HW > 0
    image = frame_HW3.copy()
    colors = COLORS[mask_HW[inside]]
    image[inside] = np.round((1 - opacity) * image[inside] + opacity * colors).astype(np.uint8)
    ids = mask_HW.astype(np.uint8)
    edge = cv2.dilate(ids, np.ones((3, 3), np.uint8)) != cv2.erode(ids, np.ones((3, 3), np.uint8))
    image[edge & inside] = COLORS[mask_HW[edge & inside]]
    return image
