"""Backgrounds: textured grounds with clutter. A habitat has its own textures, but any colors."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .paint import Canvas, draw, texture
from .shapes import Outline, blob, dome, ellipse, limb, petal, polygon, ring
from .state import Color, Light, Paint
from .textures import FAMILIES, NUM_VARIANTS


def _sample_hue(rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw a direction (3,) away from gray, of zero mean and largest magnitude 1."""
    hue = rng.standard_normal(3)
    hue -= hue.mean()
    return hue / np.abs(hue).max()


def _color(rgb: NDArray[np.float64]) -> Color:
    """Convert three values in [0, 1] to a color that is neither black nor white."""
    red, green, blue = np.clip(255 * rgb, 4, 251).tolist()
    return red, green, blue


def sample_paint(
    rng: np.random.Generator,
    families: tuple[str, ...],
    *,
    brightness: tuple[float, float],
    saturation: tuple[float, float],
    contrast: tuple[float, float],
    repeats: tuple[float, float],
    same_hue: bool = False,
) -> Paint:
    """Draw a paint of random hue.

    Args:
        rng: Random generator.
        families: Texture families to choose from.
        brightness: Range of the mean brightness of its two colors, in [0, 1].
        saturation: Range of their saturation, in [0, 1].
        contrast: Range of the difference of their brightness.
        repeats: Range of the repeats of its texture over one unit of length.
        same_hue: Whether its two colors differ in brightness alone.
    """
    middle = rng.uniform(*brightness)
    half = rng.uniform(*contrast) / 2 * rng.choice((-1, 1))
    hue = 0.5 * rng.uniform(*saturation) * _sample_hue(rng)
    other = hue if same_hue else 0.5 * rng.uniform(*saturation) * _sample_hue(rng)
    return Paint(
        dark=_color(middle - half + hue),
        light=_color(middle + half + other),
        family=families[int(rng.integers(len(families)))],
        variant=int(rng.integers(NUM_VARIANTS)),
        repeats=float(rng.uniform(*repeats)),
        angle=float(rng.choice((0, 0, 45, 90, 135))),
    )


def _muted(
    rng: np.random.Generator, families: tuple[str, ...], repeats: tuple[float, float]
) -> Paint:
    """Draw a paint for the background, less colorful than those of objects."""
    return sample_paint(
        rng,
        families,
        brightness=(0.35, 0.65),
        saturation=(0.0, 0.8),
        contrast=(0.15, 0.4),
        repeats=repeats,
        same_hue=True,
    )


def _clutter(rng: np.random.Generator) -> Outline:
    """Draw a shape that belongs to no class, about one unit large."""
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


def _frame(x: float, y: float, scale: float, degrees: float) -> NDArray[np.float64]:
    angle = np.deg2rad(degrees)
    cos, sin = scale * np.cos(angle), scale * np.sin(angle)
    return np.array([[cos, -sin, x], [sin, cos, y], [0.0, 0.0, 1.0]])


def paint_background(
    seed: int, size: tuple[int, int], light: Light, habitat: tuple[str, str] | None
) -> Canvas:
    """Paint the background of a scene.

    Args:
        seed: Seed of everything but the light.
        size: Width and height in pixels.
        light: Light of the scene, for the shading of the clutter.
        habitat: Texture families of the ground and of the clutter; None for any.

    Returns:
        A new image (H, W, 3).
    """
    rng = np.random.default_rng(seed)
    width, height = size
    extent = max(size)
    window = (0, 0, width, height)
    ground, rest = (FAMILIES, FAMILIES) if habitat is None else ((name,) for name in habitat)
    frame = _frame(0, 0, extent * rng.uniform(0.4, 1.0), rng.uniform(-20, 20))
    canvas = texture(_muted(rng, ground, (0.6, 1.2)), frame, window)
    if rng.random() < 0.6:
        frame = _frame(width / 2, rng.uniform(0.4, 0.9) * height, extent, rng.uniform(-8, 8))
        band = polygon((-1, 0), (1, 0), (1, 1.2), (-1, 1.2))
        draw(canvas, band, frame, _muted(rng, rest, (1, 2)), light)
    for _ in range(rng.integers(0, 5)):
        scale = extent * rng.uniform(0.12, 0.3)
        frame = _frame(rng.uniform(0, width), rng.uniform(0, height), scale, rng.uniform(-180, 180))
        draw(canvas, _clutter(rng), frame, _muted(rng, rest, (0.6, 1.2)), light)
    return canvas
