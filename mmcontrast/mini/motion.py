"""Clips: scenes that change little by little. Objects travel, turn, bend and pass each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .categories import CATEGORIES
from .parts import Category
from .render import extent, outlines
from .sample import fit, sample_group
from .state import Light, ObjectState, Scene

LENGTHS = (0.3, 0.5)
"""Longer side of an object as a share of the image's shorter one: there is room to move."""


@dataclass(frozen=True)
class _Course:
    """How one object moves: to another place and back, swaying, while its parts swing.

    Args:
        start: The object in the first frame.
        travel: From where it starts to where it turns round, in pixels.
        period: Frames until it is back.
        swings: Frames of one swing of each part.
        turn: Largest change of its rotation in degrees.
        zoom: Largest change of the logarithm of its scale.
        squash: Largest change of the logarithm of its height over its width.
    """

    start: ObjectState
    travel: tuple[float, float]
    period: float
    swings: tuple[float, ...]
    turn: float
    zoom: float
    squash: float

    def at(self, number: int) -> ObjectState:
        """The object in a frame; frame 0 shows `start`."""
        phase = 2 * np.pi * number / self.period
        share, sway = (1 - np.cos(phase)) / 2, float(np.sin(phase))
        x, y = (c + share * way for c, way in zip(self.start.center, self.travel, strict=True))
        joints = (
            float(np.sin(np.arcsin(joint) + 2 * np.pi * number / swing))
            for joint, swing in zip(self.start.joints, self.swings, strict=True)
        )
        return replace(
            self.start,
            center=(float(x), float(y)),
            rotation=self.start.rotation + self.turn * sway,
            scale=self.start.scale * float(np.exp(self.zoom * sway)),
            squeeze=self.start.squeeze * float(np.exp(self.squash * np.sin(2 * phase))),
            joints=tuple(joints),
        )


def _sample_course(rng: np.random.Generator, state: ObjectState, size: tuple[int, int]) -> _Course:
    """A way between two places where the object is wholly inside the image."""
    x0, y0, x1, y1 = extent(outlines(state))
    half = np.array([x1 - x0, y1 - y0]) / 2
    low, high = half, np.array(size) - half
    begin = np.clip([(x0 + x1) / 2, (y0 + y1) / 2], low, high)
    # A short way would leave the object about where it is: the farthest of three places.
    ends = rng.uniform(low, high, (3, 2))
    end = ends[np.argmax(np.linalg.norm(ends - begin, axis=1))]
    start = fit(state, tuple(begin.tolist()), 2 * float(half.max()))
    dx, dy = (end - begin).tolist()
    return _Course(
        start=start,
        travel=(dx, dy),
        period=float(rng.uniform(40, 80)),
        swings=tuple(rng.uniform(20, 50, len(state.joints)).tolist()),
        turn=float(rng.uniform(-20, 20)),
        zoom=float(rng.uniform(-0.2, 0.2)),
        squash=float(rng.uniform(-0.12, 0.12)),
    )


def _light_at(light: Light, number: int, flicker: NDArray[np.float64]) -> Light:
    """Light of a frame: its strength drifts a little, and the noise is new."""
    strength, period = flicker.tolist()
    factor = 1 + strength * float(np.sin(2 * np.pi * number / period))
    red, green, blue = (factor * gain for gain in light.gain)
    return replace(light, gain=(red, green, blue), noise_seed=light.noise_seed + number)


def sample_clip(
    rng: np.random.Generator,
    size: tuple[int, int],
    count: int,
    num_frames: int,
    kinds: Sequence[Category] = CATEGORIES,
) -> list[Scene]:
    """Several objects that move before a still background.

    In the first frame every object is inside the image; later ones may hide each other. Who is
    in front of whom does not change.

    Args:
        rng: Source of randomness.
        size: Width and height of the frames in pixels.
        count: Number of objects; one less for each that finds no free place.
        num_frames: Length of the clip.
        kinds: Categories to choose among.

    Returns:
        One scene a frame.
    """
    first = sample_group(rng, size, count, kinds, LENGTHS)
    courses = [_sample_course(rng, state, size) for state in first.objects]
    flicker = rng.uniform((0.0, 20.0), (0.08, 60.0))
    return [
        replace(
            first,
            objects=tuple(course.at(number) for course in courses),
            light=_light_at(first.light, number, flicker),
        )
        for number in range(num_frames)
    ]
