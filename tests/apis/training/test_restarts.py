"""Trainings that torchrun or Slurm has restarted resume from their own checkpoints."""

import os
import shutil
import subprocess
import sys

import pytest
import torch
from mmengine.config import Config

from mmcontrast.apis.training.agent import can_restart
from mmcontrast.apis.training.start import choose_checkpoint
from tests.same_runs import assert_same
from tests.toy import ROOT, write_config

# tests.toy keeps MMEngine from formatting the config again and again.
VALIDATION = """
custom_imports = dict(imports=['tests.small', 'tests.toy'])
val_dataloader, val_evaluator, val_cfg = test_dataloader, test_evaluator, dict(type='ValLoop')
train_dataloader['batch_size'] = 2
train_cfg['val_interval'] = 2
"""
KILLS = """
custom_imports = dict(imports=['tests.small', 'tests.toy', 'tests.killed_ranks'])
custom_hooks = [dict(type='KillOneRankAfterAnother')]
"""
OURS, OTHERS = ["torchrun ours"], ["torchrun others"]


def save(path, jobs):
    path.parent.mkdir(exist_ok=True)
    meta = dict(epoch=1, iter=1) | (dict() if jobs is None else dict(jobs=jobs))
    torch.save(dict(state_dict={}, optimizer={}, meta=meta), path)


@pytest.fixture
def restarted(tmp_path, monkeypatch):
    """What a training would resume from after ``count`` restarts; what it was asked to."""
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "ours")

    def resumed_from(count, resume=None):
        monkeypatch.setenv("TORCHELASTIC_RESTART_COUNT", str(count))
        cfg = Config(dict(work_dir=str(tmp_path / "run")))
        choose_checkpoint(cfg, resume)
        return os.path.basename(cfg.load_from) if cfg.get("resume") else None

    return resumed_from


@pytest.mark.parametrize("others", [OTHERS, None, []], ids=str)
def test_only_the_own_checkpoints_are_resumed_from(others, tmp_path, restarted):
    run = tmp_path / "run"
    assert restarted(1) is None  # no folder yet
    save(run / "epoch_3.pth", others)
    (run / "last_checkpoint").write_text(str(run / "epoch_3.pth"))
    (run / "epoch_2.pth").write_bytes(b"damaged")
    assert restarted(0) is None
    assert restarted(1) is None
    assert restarted(1, resume="auto") == "epoch_3.pth"  # what the command asks for
    save(run / "epoch_1.pth", OURS)
    assert restarted(0) is None
    assert restarted(1) == "epoch_1.pth"
    assert restarted(1, resume="auto") == "epoch_1.pth"


def test_a_resume_that_is_killed_before_its_first_checkpoint_begins_again(tmp_path, restarted):
    other = tmp_path / "elsewhere/epoch_7.pth"
    save(other, OTHERS)
    assert restarted(1, resume=str(other)) == "epoch_7.pth"
    save(tmp_path / "run/epoch_8.pth", OURS)
    assert restarted(1, resume=str(other)) == "epoch_8.pth"
    assert restarted(0, resume=str(other)) == "epoch_7.pth"


def test_which_failures_a_restart_can_help():
    assert all(can_restart(code) for code in (-9, -11, -6, 75))
    # A signal that asked for the end; a fault, a wrong config, a diverged training.
    assert not any(can_restart(code) for code in (-15, -2, 143, 130, 1, 2, 3))


def launch(config, work_dir):
    environment = dict(
        os.environ, PYTHONPATH=str(ROOT), OMP_NUM_THREADS="1", PYTHON=sys.executable,
        MAX_RESTARTS="4",
    )  # fmt: skip
    return subprocess.run(
        ["bash", "tools/dist_train.sh", config, "2", "--device", "cpu", "--work-dir", work_dir],
        env=environment, cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip


@pytest.mark.slow
def test_killed_processes_are_restarted_and_end_as_if_undisturbed(tmp_path):
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    done = launch(write_config(tmp_path, extra=VALIDATION), whole)
    assert done.returncode == 0, done.stderr
    expected = torch.load(whole / "epoch_3.pth", weights_only=False)
    # What another training has left in the folder is not touched, until it is overwritten.
    shutil.copytree(whole, cut)
    (cut / "last_checkpoint").write_text(str(cut / "epoch_3.pth"))
    (tmp_path / "kills").mkdir()
    config = write_config(tmp_path / "kills", tmp_path / "images", VALIDATION + KILLS)
    done = launch(config, cut)
    assert done.returncode == 0, done.stderr
    for number in range(1, 5):
        assert f"was ended by SIGKILL: restart {number} of 4" in done.stderr
    # After the kills in set-up and before the first checkpoint it begins again.
    resumed = [line for line in done.stdout.splitlines() if line.startswith("Restarted:")]
    assert [line.rpartition("/")[2] for line in resumed] == ["epoch_2.pth.", "epoch_2.pth."]
    result = torch.load(cut / "epoch_3.pth", weights_only=False)
    assert_same(result, expected)
    knn = [kept["message_hub"]["log_scalars"]["val/knn/top1_k3"] for kept in (result, expected)]
    assert knn[0].data[0].tolist() == knn[1].data[0].tolist()
    assert not list(cut.glob(".*.tmp"))
