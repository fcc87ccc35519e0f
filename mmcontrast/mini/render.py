"""Rendering of a scene to an image with its ground truth."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from .background import paint_background
from .paint import Canvas, contours, draw
from .state import Light, ObjectState, Scene

HIDDEN, VISIBLE, OUTSIDE = 1, 2, 0
"""Visibility of a keypoint, with COCO's numbers."""


@dataclass(frozen=True)
class Rendered:
    """An image with its ground truth.

    Args:
        image: RGB image (H, W, 3), uint8.
        instances: Object map (H, W), uint8: 0 is background, i + 1 the visible pixels of object i.
        parts: Part map (H, W), uint8: 0 is background, p + 1 part p of the object's category.
        keypoints: One array (K, 3) per object: x, y in pixels and the visibility.
        boxes: Boxes (objects, 4) of the visible pixels: x0, y0, x1, y1, the latter two exclusive;
            zeros for an object that is not visible.
        full_boxes: Boxes (objects, 4) of the complete outlines, including occluded parts and those
            outside the image.
    """

    image: NDArray[np.uint8]
    instances: NDArray[np.uint8]
    parts: NDArray[np.uint8]
    keypoints: list[NDArray[np.float64]]
    boxes: NDArray[np.int64]
    full_boxes: NDArray[np.float64]

    def mask(self, index: int) -> NDArray[np.uint8]:
        """Return the visible pixels of one object, (H, W) of 0 and 1."""
        return (self.instances == index + 1).astype(np.uint8)


Curves = list[list[NDArray[np.float64]]]
"""Contours of each part in pixels."""


def outlines(state: ObjectState) -> Curves:
    """Return the contours of each part of an object in pixels."""
    return [
        contours(part.outline, frame)
        for part, frame in zip(state.category.parts, state.frames(), strict=True)
    ]


def extent(curves: Curves) -> tuple[float, float, float, float]:
    """Return the box x0, y0, x1, y1 around outlines."""
    points = np.concatenate([contour for part in curves for contour in part])
    (x0, y0), (x1, y1) = points.min(0).tolist(), points.max(0).tolist()
    return x0, y0, x1, y1


def _cast_shadow(canvas: Canvas, curves: Curves, reach: float, light: Light) -> None:
    """Darken the canvas behind an object, up to ``reach`` pixels away from the light."""
    height, width = canvas.shape[:2]
    angle = np.deg2rad(light.direction)
    offset = 1.5 * reach * np.array([np.cos(angle), np.sin(angle)])
    cover = np.zeros((height, width), np.uint8)
    for part in curves:
        cv2.fillPoly(cover, [np.rint(contour + offset).astype(np.int32) for contour in part], 255)
    soft = cv2.blur(cover, (2 * int(reach) + 1,) * 2).astype(np.float32)
    canvas *= 1 - (light.shadow / 255) * soft[..., None]


def _draw_object(
    canvas: Canvas,
    state: ObjectState,
    light: Light,
    number: int,
    instances: NDArray[np.uint8],
    parts: NDArray[np.uint8],
) -> None:
    """Draw one object on the canvas and its numbers on both maps, in place."""
    kinds, frames = state.category, state.frames()
    for index in kinds.draw_order:
        part = kinds.parts[index]
        region = draw(canvas, part.outline, frames[index], state.paints[part.slot], light)
        if region is not None:
            cover, window = region
            inside = cover > 127
            instances[window][inside] = number
            parts[window][inside] = index + 1


def _develop(canvas: Canvas, light: Light) -> NDArray[np.uint8]:
    """Apply light, blur, noise and tone curve of the camera."""
    image = canvas * np.array(light.gain, np.float32)
    if light.blur > 0:
        image = cv2.GaussianBlur(image, (0, 0), light.blur)
    noise = np.random.default_rng(light.noise_seed).standard_normal(image.shape, np.float32)
    image = np.clip(image + light.noise * noise, 0, 255)
    return np.rint(255 * (image / 255) ** light.gamma).astype(np.uint8)


def _keypoints(
    state: ObjectState, instances: NDArray[np.uint8], number: int
) -> NDArray[np.float64]:
    """Return the keypoints of one object, (K, 3)."""
    height, width = instances.shape
    rows = []
    for part, frame in zip(state.category.parts, state.frames(), strict=True):
        if part.key is None:
            continue
        x, y = (frame @ (*part.key, 1.0))[:2]
        column, row = int(np.floor(x)), int(np.floor(y))
        visibility = OUTSIDE
        if 0 <= column < width and 0 <= row < height:
            # A keypoint at the tip of a part may be just outside its pixels.
            around = instances[max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2]
            visibility = VISIBLE if (around == number).any() else HIDDEN
        rows.append((x, y, visibility))
    return np.array(rows)


def render(scene: Scene) -> Rendered:
    """Render a scene; a pure function, so equal scenes give equal images."""
    width, height = scene.size
    canvas = paint_background(scene.background, scene.size, scene.light, scene.habitat)
    instances = np.zeros((height, width), np.uint8)
    parts = np.zeros((height, width), np.uint8)
    curves = [outlines(state) for state in scene.objects]
    for index, state in enumerate(scene.objects):
        _cast_shadow(canvas, curves[index], 0.08 * state.scale, scene.light)
        _draw_object(canvas, state, scene.light, index + 1, instances, parts)
    boxes = [
        cv2.boundingRect((instances == i + 1).astype(np.uint8)) for i in range(len(scene.objects))
    ]
    return Rendered(
        image=_develop(canvas, scene.light),
        instances=instances,
        parts=parts,
        keypoints=[_keypoints(state, instances, i + 1) for i, state in enumerate(scene.objects)],
        boxes=np.array([(x, y, x + w, y + h) for x, y, w, h in boxes], np.int64).reshape(-1, 4),
        full_boxes=np.array([extent(c) for c in curves], np.float64).reshape(-1, 4),
    )
