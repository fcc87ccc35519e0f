"""Files that cannot be written: which one, why, and what to do."""

import errno
import os
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mmcontrast.utils.errors import UserError

# What only writing can meet, and its remedies.
_REMEDIES = {
    errno.ENOSPC: "Free space on that disk",
    errno.EDQUOT: "Free space within the quota, or have it raised",
    errno.EFBIG: "Raise the limit on the size of a file (ulimit -f)",
    errno.EROFS: "Choose a folder that can be written",
}
_OTHER_FOLDER = "Choose a folder that you may write to"
# What functions that write call their file: MMEngine's, TensorBoard's and Python's own.
_FILE_NAMES = ("filepath", "file_path", "filename", "path", "file")


class UnwritableError(UserError, OSError):
    """A file cannot be written; the message names the file, the cause and the remedy."""

    exit_code = 1


@contextmanager
def writing(path: str | os.PathLike, also_reads: bool = False) -> Iterator[None]:
    """Turn the errors of writing a file into an :class:`UnwritableError`.

    Args:
        path: The file, or the folder of files.
        also_reads: Whether what runs inside may fail to read other files too; then only those
            errors are turned that writing alone can meet, such as a full disk.

    Raises:
        UnwritableError: The file cannot be written.
    """
    try:
        yield
    except UserError:
        raise
    except OSError as error:
        if also_reads and not is_write_error(error):
            raise
        raise unwritable(error, path) from error


def is_write_error(error: BaseException) -> bool:
    """Return whether an error tells by its number that a file could not be written."""
    return isinstance(error, UnwritableError) or (
        isinstance(error, OSError) and error.errno in _REMEDIES
    )


def unwritable(error: OSError, path: str | os.PathLike | None = None) -> UnwritableError:
    """Return the error of one sentence, and a remedy, for an error of the system.

    Args:
        error: An error that was raised.
        path: The file; None looks for it in the error, and in the functions that raised it.
    """
    path = path or _file_of(error)
    reason = os.strerror(error.errno) if error.errno else str(error) or type(error).__name__
    if isinstance(error, FileExistsError | NotADirectoryError) and error.filename:
        reason = f"{os.fsdecode(error.filename)} is not a folder"
    remedy = _REMEDIES.get(error.errno or 0, _OTHER_FOLDER)
    place = "a file" if path is None else f"into {path}" if os.path.isdir(path) else str(path)
    return UnwritableError(f"cannot write {place}: {reason}. {remedy}.")


def _file_of(error: OSError) -> str | None:
    """Return the file of an error, which the system tells at opening a file, not at writing it."""
    if error.filename:
        return os.fsdecode(error.filename)
    frames = reversed(list(traceback.walk_tb(error.__traceback__)))
    values = [frame.f_locals.get(name) for frame, _ in frames for name in _FILE_NAMES]
    paths = [os.fsdecode(value) for value in values if isinstance(value, str | bytes | Path)]
    return next((path for path in paths if os.sep in path), None)
