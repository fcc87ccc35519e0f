"""Region similarity J and boundary similarity F of two masks (DAVIS 2016, Perazzi et al., CVPR)."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

_TOLERANCE = 0.008  # share of the image's diagonal


def region_similarity(predicted_HW: NDArray[np.bool_], truth_HW: NDArray[np.bool_]) -> float:
    """Intersection over union of two masks; 1 if both are empty."""
    union = np.count_nonzero(predicted_HW | truth_HW)
    return np.count_nonzero(predicted_HW & truth_HW) / union if union else 1.0


def boundary(mask_HW: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Pixels that differ from their right, lower or lower right neighbor."""
    outline = np.zeros_like(mask_HW)
    outline[:-1, :-1] = (
        (mask_HW[:-1, :-1] ^ mask_HW[:-1, 1:])
        | (mask_HW[:-1, :-1] ^ mask_HW[1:, :-1])
        | (mask_HW[:-1, :-1] ^ mask_HW[1:, 1:])
    )
    outline[-1, :-1] = mask_HW[-1, :-1] ^ mask_HW[-1, 1:]
    outline[:-1, -1] = mask_HW[:-1, -1] ^ mask_HW[1:, -1]
    return outline


def boundary_tolerance(height: int, width: int) -> int:
    """How far apart outlines may lie and still agree, in pixels."""
    return math.ceil(_TOLERANCE * math.hypot(height, width))


def boundary_similarity(predicted_HW: NDArray[np.bool_], truth_HW: NDArray[np.bool_]) -> float:
    """F measure of the outlines' pixels that lie near the other outline.

    Args:
        predicted_HW: An object's predicted mask.
        truth_HW: Its annotated mask.

    Returns:
        0..1; 1 if neither mask has an outline, 0 if one of them has none.
    """
    reach = boundary_tolerance(*truth_HW.shape)
    outline_p, outline_t = boundary(predicted_HW), boundary(truth_HW)
    count_p, count_t = np.count_nonzero(outline_p), np.count_nonzero(outline_t)
    if not count_p or not count_t:
        return float(count_p == count_t)
    y, x = np.ogrid[-reach : reach + 1, -reach : reach + 1]
    disc = (x**2 + y**2 <= reach**2).astype(np.uint8)
    near_p, near_t = (
        cv2.dilate(outline.astype(np.uint8), disc).view(bool) for outline in (outline_p, outline_t)
    )
    precision = np.count_nonzero(outline_p & near_t) / count_p
    recall = np.count_nonzero(outline_t & near_p) / count_t
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0
