"""A finished run that is resumed for longer has the learning rate of its new schedule."""

import math

import pytest

from mmcontrast.apis.training.train import train
from tests.engine.test_resume import load
from tests.toy import unique_run, write_config, write_images

LR = "optim_wrapper.optimizer.lr=0.01"
COSINE = "dict(type='CosineAnnealingLR', T_max=3, eta_min=0, by_epoch=True)"
CHAIN = """[
    dict(type='LinearLR', start_factor=0.1, begin=0, end=4, by_epoch=False),
    dict(type='MultiStepLR', milestones=[2], gamma=0.5, by_epoch=True),
    dict(type='PolyLR', power=0.9, eta_min=1e-5, end=18, by_epoch=False),
    dict(type='CosineAnnealingMomentum', T_max=3, eta_min=0.5, by_epoch=True,
         convert_to_iter_based=True)]"""
PER_STEP = """dict(
    type='WarmupCosineLR', warmup=1, end=3, by_epoch=True, convert_to_iter_based=True)"""
ONE_CYCLE = "dict(type='OneCycleLR', eta_max=0.1, total_steps=18, by_epoch=False)"


@pytest.fixture
def config(tmp_path):
    write_images(tmp_path / "images")

    def write(schedule=COSINE):
        extra = f"param_scheduler = {schedule}\n"
        return str(write_config(tmp_path, tmp_path / "images", extra=extra))

    return write


def run(config, folder, name, epochs, *options, resume=None):
    """Train, and return the runner and the learning rates of all iterations."""
    runner = train(
        config,
        work_dir=str(folder / name),
        resume=resume,
        epochs=epochs,
        cfg_options=[unique_run(), LR, *options],
    )
    return runner, runner.message_hub.log_scalars["train/lr"].data[0].tolist()


def log_of(folder, name):
    """The log of the last training in a work dir, without line breaks."""
    path = max((folder / name).glob("*/*.log"), key=lambda path: path.stat().st_mtime_ns)
    return " ".join(path.read_text().split())


def test_a_finished_run_goes_on_with_the_longer_schedule(config, tmp_path):
    _, first = run(config(), tmp_path, "run", 2)
    assert first[6:12] == pytest.approx([0.005] * 6)
    _, rates = run(config(), tmp_path, "run", 4, resume="auto")
    expected = [0.005 * (1 + math.cos(math.pi * epoch / 4)) for epoch in (2, 3)]
    assert expected[1] == pytest.approx(0.00146, abs=5e-6)
    assert rates[12:18] == pytest.approx([expected[0]] * 6)
    assert rates[18:] == pytest.approx([expected[1]] * 6)
    log = log_of(tmp_path, "run")
    assert "CosineAnnealingLR.T_max 2 -> 4" in log
    assert "holds from epoch 2, iteration 12 on: lr 0.005" in log


@pytest.mark.parametrize("schedule", [COSINE, CHAIN, PER_STEP, ONE_CYCLE])
@pytest.mark.parametrize("length", [5, 2])
def test_values_after_a_resume_are_those_of_a_run_of_the_new_length(
    config, tmp_path, schedule, length
):
    """Learning rate and momentum, whatever the schedules; also of a run cut in its epoch."""
    path = config(schedule)
    _, whole = run(path, tmp_path, "whole", length)
    run(path, tmp_path, "run", 3)
    checkpoint = str(tmp_path / "run/epoch_1.pth")
    _, rates = run(path, tmp_path, "cut", length, resume=checkpoint)
    assert rates[6:] == pytest.approx(whole[6:], rel=1e-9)
    names = [tmp_path / name / f"epoch_{length}.pth" for name in ("whole", "cut")]
    expected, group = (load(name)["optimizer"]["param_groups"][0] for name in names)
    assert group["momentum"] == pytest.approx(expected["momentum"], rel=1e-9)
    assert group["lr"] == pytest.approx(expected["lr"], rel=1e-9)


def test_an_unchanged_schedule_is_restored_as_it_was(config, tmp_path):
    run(config(), tmp_path, "run", 3)
    run(config(), tmp_path, "cut", 3, resume=str(tmp_path / "run/epoch_2.pth"))
    assert "schedule differs" not in log_of(tmp_path, "cut")
    states = [load(tmp_path / name / "epoch_3.pth") for name in ("run", "cut")]
    assert states[0]["param_schedulers"] == states[1]["param_schedulers"]


def test_another_learning_rate_or_schedule_holds_too(config, tmp_path):
    run(config(), tmp_path, "run", 3)
    checkpoint = str(tmp_path / "run/epoch_1.pth")
    larger = "optim_wrapper.optimizer.lr=0.02"
    _, rates = run(config(), tmp_path, "larger", 3, larger, resume=checkpoint)
    assert rates[6:12] == pytest.approx([0.015] * 6)
    steps = config("dict(type='MultiStepLR', milestones=[1, 2], gamma=0.1)")
    _, rates = run(steps, tmp_path, "steps", 3, resume=checkpoint)
    assert rates[6:] == pytest.approx([0.001] * 6 + [0.0001] * 6)


def test_other_batches_have_the_rate_of_their_place(config, tmp_path):
    """The half of them: twice as many steps, each with the rate of the same sample."""
    path = config(PER_STEP)
    run(path, tmp_path, "run", 3)
    halves = ("train_dataloader.batch_size=2", "auto_scale_lr.base_batch_size=2")
    _, whole = run(path, tmp_path, "whole", 3, *halves)
    _, rates = run(path, tmp_path, "cut", 3, *halves, resume=str(tmp_path / "run/epoch_1.pth"))
    assert rates[6:] == pytest.approx(whole[12:], rel=1e-9)


def test_the_stored_config_has_the_length(config, tmp_path):
    path = config("dict(type='PolyLR', end=18, by_epoch=False)")
    runner, _ = run(path, tmp_path, "run", 2)
    assert "param_scheduler.end 18 -> 12" in log_of(tmp_path, "run")
    assert runner.param_schedulers[0].end == 12
    assert "end=12" in (tmp_path / "run/toy.py").read_text()


def test_max_epochs_alone_is_warned_of(config, tmp_path):
    run(config(), tmp_path, "run", None, "train_cfg.max_epochs=1")
    log = log_of(tmp_path, "run")
    assert "param_scheduler.T_max=3 reaches beyond train_cfg.max_epochs=1" in log
    assert "--epochs N" in log
