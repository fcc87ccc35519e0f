"""Files are written whole or not at all."""

import errno
import os
import signal
import subprocess
import sys

import pytest

from mmcontrast.utils import atomic


def test_writes_and_replaces(tmp_path):
    path = tmp_path / "a" / "file"
    for content in (b"old", b"new"):
        atomic.write_atomically(content, path)
        assert path.read_bytes() == content
    assert [p.name for p in path.parent.iterdir()] == ["file"]
    assert path.stat().st_mode & 0o777 == 0o666 & ~atomic._umask()


def test_a_full_disk_leaves_the_previous_file(tmp_path, monkeypatch):
    path = tmp_path / "file"
    atomic.write_atomically(b"old", path)

    def full(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        atomic.write_atomically(b"new", path)
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_an_exception_while_writing_leaves_the_previous_file(tmp_path):
    path = tmp_path / "file"
    atomic.write_atomically(b"old", path)
    with pytest.raises(ZeroDivisionError), atomic.open_atomically(path) as file:
        file.write(b"half")
        raise ZeroDivisionError
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_a_kill_before_the_rename_leaves_the_previous_file(tmp_path):
    path = tmp_path / "file"
    atomic.write_atomically(b"old", path)
    script = (
        "import os, signal\n"
        "from mmcontrast.utils import atomic\n"
        "os.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        f"atomic.write_atomically(b'new', {str(path)!r})\n"
    )
    done = subprocess.run([sys.executable, "-c", script])
    assert done.returncode == -signal.SIGKILL
    assert path.read_bytes() == b"old"


_KILLED = """
import os, signal
from mmcontrast.utils import atomic
os.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
{write}
"""
_WRITERS = dict(
    file="atomic.write_atomically(b'new', {path!r})",
    npz="""
import numpy as np
from mmcontrast.utils.tables import open_table
with open_table({path!r} + '.npz') as write:
    write(dict(x=np.zeros((3, 2))))
    os.kill(os.getpid(), signal.SIGKILL)""",
)


def kill_while_writing(path, writer="file"):
    script = _KILLED.format(write=_WRITERS[writer].format(path=str(path)))
    done = subprocess.run([sys.executable, "-c", script])
    assert done.returncode == -signal.SIGKILL


@pytest.mark.parametrize("writer", _WRITERS)
def test_the_next_process_that_writes_removes_what_a_killed_one_left(tmp_path, writer):
    kill_while_writing(tmp_path / "file", writer)
    (left,) = tmp_path.iterdir()
    assert left.name.startswith(".file") and left.name.endswith(".tmp")
    atomic.write_atomically(b"other", tmp_path / "other")
    assert [p.name for p in tmp_path.iterdir()] == ["other"]


def test_only_temporary_files_that_no_process_holds_are_removed(tmp_path):
    (tmp_path / ".mine.tmp").write_text("a name of the user's")
    (tmp_path / ".epoch_1.pth.abcd1234").write_text("of an earlier version")
    script = (
        "from mmcontrast.utils import atomic\n"
        f"with atomic.open_atomically({str(tmp_path / 'at work')!r}) as file:\n"
        "    print('ready', flush=True)\n"
        "    input()\n"
    )
    command = [sys.executable, "-c", script]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"ready\n"
        with atomic.open_atomically(tmp_path / "own") as own, atomic.temporary_folder(
            tmp_path / "parts"
        ) as folder:  # fmt: skip
            kill_while_writing(tmp_path / "file")
            (removed,) = atomic.remove_leftovers(tmp_path)
            assert removed.startswith(".file.")
            assert folder.is_dir() and os.path.exists(own.name)
        process.communicate(b"\n")
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        ".epoch_1.pth.abcd1234", ".mine.tmp", "at work", "own"
    ]  # fmt: skip
    assert atomic.remove_leftovers(tmp_path, former=True) == [".epoch_1.pth.abcd1234"]
