"""Random scenes: objects, poses, light and camera."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from .background import sample_paint
from .categories import CATEGORIES
from .parts import Category
from .render import extent, outlines
from .state import Light, ObjectState, Scene
from .textures import FAMILIES

MAX_OVERLAP = 0.3
"""Largest share of an object's box that the box of another may cover."""


def sample_object(rng: np.random.Generator, kind: Category) -> ObjectState:
    """Draw an object of a category in a random pose, at the origin, with one pixel per unit."""
    count = len(kind.parts)
    bright = rng.random() < 0.5
    paints = tuple(
        sample_paint(
            rng,
            families,
            brightness=(0.65, 0.85) if bright else (0.15, 0.35),
            saturation=(0.2, 0.9),
            contrast=(0.2, 0.5),
            repeats=(0.7, 1.1),
        )
        for families in kind.textures
    )
    return ObjectState(
        name=kind.name,
        center=(0.0, 0.0),
        scale=1.0,
        rotation=float(rng.uniform(-kind.tilt, kind.tilt)),
        flip=bool(rng.random() < 0.5),
        squeeze=float(rng.uniform(0.8, 1.2)),
        shear=float(rng.uniform(-0.2, 0.2)),
        joints=tuple(rng.uniform(-1, 1, count).tolist()),
        sizes=tuple(np.exp(rng.uniform(-0.13, 0.13, count)).tolist()),
        paints=paints,
    )


def fit(state: ObjectState, center: tuple[float, float], size: float) -> ObjectState:
    """Move and scale an object to a box around ``center`` whose longer side is ``size``."""
    x0, y0, x1, y1 = extent(outlines(state))
    scale = size / max(x1 - x0, y1 - y0)
    dx = scale * ((x0 + x1) / 2 - state.center[0])
    dy = scale * ((y0 + y1) / 2 - state.center[1])
    return replace(state, scale=state.scale * scale, center=(center[0] - dx, center[1] - dy))


def sample_light(rng: np.random.Generator) -> Light:
    """Draw light and camera of an image."""
    brightness = rng.uniform(0.7, 1.2)
    return Light(
        direction=float(rng.uniform(0, 360)),
        relief=float(rng.uniform(0.3, 0.8)),
        shadow=float(rng.uniform(0.0, 0.5)),
        gain=tuple((brightness * rng.uniform(0.88, 1.12, 3)).tolist()),
        gamma=float(np.exp(rng.uniform(-0.3, 0.3))),
        blur=float(max(rng.uniform(-0.6, 0.8), 0)),
        noise=float(rng.uniform(0, 5)),
        noise_seed=int(rng.integers(2**31)),
    )


def habitat(kind: Category) -> tuple[str, str]:
    """Return the habitat of a category: its own pair of textures of the ground and the clutter."""
    families = FAMILIES[1:]  # without plain, which carries no information
    label = CATEGORIES.index(kind)
    first, turn = label % len(families), label // len(families)
    return families[first], families[(first + 4 + turn) % len(families)]


def sample_portrait(rng: np.random.Generator, kind: Category, size: int) -> Scene:
    """Draw a scene of one object that fills most of a square image, as in ImageNet."""
    length = size * rng.uniform(0.7, 1.0)
    room = 0.5 * size - 0.44 * length  # a small part may be cut off
    center = size / 2 + rng.uniform(-room, room, 2)
    state = fit(sample_object(rng, kind), tuple(center.tolist()), length)
    background = int(rng.integers(2**31))
    return Scene((size, size), background, (state,), sample_light(rng), habitat(kind))


def sample_group(
    rng: np.random.Generator,
    size: tuple[int, int],
    count: int,
    kinds: Sequence[Category] = CATEGORIES,
    lengths: tuple[float, float] = (0.25, 0.75),
) -> Scene:
    """Draw a scene of several objects at different distances, as in COCO and VOC.

    Args:
        rng: Random generator.
        size: Width and height of the image in pixels.
        count: Number of objects; an object for which there is no free position is left out.
        kinds: Categories to choose from.
        lengths: Range of an object's longer side as a share of the image's shorter one.
    """
    objects: list[ObjectState] = []
    boxes: list[tuple[float, float, float, float]] = []
    for _ in range(count):
        state = sample_object(rng, kinds[int(rng.integers(len(kinds)))])
        x0, y0, x1, y1 = extent(outlines(state))
        shape = np.array([x1 - x0, y1 - y0]) / max(x1 - x0, y1 - y0)
        for _ in range(8):
            length = min(size) * rng.uniform(*lengths)
            center = rng.uniform(0.3 * length, np.array(size) - 0.3 * length)
            box = (*(center - length * shape / 2), *(center + length * shape / 2))
            if all(_overlap(box, other) < MAX_OVERLAP for other in boxes):
                objects.append(fit(state, tuple(center.tolist()), length))
                boxes.append(box)
                break
    objects.sort(key=lambda state: state.center[1])  # lower in the image is nearer
    return Scene(size, int(rng.integers(2**31)), tuple(objects), sample_light(rng))


def _overlap(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> float:
    """Return the intersection of two boxes over the area of the smaller one."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    smaller = min((box[2] - box[0]) * (box[3] - box[1]) for box in (a, b))
    return max(width, 0.0) * max(height, 0.0) / smaller
