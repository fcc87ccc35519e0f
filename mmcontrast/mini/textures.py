"""Gray textures that tile seamlessly; a paint gives them their colors."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

TILE_SIZE = 128
NUM_VARIANTS = 4
NUM_LEVELS = 4

Tile = NDArray[np.float32]
"""(H, W), values in [0, 1]."""


def _noise(rng: np.random.Generator, slope: float, stretch: float = 1.0) -> Tile:
    """Return noise with the spectrum f ** -slope; ``stretch`` > 1 elongates it along x."""
    frequency = np.fft.fftfreq(TILE_SIZE, 1 / TILE_SIZE)
    radius = np.hypot(frequency[:, None], frequency[None, :] * stretch)
    radius[0, 0] = 1.0
    spectrum = np.fft.fft2(rng.standard_normal((TILE_SIZE, TILE_SIZE))) * radius**-slope
    spectrum[0, 0] = 0.0
    field = np.fft.ifft2(spectrum).real
    return np.clip(0.5 + field / (4 * field.std()), 0, 1).astype(np.float32)


def _grid(count: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return row and column coordinates, each (S, S), from 0 to ``count``."""
    axis = (np.arange(TILE_SIZE) + 0.5) * count / TILE_SIZE
    return tuple(np.meshgrid(axis, axis, indexing="ij"))  # type: ignore[return-value]


def _step(field: NDArray[np.floating], sharpness: float = 8.0) -> Tile:
    """Apply a soft threshold at zero."""
    return (1 / (1 + np.exp(-np.clip(sharpness * field, -30, 30)))).astype(np.float32)


def _plain(rng: np.random.Generator) -> Tile:
    return 0.35 + 0.3 * _noise(rng, 2.0)


def _fur(rng: np.random.Generator) -> Tile:
    return _noise(rng, 1.1, stretch=0.15)


def _stripes(rng: np.random.Generator) -> Tile:
    row, _ = _grid(int(rng.integers(5, 8)))
    return _step(np.sin(2 * np.pi * (row + 0.7 * _noise(rng, 2.2))), 5)


def _spots(rng: np.random.Generator) -> Tile:
    count = int(rng.integers(4, 7))
    row, column = _grid(count)
    shift = rng.uniform(-0.25, 0.25, (2, count, count))
    cell = (row.astype(int), column.astype(int))
    radius = rng.uniform(0.2, 0.42, (count, count))[cell]
    distance = np.hypot(
        row % 1 - 0.5 - 0.4 * shift[0][cell], column % 1 - 0.5 - 0.4 * shift[1][cell]
    )
    return _step(radius - distance, 25)


def _checks(rng: np.random.Generator) -> Tile:
    row, column = _grid(int(rng.integers(3, 5)))
    return _step(np.sin(2 * np.pi * row) * np.sin(2 * np.pi * column), 10)


def _scales(rng: np.random.Generator) -> Tile:
    row, column = _grid(2 * int(rng.integers(3, 5)))
    column = column + 0.5 * (row.astype(int) % 2)
    return np.clip(np.hypot(row % 1, column % 1 - 0.5) * 1.1, 0, 1).astype(np.float32) ** 2


def _bricks(rng: np.random.Generator) -> Tile:
    count = 2 * int(rng.integers(3, 5))
    row, column = _grid(count)
    column = column / 2 + 0.5 * (row.astype(int) % 2)
    shade = rng.uniform(0.45, 1.0, (count, count))[
        row.astype(int), column.astype(int) % (count // 2)
    ]
    gap = np.minimum(0.5 - abs(row % 1 - 0.5), 2 * (0.5 - abs(column % 1 - 0.5)))
    return shade.astype(np.float32) * _step(gap - 0.12, 30)


def _grain(rng: np.random.Generator) -> Tile:
    row, _ = _grid(2)
    lines = np.sin(2 * np.pi * (row + 2.5 * _noise(rng, 2.0, stretch=0.3)) * 3)
    return (0.25 + 0.3 * _step(lines, 2) + 0.45 * _noise(rng, 0.8, stretch=0.1)).astype(np.float32)


def _patches(rng: np.random.Generator) -> Tile:
    return _step(_noise(rng, 1.9) - 0.5, 40)


def _cloth(rng: np.random.Generator) -> Tile:
    row, column = _grid(int(rng.integers(6, 9)))
    weave = np.maximum(np.cos(2 * np.pi * row), np.cos(2 * np.pi * column))
    return np.clip(_step(weave - 0.6, 8) * 0.8 + 0.2 * _noise(rng, 0.5), 0, 1)


_MAKERS: dict[str, Callable[[np.random.Generator], Tile]] = {
    "plain": _plain,
    "fur": _fur,
    "stripes": _stripes,
    "spots": _spots,
    "checks": _checks,
    "scales": _scales,
    "bricks": _bricks,
    "grain": _grain,
    "patches": _patches,
    "cloth": _cloth,
}
FAMILIES: tuple[str, ...] = tuple(_MAKERS)


@cache
def tile(family: str, variant: int, level: int = 0) -> Tile:
    """Return one tile of a texture.

    Args:
        family: Name of the texture family, of ``FAMILIES``.
        variant: Index of the texture in its family, below ``NUM_VARIANTS``.
        level: 0 for the full size ``TILE_SIZE``; each level halves it, for small objects.

    Returns:
        Tile (S, S), float32, in [0, 1], S = ``TILE_SIZE`` >> level. It is cached: do not modify it.
    """
    if level:
        size = TILE_SIZE >> level
        small: Tile = cv2.resize(tile(family, variant), (size, size), interpolation=cv2.INTER_AREA)
        return small
    return _MAKERS[family](np.random.default_rng((FAMILIES.index(family), variant)))
