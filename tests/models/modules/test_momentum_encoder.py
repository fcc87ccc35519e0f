"""The momentum encoder, by its closed form."""

import pytest
import torch
from torch import nn

from mmcontrast.models.modules import MomentumEncoder


@pytest.mark.parametrize(
    ("steps", "expected"), [(1, 0.001), (10, 0.0099551198), (1000, 0.6323045752)]
)
def test_follows_the_closed_form(steps, expected):
    online = nn.Linear(1, 1, bias=False)
    nn.init.zeros_(online.weight)
    encoder = MomentumEncoder(0.999, net=online)
    nn.init.ones_(online.weight)
    for _ in range(steps):
        encoder.update(net=online)
    assert encoder.net.weight.item() == pytest.approx(expected, rel=1e-4)
    assert encoder.net.weight.item() == pytest.approx(1 - 0.999**steps, rel=1e-4)


def test_moves_although_the_model_is_in_bfloat16():
    online = nn.Linear(1, 1, bias=False)
    nn.init.ones_(online.weight)
    model = nn.ModuleDict(dict(online=online, encoder=MomentumEncoder(0.999, net=online)))
    model.bfloat16()
    nn.init.constant_(model["online"].weight, 2)
    for _ in range(100):
        model["encoder"].update(net=model["online"])
    assert model["encoder"].net.weight.dtype == torch.float32
    assert model["encoder"].net.weight.item() == pytest.approx(1.0952, abs=1e-3)


def test_parameters_only():
    online = nn.BatchNorm1d(3)
    encoder = MomentumEncoder(0.5, norm=online)
    online.train()(torch.randn(8, 3) + 5)
    before = encoder.norm.running_mean.clone()
    encoder.update(norm=online)
    assert torch.equal(encoder.norm.running_mean, before)
    encoder.copy_from(norm=online)
    assert torch.equal(encoder.norm.running_mean, online.running_mean)


def test_update_of_equal_parameters_changes_nothing():
    online = nn.Linear(4, 4)
    encoder = MomentumEncoder(0.999, net=online)
    encoder.update(net=online)
    assert torch.equal(encoder.net.weight, online.weight)


def test_has_no_gradient():
    encoder = MomentumEncoder(0.999, net=nn.Linear(2, 2))
    assert not any(parameter.requires_grad for parameter in encoder.parameters())


@pytest.mark.parametrize(("momentum", "hint"), [(0.001, "0.999"), (0.004, "0.996"), (1.5, "0.999")])
def test_the_other_meaning_of_momentum_is_refused(momentum, hint):
    with pytest.raises(ValueError, match=hint):
        MomentumEncoder(momentum, net=nn.Linear(1, 1))
