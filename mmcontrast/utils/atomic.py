"""Writing files atomically: either whole or not at all.

The content goes to a temporary file beside the final one, ``.<name>.<8 characters>.tmp``, which its
process keeps locked. A process that is killed leaves it behind; the next one that writes into the
folder removes what no process holds any more.
"""

import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from mmcontrast.utils.locks import try_lock
from mmcontrast.utils.writing import writing

_SUFFIX = ".tmp"
_TEMPORARY = re.compile(r"\..+\.[a-z0-9_]{8}\.tmp")
# Of a run of an earlier version, which had no suffix.
_FORMER = re.compile(r"\.(?:.+\.pth|last_checkpoint|run\.json|sweep\.json)\.[a-z0-9_]{8}")
_LOCK = "lock"
# Where the file system has no locks, what was not touched for so long is nobody's.
_ABANDONED_SECONDS = 24 * 3600.0

# What this process is writing: its own locks do not exclude it.
_in_use: set[str] = set()
_cleaned: set[Path] = set()


@contextmanager
def open_atomically(path: str | Path) -> Iterator[BinaryIO]:
    """Open a file for writing so that the previous one stays whole until the new one is.

    The content goes to a temporary file in the same folder. When the block ends well, it reaches
    the disk and takes the name in one step; an exception, or a kill at any moment, changes nothing.

    Args:
        path: The file; its folder is made.

    Raises:
        UnwritableError: The disk is full or the folder not writable. Nothing is left behind.
    """
    path = Path(path)
    with writing(path):
        _prepare_folder(path.parent)
        descriptor, temporary = _create_file(path)
    try:
        with writing(path, also_reads=True), os.fdopen(descriptor, "w+b") as file:
            yield file
            with writing(path):
                file.flush()
                os.fsync(file.fileno())
                # mkstemp makes files that only their owner can read.
                os.chmod(temporary, 0o666 & ~_umask())
                os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    finally:
        _in_use.discard(os.path.abspath(temporary))
    _sync_folder(path.parent)


def write_atomically(content: bytes, path: str | Path) -> None:
    """Write a file whose content is in memory, as :func:`open_atomically` does.

    Args:
        content: The whole content.
        path: The file; its folder is made.

    Raises:
        UnwritableError: The disk is full or the folder not writable. Nothing is left behind.
    """
    with open_atomically(path) as file:
        file.write(content)


@contextmanager
def temporary_folder(path: str | Path) -> Iterator[Path]:
    """Make a folder for the parts of a file that is being written, and remove it at the end.

    Args:
        path: The file; the folder is made beside it.

    Yields:
        The folder.

    Raises:
        UnwritableError: The disk is full or the folder of the file not writable.
    """
    path = Path(path)
    with writing(path):
        _prepare_folder(path.parent)
        folder, descriptor = _create_folder(path)
    try:
        with writing(path, also_reads=True):
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(descriptor)
        _in_use.discard(os.path.abspath(folder))


def remove_leftovers(folder: str | Path, former: bool = False) -> list[str]:
    """Remove the temporary files and folders of processes that have ended.

    Args:
        folder: Where to look; folders in it are not searched.
        former: Whether to remove the files of earlier versions of this package too, which did not
            lock them: for a folder that no other process writes into.

    Returns:
        Their names. What cannot be removed is left without an error.
    """
    removed = []
    with os.scandir(folder) as entries:
        candidates = [entry for entry in entries if _is_temporary(entry.name, former)]
    for entry in candidates:
        if os.path.abspath(entry.path) not in _in_use:
            with suppress(OSError):
                if _remove_unlocked(Path(entry.path), entry.is_dir(follow_symlinks=False)):
                    removed.append(entry.name)
    return removed


def _is_temporary(name: str, former: bool) -> bool:
    return bool(_TEMPORARY.fullmatch(name) or (former and _FORMER.fullmatch(name)))


def _remove_unlocked(path: Path, is_folder: bool) -> bool:
    """Remove a temporary file or folder unless a process holds it; return whether it did."""
    lock = path / _LOCK if is_folder else path
    if is_folder and not lock.exists():
        path.rmdir()  # fails unless it is empty: killed, or still at work, before it was locked
        return True
    descriptor = os.open(lock, os.O_RDWR)
    try:
        locked = try_lock(descriptor)
        age = time.time() - os.fstat(descriptor).st_mtime
        if locked is False or (locked is None and age < _ABANDONED_SECONDS):
            return False
        if is_folder:
            shutil.rmtree(path)
        else:
            path.unlink()
    finally:
        os.close(descriptor)
    return True


def _prepare_folder(folder: Path) -> None:
    """Make a folder, and remove what killed processes left, at the first write of this process."""
    folder.mkdir(parents=True, exist_ok=True)
    if folder.absolute() not in _cleaned:
        _cleaned.add(folder.absolute())
        remove_leftovers(folder)


def _create_file(path: Path) -> tuple[int, str]:
    """Create and lock a temporary file; return its descriptor and its path."""
    while True:
        descriptor, name = tempfile.mkstemp(_SUFFIX, f".{path.name}.", path.parent.absolute())
        if _hold(descriptor, name):
            _in_use.add(os.path.abspath(name))
            return descriptor, name


def _create_folder(path: Path) -> tuple[Path, int]:
    """Create a temporary folder and lock it; return its path and the descriptor of the lock."""
    while True:
        name = tempfile.mkdtemp(_SUFFIX, f".{path.name}.", path.parent.absolute())
        lock = os.path.join(name, _LOCK)
        with suppress(FileNotFoundError):  # another process took the empty folder for a leftover
            descriptor = os.open(lock, os.O_RDWR | os.O_CREAT)
            if _hold(descriptor, lock):
                _in_use.add(os.path.abspath(name))
                return Path(name), descriptor


def _hold(descriptor: int, path: str) -> bool:
    """Lock a new file, and return whether it is still there: before, any process may remove it."""
    held = try_lock(descriptor) is not False and os.path.exists(path)
    if not held:
        os.close(descriptor)
    return held


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current


def _sync_folder(folder: Path) -> None:
    """Let the new name reach the disk too, where the system can open folders."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
