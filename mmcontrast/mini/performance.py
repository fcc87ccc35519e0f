"""Clips with sound: an object hops to a rhythm, and is heard each time it lands."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .categories import CATEGORIES
from .parts import Category
from .sample import sample_portrait
from .sound import synthesize, timbre
from .state import ObjectState, Scene

OFF_SCREEN = 0.15
"""Share of clips whose sound has the timbre of any category, not that of the one in the picture."""
_LIFT = 0.35
"""Height of a hop that lasts a second, as a share of the image's side."""
NUM_HUES = 8
"""Number of evenly spread hues; eight categories in a row have different ones."""
HUE_SPREAD = 0.35
"""Standard deviation of a hue in radians; hues of neighbors are 0.79 apart."""
_CHROMA = 60.0
_AXES = np.array([[2, -1, -1], [0, 3**0.5, -(3**0.5)]]) / 6**0.5
"""Two directions of colors (red, green, blue) that are orthogonal to gray and to each other."""


@dataclass(frozen=True)
class Motion:
    """A way to move, and its rhythm.

    Args:
        name: Name of the motion.
        beats: Landings within a bar, as fractions of it.
        bar_seconds: Mean duration of a bar.
        turn: Rotation in degrees at the top of a hop that lasts a second, to alternating sides.
    """

    name: str
    beats: tuple[float, ...]
    bar_seconds: float
    turn: float


MOTIONS = (
    Motion("walk", (0.0, 0.5), 0.9, 40.0),
    Motion("gallop", (0.0, 0.2, 0.4), 0.9, 0.0),
    Motion("leap", (0.0,), 0.75, 0.0),
    Motion("waddle", (0.0, 0.33), 0.9, 80.0),
)


@dataclass(frozen=True)
class Performance:
    """A clip with sound.

    Args:
        scenes: One scene per frame.
        samples: Samples (1, samples), float32, at ``sound.SAMPLE_RATE``, as long as the frames.
        onsets: Times at which the object lands and a note begins, in seconds; the first one may be
            before the clip, and the last one after it.
        voice: Category whose timbre the sound has.
    """

    scenes: list[Scene]
    samples: NDArray[np.float32]
    onsets: tuple[float, ...]
    voice: Category


def sample_performance(
    rng: np.random.Generator,
    kind: Category,
    motion: Motion,
    size: int,
    num_frames: int,
    fps: float,
) -> Performance:
    """Draw a clip of one object with its sound.

    Picture and sound have the category, the motion and the times of the landings in common, and
    large objects have a low pitch. The hues of the object tell its category with some error, and
    so does the timbre (``OFF_SCREEN``). The background and the light, the background noise and the
    loudness belong to one of them alone.

    Args:
        rng: Random generator.
        kind: Category of the object.
        motion: Its motion.
        size: Width and height of the frames in pixels.
        num_frames: Length of the clip.
        fps: Frames per second.
    """
    first = sample_portrait(rng, kind, size)
    first = replace(first, objects=(_colored(rng, *first.objects),))
    seconds = num_frames / fps
    bar = motion.bar_seconds * rng.uniform(0.85, 1.15)
    start = -bar * rng.uniform(1, 2)
    bars = int(np.ceil((seconds - start) / bar)) + 1
    onsets = tuple(start + bar * (number + beat) for number in range(bars) for beat in motion.beats)
    (state,) = first.objects
    scenes = [
        replace(
            first,
            objects=(_hop(state, motion, onsets, number / fps, size),),
            light=replace(first.light, noise_seed=first.light.noise_seed + number),
        )
        for number in range(num_frames)
    ]
    voice = kind
    if rng.random() < OFF_SCREEN:
        voice = CATEGORIES[int(rng.integers(len(CATEGORIES)))]
    share = state.scale / size
    pitch = float(160 * np.exp(rng.uniform(-0.4, 0.4)) / (share / 0.3))
    ambience = float(np.exp(rng.uniform(np.log(0.05), np.log(0.5))))
    samples = synthesize(rng, timbre(voice), pitch, onsets, seconds, ambience)
    return Performance(scenes, samples, onsets, voice)


def _colored(rng: np.random.Generator, state: ObjectState) -> ObjectState:
    """Give the paints of an object hues around that of its category; brightness stays."""
    middle = 2 * np.pi * CATEGORIES.index(state.category) / NUM_HUES
    paints = []
    for paint in state.paints:
        angle = middle + rng.normal(0, HUE_SPREAD)
        chroma = _CHROMA * (np.cos(angle) * _AXES[0] + np.sin(angle) * _AXES[1])
        dark, light = (
            tuple(np.clip(np.mean(color) + chroma, 0, 255).tolist())
            for color in (paint.dark, paint.light)
        )
        paints.append(replace(paint, dark=dark, light=light))
    return replace(state, paints=tuple(paints))


def _hop(
    state: ObjectState, motion: Motion, onsets: tuple[float, ...], time: float, size: int
) -> ObjectState:
    """Return the state at a time between two landings; at a landing it is ``state``."""
    number = int(np.searchsorted(onsets, time, side="right")) - 1
    duration = onsets[number + 1] - onsets[number]
    height = 4 * (time - onsets[number]) * (onsets[number + 1] - time) / duration**2
    side = 1 if number % 2 else -1
    x, y = state.center
    return replace(
        state,
        center=(x, y - _LIFT * duration * size * height),
        rotation=state.rotation + side * motion.turn * duration * height,
        joints=tuple(float(np.sin(np.arcsin(joint) + side * height)) for joint in state.joints),
    )
