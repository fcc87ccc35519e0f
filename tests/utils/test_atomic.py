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
