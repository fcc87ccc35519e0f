"""The folder of a run: one training at a time, and nothing left of a failed start."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mmengine.config import Config
from mmengine.dist import broadcast_object_list, is_main_process, master_only
from mmengine.runner import Runner

from mmcontrast.engine.log_folder import log_folders
from mmcontrast.utils.atomic import remove_leftovers, write_atomically
from mmcontrast.utils.errors import UserError
from mmcontrast.utils.folder_lock import FolderInUse, FolderLock


@contextmanager
def locked_for_training(cfg: Config) -> Iterator[list[tuple[int, str]]]:
    """Keep other trainings out of the folders that a training writes into; call on all ranks.

    The first process holds the locks. Under them it removes what killed processes left. Where the
    processes have no group yet, their launcher ends the others after a refusal.

    Args:
        cfg: The config, with its ``work_dir``.

    Yields:
        What the log should say of the locks, as pairs of level and text; nothing on other ranks.

    Raises:
        FolderInUse: Another training holds a folder.
    """
    locks: list[FolderLock] = []
    notices: list[tuple[int, str]] = []
    refusals: list[str | None] = [None]
    try:
        if is_main_process():
            try:
                for folder in _training_folders(cfg):
                    locks.append(FolderLock(folder))
                    locks[-1].acquire()
                    notices += locks[-1].notices
                    with suppress(OSError):  # not even readable: building the Runner says why
                        remove_leftovers(folder, former=True)
            except FolderInUse as error:
                refusals = [str(error)]
        broadcast_object_list(refusals)
        if refusals[0] is not None:
            raise FolderInUse(refusals[0])
        yield notices
    finally:
        for lock in reversed(locks):
            lock.release()


def _training_folders(cfg: Config) -> list[str]:
    """Return the work dir, and the folder of checkpoints where it is another one on a disk."""
    folders = [cfg.work_dir]
    hook = (cfg.get("default_hooks") or {}).get("checkpoint") or {}
    out_dir = hook.get("out_dir")
    if out_dir and "://" not in out_dir:
        # MMEngine adds the last part of the work dir.
        name = os.path.basename(cfg.work_dir.rstrip(os.sep))
        folders.append(os.path.join(out_dir, name))
    return list({os.path.realpath(folder): folder for folder in folders}.values())


@contextmanager
def removed_on_failure(work_dir: str | Path) -> Iterator[None]:
    """Remove what this process has made in a work dir if what runs inside ends in a UserError.

    Those are the folders of its log, and the work dir if nothing else is in it. What was there
    before or comes from other processes stays, and so do all files of a fault, whose log is needed.

    Args:
        work_dir: The folder; it may not exist yet.
    """
    folder = Path(work_dir)
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    before = set(log_folders)
    try:
        yield
    except UserError:
        for path in log_folders - before:
            shutil.rmtree(path, ignore_errors=True)
        with suppress(OSError):  # another run has begun there
            for path in missing:
                path.rmdir()
        raise


@master_only
def store_config(runner: Runner, replace: bool) -> None:
    """Write the merged config into the work dir, under the name of its file.

    Args:
        runner: The runner of a training, or of an evaluation.
        replace: Whether to write over the config of an earlier run.
    """
    name = Path(runner.cfg.filename or f"{runner.timestamp}.py").name
    path = Path(runner.work_dir, name)
    if replace or not path.exists():
        write_atomically(runner.cfg.dump().encode(), path)
