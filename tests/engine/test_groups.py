"""Groups of parameters with learning rates and schedules of their own, as CrissCross has them."""

import pytest
import torch
from mmengine.optim import build_optim_wrapper
from torch import nn

from mmcontrast.engine.schedulers import WarmupCosineLR
from tests.small import build_method

GROUPS = dict(
    encoders=dict(parts=["video_backbone", "video_projector", "audio_backbone", "audio_projector"]),
    predictors=dict(parts=["video_predictor", "audio_predictor"], lr_mult=10.0),
)


def build(model, groups=None, **optimizer):
    settings = dict(type="LARC", base="Adam", lr=2e-4, weight_decay=1e-4, **optimizer)
    return build_optim_wrapper(
        model,
        dict(
            type="OptimWrapper",
            constructor="ParameterGroups",
            optimizer=settings,
            paramwise_cfg=dict(groups=GROUPS if groups is None else groups),
        ),
    )


def crisscross_rates(**settings):
    """Learning rates of both groups at each of 1000 steps: 100 epochs of 10, 2 of them warm-up."""
    wrapper = build(build_method("CrissCross"))
    scheduler = WarmupCosineLR(
        wrapper, warmup=20, end=1000, by_epoch=False, final=0.5, warmup_ends_early=True, **settings
    )
    rates = []
    for _ in range(1000):
        rates.append([group["lr"] for group in wrapper.optimizer.param_groups])
        wrapper.step()
        scheduler.step()
    return list(zip(*rates, strict=True))


def test_schedule_of_crisscross():
    encoders, predictors = crisscross_rates(constant_groups=["predictors"])
    expected = {
        0: 0, 1: 1.0526316e-5, 10: 1.0526316e-4, 19: 2e-4, 20: 2e-4, 510: 1.5e-4, 999: 1.00000257e-4
    }  # fmt: skip
    for step, rate in expected.items():
        assert encoders[step] == pytest.approx(rate, rel=1e-7), step
    assert predictors == (pytest.approx(2e-3),) * 1000


def test_predictors_that_follow_the_schedule():
    _, predictors = crisscross_rates()
    expected = {0: 0, 1: 1.0526316e-4, 19: 2e-3, 20: 2e-3, 510: 1.5e-3, 999: 1.0000026e-3}
    for step, rate in expected.items():
        assert predictors[step] == pytest.approx(rate, rel=1e-7), step


def test_each_parameter_is_in_one_group():
    method = build_method("CrissCross")
    wrapper = build(method)
    names = [group["name"] for group in wrapper.optimizer.param_groups]
    assert names == ["encoders", "predictors"]
    assert wrapper.optimizer.param_groups[1]["lr"] == pytest.approx(2e-3)
    assert {p for group in wrapper.optimizer.param_groups for p in group["params"]} == set(
        method.parameters()
    )
    assert len(wrapper.optimizer.param_groups[1]["params"]) == 2 * 6
    wrapper.update_params(sum(p.sum() for p in method.parameters()))


def test_parts_that_a_method_lacks_and_frozen_ones_are_left_out():
    video = ("video_backbone", "video_projector", "video_predictor")
    method = build_method("CrissCross", **dict.fromkeys(video))
    method.audio_backbone.conv1.requires_grad_(False)
    grouped = {p for group in build(method).optimizer.param_groups for p in group["params"]}
    assert grouped == {p for p in method.parameters() if p.requires_grad}


class TwoLayers(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(2, 2), nn.Linear(2, 2)


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        (dict(), r"needs optim_wrapper\.paramwise_cfg"),
        (dict(a=dict(parts=["first"])), r"second\.weight, second\.bias is in no group"),
        (dict(a=dict(parts=["first", "second"]), b=dict(parts=["first"])), "first is in a and b"),
        (dict(a=dict(parts=["first"], lr=1.0)), "group a has parts and lr_mult, got"),
        (dict(a=dict(parts=["first"], lr_mult=-1.0)), "lr_mult of a must be at least 0"),
    ],
)
def test_groups_that_do_not_fit(groups, message):
    with pytest.raises(ValueError, match=message):
        build(TwoLayers(), groups)


def test_a_schedule_of_a_group_that_is_not_there():
    sgd = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=1.0)
    with pytest.raises(ValueError, match="no group of parameters predictor"):
        WarmupCosineLR(sgd, warmup=1, end=10, constant_groups=["predictor"])
