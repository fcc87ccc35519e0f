"""Samplers that choose the times of clips of images and sound.

They are functions from the tracks of a file to the times at which clips begin, which draw from
Python's global generator. A config names them in ``LoadClip``. Times are those of the container's
clock, so that clips of images and sound that begin at one time belong together.
"""

import random
from collections.abc import Callable
from typing import Literal, NamedTuple

from mmcontrast.registry import FUNCTIONS
from mmcontrast.utils.arguments import check_sizes

RELAXATIONS = (
    "same_timestamp", "overlapped", "adjacent", "far_apart", "random", "v_far_a_same",
    "v_same_a_far",
)  # fmt: skip
_WINDOWS = {"same_timestamp": 1.0, "random": 1.0, "overlapped": 1.5, "adjacent": 2.0}
_ROUNDING = 1e-6
"""Part of a frame by which the product of time and rate may be too small."""


class Track(NamedTuple):
    """The images or the sound of a file, and the clips that are cut from it.

    Attributes:
        start: Time of the first image or sample in seconds.
        seconds: Duration.
        clip_seconds: Duration of a clip.
        rate: Images or samples of a clip per second.
    """

    start: float
    seconds: float
    clip_seconds: float
    rate: float

    @property
    def end(self) -> float:
        """Time at which the track ends."""
        return self.start + self.seconds

    def fit(self, time: float) -> float:
        """Return the time nearest to ``time`` at which a whole clip begins, if there is one."""
        return max(min(time, self.end - self.clip_seconds), self.start)


class ClipTimes(NamedTuple):
    """Times at which the clips of a sample begin, one for each view.

    Attributes:
        video: Times of the clips of images; empty where there are none.
        audio: Times of the clips of sound.
        shared: ``'video'`` or ``'audio'`` if all views have the same clip of that track, with the
            same augmentation; else None.
    """

    video: list[float]
    audio: list[float]
    shared: Literal["video", "audio"] | None = None


@FUNCTIONS.register_module()
def clip_pair(
    video: Track | None,
    audio: Track | None,
    relaxation: str = "overlapped",
    align: Literal["inside", "start", "center"] = "inside",
) -> ClipTimes:
    """Draw two views as CrissCross does, with one of its degrees of temporal relaxation.

    Sarkar and Etemad, AAAI 2023; names are those of the authors' code, those of the paper are in
    brackets:

    * ``same_timestamp`` (none): both views have the same times.
    * ``overlapped`` (mild): first and last clip of a window of 1.5 clips.
    * ``adjacent`` (medium): first and last clip of a window of 2 clips.
    * ``far_apart`` (extreme): the first clips begin at one time s in the first half, the second
      ones at s + m, where m is the last time that s may have.
    * ``random`` (mixed): two independent draws.
    * ``v_far_a_same``, ``v_same_a_far``: as ``far_apart``, but both views have the sound (images)
      of one of them, each with probability 1/2, and its augmentation.

    A window of sound begins at U(latest start, last time at which both windows fit); the window of
    images, which is shorter, anywhere inside of it. Where a track is shorter than its window, all
    of it is the window, and the other track's window is drawn alone.

    What differs from the authors' code: a track that is shorter than its window begins at its own
    start and not at 0, and tracks that are exactly as long as their windows are no error.

    Args:
        video: Track of images, None for none.
        audio: Track of sound, None for none.
        relaxation: Degree of relaxation.
        align: Where the shorter window lies in the longer one: anywhere inside, at its start, or in
            its middle. Only ``inside`` is the authors'.

    Raises:
        ValueError: There is no such relaxation or alignment.
    """
    if relaxation not in RELAXATIONS:
        raise ValueError(
            f"clip_pair: there is no relaxation {relaxation!r}: {', '.join(RELAXATIONS)}."
        )
    if align not in ("inside", "start", "center"):
        raise ValueError(f"clip_pair: align is 'inside', 'start' or 'center', got {align!r}.")
    factor = _WINDOWS.get(relaxation)
    if factor is None:
        starts = _far_apart(video, audio)
        shared = {"v_far_a_same": "audio", "v_same_a_far": "video"}.get(relaxation)
        if shared == "audio":
            return ClipTimes(starts.video, [random.choice(starts.audio)] * 2, "audio")
        if shared == "video":
            return ClipTimes([random.choice(starts.video)] * 2, starts.audio, "video")
        return starts
    first = _windows(video, audio, factor, align)
    second = _windows(video, audio, factor, align) if relaxation == "random" else first
    return ClipTimes(
        [] if video is None else _first_and_last(video, first[0], second[0], factor),
        [] if audio is None else _first_and_last(audio, first[1], second[1], factor),
    )


def _windows(
    video: Track | None, audio: Track | None, factor: float, align: str
) -> tuple[float, float]:
    """Draw the times at which windows of ``factor`` clips of images and of sound begin."""
    tracks = [track for track in (video, audio) if track is not None]
    if any(factor * track.clip_seconds > track.seconds for track in tracks):
        return _alone(video, factor), _alone(audio, factor)
    if video is None or audio is None:
        return _alone(video, factor), _alone(audio, factor)
    if audio.clip_seconds > video.clip_seconds:
        outer, inner = _nested(audio, video, factor, align)
        return inner, outer
    return _nested(video, audio, factor, align)


def _nested(outer: Track, inner: Track, factor: float, align: str) -> tuple[float, float]:
    """Draw the beginning of the longer window, and of the shorter one inside of it."""
    length, inner_length = factor * outer.clip_seconds, factor * inner.clip_seconds
    start = _uniform(
        max(outer.start, inner.start), min(outer.end - length, inner.end - inner_length)
    )
    lowest = max(start, inner.start)
    highest = min(start + length, inner.end) - inner_length
    if align == "inside":
        return start, _uniform(lowest, highest)
    middle = (length - inner_length) / 2 if align == "center" else 0
    return start, max(min(start + middle, highest), lowest)


def _alone(track: Track | None, factor: float = 1.0) -> float:
    """Draw the beginning of a window of one track; 0 without a track."""
    if track is None:
        return 0.0
    window = factor * track.clip_seconds
    return track.start if window > track.seconds else _uniform(track.start, track.end - window)


def _first_and_last(track: Track, first: float, second: float, factor: float) -> list[float]:
    """Return the times of the first clip of one window and of the last clip of another."""
    length = min(factor * track.clip_seconds, track.end - second)
    steps = int((length - track.clip_seconds) * track.rate + _ROUNDING)
    return [first, second + max(steps, 0) / track.rate]


def _far_apart(video: Track | None, audio: Track | None) -> ClipTimes:
    tracks = [track for track in (video, audio) if track is not None]
    is_long = all(2 * track.clip_seconds <= track.seconds for track in tracks)
    if len(tracks) < 2 or not is_long:
        return ClipTimes(
            [] if video is None else _halves(video), [] if audio is None else _halves(audio)
        )
    step = min(max(track.end / 2 - track.clip_seconds, 0) for track in tracks)
    start = _uniform(max(track.start for track in tracks) / 2, step)
    return ClipTimes([start, start + step], [start, start + step])


def _halves(track: Track) -> list[float]:
    """Draw a clip in the first half, and take the one half of the end later."""
    if track.clip_seconds > track.seconds / 2:
        return [track.start, max(track.start, track.end - track.clip_seconds)]
    start = _uniform(track.start, max(track.end / 2 - track.clip_seconds, 0))
    return [start, start + track.end / 2]


@FUNCTIONS.register_module()
def random_clips(video: Track | None, audio: Track | None, num_clips: int = 1) -> ClipTimes:
    """Draw clips that begin at any time at which a whole one fits, as XDC does.

    The clip of sound begins with that of the images, or earlier where the sound would end first.
    """
    check_sizes("random_clips", num_clips=num_clips)
    return _follow(video, audio, lambda track: [_alone(track) for _ in range(num_clips)])


@FUNCTIONS.register_module()
def uniform_clips(
    video: Track | None, audio: Track | None, num_clips: int = 10, include_end: bool = True
) -> ClipTimes:
    """Spread clips evenly over a track, without random numbers: those of tests.

    They begin at whole frames of the clip's rate, rounded down. The clip of sound begins with that
    of the images, or earlier where the sound would end first.

    Args:
        video: Track of images, None for none.
        audio: Track of sound, None for none.
        num_clips: Number of clips n.
        include_end: Whether the last clip ends with the track; otherwise clip i begins at i / n of
            the time at which that clip would, as in SeLaVi's retrieval.
    """
    check_sizes("uniform_clips", num_clips=num_clips)

    def spread(track: Track) -> list[float]:
        total, length = (
            int(seconds * track.rate + _ROUNDING) for seconds in (track.seconds, track.clip_seconds)
        )
        steps = uniform_starts(total, length, num_clips, include_end)
        return [track.start + step / track.rate for step in steps]

    return _follow(video, audio, spread)


def uniform_starts(total: int, length: int, count: int, include_end: bool = True) -> list[int]:
    """Return where ``count`` windows of ``length`` begin in ``total`` steps, rounded down.

    Args:
        total: Number of steps; where it is less than ``length``, all windows begin at 0.
        length: Length of a window.
        count: Number of windows.
        include_end: Whether the last window ends with the steps; a single one begins at 0.
    """
    parts = max(count - 1, 1) if include_end else count
    return [max(total - length, 0) * number // parts for number in range(count)]


def _follow(
    video: Track | None, audio: Track | None, choose: Callable[[Track], list[float]]
) -> ClipTimes:
    """Choose the times of the images, or of the sound where there are none."""
    if video is None:
        return ClipTimes([], [] if audio is None else choose(audio))
    starts = choose(video)
    return ClipTimes(starts, [] if audio is None else [audio.fit(time) for time in starts])


def _uniform(lowest: float, highest: float) -> float:
    return random.uniform(lowest, max(lowest, highest))
