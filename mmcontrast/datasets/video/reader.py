"""What all video backends have in common."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from mmcontrast.datasets.errors import UnreadableVideoError

Image = NDArray[np.uint8]

UNVERIFIED_FRAMES = 2
"""So many frames at the end may be missing from what the header promises."""


class VideoInfo(NamedTuple):
    """What a file's header says.

    Attributes:
        num_frames: Number of frames; of some containers an estimate from duration and rate.
        fps: Frames a second, on average.
        start: When the first frame is shown, in seconds on the container's clock.
        duration: Of the images, in seconds.
        has_pts: Whether frames have time stamps; else they are counted.
        codec: Short name, such as ``'h264'``; empty where the backend does not tell.
        has_audio: Whether there is sound; None where the backend does not tell.
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
        """Say what the header says."""

    @abstractmethod
    def frames(self) -> Iterator[Image]:
        """Yield all frames from the first one on, each (H, W, 3) in RGB.

        Raises:
            UnreadableVideoError: The file is damaged. What could be decoded has been yielded.
        """

    @abstractmethod
    def close(self) -> None:
        """Close the file."""

    @abstractmethod
    def _read_sorted(self, times: Sequence[float]) -> list[Image]:
        """The frames shown at ascending times."""

    def read_times(self, seconds: Sequence[float]) -> Image:
        """Read the frames that are shown at some times: of each, the last that began before it.

        Args:
            seconds: Times after the first frame, in any order, also repeatedly.

        Returns:
            Frames (T, H, W, 3), uint8, RGB.

        Raises:
            UnreadableVideoError: The file is damaged, or ends before one of the times although its
                header promises more.
            ValueError: A time is negative, or there is none.
        """
        wanted = sorted(set(seconds))
        if not wanted or wanted[0] < 0:
            raise ValueError(f"Times are at least 0 s, and there is at least one: {seconds}.")
        found = dict(zip(wanted, self._read_sorted(wanted), strict=True))
        return self._stack([found[time] for time in seconds])

    def read_all(self, max_frames: int | None = None) -> Image:
        """Read all frames, or the first ``max_frames``, as (T, H, W, 3), uint8, RGB.

        Raises:
            UnreadableVideoError: The file is damaged, or there is no frame.
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
        """Complain if ``time`` lies well behind the ``end`` of the last frame."""
        if time > end + UNVERIFIED_FRAMES / fps:
            raise UnreadableVideoError.of(
                self.path, f"it ends at {end:.2f} s, before {time:.2f} s: it is cut off"
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
