"""One process at a time holds a folder, whatever became of the one before."""

import errno
import json
import logging
import multiprocessing
import os
import signal
import time
from contextlib import contextmanager

import pytest

from mmcontrast.utils import folder_lock
from mmcontrast.utils.folder_lock import FILE_NAME, FolderInUse, FolderLock

FORK = multiprocessing.get_context("fork")


@pytest.fixture(autouse=True)
def short_times(monkeypatch):
    monkeypatch.setattr(folder_lock, "HEARTBEAT_SECONDS", 0.1)
    monkeypatch.setattr(folder_lock, "STALE_SECONDS", 20.0)
    monkeypatch.setattr(folder_lock, "_POLL_SECONDS", 0.02)
    monkeypatch.setattr(folder_lock, "_WRITING_SECONDS", 0.1)
    for name in ("TORCHELASTIC_RUN_ID", "SLURM_JOB_ID"):
        monkeypatch.delenv(name, raising=False)


def hold(folder, pipe, prepare):
    folder_lock._held.clear()  # of the process that was forked
    prepare()
    lock = FolderLock(folder)
    try:
        lock.acquire()
    except FolderInUse as error:
        pipe.send(str(error))
        return
    pipe.send(lock.notices)
    pipe.recv()
    lock.release()
    pipe.send("released")


@contextmanager
def process_that_holds(folder, prepare=lambda: None):
    """Start a process that acquires a folder; ``answer`` is its notices, or why it was refused."""
    pipe, theirs = FORK.Pipe()
    process = FORK.Process(target=hold, args=(folder, theirs, prepare))
    process.start()
    theirs.close()
    process.pipe, process.answer = pipe, pipe.recv()
    try:
        yield process
    finally:
        process.kill()
        process.join()


def acquired(folder):
    """Return the notices of a lock that this process has acquired and released."""
    lock = FolderLock(folder)
    lock.acquire()
    lock.release()
    return lock.notices


def be_node7(locks=True):
    """Be another machine, whose locks this one does not see."""
    read = folder_lock._Record.of_this_process
    folder_lock._Record.of_this_process = lambda: read()._replace(host="node7", boot="other")
    folder_lock.try_lock = lambda descriptor: locks or None


def leave_record(folder, age=0.0, **changes):
    """Write the record that a killed process has left."""
    record = folder_lock._Record.of_this_process()._replace(process=7, **changes)
    (folder / FILE_NAME).write_text(json.dumps(record._asdict()))
    os.utime(folder / FILE_NAME, (time.time() - age,) * 2)


def test_a_second_process_is_refused_until_the_first_releases(tmp_path):
    folder = tmp_path / "new" / "run"
    with process_that_holds(folder) as first:
        assert first.answer == []
        record = json.loads((folder / FILE_NAME).read_text())
        for _ in range(2):  # the refused one took nothing away
            with pytest.raises(FolderInUse) as refusal:
                FolderLock(folder).acquire()
        message = str(refusal.value)
        assert f"{folder} is in use by another training (process {first.pid} on " in message
        assert f" on {record['host']}, started {record['started']}" in message
        assert message.endswith("): choose another folder with --work-dir.")
        first.pipe.send("release")
        assert first.pipe.recv() == "released"
    assert list(tmp_path.iterdir()) == []
    assert acquired(folder) == []


def test_a_second_lock_of_one_process_is_refused_and_leaves_the_first(tmp_path):
    lock = FolderLock(tmp_path)
    lock.acquire()
    (tmp_path / "link").symlink_to(tmp_path)
    with pytest.raises(FolderInUse, match=f"process {os.getpid()} on"):
        FolderLock(tmp_path / "link").acquire()
    with process_that_holds(tmp_path) as other:
        assert f"process {os.getpid()} on" in other.answer
    lock.release()
    assert [path.name for path in tmp_path.iterdir()] == ["link"]


def test_a_killed_process_leaves_no_live_lock(tmp_path):
    with process_that_holds(tmp_path) as first:
        os.kill(first.pid, signal.SIGKILL)
        first.join()
    assert (tmp_path / FILE_NAME).exists()
    ((level, text),) = acquired(tmp_path)
    assert level == logging.INFO
    assert f"(process {first.pid} on " in text and "was killed" in text
    assert acquired(tmp_path) == []


@pytest.mark.parametrize("locks", [True, False])
def test_another_machine_is_known_to_run_by_its_heartbeat(tmp_path, capsys, monkeypatch, locks):
    """Its locks are not seen, or its file system has none."""
    with process_that_holds(tmp_path, lambda: be_node7(locks)) as first:
        assert len(first.answer) == (0 if locks else 1)
        record = (tmp_path / FILE_NAME).read_text()
        with pytest.raises(FolderInUse, match=f"process {first.pid} on node7, started "):
            FolderLock(tmp_path).acquire()
        assert "seconds to see whether it still runs" in capsys.readouterr().out
        assert (tmp_path / FILE_NAME).read_text() == record
    monkeypatch.setattr(folder_lock, "STALE_SECONDS", 0.3)
    ((_, text),) = acquired(tmp_path)  # it was killed meanwhile
    assert f"process {first.pid} on node7" in text and "was killed" in text


def test_a_stale_record_of_another_machine_is_replaced_at_once(tmp_path, capsys):
    leave_record(tmp_path, age=21, host="node7", boot="other")
    ((_, text),) = acquired(tmp_path)
    assert "process 7 on node7" in text
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("variables", "number", "of_same_number"),
    [
        (dict(TORCHELASTIC_RUN_ID="a"), "TORCHELASTIC_RESTART_COUNT", "torchrun a"),
        (dict(SLURM_JOB_ID="5", SLURM_CLUSTER_NAME="c"), "SLURM_RESTART_COUNT", "slurm c 5 x"),
    ],
)
def test_a_restarted_job_replaces_its_former_record_at_once(
    tmp_path, monkeypatch, variables, number, of_same_number
):
    monkeypatch.setattr("sys.argv", ["x"])
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv(number, "0")
    leave_record(tmp_path, host="node7", boot="other")
    assert of_same_number in (tmp_path / FILE_NAME).read_text()
    monkeypatch.setenv(number, "1")
    ((_, text),) = acquired(tmp_path)
    assert "process 7 on node7" in text
    # Another job, or a second process of the same one, is refused while the heart beats.
    for changes in (dict(jobs={}), dict(jobs={of_same_number: 1})):
        leave_record(tmp_path, host="node7", boot="other", **changes)
        monkeypatch.setattr(FolderLock, "_is_silent", lambda *_: False)
        with pytest.raises(FolderInUse, match="node7"):
            FolderLock(tmp_path).acquire()


def test_a_restarted_job_waits_for_its_former_process_to_end(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "a")
    with process_that_holds(tmp_path) as former:
        monkeypatch.setenv("TORCHELASTIC_RESTART_COUNT", "1")
        former.pipe.send("release")  # it ends while the next one waits
        assert acquired(tmp_path) == []
        monkeypatch.setattr(folder_lock, "STALE_SECONDS", 0.1)
    monkeypatch.setenv("TORCHELASTIC_RESTART_COUNT", "0")
    with process_that_holds(tmp_path):
        monkeypatch.setenv("TORCHELASTIC_RESTART_COUNT", "1")
        with pytest.raises(FolderInUse):  # not even after the time that a machine may be silent
            FolderLock(tmp_path).acquire()


def test_runs_of_torchrun_without_an_id_are_not_taken_for_one(monkeypatch):
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "none")
    assert folder_lock._Record.of_this_process().jobs == {}


@pytest.mark.parametrize("content", ["", "{", "[]", '{"process": 1}'])
def test_a_damaged_record_that_nobody_has_locked_is_replaced(tmp_path, content):
    (tmp_path / FILE_NAME).write_text(content)
    assert acquired(tmp_path) == []


def test_a_file_system_without_locks_is_warned_of(tmp_path, monkeypatch):
    monkeypatch.setattr(folder_lock, "try_lock", lambda descriptor: None)
    ((level, text),) = acquired(tmp_path)
    assert level == logging.WARNING
    assert f"The file system of {tmp_path} has no locks" in text
    leave_record(tmp_path, age=21)  # stale, though of this machine
    assert len(acquired(tmp_path)) == 2


def test_a_folder_that_cannot_be_written_is_warned_of(tmp_path, monkeypatch):
    def refuse(path, *args):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), path)

    monkeypatch.setattr(folder_lock.os, "open", refuse)
    ((level, text),) = acquired(tmp_path)
    assert level == logging.WARNING
    assert f"{tmp_path} cannot be locked" in text and "Read-only file system" in text


def test_a_process_that_was_stopped_for_too_long_says_who_has_taken_over(tmp_path, capsys):
    lock = FolderLock(tmp_path)
    lock.acquire()
    leave_record(tmp_path, host="node7", boot="other")
    lock._heart.join(10)
    assert not lock._heart.is_alive()
    assert f"{tmp_path} is now used by process 7 on node7" in capsys.readouterr().err
    lock.release()
    assert "node7" in (tmp_path / FILE_NAME).read_text()  # it is the other's
