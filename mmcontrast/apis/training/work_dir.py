"""The folder of a run, of which a failed start leaves nothing."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mmcontrast.utils.errors import UserError


@contextmanager
def removed_on_failure(work_dir: str | Path) -> Iterator[None]:
    """Remove what is new in a work dir if what runs inside ends in a :class:`UserError`.

    What was there before stays, and so do all files of a fault, whose log is needed.

    Args:
        work_dir: The folder; it may not exist yet.
    """
    folder = Path(work_dir)
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    before = set() if missing else set(folder.iterdir())
    try:
        yield
    except UserError:
        if os.environ.get("RANK", "0") == "0" and folder.is_dir():
            _remove(set(folder.iterdir()) - before, missing)
        raise


def _remove(entries: set[Path], folders: list[Path]) -> None:
    for entry in entries:
        if entry.is_dir():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            entry.unlink(missing_ok=True)
    with suppress(OSError):  # another run has begun there
        for folder in folders:
            folder.rmdir()
