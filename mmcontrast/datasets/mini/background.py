"""Backgrounds: textured grounds with clutter, drawn alike for every class."""

from __future__ import annotations

import numpy as np

from .paint import Canvas, draw, texture
from .shapes import Outline, blob, dome, ellipse, limb, petal, polygon, ring
from .state import Light, Paint
from .textures import FAMILIES, NUM_VARIANTS


def sample_colours(rng: np.random.Generator, contrast: tuple[float, float]) -> tuple[
        tuple[float, float, float], tuple[float, float, float]]:
    """Two colours of any hue whose brightness differs by an amount within `contrast` (0 to 1)."""
    base = rng.uniform(30, 225, 3)
    grey = base.mean()
    base = grey + (base - grey) * rng.uniform(0.3, 1.2)
    step = 255 * rng.uniform(*contrast) * (1 if grey < 128 else -1)
    other = base + step + rng.uniform(-35, 35, 3)
    pair = np.clip([base, other], 5, 250)[::rng.choice((-1, 1))]
    return tuple(pair[0].tolist()), tuple(pair[1].tolist())


def sample_paint(rng: np.random.Generator, families: tuple[str, ...] = FAMILIES,
                 contrast: tuple[float, float] = (0.2, 0.6),
                 repeats: tuple[float, float] = (0.6, 1.2)) -> Paint:
    """A paint of one of `families`, of any colour."""
    dark, light = sample_colours(rng, contrast)
    return Paint(dark, light, str(rng.choice(families)), int(rng.integers(NUM_VARIANTS)),
                 float(rng.uniform(*repeats)), float(rng.choice((0, 0, 45, 90, 135))))


def _clutter(rng: np.random.Generator) -> Outline:
    """A shape that belongs to no class, about one unit large."""
    kind = rng.integers(7)
    if kind == 0:
        return ellipse(0.5, float(rng.uniform(0.2, 0.5)))
    if kind == 1:
        return limb(1.2, float(rng.uniform(0.04, 0.16)))
    if kind == 2:
        return polygon(*rng.uniform(-0.6, 0.6, (int(rng.integers(3, 5)), 2)))
    if kind == 3:
        turn = np.sort(rng.uniform(0, 2 * np.pi, 7))
        return blob(*(rng.uniform(0.3, 0.7, (7, 1)) * np.stack([np.cos(turn), np.sin(turn)], 1)))
    if kind == 4:
        return petal(1.1, float(rng.uniform(0.2, 0.5)))
    if kind == 5:
        return dome(0.5, 0.5)
    return ring(0.5, float(rng.uniform(0.25, 0.4)))


def _frame(x: float, y: float, scale: float, degrees: float) -> np.ndarray:
    angle = np.deg2rad(degrees)
    cos, sin = scale * np.cos(angle), scale * np.sin(angle)
    return np.array([[cos, -sin, x], [sin, cos, y], [0.0, 0.0, 1.0]])


def paint_background(seed: int, size: tuple[int, int], light: Light) -> Canvas:
    """The background of a scene.

    Args:
        seed: Decides everything but the light.
        size: Width and height in pixels.
        light: For the shading of the clutter.

    Returns:
        A new picture (H, W, 3).
    """
    rng = np.random.default_rng(seed)
    width, height = size
    extent = max(size)
    window = (0, 0, width, height)
    ground = _frame(0, 0, extent * rng.uniform(0.4, 1.0), rng.uniform(-180, 180))
    canvas = texture(sample_paint(rng, contrast=(0.05, 0.3)), ground, window)
    horizon = rng.uniform(0.3, 0.8) * height
    if rng.random() < 0.7:
        frame = _frame(width / 2, horizon, extent, rng.uniform(-8, 8))
        draw(canvas, polygon((-1, 0), (1, 0), (1, 1.2), (-1, 1.2)), frame,
             sample_paint(rng, contrast=(0.05, 0.3), repeats=(1, 2.5)), light)
    for _ in range(rng.integers(2, 7)):
        scale = extent * rng.uniform(0.12, 0.4)
        frame = _frame(rng.uniform(0, width), rng.uniform(0, height), scale, rng.uniform(-180, 180))
        draw(canvas, _clutter(rng), frame, sample_paint(rng, contrast=(0.05, 0.4)), light)
    return canvas
