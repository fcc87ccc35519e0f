"""Reading of clips with sound.

``LoadClip`` adds ``results['views']``, a list with one dict per view:

``frames``
    The images, one dict each as ``LoadFrames`` returns them.
``audio``, ``sample_rate``, ``valid_seconds``
    The sound, see :mod:`mmcontrast.datasets.transforms.audio`.
``video_start``, ``audio_start``
    Times at which the images and the sound begin in seconds, on the container's clock.
``valid_frames``
    How many of the frames are of the file's, and not repetitions.
``shared``
    ``'video'`` or ``'audio'`` if all views have one clip of it and one augmentation, else None.

``EachView`` and ``PackViews`` take them from there, see
:mod:`mmcontrast.datasets.transforms.clip_views`.
"""

import math
import os
from contextlib import ExitStack
from functools import partial
from itertools import cycle, islice
from typing import Any, NamedTuple, TypeVar

from mmcontrast.datasets.errors import UnreadableSoundError, UnreadableVideoError
from mmcontrast.datasets.sampling.clips import ClipTimes, Track
from mmcontrast.datasets.sampling.seeding import seeded
from mmcontrast.datasets.sound import SoundReader, open_sound
from mmcontrast.datasets.transforms.clips import full_view
from mmcontrast.datasets.video import VideoInfo, VideoReader, open_video
from mmcontrast.registry import FUNCTIONS, TRANSFORMS
from mmcontrast.utils.arguments import check_number, check_types

_ROUNDING = 1e-6
"""Part of a frame by which the product of time and rate may be too small."""


T = TypeVar("T")


class VideoClip(NamedTuple):
    """How the images of a clip are read.

    Attributes:
        seconds: Duration; None for the whole video.
        fps: Images per second.
    """

    seconds: float | None
    fps: float


class AudioClip(NamedTuple):
    """How the sound of a clip is read.

    Attributes:
        seconds: Duration; None for the whole sound.
        sample_rate: Samples per second, to which the sound is resampled.
        mono: Whether channels are mixed to one.
        suffix: Extension of a file beside the video that has its sound, such as ``'.flac'``; None
            for the sound of the file itself.
    """

    seconds: float | None
    sample_rate: int = 16000
    mono: bool = True
    suffix: str | None = None


def frame_indices(start: float, seconds: float, fps: float, info: VideoInfo) -> list[int]:
    """Return the frames of a clip by their numbers in the video, as CrissCross chooses them.

    The k-th is the one shown at ``start`` + k / ``fps``, while that is before the end of the clip,
    less half a frame of the video, and before the end of the video.

    Args:
        start: Beginning of the clip in seconds, on the container's clock.
        seconds: Duration of the clip.
        fps: Images of the clip per second.
        info: What is known about the video.
    """
    last = min(start + seconds - 0.5 / info.fps, info.start + info.duration)
    times = (start + k / fps for k in range(int(seconds * fps + _ROUNDING)))
    indices = (
        math.floor((time - info.start) * info.fps + _ROUNDING) for time in times if time < last
    )
    return [max(index, 0) for index in indices]


@TRANSFORMS.register_module()
class LoadClip:
    """Read images and sound of ``results['path']`` at the times that a sampler chooses.

    All views are read in one go. Times are those of the container's clock, so that images and
    sound that are shown at one time belong together, whichever of them begins late. For the images
    see :func:`frame_indices`; a clip that the end of the video cuts off is repeated from its first
    image on. Sound that the file lacks, before its beginning, after its end and in gaps, is 0 and
    does not count in ``valid_seconds``.

    Args:
        sampler: Config of a function in ``mmcontrast.datasets.sampling.clips``, such as
            ``dict(type='clip_pair', relaxation='overlapped')``.
        video: Settings of :class:`VideoClip`, such as ``dict(seconds=0.5, fps=16)``; None for sound
            alone.
        audio: Settings of :class:`AudioClip`, such as ``dict(seconds=2.0, sample_rate=16000)``;
            None for images alone.
        min_valid: Share of a clip that the file has at least; with less it counts as unreadable,
            and so does a sound of zeros alone. 0 allows both: for sets of whole recordings, which
            may be shorter than a clip.

    Raises:
        UnreadableVideoError: The images cannot be decoded, or are too short.
        UnreadableSoundError: There is no sound, or it cannot be decoded, is too short or silent.
        ValueError: Neither images nor sound are asked for.
    """

    def __init__(
        self,
        sampler: dict,
        video: dict | None = None,
        audio: dict | None = None,
        min_valid: float = 0.5,
    ):
        if video is None and audio is None:
            raise ValueError(
                "LoadClip: say what to read, video=dict(seconds=0.5, fps=16) and "
                "audio=dict(seconds=2.0, sample_rate=16000), or one of them."
            )
        if "type" not in sampler:
            raise ValueError(f"LoadClip: sampler names a function by its type, got {sampler}.")
        check_number("LoadClip: min_valid", min_valid, 0, 1)
        settings = {key: value for key, value in sampler.items() if key != "type"}
        function = FUNCTIONS.get(sampler["type"])
        check_types(function, settings)
        self.sample = partial(function, **settings)
        self.video = None if video is None else _settings(VideoClip, "video", video)
        self.audio = None if audio is None else _settings(AudioClip, "audio", audio)
        self.mono = self.audio is not None and self.audio.mono
        self.min_valid = min_valid
        with seeded(0):  # what does not fit is found before the first file
            self.sample(self.video and Track(0, 10, 1, 1), self.audio and Track(0, 10, 1, 1))

    def __call__(self, results: dict) -> dict:
        """Apply the transform to ``results`` and return them."""
        path = str(results["path"])
        with ExitStack() as files:
            video_track = audio_track = None
            if self.video is not None:
                video = files.enter_context(open_video(path))
                info = video.probe()
                video_track = _track(info.start, info.duration, self.video.seconds, self.video.fps)
            if self.audio is not None:
                sound = files.enter_context(open_sound(_sound_path(path, self.audio)))
                start, seconds = sound.probe().start, sound.probe().duration
                rate = self.audio.sample_rate
                audio_track = _track(start, seconds, self.audio.seconds, rate)
            times: ClipTimes = self.sample(video_track, audio_track)
            views = [dict(path=path, shared=times.shared) for _ in times.video or times.audio]
            if video_track is not None:
                self._read_images(video, video_track, times.video, views)
            if audio_track is not None:
                self._read_sound(sound, audio_track, times.audio, views)
        results["views"] = views
        return results

    def _read_images(
        self, video: VideoReader, track: Track, starts: list[float], views: list[dict[str, Any]]
    ) -> None:
        """Add the images of all views, each of which is decoded once."""
        info = video.probe()
        length = max(int(track.clip_seconds * track.rate + _ROUNDING), 1)
        clips = [frame_indices(start, track.clip_seconds, track.rate, info) for start in starts]
        for start, indices in zip(starts, clips, strict=True):
            if not indices or len(indices) < self.min_valid * length:
                part = f"{len(indices)} of the {length} images of a clip from {start:.2f} s on"
                raise UnreadableVideoError.of(video.path, _too_short(part, self.min_valid))
        numbers = sorted({index for indices in clips for index in indices})
        images = video.read_times([(number + 0.5) / info.fps for number in numbers])
        by_number = dict(zip(numbers, images, strict=True))
        for view, start, indices in zip(views, starts, clips, strict=True):
            view.update(video_start=start, valid_frames=len(indices))
            view["frames"] = [
                dict(path=video.path, number=number, image=by_number[number])
                | full_view(by_number[number])
                for number in islice(cycle(indices), length)
            ]

    def _read_sound(
        self, sound: SoundReader, track: Track, starts: list[float], views: list[dict[str, Any]]
    ) -> None:
        """Add the sound of all views."""
        seconds = track.clip_seconds
        clips = sound.read_many(starts, seconds, int(track.rate), self.mono)
        for view, start, clip in zip(views, starts, clips, strict=True):
            if clip.valid_seconds < self.min_valid * seconds:
                share = f"{clip.valid_seconds:.2f} of the {seconds:.2f} s"
                part = f"{share} of a clip from {start:.2f} s on"
                raise UnreadableSoundError.of(sound.path, _too_short(part, self.min_valid))
            if self.min_valid and not clip.samples.any():
                raise UnreadableSoundError.of(
                    sound.path,
                    f"it is silent (all samples are 0) from {start:.2f} s on for {seconds:.2f} s; "
                    "LoadClip(min_valid=0) takes silence as it is",
                )
            view.update(
                audio=clip.samples, sample_rate=clip.sample_rate, valid_seconds=clip.valid_seconds,
                audio_start=start,
            )  # fmt: skip


def _settings(kind: type[T], name: str, values: dict) -> T:
    """Build the settings of a clip.

    Raises:
        TypeError: There is no such setting, or one of another type.
        ValueError: A setting is not positive.
    """
    fields, defaults = kind._fields, kind._field_defaults  # type: ignore[attr-defined]
    if not set(fields) - set(defaults) <= values.keys() <= set(fields):
        raise TypeError(f"LoadClip: {name} has {', '.join(fields)}, got {values}.")
    check_types(kind, values)
    for key in ("seconds", "fps", "sample_rate"):
        if values.get(key) is not None:
            check_number(f"LoadClip: {name}.{key}", values[key], 0, above=True)
    return kind(**values)


def _track(start: float, seconds: float, clip_seconds: float | None, rate: float) -> Track:
    return Track(start, seconds, seconds if clip_seconds is None else clip_seconds, rate)


def _sound_path(path: str, audio: AudioClip) -> str:
    return path if audio.suffix is None else os.path.splitext(path)[0] + audio.suffix


def _too_short(part: str, min_valid: float) -> str:
    return (
        f"it has {part}, less than {min_valid:.0%}; min_seconds of the data set leaves out what is "
        "too short, a smaller LoadClip(min_valid=...) fills it up"
    )
