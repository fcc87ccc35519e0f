"""Outlines of parts.

An outline is a tuple of closed contours, each an array (K, 2) of x, y in the part's own frame: the
origin is the joint to the parent, x points along the part, y points down, and an object is about
two units long. Where contours of one outline overlap, there is a hole (the even-odd rule).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Outline = tuple[NDArray[np.float64], ...]


def ellipse(rx: float, ry: float | None = None, at: tuple[float, float] = (0, 0)) -> Outline:
    """Return an ellipse (or circle) with half axes ``rx`` and ``ry`` around ``at``."""
    turn = np.linspace(0, 2 * np.pi, 28, endpoint=False)
    return (np.stack([rx * np.cos(turn), (ry or rx) * np.sin(turn)], 1) + at,)


def ring(outer: float, inner: float, at: tuple[float, float] = (0, 0)) -> Outline:
    """Return a circle of radius ``outer`` around ``at`` with a hole of radius ``inner``."""
    return ellipse(outer, at=at) + ellipse(inner, at=at)


def limb(length: float, start: float, end: float | None = None) -> Outline:
    """Return a rounded bar from the origin to (length, 0), of half width ``start`` to ``end``."""
    end = start if end is None else end
    turn = np.linspace(-np.pi / 2, np.pi / 2, 9)
    cap = np.stack([np.cos(turn), np.sin(turn)], 1)
    return (np.concatenate([cap * end + (length, 0), cap * (-start, -start)]),)


def petal(length: float, width: float) -> Outline:
    """Return a leaf from the origin to (length, 0), ``width`` wide in the middle."""
    x = np.linspace(0, 1, 12)
    half = width / 2 * np.sin(np.pi * x) ** 0.8
    upper = np.stack([x * length, -half], 1)
    lower = np.stack([x * length, half], 1)[::-1]
    return (np.concatenate([upper, lower]),)


def dome(rx: float, height: float) -> Outline:
    """Return the upper half of an ellipse, with its flat side on the x axis."""
    turn = np.linspace(np.pi, 2 * np.pi, 20)
    return (np.stack([rx * np.cos(turn), height * np.sin(turn)], 1),)


def polygon(*points: ArrayLike) -> Outline:
    """Return a polygon with sharp corners."""
    return (np.array(points, np.float64),)


def blob(*points: ArrayLike) -> Outline:
    """Return a smooth closed curve: a polygon whose corners are cut twice (Chaikin)."""
    curve = np.array(points, np.float64)
    for _ in range(2):
        following = np.roll(curve, -1, 0)
        pair = np.stack([0.75 * curve + 0.25 * following, 0.25 * curve + 0.75 * following], 1)
        curve = pair.reshape(-1, 2)
    return (curve,)
