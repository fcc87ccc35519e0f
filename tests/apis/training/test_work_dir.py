"""Who writes into a work dir: one training, and tests beside it that change nothing of it."""

import multiprocessing
import os
import socket
from types import SimpleNamespace

import pytest
import torch.distributed as dist
from mmengine.config import Config

from mmcontrast.apis.training import test as test_module
from mmcontrast.apis.training.sweep import run_sweep
from mmcontrast.apis.training.test import test as evaluate
from mmcontrast.apis.training.train import train
from mmcontrast.apis.training.work_dir import locked_for_training, removed_on_failure, store_config
from mmcontrast.engine.log_folder import log_folders, make_log_folder
from mmcontrast.utils import folder_lock
from mmcontrast.utils.errors import UserError
from mmcontrast.utils.folder_lock import FILE_NAME, FolderInUse, FolderLock
from tests.toy import ROOT, unique_run, write_config

FORK = multiprocessing.get_context("fork")


@pytest.fixture
def config(tmp_path):
    (tmp_path / "config").mkdir()
    return str(write_config(tmp_path / "config"))


@pytest.fixture
def training(tmp_path):
    """The work dir of a training that runs."""
    folder = tmp_path / "run"
    lock = FolderLock(folder)
    lock.acquire()
    (folder / "toy.py").write_text("its_config = 1\n")
    (folder / "epoch_1.pth").write_bytes(b"its checkpoint")
    yield folder
    lock.release()


def files_of(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def leave_killed_run(folder):
    """Leave what a run that was killed has left, of an earlier version too."""
    folder.mkdir()
    lock = FolderLock(folder)
    lock.acquire()
    record = (folder / FILE_NAME).read_text()
    lock.release()
    (folder / FILE_NAME).write_text(record)
    (folder / ".epoch_1.pth.abcd1234").write_bytes(b"of an earlier version")
    (folder / ".last_checkpoint.abcd1234.tmp").write_bytes(b"half")


def test_a_second_training_is_refused_at_the_start(training, config):
    before = files_of(training)
    with pytest.raises(FolderInUse, match=f"is in use by another training .process {os.getpid()} "):
        train(config, work_dir=str(training), cfg_options=[unique_run()])
    assert files_of(training) == before
    assert all(path.is_file() for path in training.iterdir())  # no log folder was made


def test_a_training_after_a_killed_one_says_so_and_removes_what_it_left(config, tmp_path):
    folder = tmp_path / "run"
    leave_killed_run(folder)
    options = [unique_run(), "train_cfg.max_epochs=1"]
    runner = train(config, work_dir=str(folder), cfg_options=options)
    (log,) = folder.glob("*/*.log")
    assert log.read_text().count("was killed: this one replaces it.") == 1
    expected = {"epoch_1.pth", "last_checkpoint", "toy.py", runner.timestamp}
    assert {path.name for path in folder.iterdir()} == expected
    assert "max_epochs=1" in (folder / "toy.py").read_text()


def test_the_folder_of_checkpoints_is_locked_too(tmp_path):
    out_dir = str(tmp_path / "checkpoints")
    hooks = dict(checkpoint=dict(out_dir=out_dir))
    first, second = (
        Config(dict(work_dir=str(tmp_path / name / "run"), default_hooks=hooks)) for name in "ab"
    )
    with locked_for_training(first):
        with pytest.raises(FolderInUse, match="checkpoints/run is in use"):
            locked_for_training(second).__enter__()
        assert not (tmp_path / "b").exists()
    assert list(tmp_path.iterdir()) == []
    remote = Config(dict(work_dir=out_dir, default_hooks=dict(checkpoint=dict(out_dir="s3://a"))))
    with locked_for_training(remote):
        assert [path.name for path in tmp_path.iterdir()] == ["checkpoints"]


def start_rank(rank, folder, port, queue):
    folder_lock._held.clear()  # of the process that was forked
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
    dist.init_process_group("gloo", rank=rank, world_size=2)
    try:
        with locked_for_training(Config(dict(work_dir=str(folder)))):
            queue.put("trains")
    except FolderInUse as error:
        queue.put(str(error))
    dist.destroy_process_group()


def test_a_refusal_ends_all_processes(training):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    queue = FORK.Queue()
    ranks = [FORK.Process(target=start_rank, args=(n, training, port, queue)) for n in range(2)]
    for rank in ranks:
        rank.start()
    answers = [queue.get(timeout=60) for _ in ranks]  # rank 0 alone has looked at the lock
    for rank in ranks:
        rank.join()
    assert answers[0] == answers[1]
    assert f"(process {os.getpid()} on " in answers[0]


# Tests beside a training -----------------------------------------------------------------------


def test_a_test_beside_a_training_changes_nothing_of_it(training, config):
    before = files_of(training)
    evaluate(config, work_dir=str(training), cfg_options=[unique_run()])
    assert files_of(training) == before
    (folder,) = (path for path in training.iterdir() if path.is_dir())
    assert list(folder.glob("*.log")) and folder in log_folders


def test_a_test_that_fails_leaves_what_a_training_has_written_meanwhile(
    training, config, monkeypatch
):
    before = files_of(training)
    build = test_module.build_runner

    def build_while_training(cfg):
        (training / "epoch_2.pth").write_bytes(b"new")
        (training / "20260101_000000").mkdir()
        return build(cfg)

    monkeypatch.setattr(test_module, "build_runner", build_while_training)
    nowhere = "test_dataloader.dataset.datasets.0.data_root=/nowhere"
    with pytest.raises(UserError, match="nowhere"):
        evaluate(config, work_dir=str(training), cfg_options=[unique_run(), nowhere])
    assert files_of(training) == before | {"epoch_2.pth": b"new"}
    assert [path.name for path in training.iterdir() if path.is_dir()] == ["20260101_000000"]


def test_a_test_stores_its_config_where_there_is_none(tmp_path):
    (tmp_path / "toy.py").touch()
    runner = SimpleNamespace(work_dir=str(tmp_path / "run"))
    for momentum, replace, stored in ((0.8, False, 0.8), (0.9, False, 0.8), (0.7, True, 0.7)):
        runner.cfg = Config(dict(momentum=momentum), filename=str(tmp_path / "toy.py"))
        store_config(runner, replace)
        assert str(stored) in (tmp_path / "run/toy.py").read_text()


def test_starts_of_one_second_have_log_folders_of_their_own(tmp_path):
    (tmp_path / "a/20251231_235959").mkdir(parents=True)  # of another process
    assert make_log_folder(tmp_path / "a", "20251231_235959") == "20260101_000000"
    # In one process, MMEngine would log the second run of a name into the file of the first.
    assert make_log_folder(tmp_path / "b", "20260101_000000") == "20260101_000001"
    assert (tmp_path / "b/20260101_000001").is_dir()


def test_a_failed_start_removes_its_own_log_folder_only(tmp_path):
    (tmp_path / "a/run/20260101_000000").mkdir(parents=True)
    with pytest.raises(UserError), removed_on_failure(tmp_path / "a/run"):
        make_log_folder(tmp_path / "a/run", "20260101_000000")
        raise UserError
    assert [path.name for path in (tmp_path / "a/run").iterdir()] == ["20260101_000000"]
    with pytest.raises(UserError), removed_on_failure(tmp_path / "b/run"):
        make_log_folder(tmp_path / "b/run", "20260101_000000")
        raise UserError
    assert not (tmp_path / "b").exists()


def test_a_failed_training_leaves_the_config_of_the_one_before(config, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run/toy.py").write_text("former = 1\n")
    with pytest.raises(UserError):
        train(
            config,
            work_dir=str(tmp_path / "run"),
            cfg_options=[unique_run(), "train_dataloader.dataset.data_root=/nowhere"],
        )
    assert files_of(tmp_path / "run") == {"toy.py": b"former = 1\n"}


# Sweeps ----------------------------------------------------------------------------------------


def test_a_sweep_refuses_a_run_that_another_process_trains(tmp_path):
    lock = FolderLock(tmp_path / "seed_0")
    lock.acquire()
    config = str(ROOT / "configs/densecl/mini.py")
    with pytest.raises(FolderInUse, match="seed_0 is in use"):
        run_sweep(config, ["no tool"], work_dir=str(tmp_path))
    assert [path.name for path in (tmp_path / "seed_0").iterdir()] == [FILE_NAME]
    lock.release()
