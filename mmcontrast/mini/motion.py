"""Clips as lists of scenes, in which objects travel, rotate, bend and pass each other."""

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
"""Range of an object's longer side as a share of the image's shorter one, with room to move."""


@dataclass(frozen=True)
class _Course:
    """The motion of one object: to another position and back, while its parts swing.

    Args:
        start: State of the object in the first frame.
        travel: Displacement from the start to the turning point, in pixels.
        period: Number of frames until the object is back.
        swings: Number of frames of one swing of each part.
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
        """Return the state in a frame; frame 0 shows ``start``."""
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
    """Draw a course between two positions at which the object is entirely inside the image."""
    x0, y0, x1, y1 = extent(outlines(state))
    half = np.array([x1 - x0, y1 - y0]) / 2
    low, high = half, np.array(size) - half
    begin = np.clip([(x0 + x1) / 2, (y0 + y1) / 2], low, high)
    # The farthest of three positions, so that the object does move.
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
    """Return the light of a frame: its strength drifts slightly, and the noise is new."""
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
    """Draw a clip of several objects that move in front of a static background.

    In the first frame every object is inside the image; later they may occlude each other. The
    order in depth does not change.

    Args:
        rng: Random generator.
        size: Width and height of the frames in pixels.
        count: Number of objects; an object for which there is no free position is left out.
        num_frames: Length of the clip.
        kinds: Categories to choose from.

    Returns:
        One scene per frame.
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
