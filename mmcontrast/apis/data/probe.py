"""What every video of a folder holds, found out by decoding it once."""

import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from mmcontrast.datasets.errors import UnreadableFileError
from mmcontrast.datasets.files import find_videos
from mmcontrast.datasets.video import open_video


def probe_video(path: str, backend: str = "auto") -> dict[str, Any]:
    """Decode a video from its first to its last frame.

    Returns:
        ``size`` in bytes and ``mtime`` in nanoseconds, by which a change is noticed;
        ``decodable``, the number of frames that came; what the header says as far as it could be
        read (see :class:`~mmcontrast.datasets.video.VideoInfo`), with ``width`` and ``height``;
        and ``error``, None if the whole file could be decoded.
    """
    found: dict[str, Any] = dict(path=path, size=0, mtime=0, decodable=0, error=None)
    try:
        status = os.stat(path)
        found |= dict(size=status.st_size, mtime=status.st_mtime_ns)
        with open_video(path, backend) as video:
            found |= video.probe()._asdict()
            for image in video.frames():
                found["decodable"] += 1
                found["height"], found["width"] = image.shape[:2]
        if not found["decodable"]:
            found["error"] = "it has no frames"
    except (OSError, UnreadableFileError) as error:
        found["error"] = str(error)
    return found


def probe_videos(
    root: str | os.PathLike[str], workers: int | None = None
) -> Iterator[dict[str, Any]]:
    """Probe all videos below a folder, several at a time.

    Args:
        root: Folder; sub-folders are searched too.
        workers: Processes; None for one a core that this process may use.

    Yields:
        What :func:`probe_video` finds, in sorted order, with ``path`` relative to ``root``.

    Raises:
        FileNotFoundError: There is no video.
    """
    paths = list(find_videos(os.fspath(root)))
    processes = min(workers or len(os.sched_getaffinity(0)), len(paths))
    # Started afresh: a decoder that this process has open would not survive a fork.
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        for found in pool.map(probe_video, paths):
            found["path"] = Path(found["path"]).relative_to(root).as_posix()
            yield found
