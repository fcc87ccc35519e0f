"""Drawing of textured, shaded, anti-aliased outlines."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from .shapes import Outline
from .state import Light, Paint
from .textures import NUM_LEVELS, TILE_SIZE, tile

Canvas = NDArray[np.float32]
"""(H, W, 3) RGB in [0, 255]."""

_SUBPIXEL_BITS = 4
_MARGIN = 2  # pixels around an outline that its anti-aliased edge may cover


def contours(outline: Outline, frame: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """Map each contour (K, 2) of an outline to pixels by the affine matrix ``frame`` (3, 3)."""
    return [contour @ frame[:2, :2].T + frame[:2, 2] for contour in outline]


def texture(paint: Paint, frame: NDArray[np.float64], window: tuple[int, int, int, int]) -> Canvas:
    """Render a paint that moves with a part.

    Args:
        paint: Texture and colors.
        frame: Affine matrix (3, 3) from the part's own frame to pixels.
        window: Window x0, y0, x1, y1 in pixels.

    Returns:
        Colors (y1 - y0, x1 - x0, 3).
    """
    x0, y0, x1, y1 = window
    (a, b), (c, d) = frame[:2, :2].tolist()
    scale = math.sqrt(abs(a * d - b * c))
    level = min(int(math.log2(max(TILE_SIZE * paint.repeats / scale, 1))), NUM_LEVELS - 1)
    gray = tile(paint.family, paint.variant, level)
    angle = math.radians(paint.angle)
    cos, sin = math.cos(angle), math.sin(angle)
    inverse = cv2.invertAffineTransform(frame[:2])
    inverse[:, 2] += inverse[:, :2] @ (x0, y0)
    to_tile = (TILE_SIZE >> level) * paint.repeats * np.array([[cos, -sin], [sin, cos]])
    sampled = cv2.warpAffine(
        gray,
        to_tile @ inverse,
        (x1 - x0, y1 - y0),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_WRAP,
    )[..., None]
    dark, light = np.array([paint.dark, paint.light], np.float32)
    return dark + (light - dark) * sampled


def _relief(cover: NDArray[np.uint8], light: Light) -> NDArray[np.float32]:
    """Compute the brightness factor (H, W) of a part that bulges towards the camera."""
    reach = max(int(0.3 * math.sqrt(cv2.countNonZero(cover))) | 1, 3)
    half = reach // 2
    padded = cv2.copyMakeBorder(cover, half, half, half, half, cv2.BORDER_CONSTANT)
    soft = cv2.blur(padded, (reach, reach)).astype(np.float32) / 255
    angle = math.radians(light.direction)
    dx, dy = round(half * math.cos(angle)), round(half * math.sin(angle))
    height, width = cover.shape

    def at(shift_x: int, shift_y: int) -> NDArray[np.float32]:
        return soft[
            half + shift_y : half + shift_y + height, half + shift_x : half + shift_x + width
        ]

    bulge = at(-dx, -dy) - at(dx, dy) + 0.5 * (at(0, 0) - 1)
    return (1 + light.relief * bulge).astype(np.float32)


def draw(
    canvas: Canvas, outline: Outline, frame: NDArray[np.float64], paint: Paint, light: Light
) -> tuple[NDArray[np.uint8], tuple[slice, slice]] | None:
    """Draw an outline in place.

    Args:
        canvas: Image to draw on.
        outline: Shape in its own frame.
        frame: Affine matrix (3, 3) from that frame to pixels.
        paint: Texture and colors of the shape.
        light: Light of the scene, for the shading.

    Returns:
        Coverage in [0, 255] and its window (rows, columns); None if the outline is outside the
        image.
    """
    curves = contours(outline, frame)
    points = np.concatenate(curves)
    low = np.maximum(np.floor(points.min(0)).astype(int) - _MARGIN, 0)
    high = np.minimum(np.ceil(points.max(0)).astype(int) + _MARGIN + 1, canvas.shape[1::-1])
    if (high <= low).any():
        return None
    (x0, y0), (x1, y1) = low.tolist(), high.tolist()
    cover = np.zeros((y1 - y0, x1 - x0), np.uint8)
    fixed = [np.rint((curve - low) * (1 << _SUBPIXEL_BITS)).astype(np.int32) for curve in curves]
    cv2.fillPoly(cover, fixed, 255, lineType=cv2.LINE_AA, shift=_SUBPIXEL_BITS)
    window = (slice(y0, y1), slice(x0, x1))
    color = texture(paint, frame, (x0, y0, x1, y1)) * _relief(cover, light)[..., None]
    alpha = cover[..., None].astype(np.float32) / 255
    canvas[window] += (color - canvas[window]) * alpha
    return cover, window
