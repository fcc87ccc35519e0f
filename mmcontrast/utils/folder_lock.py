"""A folder that one process at a time writes into: the work dir of a training.

The process locks the file ``run.lock`` in the folder and writes into it who it is. The system
releases the lock when the process ends, however it ends: a record that nobody has locked is that of
a process that was killed. Other machines may not see the locks of a network file system, so the
process also sets the time of the file every :data:`HEARTBEAT_SECONDS`. A record of another machine
is that of a killed process once its time was not set for :data:`STALE_SECONDS`, or at once where
torchrun or Slurm has restarted the job that wrote it.
"""

import json
import logging
import os
import signal
import socket
import sys
import tempfile
import threading
import time
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from mmcontrast.utils.errors import UserError
from mmcontrast.utils.job import restarts_by_job
from mmcontrast.utils.locks import try_lock

FILE_NAME = "run.lock"
HEARTBEAT_SECONDS = 30.0
STALE_SECONDS = 180.0
"""Six heartbeats; network file systems keep the time of a file in their caches for up to 60 s."""
# Within it a process that has locked the file writes its record.
_WRITING_SECONDS = 2.0
_POLL_SECONDS = 0.5
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")

# Records of this process by the path of the file: a POSIX lock does not exclude its own process,
# and is released when any other descriptor of the file is closed.
_held: dict[str, "_Record"] = {}


class FolderInUse(UserError):
    """Another process writes into a folder; the message names it and the remedy."""


class _Record(NamedTuple):
    """Who holds a folder.

    Attributes:
        host: Name of the machine.
        process: Process id.
        boot: Id of the machine's start: processes with the same one see each other's locks.
        started: Local time with the offset from UTC.
        jobs: How often torchrun and Slurm had restarted the job, by its name there.
    """

    host: str
    process: int
    boot: str
    started: str
    jobs: dict[str, int]

    @classmethod
    def of_this_process(cls) -> "_Record":
        host = socket.gethostname()
        boot = _BOOT_ID.read_text().strip() if _BOOT_ID.is_file() else host
        started = datetime.now().astimezone().isoformat(" ", "seconds")
        return cls(host, os.getpid(), boot, started, restarts_by_job())

    @classmethod
    def read(cls, descriptor: int) -> "_Record | None":
        """Return what an open file holds; None if it is empty or damaged."""
        try:
            record = cls(**json.loads(os.pread(descriptor, 65536, 0)))
            return record._replace(jobs={name: int(n) for name, n in record.jobs.items()})
        except (ValueError, TypeError, AttributeError):
            return None

    def write(self, descriptor: int) -> None:
        content = json.dumps(self._asdict()).encode()
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, content, 0)
        os.fsync(descriptor)

    def succeeds(self, former: "_Record") -> bool:
        """Whether this is the same job as another one's, restarted since."""
        return any(former.jobs.get(name, n) < n for name, n in self.jobs.items())

    def __str__(self) -> str:
        return f"process {self.process} on {self.host}, started {self.started}"


class FolderLock:
    """The lock of this process on a folder.

    Args:
        folder: The folder; :meth:`acquire` makes it.

    Attributes:
        notices: What the log should say of the lock after :meth:`acquire`, as pairs of level and
            text: that a former process was killed, or why other processes may not be noticed.
    """

    def __init__(self, folder: str | Path):
        self.folder = Path(folder)
        self.notices: list[tuple[int, str]] = []
        self._path = os.path.join(os.path.realpath(folder), FILE_NAME)
        self._record = _Record.of_this_process()
        self._made: list[Path] = []
        self._descriptor = -1
        self._ended = threading.Event()
        self._heart = threading.Thread(target=self._beat, name=FILE_NAME, daemon=True)

    def acquire(self) -> None:
        """Lock the folder.

        The record of another machine is watched until its time is set or it is stale. Where the
        file cannot be made, or the file system has no locks, :attr:`notices` says so.

        Raises:
            FolderInUse: A process holds the folder; it may be this one.
        """
        if self._path in _held:
            raise self._refusal(_held[self._path])
        try:
            self._make_folder()
            self._descriptor, locked = self._open()
            self._take_over(locked)
        except FolderInUse:
            self._close()
            raise
        except OSError as error:
            self._close()
            text = f"{self.folder} cannot be locked ({error}): no other training may write into it."
            self.notices.append((logging.WARNING, text))
            return
        _held[self._path] = self._record
        self._heart.start()

    def release(self) -> None:
        """Remove the file, and the folders that :meth:`acquire` made if nothing else is in them."""
        if self._descriptor >= 0:
            self._ended.set()
            self._heart.join()
            if _Record.read(self._descriptor) == self._record:
                with suppress(OSError):
                    os.unlink(self._path)
            del _held[self._path]
            self._close()
        with suppress(OSError):
            for folder in self._made:
                folder.rmdir()

    def _close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _make_folder(self) -> None:
        self._made = [path for path in (self.folder, *self.folder.parents) if not path.exists()]
        self.folder.mkdir(parents=True, exist_ok=True)

    def _open(self) -> tuple[int, bool]:
        """Open and lock the file; return its descriptor and whether the file system has locks."""
        began = time.monotonic()
        while True:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o666)
            locked = try_lock(descriptor)
            if locked is not False and _is_at(self._path, descriptor):
                return descriptor, locked is True
            holder = _Record.read(descriptor)
            os.close(descriptor)
            if locked is False:
                patience = _WRITING_SECONDS
                if holder is not None:  # the one that this job succeeds is being ended
                    patience = STALE_SECONDS if self._record.succeeds(holder) else 0.0
                if time.monotonic() - began >= patience:
                    raise self._refusal(holder)
                time.sleep(min(_POLL_SECONDS, patience / 4))

    def _take_over(self, locked: bool) -> None:
        """Replace the record in the file by that of this process."""
        former = _Record.read(self._descriptor)
        if former is not None:
            released = locked and former.boot == self._record.boot
            if not (released or self._record.succeeds(former) or self._is_silent(former)):
                raise self._refusal(former)
            text = f"The former run in {self.folder} ({former}) was killed: this one replaces it."
            self.notices.append((logging.INFO, text))
        self._record.write(self._descriptor)
        if not locked:
            time.sleep(_WRITING_SECONDS)  # two processes may have come at once
            latest = _Record.read(self._descriptor)
            if latest != self._record:
                raise self._refusal(latest)
            text = (
                f"The file system of {self.folder} has no locks: another training there is noticed "
                f"by the time of {FILE_NAME} alone, set every {HEARTBEAT_SECONDS:.0f} seconds."
            )
            self.notices.append((logging.WARNING, text))

    def _is_silent(self, former: _Record) -> bool:
        """Watch the time of the file until it is set, or is stale, and return which of the two.

        Ages are differences of times of the file system: clocks of machines may disagree.
        """
        beat = os.fstat(self._descriptor).st_mtime
        with tempfile.TemporaryFile(dir=self.folder) as probe:
            age = max(os.fstat(probe.fileno()).st_mtime - beat, 0.0)
        end = time.monotonic() + STALE_SECONDS - age
        if age < STALE_SECONDS:
            print(
                f"{self.folder} was in use {age:.0f} seconds ago by {former}: waiting for up to "
                f"{STALE_SECONDS - age:.0f} seconds to see whether it still runs.",
                flush=True,
            )
        while time.monotonic() < end:
            time.sleep(_POLL_SECONDS)
            if os.fstat(self._descriptor).st_mtime != beat:
                return False
        return True

    def _refusal(self, holder: _Record | None) -> FolderInUse:
        return FolderInUse(
            f"{self.folder} is in use by another training ({holder or 'of an unknown process'}): "
            "choose another folder with --work-dir."
        )

    def _beat(self) -> None:
        """Set the time of the file until the end, or until another process has taken it over."""
        # Where Python handles a signal, the thread that forks has to hold it back.
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        while not self._ended.wait(HEARTBEAT_SECONDS):
            with suppress(OSError):
                latest = _Record.read(self._descriptor)
                if latest != self._record:
                    print(
                        f"WARNING: this process was silent for more than {STALE_SECONDS:.0f} "
                        f"seconds, and {self.folder} is now used by {latest}. Stop one of the two.",
                        file=sys.stderr,
                        flush=True,
                    )
                    return
                os.utime(self._descriptor)


def _is_at(path: str, descriptor: int) -> bool:
    """Whether an open file still has its name: the process that held it removes it at its end."""
    with suppress(FileNotFoundError):
        return os.path.samestat(os.stat(path), os.fstat(descriptor))
    return False
