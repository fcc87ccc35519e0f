"""Length is one number: loop, schedules, intervals and stages."""

import glob
import re
from dataclasses import replace

import pytest
from mmengine.config import Config

from mmcontrast.apis.training.config import load_config
from mmcontrast.engine.lengths import Loop, disagreements, set_length, set_other_units
from mmcontrast.utils.errors import UserError
from tests.toy import ROOT

EPOCHS = dict(type="EpochBasedTrainLoop", max_epochs=100)
ITERS = dict(type="IterBasedTrainLoop", max_iters=600, val_interval=600)


def resized(schedule, train_cfg=EPOCHS, length=30, **cfg):
    cfg = Config(dict(train_cfg=train_cfg, param_scheduler=schedule, **cfg))
    by_epoch = "max_epochs" in train_cfg
    set_length(cfg, length if by_epoch else None, None if by_epoch else length)
    return cfg


@pytest.mark.parametrize(
    ("schedule", "changed"),
    [
        (dict(type="CosineAnnealingLR", T_max=100), dict(T_max=30)),
        (dict(type="CosineAnnealingLR", T_max=100, convert_to_iter_based=True), dict(T_max=30)),
        (dict(type="CosineAnnealingLR", begin=10, T_max=90, end=100), dict(T_max=20, end=30)),
        (dict(type="CosineAnnealingMomentum", T_max=100, eta_min=0.8), dict(T_max=30)),
        (dict(type="CosineAnnealingLR", T_max=50), {}),
        (dict(type="LinearLR", begin=0, end=10), {}),
        (dict(type="WarmupCosineLR", warmup=10, end=100), dict(end=30)),
        (dict(type="OneCycleLR", eta_max=0.1, total_steps=100), dict(total_steps=30)),
        (dict(type="CosineRestartLR", periods=[20, 30, 50]), dict(periods=[6, 9, 15])),
        (dict(type="MultiStepLR", milestones=[60, 80]), dict(milestones=[18, 24])),
        (dict(type="MultiStepLR", begin=10, milestones=[50, 70]), dict(milestones=[11, 16])),
        (dict(type="MultiStepLR", milestones=[6, 8], end=10), {}),
        (
            dict(type="RestartedStepLR", step_size=4, restarts=[50], end=100),
            dict(restarts=[15], end=30),
        ),
        (
            dict(type="ExponentialLR", gamma=0.01 ** (1 / 100)),
            dict(gamma=(0.01 ** (1 / 100)) ** (100 / 30)),
        ),
        (dict(type="ExponentialLR", gamma=0.97), {}),
        (dict(type="StepLR", step_size=10), {}),
        (dict(type="PolyLR", end=100, by_epoch=False), {}),
    ],
)
def test_what_had_the_length_of_the_loop_has_its_new_one(schedule, changed):
    expected = schedule | changed
    assert resized(schedule).param_scheduler.to_dict() == expected
    assert resized([schedule]).param_scheduler[0].to_dict() == expected
    per_optimizer = resized(dict(critic=[schedule], generator=schedule)).param_scheduler
    assert per_optimizer.critic[0].to_dict() == expected
    assert per_optimizer.generator.to_dict() == expected


def test_iterations_intervals_and_stages():
    schedule = [
        dict(type="LinearLR", by_epoch=False, begin=0, end=30),
        dict(type="CosineAnnealingLR", by_epoch=False, begin=30, end=600, T_max=570),
    ]
    hooks = dict(checkpoint=dict(type="CheckpointHook", by_epoch=False, interval=600), other=None)
    cfg = resized(schedule, ITERS, 100, default_hooks=hooks)
    assert cfg.train_cfg == dict(type="IterBasedTrainLoop", max_iters=100, val_interval=100)
    assert cfg.param_scheduler[0].end == 30
    assert (cfg.param_scheduler[1].end, cfg.param_scheduler[1].T_max) == (100, 70)
    assert cfg.default_hooks.checkpoint.interval == 100
    stages = [dict(type="StageHook", begins=[50], pipelines=[[]])]
    assert resized([], custom_hooks=stages).custom_hooks[0].begins == [15]
    with pytest.raises(UserError, match=r"param_scheduler.1.begin=30 leaves nothing"):
        resized(schedule, ITERS, 20)


def test_schedules_in_another_unit_than_the_loop():
    """Known once the data are there, by the number of iterations of an epoch."""
    cfg = Config(
        dict(train_cfg=EPOCHS, param_scheduler=dict(type="PolyLR", end=700, by_epoch=False))
    )
    old = replace(Loop.of(cfg), epoch_length=7)
    set_length(cfg, 30, None)
    new = replace(Loop.of(cfg), epoch_length=7)
    assert set_other_units(cfg, old, new) == ["param_scheduler.end 700 -> 210"]
    assert not disagreements(cfg, new)
    cosine = dict(type="CosineAnnealingLR", T_max=60, convert_to_iter_based=True)
    cfg = Config(dict(train_cfg=ITERS, param_scheduler=cosine))
    loops = [Loop("max_iters", length, 10) for length in (600, 150)]
    assert set_other_units(cfg, *loops) == ["param_scheduler.T_max 60 -> 15"]


@pytest.mark.parametrize(
    ("epochs", "iters", "message"),
    [
        (None, 5, "counts epochs .train_cfg.max_epochs=100.: set its length with --epochs"),
        (5, 5, "counts epochs"),
        (0, None, "--epochs takes a positive number, got 0"),
    ],
)
def test_lengths_that_are_refused(epochs, iters, message):
    with pytest.raises(UserError, match=message):
        set_length(Config(dict(train_cfg=EPOCHS)), epochs, iters)


COSINE = dict(type="CosineAnnealingLR", T_max=100)
WARM_UP = dict(type="LinearLR", begin=0, end=10)


@pytest.mark.parametrize(
    ("schedule", "length", "messages"),
    [
        (COSINE, 100, []),
        (COSINE, 2, [r"param_scheduler.T_max=100 reaches beyond train_cfg.max_epochs=2"]),
        (COSINE, 300, [r"param_scheduler.T_max=100 ends before train_cfg.max_epochs=300"]),
        ([WARM_UP, dict(COSINE, begin=10, T_max=90)], 100, []),
        ([WARM_UP, dict(COSINE, begin=10)], 100, [r"param_scheduler.1.T_max=100 reaches beyond"]),
        ([WARM_UP, dict(type="MultiStepLR", milestones=[30, 60])], 100, []),
        (dict(type="MultiStepLR", milestones=[30, 60]), 40, [r"milestones=\[30, 60\] reaches"]),
        (
            [COSINE, dict(type="CosineAnnealingMomentum", T_max=50)],
            100,
            [r"1.T_max=50 ends before"],
        ),
        ([dict(COSINE, T_max=50, end=50), dict(type="StepLR", begin=50, step_size=9)], 100, []),
        (dict(type="PolyLR", end=700, by_epoch=False), 200, [r"end=700 ends before .*1400 iter"]),
    ],
)
def test_a_schedule_that_disagrees_with_the_loop_is_named(schedule, length, messages):
    cfg = Config(dict(train_cfg=dict(max_epochs=length), param_scheduler=schedule))
    statements = disagreements(cfg, replace(Loop.of(cfg), epoch_length=7))
    assert len(statements) == len(messages)
    for statement, message in zip(statements, messages, strict=True):
        assert re.search(message, statement)


def test_epochs_in_a_loop_of_iterations():
    cfg = Config(dict(train_cfg=ITERS, param_scheduler=COSINE))
    (statement,) = disagreements(cfg, Loop("max_iters", 600, 6))
    assert "would never take a step" in statement
    cfg.param_scheduler.convert_to_iter_based = True
    assert not disagreements(cfg, Loop("max_iters", 600, 6))


@pytest.mark.parametrize(
    "path",
    [
        path
        for path in sorted(glob.glob(str(ROOT / "configs/*/**/*.py"), recursive=True))
        if "_base_" not in path and "downstream" not in path
    ],
    ids=lambda path: path.rpartition("configs/")[2],
)
def test_the_schedules_of_every_config_agree_with_its_loop(path):
    cfg = load_config(path)
    if cfg.get("train_cfg"):
        by_epoch = Loop.of(cfg).by_epoch
        assert not disagreements(cfg, replace(Loop.of(cfg), epoch_length=10))
        set_length(cfg, 20 if by_epoch else None, None if by_epoch else 2000)
        assert not disagreements(cfg, replace(Loop.of(cfg), epoch_length=10))
