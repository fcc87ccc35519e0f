"""Learning rates over time: the values of the specification."""

import mmengine.optim
import pytest
import torch

from mmcontrast.engine.schedulers import RestartedStepLR, WarmupCosineLR
from mmcontrast.registry import PARAM_SCHEDULERS


def optimizer(lr):
    return torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=lr)


def rates(scheduler, steps, sgd):
    """Learning rates that the steps 0, 1, ... use."""
    values = []
    for _ in range(steps):
        values.append(sgd.param_groups[0]["lr"])
        sgd.step()
        scheduler.step()
    return values


def test_simclr_at_batch_4096_for_100_epochs():
    sgd = optimizer(4.8)
    values = rates(WarmupCosineLR(sgd, warmup=3127, end=31279, by_epoch=False), 31279, sgd)
    assert values[0] == 0
    expected = {1: 0.0015350176, 1563: 2.3992324912, 3127: 4.8, 17203: 2.4}
    for step, value in expected.items():
        assert values[step] == pytest.approx(value, abs=1e-9)
    assert values[31278] == pytest.approx(1.494e-08, rel=1e-3)
    assert max(values) == values[3127]


def test_epochs_become_steps():
    sgd = optimizer(1.0)
    config = dict(
        type="WarmupCosineLR", warmup=2, end=10, by_epoch=True, convert_to_iter_based=True
    )
    scheduler = PARAM_SCHEDULERS.build(config, default_args=dict(optimizer=sgd, epoch_length=7))
    assert not scheduler.by_epoch
    assert (scheduler.warmup, scheduler.end) == (14, 70)
    values = rates(scheduler, 70, sgd)
    assert values[7] == pytest.approx(0.5)
    assert values[42] == pytest.approx(0.5)


def test_a_warm_up_longer_than_training_is_refused():
    with pytest.raises(ValueError, match="shorter than training"):
        WarmupCosineLR(optimizer(1.0), warmup=10, end=10)


@pytest.mark.parametrize(
    ("lr", "epochs", "expected"),
    [
        (0.03, 200, {1: 0.0299981495, 50: 0.0256066017, 100: 0.015, 199: 1.8505128e-06}),
        (0.3, 800, {799: 1.1565928e-06}),
    ],
)
def test_moco_and_densecl_step_their_cosine_by_epoch(lr, epochs, expected):
    sgd = optimizer(lr)
    values = rates(mmengine.optim.CosineAnnealingLR(sgd, T_max=epochs, eta_min=0), epochs, sgd)
    for epoch, value in expected.items():
        assert values[epoch] == pytest.approx(value, rel=1e-7)


def test_detection_on_voc():
    sgd = optimizer(0.02)
    warmup = mmengine.optim.LinearLR(sgd, start_factor=0.001, begin=0, end=100, by_epoch=False)
    steps = mmengine.optim.MultiStepLR(sgd, milestones=[18000, 22000], by_epoch=False)
    values = []
    for _ in range(22001):
        values.append(sgd.param_groups[0]["lr"])
        sgd.step()
        warmup.step()
        steps.step()
    expected = {0: 2e-5, 50: 0.0101109, 99: 0.02, 17999: 0.02, 18000: 0.002, 22000: 0.0002}
    for step, value in expected.items():
        assert values[step] == pytest.approx(value, rel=1e-5)


def test_contrastcorr_starts_anew_with_its_second_stage():
    sgd = optimizer(1e-4)
    values = rates(RestartedStepLR(sgd, step_size=40, restarts=[100], end=200), 200, sgd)
    expected = {0: 1e-4, 39: 1e-4, 40: 5e-5, 80: 2.5e-5, 99: 2.5e-5, 100: 1e-4, 140: 5e-5}
    for epoch, value in expected.items():
        assert values[epoch] == pytest.approx(value), epoch
    with pytest.raises(ValueError, match="at least 1"):
        RestartedStepLR(sgd, step_size=0)
