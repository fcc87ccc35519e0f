"""Checkpoints are written atomically, and before what they replace is removed."""

import logging
from pathlib import Path
from types import SimpleNamespace

import pytest
from mmengine.fileio import get_file_backend
from mmengine.logging import MessageHub

from mmcontrast.engine.hooks import SafeCheckpointHook


def test_mmengine_finds_the_backend(tmp_path):
    backend_args = SafeCheckpointHook().backend_args
    assert backend_args == dict(backend="atomic")
    backend = get_file_backend(str(tmp_path), backend_args=backend_args)
    backend.put_text("text", str(tmp_path / "file"))
    backend.put(b"bytes", str(tmp_path / "other"))
    assert (tmp_path / "file").read_text() == "text"
    assert (tmp_path / "other").read_bytes() == b"bytes"


class Killed(BaseException):
    """Stands for SIGKILL while a file is written."""


@pytest.fixture
def runner(tmp_path):
    """A runner that saves empty checkpoints, and is killed before it saves one of this name."""

    def save_checkpoint(out_dir, filename, **kwargs):
        if runner.killed_at and filename.startswith(runner.killed_at):
            raise Killed
        Path(out_dir, filename).write_text("")

    runner = SimpleNamespace(
        work_dir=str(tmp_path), logger=logging.getLogger("best"), epoch=1, iter=1, killed_at=None,
        message_hub=MessageHub(tmp_path.name), save_checkpoint=save_checkpoint,
        call_hook=lambda name: None, _load_from=None,
    )  # fmt: skip
    return runner


def train_epoch(runner, hook, saves=True, **metrics):
    if saves:
        hook._save_checkpoint_with_step(runner, runner.epoch, dict(epoch=runner.epoch, iter=0))
    hook.after_val_epoch(runner, metrics)
    runner.epoch += 1


def files_of(runner):
    return sorted(p.name for p in Path(runner.work_dir).iterdir() if p.name != "last_checkpoint")


def test_the_best_weights_are_removed_after_the_new_ones_are_written(runner):
    hook = SafeCheckpointHook(interval=1, save_best="auto", rule="greater", max_keep_ckpts=1)
    hook.before_train(runner)
    train_epoch(runner, hook, acc=1.0)
    hook._confirm(runner)
    assert files_of(runner) == ["best_acc_epoch_1.pth", "epoch_1.pth"]
    runner.killed_at = "best"
    with pytest.raises(Killed):
        train_epoch(runner, hook, acc=2.0)
    assert "best_acc_epoch_1.pth" in files_of(runner)
    # The checkpoint that names the new ones, and a finite loss after it, come before the removal.
    runner.killed_at = None
    resumed = SafeCheckpointHook(interval=1, save_best="acc", rule="greater", max_keep_ckpts=1)
    runner.message_hub.update_info("best_score", 1.0)
    runner.message_hub.update_info("best_ckpt", str(Path(runner.work_dir, "best_acc_epoch_1.pth")))
    resumed.before_train(runner)
    train_epoch(runner, resumed, acc=2.0)
    assert files_of(runner)[:2] == ["best_acc_epoch_1.pth", "best_acc_epoch_2.pth"]
    resumed._confirm(runner)
    assert files_of(runner) == ["best_acc_epoch_2.pth", "epoch_2.pth"]
    train_epoch(runner, resumed, acc=1.5)  # no better: it stays
    resumed._confirm(runner)
    assert files_of(runner) == ["best_acc_epoch_2.pth", "epoch_3.pth"]


def test_the_best_weights_of_several_metrics_without_checkpoints(runner):
    hook = SafeCheckpointHook(interval=-1, save_best=["acc", "iou"], rule="greater")
    hook.before_train(runner)
    train_epoch(runner, hook, saves=False, acc=1.0, iou=1.0)
    train_epoch(runner, hook, saves=False, acc=2.0, iou=0.5)
    assert files_of(runner) == ["best_acc_epoch_2.pth", "best_iou_epoch_1.pth"]
    train_epoch(runner, hook, saves=False, acc=1.0, iou=2.0)
    assert files_of(runner) == ["best_acc_epoch_2.pth", "best_iou_epoch_3.pth"]
