"""A resumed run equals an uninterrupted one, wherever it was broken off."""

import contextlib
import os
import signal
import subprocess
import sys
import tarfile
import time

import pytest
import torch
from mmengine.hooks import Hook

from mmcontrast.apis.training.train import train
from mmcontrast.registry import HOOKS
from tests.same_runs import assert_same
from tests.toy import ROOT, unique_run, write_config, write_images

ACCUMULATE = "optim_wrapper.accumulative_counts=4"  # 6 iterations an epoch: cuts one in two
WORKERS = "train_dataloader.num_workers=2"
PER_STEP = (
    "param_scheduler = dict(\n"
    "    type='WarmupCosineLR', warmup=1, by_epoch=True, convert_to_iter_based=True)\n"
)
SHARDS = """
train_dataloader.pop('sampler')
train_dataloader.update(sampler=None, dataset=dict(
    type='TarShards', shards={shards!r}, batch_size=4, shuffle_buffer=3,
    pipeline=train_dataloader['dataset']['pipeline']))
"""


class Crash(Exception):
    """Stands for a kill: nothing of ours catches it."""


@HOOKS.register_module(force=True)
class Disturb(Hook):
    """Break the run off in the middle of an iteration's hooks, or send it a signal."""

    priority = "HIGHEST"

    def __init__(self, at, number=0):
        self.at = at
        self.number = number

    def after_train_iter(self, runner, **kwargs):
        if runner.iter + 1 == self.at:
            if not self.number:
                raise Crash
            os.kill(os.getpid(), self.number)


@pytest.fixture
def config(tmp_path):
    return str(write_config(tmp_path, extra=PER_STEP))


def run(config, work_dir, *options, resume=None, disturb=None):
    extra = [f"default_hooks.disturb.{key}={value}" for key, value in (disturb or {}).items()]
    return train(
        config,
        work_dir=str(work_dir / "run"),
        resume=resume,
        cfg_options=[unique_run(), *options, *extra],
    )


def load(path):
    return torch.load(path, weights_only=False)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Last checkpoint of an uninterrupted run, by options."""
    folder = tmp_path_factory.mktemp("whole")
    config = str(write_config(folder, extra=PER_STEP))
    made = {}

    def checkpoint(*options):
        if options not in made:
            work_dir = folder / str(len(made))
            run(config, work_dir, *options)
            made[options] = load(work_dir / "run/epoch_3.pth")
        return made[options]

    return checkpoint


@pytest.mark.parametrize("options", [(), (ACCUMULATE,), (WORKERS,)], ids=str)
def test_after_a_crash_the_run_repeats_from_the_last_epoch(config, tmp_path, whole, options):
    with pytest.raises(Crash):
        run(config, tmp_path, *options, disturb=dict(type="Disturb", at=9))
    run(config, tmp_path, *options, resume="auto")
    assert_same(whole(*options), load(tmp_path / "run/epoch_3.pth"))


# In an epoch, at its last iteration, at the last of all; in an accumulation.
@pytest.mark.parametrize(
    ("at", "options"),
    [(9, ()), (12, (WORKERS,)), (18, ()), (9, (ACCUMULATE,)), (12, (ACCUMULATE,))],
    ids=str,
)
def test_after_a_signal_the_run_goes_on_at_the_next_iteration(config, tmp_path, whole, at, options):
    handler = signal.getsignal(signal.SIGTERM)
    disturb = dict(type="Disturb", at=at, number=int(signal.SIGTERM))
    with pytest.raises(SystemExit) as stopped:
        run(config, tmp_path, *options, disturb=disturb)
    assert stopped.value.code == 128 + signal.SIGTERM
    assert signal.getsignal(signal.SIGTERM) is handler
    assert load(tmp_path / "run/interrupted.pth")["meta"]["iter"] == at
    run(config, tmp_path, *options, resume="auto")
    assert_same(whole(*options), load(tmp_path / "run/epoch_3.pth"))
    # The next regular checkpoint takes its place.
    assert not (tmp_path / "run/interrupted.pth").exists()


@pytest.mark.parametrize("workers", [0, 2])
def test_shards_go_on_in_the_middle_of_an_epoch(tmp_path, workers):
    pytest.importorskip("webdataset")
    images = sorted(write_images(tmp_path / "images").rglob("*.png"))
    for shard in range(2):
        with tarfile.open(tmp_path / f"{shard}.tar", "w") as tar:
            for path in images[shard::2]:
                tar.add(path, path.name)
    config = str(
        write_config(
            tmp_path,
            tmp_path / "images",
            extra=PER_STEP + SHARDS.format(shards=str(tmp_path / "{0..1}.tar")),
        )
    )
    options = (f"train_dataloader.num_workers={workers}",)
    run(config, tmp_path / "whole", *options)
    disturb = dict(type="Disturb", at=9, number=int(signal.SIGTERM))
    with pytest.raises(SystemExit):
        run(config, tmp_path / "cut", *options, disturb=disturb)
    run(config, tmp_path / "cut", *options, resume="auto")
    whole, cut = (load(tmp_path / name / "run/epoch_3.pth") for name in ("whole", "cut"))
    assert_same(whole, cut)


def test_the_seed_is_taken_from_the_checkpoint(config, tmp_path, whole):
    with pytest.raises(Crash):
        run(config, tmp_path, "randomness.seed=5", disturb=dict(type="Disturb", at=9))
    run(config, tmp_path, resume="auto")  # whose config says 0
    assert_same(whole("randomness.seed=5"), load(tmp_path / "run/epoch_3.pth"))


def test_fp16_resumes_with_its_loss_scale(config, tmp_path, whole):
    options = ("optim_wrapper.type=AutocastOptimWrapper", "optim_wrapper.dtype=fp16")
    with pytest.raises(Crash):
        run(config, tmp_path, *options, disturb=dict(type="Disturb", at=9))
    run(config, tmp_path, *options, resume="auto")
    assert whole(*options)["optimizer"]["scaler"]["scale"] > 1
    assert_same(whole(*options), load(tmp_path / "run/epoch_3.pth"))


def test_another_batch_size_goes_on_at_about_the_same_sample(config, tmp_path):
    disturb = dict(type="Disturb", at=9, number=int(signal.SIGTERM))
    with pytest.raises(SystemExit):
        run(config, tmp_path, disturb=disturb)  # 12 of 24 samples into epoch 2
    runner = run(config, tmp_path, "train_dataloader.batch_size=2", resume="auto")
    # Epoch 1 counts as 12 iterations of 2, then 6 of epoch 2 were done; 18 are left.
    assert runner.iter == 36
    loss = runner.message_hub.log_scalars["train/loss"]
    assert len(loss.data[0]) == 9 + 18


def test_a_job_that_slurm_starts_again_resumes_by_itself(config, tmp_path, whole, monkeypatch):
    """Before it has a checkpoint it begins again, whatever an earlier job left in the folder."""
    (tmp_path / "run").mkdir()
    torch.save(whole("randomness.seed=5"), tmp_path / "run/epoch_3.pth")
    (tmp_path / "run/last_checkpoint").write_text(str(tmp_path / "run/epoch_3.pth"))
    monkeypatch.setenv("SLURM_JOB_ID", "77")
    for restart, at in enumerate((3, 9, 20)):
        monkeypatch.setenv("SLURM_RESTART_COUNT", str(restart))
        with pytest.raises(Crash) if at < 18 else contextlib.nullcontext():
            run(config, tmp_path, disturb=dict(type="Disturb", at=at))
        newest = load((tmp_path / "run/last_checkpoint").read_text())["meta"]
        assert newest["epoch"] == (3, 1, 3)[restart]
        assert all("slurm  77 " in name for name in newest.get("jobs", ()))
    assert_same(whole(), load(tmp_path / "run/epoch_3.pth"))


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
def test_on_a_gpu_a_resumed_run_equals_an_uninterrupted_one(config, tmp_path, monkeypatch):
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    options = ("randomness.deterministic=True",)
    try:
        runner = run(config, tmp_path / "whole", *options)
        with pytest.raises(Crash):
            run(config, tmp_path / "cut", *options, disturb=dict(type="Disturb", at=9))
        run(config, tmp_path / "cut", *options, resume="auto")
    finally:
        torch.use_deterministic_algorithms(False)
        torch.backends.cudnn.deterministic = False
    assert next(runner.model.parameters()).device.type == "cuda"
    assert_same(*(load(tmp_path / name / "run/epoch_3.pth") for name in ("whole", "cut")))


@pytest.mark.slow
def test_sigkill(config, tmp_path):
    """The real thing: a process that is killed without warning, and a new one."""
    run(config, tmp_path / "whole", "train_cfg.max_epochs=30")
    command = [
        sys.executable, str(ROOT / "tools/train.py"), config, "--work-dir", str(tmp_path / "cut"),
        "--cfg-options", "train_cfg.max_epochs=30",
    ]  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=subprocess.DEVNULL)
    while not (tmp_path / "cut/epoch_3.pth").exists():
        assert process.poll() is None
        time.sleep(0.02)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    assert not (tmp_path / "cut/epoch_30.pth").exists()
    subprocess.run([*command[:5], "--resume", *command[5:]], env=environment, cwd=ROOT, check=True)
    assert_same(load(tmp_path / "whole/run/epoch_30.pth"), load(tmp_path / "cut/epoch_30.pth"))
