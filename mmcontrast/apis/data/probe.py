"""Describe each video of a folder, its images and its sound, by decoding it once."""

import os
from collections.abc import Iterator
from typing import Any

from mmcontrast.apis.data.each_video import for_each_video
from mmcontrast.datasets.errors import UnreadableFileError
from mmcontrast.datasets.sound import open_sound
from mmcontrast.datasets.video import open_video

_BLOCK_SECONDS = 60.0


def probe_video(path: str) -> dict[str, Any]:
    """Decode a video from its first to its last frame.

    Returns:
        A description with these keys: ``size`` in bytes and ``mtime`` in nanoseconds, by which a
        change of the file is noticed; ``decodable``, the number of decoded frames; ``width`` and
        ``height``; what the header says as far as it could be read (see
        :class:`~mmcontrast.datasets.video.VideoInfo`); of a file with sound, ``audio_start`` and
        ``audio_duration`` in seconds, on the clock of ``start``, and ``is_silent``, whether all
        samples are 0; and ``error``, None if the whole file could be decoded.
    """
    description: dict[str, Any] = dict(path=path, size=0, mtime=0, decodable=0, error=None)
    try:
        status = os.stat(path)
        description |= dict(size=status.st_size, mtime=status.st_mtime_ns)
        with open_video(path) as video:
            description |= video.probe()._asdict()
            for image in video.frames():
                description["decodable"] += 1
                description["height"], description["width"] = image.shape[:2]
        if not description["decodable"]:
            description["error"] = "it has no frames"
        if description["has_audio"]:
            description |= _probe_sound(path)
    except (OSError, UnreadableFileError) as error:
        description["error"] = str(error)
    return description


def _probe_sound(path: str) -> dict[str, Any]:
    with open_sound(path) as sound:
        info = sound.probe()
        is_silent, time = True, 0.0
        while time < info.duration:
            samples = sound.read(info.start + time, min(_BLOCK_SECONDS, info.duration - time))[0]
            is_silent = is_silent and not samples.any()
            time += _BLOCK_SECONDS
    return dict(audio_start=info.start, audio_duration=info.duration, is_silent=is_silent)


def probe_videos(
    root: str | os.PathLike[str], workers: int | None = None
) -> Iterator[dict[str, Any]]:
    """Probe all videos below a folder, several at a time.

    Args:
        root: Folder of the videos; its sub-folders are searched too.
        workers: Number of processes; None for one for each core that this process may use.

    Yields:
        The description of each video by :func:`probe_video`, in sorted order, with ``path``
        relative to ``root``.

    Raises:
        FileNotFoundError: There is no video.
    """
    for path, description in for_each_video(root, probe_video, workers):
        yield {**description, "path": path}
