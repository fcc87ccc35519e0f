"""Calling a function for each video of a folder, in one process or several."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

from mmcontrast.datasets.files import find_videos

T = TypeVar("T")


def for_each_video(
    root: str | os.PathLike[str], function: Callable[[str], T], workers: int | None = None
) -> Iterator[tuple[str, T]]:
    """Call a function for all videos below a folder, several at a time.

    Args:
        root: Folder of the videos; its sub-folders are searched too.
        function: Function of a path that another process can import.
        workers: Number of processes, 1 for this one; None for one for each core that this process
            may use.

    Yields:
        Path of each video relative to ``root``, in sorted order, and what the function returned.

    Raises:
        FileNotFoundError: There is no video.
    """
    paths = list(find_videos(os.fspath(root)))
    names = (Path(path).relative_to(root).as_posix() for path in paths)
    processes = min(workers or len(os.sched_getaffinity(0)), len(paths))
    if processes == 1:
        yield from zip(names, map(function, paths), strict=True)
        return
    # Started afresh: a decoder that this process has open would not survive a fork.
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        yield from zip(names, pool.map(function, paths), strict=True)
