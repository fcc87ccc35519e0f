"""Lazily read frames of one video."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from mmengine.dataset import Compose
from numpy.typing import NDArray
from torch import Tensor

from mmcontrast.datasets.errors import UnreadableFileError

Frame = str | NDArray[np.uint8]
"""Path of an image, or an RGB array (H, W, 3)."""


def pack_frame(frame: Frame, pipeline: Compose, number: int, name: str = "video") -> dict[str, Any]:
    """Apply a pipeline to a frame; an array skips the first transform, ``LoadImage``.

    Args:
        frame: Path or RGB array of the frame.
        pipeline: Transforms of an image, ``LoadImage`` first and ``PackInputs`` last.
        number: Number of the frame in the video, from 0.
        name: Name of the video, for error messages.

    Returns:
        ``inputs['view0']`` (3, h, w) uint8 and the ``data_sample``.
    """
    if isinstance(frame, str):
        return pipeline(dict(path=frame, index=number))
    height, width = frame.shape[:2]
    results: dict[str, Any] = dict(
        path=f"{name}, frame {number}", index=number, image=np.ascontiguousarray(frame),
        size=(width, height), box=(0.0, 0.0, float(width), float(height)), flip=False,
    )  # fmt: skip
    for transform in pipeline.transforms[1:]:
        results = transform(results)
    return results


class Clip:
    """A video as a sequence of network inputs, of which at most two are in memory at a time.

    Args:
        frames: Frames in the order of display.
        pipeline: Transforms of an image, ``LoadImage`` first and ``PackInputs`` last.
        name: Name of the video, for error messages.
    """

    def __init__(self, frames: Sequence[Frame], pipeline: Compose, name: str = "video"):
        self.frames = frames
        self.pipeline = pipeline
        self.name = name

    def __len__(self) -> int:
        return len(self.frames)

    def __getitem__(self, number: int) -> dict[str, Any]:
        """Return a packed frame, see :func:`pack_frame`.

        Raises:
            ValueError: The frame cannot be read. Frames of a video are never replaced by others.
        """
        try:
            return pack_frame(self.frames[number], self.pipeline, number, self.name)
        except UnreadableFileError as error:
            raise ValueError(
                f"Frame {number} of {self.name} ({error.path}) cannot be read: {error.reason}. "
                "Repair it, or leave the video out."
            ) from error

    def __iter__(self) -> Iterator[Tensor]:
        """Yield the frames, (3, h, w) uint8, and read the next one in the background.

        Raises:
            ValueError: A frame has another size than the first.
        """
        with ThreadPoolExecutor(max_workers=1) as reader:
            upcoming = reader.submit(self.__getitem__, 0)
            shape = None
            for number in range(len(self)):
                packed = upcoming.result()
                if number + 1 < len(self):
                    upcoming = reader.submit(self.__getitem__, number + 1)
                frame = packed["inputs"]["view0"]
                shape = shape or frame.shape
                if frame.shape != shape:
                    raise ValueError(
                        f"All frames of {self.name} have one size: frame {number} "
                        f"({packed['data_sample']['path']}) has {frame.shape[2]}x{frame.shape[1]} "
                        f"pixels in the network, the first one {shape[2]}x{shape[1]}."
                    )
                yield frame
