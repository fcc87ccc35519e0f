"""Re-encode videos so that clips are read fast: H.264 with a key frame every few frames."""

import os
from collections.abc import Iterator
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from mmcontrast.apis.data.each_video import for_each_video
from mmcontrast.datasets.errors import UnreadableFileError
from mmcontrast.datasets.sound import SoundReader, open_sound
from mmcontrast.datasets.video import VideoReader, open_video
from mmcontrast.utils.atomic import open_atomically

SUFFIX = ".mp4"
_TIME_BASE = Fraction(1, 90000)
_PIECE_SECONDS = 10
_MAX_RATE = 48000
_AAC_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)


class Encoding(NamedTuple):
    """How videos are encoded.

    Attributes:
        short_side: Short side in pixels that larger images are shrunk to; None keeps the size.
        gop: Distance of two key frames in frames. Groups of pictures are closed, without B-frames.
        crf: Constant rate factor of x264: 0 is lossless, 18 hardly visible, 23 x264's default.
    """

    short_side: int | None = None
    gop: int = 16
    crf: int = 18


DEFAULT = Encoding()


def transcode_video(path: str, target: str, encoding: Encoding = DEFAULT) -> str:
    """Re-encode one video; images and sound keep their times.

    A file that is newer than the video is kept.

    Args:
        path: Path of the video.
        target: File to write, ``.mp4``.
        encoding: How it is encoded.

    Returns:
        ``'written'``, ``'kept'``, or why the video cannot be read.
    """
    if os.path.isfile(target) and os.path.getmtime(target) >= os.path.getmtime(path):
        return "kept"
    try:
        with open_video(path) as video:
            sound = open_sound(path) if video.probe().has_audio else None
            try:
                with open_atomically(target) as file:
                    _write(file, video, sound, encoding)
            finally:
                if sound is not None:
                    sound.close()
    except UnreadableFileError as error:
        return error.reason
    return "written"


def _write(file: Any, video: VideoReader, sound: SoundReader | None, encoding: Encoding) -> None:
    import av

    start = video.probe().start
    with av.open(file, "w", format="mp4") as container:
        track = None if sound is None else _SoundTrack(container, sound)
        images = None
        for time, image in video.timed_frames():
            image = _shrink(image, encoding.short_side)
            if images is None:
                images = _add_images(container, video, image, encoding)
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts, frame.time_base = round((start + time) / _TIME_BASE), _TIME_BASE
            container.mux(images.encode(frame))
            if track is not None:
                track.write_until(start + time)
        if images is not None:
            container.mux(images.encode())
        if track is not None:
            track.write_until(float("inf"))


def _add_images(container: Any, video: VideoReader, image: NDArray, encoding: Encoding) -> Any:
    rate = Fraction(video.probe().fps).limit_denominator(1001)
    options = dict(crf=str(encoding.crf), g=str(encoding.gop), bf="0", threads="1")
    images = container.add_stream("libx264", rate=rate, options=options)
    images.height, images.width = image.shape[:2]
    images.pix_fmt = "yuv420p"
    images.codec_context.time_base = _TIME_BASE
    return images


def _shrink(image: NDArray[np.uint8], short_side: int | None) -> NDArray[np.uint8]:
    """Shrink an image to a short side, and repeat its last row or column to even sizes."""
    height, width = image.shape[:2]
    if short_side is not None and short_side < min(height, width):
        scale = short_side / min(height, width)
        size = max(round(width * scale), short_side), max(round(height * scale), short_side)
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        height, width = image.shape[:2]
    return np.pad(image, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")


class _SoundTrack:
    """The sound of a video, which is encoded piece by piece beside the images."""

    def __init__(self, container: Any, sound: SoundReader):
        info = sound.probe()
        self.container, self.sound = container, sound
        is_known = info.sample_rate in _AAC_RATES
        self.rate = info.sample_rate if is_known else _MAX_RATE
        self.mono = len(info.channels) not in (1, 2)
        layout = "stereo" if len(info.channels) == 2 else "mono"
        self.layout = layout
        self.stream = container.add_stream("aac", rate=self.rate, layout=layout)
        self.next = round(info.start * self.rate)
        self.end = self.next + round(info.duration * self.rate)

    def write_until(self, time: float) -> None:
        """Write the pieces that begin before a time, and finish behind the last one."""
        import av

        while self.next < self.end and self.next <= time * self.rate:
            count = min(_PIECE_SECONDS * self.rate, self.end - self.next)
            begin = self.next / self.rate
            samples = self.sound.read(begin, count / self.rate, self.rate, self.mono).samples
            frame = av.AudioFrame.from_ndarray(samples, "fltp", self.layout)
            frame.sample_rate, frame.time_base = self.rate, Fraction(1, self.rate)
            frame.pts = self.next
            self.container.mux(self.stream.encode(frame))
            self.next += count
        if time == float("inf"):
            self.container.mux(self.stream.encode())


def transcode(
    root: str | os.PathLike[str],
    out: str | os.PathLike[str],
    encoding: Encoding = DEFAULT,
    workers: int | None = None,
) -> Iterator[tuple[str, str]]:
    """Re-encode all videos below a folder, several at a time.

    A run that was stopped is continued by another one: what is written is kept.

    Args:
        root: Folder of the videos; its sub-folders are searched too.
        out: Folder to write, with the same sub-folders and names, and the extension ``.mp4``.
        encoding: How the videos are encoded.
        workers: Number of processes; None for one for each core that this process may use.

    Returns:
        Path of each video relative to ``root``, in sorted order, and what :func:`transcode_video`
        returned, when it is done.

    Raises:
        FileNotFoundError: There is no video.
    """
    transcode_one = partial(_transcode_below, root=str(root), out=str(out), encoding=encoding)
    return for_each_video(root, transcode_one, workers)


def _transcode_below(path: str, root: str, out: str, encoding: Encoding) -> str:
    target = Path(out, Path(path).relative_to(root)).with_suffix(SUFFIX)
    return transcode_video(path, str(target), encoding)
