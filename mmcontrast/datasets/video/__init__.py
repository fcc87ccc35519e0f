"""Readers of video files, which return frames by their display time.

    with open_video("clip.mp4") as video:
        frames = video.read_times([0.0, 0.5, 1.0])   # (3, H, W, 3) uint8, RGB

A file must be opened in the data loader's worker that reads it: a decoder does not survive a fork.
"""

from collections.abc import Callable
from importlib import import_module

from mmcontrast.datasets.video.reader import VideoInfo, VideoReader

BACKENDS = {
    "pyav": "mmcontrast.datasets.video.pyav:PyAVReader",
    "decord": "mmcontrast.datasets.video.decord:DecordReader",
    "opencv": "mmcontrast.datasets.video.opencv:OpenCVReader",
}
_AUTO = "pyav"


def open_video(path: str, backend: str = "auto") -> VideoReader:
    """Open a video file.

    Args:
        path: Path of the file.
        backend: ``'auto'`` is PyAV, which returns the right frame of every intact file: it alone
            gives the time stamp of each packet and frame, by which a seek can be verified, and it
            is not slower than the others. Damage that FFmpeg detects is an error; the other
            backends return the pixels that FFmpeg guesses. ``'decord'`` refuses files whose time
            stamps it cannot use, and silently returns wrong frames near the ends of open groups of
            pictures. ``'opencv'`` decodes from the start. Both refuse videos whose display matrix
            flips them.

    Raises:
        UnreadableVideoError: The file is missing, empty, damaged or not a video.
        ValueError: The backend is unknown.
        ImportError: The backend's package is not installed.
    """
    name = _AUTO if backend == "auto" else backend
    if name not in BACKENDS:
        raise ValueError(f"There is no video backend {backend!r}: auto, {', '.join(BACKENDS)}.")
    module, attribute = BACKENDS[name].split(":")
    reader: Callable[[str], VideoReader] = getattr(import_module(module), attribute)
    return reader(str(path))


__all__ = ["BACKENDS", "VideoInfo", "VideoReader", "open_video"]
