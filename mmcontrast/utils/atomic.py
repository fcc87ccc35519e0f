"""Writing files atomically: either whole or not at all."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def open_atomically(path: str | Path) -> Iterator[BinaryIO]:
    """Open a file for writing so that the previous one stays whole until the new one is.

    The content goes to a temporary file in the same folder. When the block ends well, it reaches
    the disk and takes the name in one step; an exception, or a kill at any moment, changes nothing.

    Args:
        path: The file; its folder is made.

    Raises:
        OSError: The disk is full or the folder not writable. Nothing is left behind.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        # mkstemp makes files that only their owner can read.
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def write_atomically(content: bytes, path: str | Path) -> None:
    """Write a file whose content is in memory, as :func:`open_atomically` does.

    Args:
        content: The whole content.
        path: The file; its folder is made.

    Raises:
        OSError: The disk is full or the folder not writable. Nothing is left behind.
    """
    with open_atomically(path) as file:
        file.write(content)


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
