"""Sounds of the mini-world: the timbre of each category, and notes that follow a rhythm."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .categories import CATEGORIES
from .parts import Category

SAMPLE_RATE = 16000
Samples = NDArray[np.floating]

_ATTACK_SECONDS = 0.004
_LOUDEST = 0.7
"""Largest magnitude of the samples, which leaves room for the errors of a lossy codec."""
# Share of noise and seconds of decay to 1/e of a timbre's notes.
_SOURCES = ((0.0, 0.25), (0.9, 0.07), (0.0, 0.07), (0.9, 0.25))
_CENTERS = tuple(350 * 1.75**index for index in range(5))


@dataclass(frozen=True)
class Timbre:
    """The sound of a category, whatever its pitch.

    Args:
        center: Frequency of the strongest partials in Hz.
        noise: Share of noise in a note, 0 to 1; the rest are harmonics of its pitch.
        decay: Seconds in which a note falls to 1/e.
    """

    center: float
    noise: float
    decay: float

    def strength(self, frequencies: Samples) -> Samples:
        """Return the amplitude of partials at frequencies in Hz, at most 1."""
        octaves = np.log2(np.maximum(frequencies, 1) / self.center)
        return np.exp(-0.5 * (octaves / 0.4) ** 2)


def timbre(kind: Category) -> Timbre:
    """Return the timbre of a category; no two categories share one."""
    source, center = divmod(CATEGORIES.index(kind), len(_CENTERS))
    return Timbre(_CENTERS[center], *_SOURCES[source])


def synthesize(
    rng: np.random.Generator,
    timbre: Timbre,
    pitch: float,
    onsets: Sequence[float],
    seconds: float,
    ambience: float,
) -> NDArray[np.float32]:
    """Compute a sound of equal notes on a background of noise.

    Args:
        rng: Random generator of phases, noise and loudness.
        timbre: Timbre of the notes.
        pitch: Fundamental frequency in Hz.
        onsets: Times at which notes begin, in seconds; those outside of the sound are allowed.
        seconds: Duration.
        ambience: Root mean square of the background over that of the loudest part of a note. Its
            spectrum falls or rises at random.

    Returns:
        Samples (1, samples), float32 in [-0.7, 0.7], at 16 kHz.
    """
    count = round(seconds * SAMPLE_RATE)
    note = _note(rng, timbre, pitch)
    samples: Samples = np.zeros(count + 2 * len(note))
    for onset in onsets:
        first = round(onset * SAMPLE_RATE) + len(note)
        if 0 <= first <= count + len(note):
            samples[first : first + len(note)] += note
    samples = samples[len(note) : len(note) + count]
    slope = rng.uniform(-1.5, 0.5)
    tilted = _shaped_noise(rng, count, lambda hertz: np.maximum(hertz, 50) ** slope)
    samples += ambience * tilted
    samples *= _LOUDEST * rng.uniform(0.3, 1) / max(np.abs(samples).max(), 1e-9)
    return samples[None].astype(np.float32)


def _note(rng: np.random.Generator, timbre: Timbre, pitch: float) -> Samples:
    """Compute one note of root mean square 1 before its decay."""
    time = np.arange(round(4 * timbre.decay * SAMPLE_RATE)) / SAMPLE_RATE
    partials = np.arange(pitch, SAMPLE_RATE / 2, pitch)
    phases = rng.uniform(0, 2 * np.pi, len(partials))
    waves = np.sin(2 * np.pi * partials[:, None] * time + phases[:, None])
    tone = timbre.strength(partials) @ waves
    tone /= np.sqrt((tone**2).mean()) + 1e-9
    noise = _shaped_noise(rng, len(time), timbre.strength)
    envelope = np.minimum(time / _ATTACK_SECONDS, 1) * np.exp(-time / timbre.decay)
    return envelope * ((1 - timbre.noise) * tone + timbre.noise * noise)


def _shaped_noise(
    rng: np.random.Generator, count: int, strength: Callable[[Samples], Samples]
) -> Samples:
    """Compute noise of a given spectrum and of root mean square 1."""
    spectrum = np.fft.rfft(rng.standard_normal(count))
    spectrum *= strength(np.fft.rfftfreq(count, 1 / SAMPLE_RATE))
    noise = np.fft.irfft(spectrum, count)
    return noise / np.sqrt((noise**2).mean())
