"""The interface of all video backends."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from mmcontrast.datasets.errors import UnreadableVideoError

Image = NDArray[np.uint8]

UNVERIFIED_FRAMES = 2
"""Number of frames at the end that may be missing although the header counts them."""


class VideoInfo(NamedTuple):
    """The information in a file's header.

    Attributes:
        num_frames: Number of frames; for some containers an estimate from duration and rate.
        fps: Average number of frames per second.
        start: Display time of the first frame in seconds, on the container's clock.
        duration: Duration of the images in seconds.
        has_pts: Whether frames have time stamps; otherwise they are counted.
        codec: Short name of the codec, such as ``'h264'``; empty if the backend does not give it.
        has_audio: Whether there is sound; None if the backend does not tell.
    """

    num_frames: int
    fps: float
    start: float
    duration: float
    has_pts: bool
    codec: str = ""
    has_audio: bool | None = None


class VideoReader(ABC):
    """An open video file; a context manager that closes it."""

    def __init__(self, path: str):
        self.path = path

    @abstractmethod
    def probe(self) -> VideoInfo:
        """Return the information in the header."""

    @abstractmethod
    def frames(self) -> Iterator[Image]:
        """Yield all frames from the first one on, each (H, W, 3) in RGB.

        Raises:
            UnreadableVideoError: The file is damaged. Frames before the damage are yielded first.
        """

    def timed_frames(self) -> Iterator[tuple[float, Image]]:
        """Yield all frames, each with the time at which it is shown, relative to the first one.

        Raises:
            UnreadableVideoError: The file is damaged. Frames before the damage are yielded first.
        """
        fps = self.probe().fps
        return ((number / fps, image) for number, image in enumerate(self.frames()))

    @abstractmethod
    def close(self) -> None:
        """Close the file."""

    @abstractmethod
    def _read_sorted(self, times: Sequence[float]) -> list[Image]:
        """Read the frames shown at ascending times."""

    def read_times(self, seconds: Sequence[float]) -> Image:
        """Read the frames shown at some times: for each time the last frame that started before it.

        Args:
            seconds: Times relative to the first frame, in any order, with repetitions allowed.

        Returns:
            Frames (T, H, W, 3), uint8, RGB.

        Raises:
            UnreadableVideoError: The file is damaged, or ends before one of the times although its
                header promises more.
            ValueError: A time is negative, or ``seconds`` is empty.
        """
        times = sorted(set(seconds))
        if not times or times[0] < 0:
            raise ValueError(f"Times are at least 0 s, and there is at least one: {seconds}.")
        frames = dict(zip(times, self._read_sorted(times), strict=True))
        return self._stack([frames[time] for time in seconds])

    def read_all(self, max_frames: int | None = None) -> Image:
        """Read all frames, or the first ``max_frames``, as (T, H, W, 3), uint8, RGB.

        Raises:
            UnreadableVideoError: The file is damaged or has no frame.
        """
        frames = list(islice(self.frames(), max_frames))
        if not frames:
            raise UnreadableVideoError.of(self.path, "it has no frames")
        return self._stack(frames)

    def _stack(self, frames: list[Image]) -> Image:
        if len({frame.shape for frame in frames}) > 1:
            raise UnreadableVideoError.of(self.path, "its frames change their size")
        return np.stack(frames)

    def _check_end(self, time: float, end: float, fps: float) -> None:
        """Raise an error if ``time`` is well after the ``end`` of the last frame."""
        if time > end + UNVERIFIED_FRAMES / fps:
            raise UnreadableVideoError.of(
                self.path, f"it ends at {end:.2f} s, before {time:.2f} s: it is cut off"
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
