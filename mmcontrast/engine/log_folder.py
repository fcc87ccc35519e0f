"""The log folder of a start, ``WORK_DIR/<time>``, which it shares with no other."""

import time
from pathlib import Path

from mmengine.dist import broadcast_object_list, is_main_process

_FORMAT = "%Y%m%d_%H%M%S"

log_folders: set[Path] = set()
"""What this process has made."""


def make_log_folder(work_dir: str | Path, timestamp: str) -> str:
    """Make the log folder of a start; call on all ranks.

    MMEngine names it by the second, and its logger too: two starts of the same second would write
    the same files, in one process also with different work dirs.

    Args:
        work_dir: Where it is made.
        timestamp: Time of the start, as MMEngine writes it.

    Returns:
        Its name, the same on all ranks: ``timestamp``, or the first later second that is free.
    """
    names = [timestamp]
    if is_main_process():
        seconds = time.mktime(time.strptime(timestamp, _FORMAT))
        while not _make(Path(work_dir, names[0])):
            seconds += 1
            names = [time.strftime(_FORMAT, time.localtime(seconds))]
    broadcast_object_list(names)
    return names[0]


def _make(folder: Path) -> bool:
    """Make a folder; return False if its name is taken."""
    if folder.name in {made.name for made in log_folders}:
        return False
    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        return False
    log_folders.add(folder)
    return True
