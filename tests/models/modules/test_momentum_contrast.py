"""The momentum encoder, by its closed form, and the queue, by its contents."""

import copy

import pytest
import torch
from mmengine.model import BaseModel, Sequential
from mmengine.runner.checkpoint import load_state_dict
from torch import nn

from mmcontrast.models.modules import KeyQueue, MomentumEncoder
from tests.small import build_method


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


class Target(BaseModel):
    """A model of one's own, whose init_weights nobody has written; the target is used first."""

    def __init__(self, encoder_first):
        super().__init__()
        init_cfg = dict(type="Constant", val=2.0, bias=0.0, layer="Linear")
        online = Sequential(nn.Linear(1, 1), nn.BatchNorm1d(1), init_cfg=init_cfg)
        if encoder_first:
            self.momentum_encoder = MomentumEncoder(0.9, net=online)
            self.online = online
        else:
            self.online = online
            self.momentum_encoder = MomentumEncoder(0.9, net=online)

    def forward(self, x):
        target = self.momentum_encoder.net(x)
        return self.online(x), target


@pytest.mark.parametrize("encoder_first", [False, True])
@pytest.mark.parametrize("update_first", [False, True])
def test_starts_equal_in_a_model_of_ones_own(encoder_first, update_first):
    model = Target(encoder_first)
    model.init_weights()
    if update_first:
        model.momentum_encoder.update(net=model.online)
    online, target = model(torch.randn(8, 1))
    assert torch.equal(online, target)
    assert model.momentum_encoder.net[0].weight.item() == 2
    nn.init.constant_(model.online[0].weight, 3)
    model.momentum_encoder.update(net=model.online)
    assert model.momentum_encoder.net[0].weight.item() == pytest.approx(2.1)


@pytest.mark.parametrize("load", [nn.Module.load_state_dict, load_state_dict])
def test_weights_that_are_loaded_stay(load):
    source, model = Target(False), Target(False)
    nn.init.constant_(source.momentum_encoder.net[0].weight, 5)
    model.init_weights()
    load(model, source.state_dict())
    model(torch.randn(8, 1))
    assert model.momentum_encoder.net[0].weight.item() == 5
    model.momentum_encoder.update(net=model.online)
    expected = 0.9 * 5 + 0.1 * model.online[0].weight.item()
    assert model.momentum_encoder.net[0].weight.item() == pytest.approx(expected)


@pytest.mark.parametrize("load", [nn.Module.load_state_dict, load_state_dict])
def test_starts_from_weights_that_lack_it(load):
    model = Target(False)
    model.init_weights()
    state = {"online.0.weight": torch.tensor([[7.0]]), "online.1.running_mean": torch.ones(1)}
    load(model, state, strict=False)
    assert torch.equal(*model.eval()(torch.randn(8, 1)))
    assert model.momentum_encoder.net[0].weight.item() == 7
    assert model.momentum_encoder.net[1].running_mean.item() == 1


def test_an_online_module_that_was_replaced_is_followed():
    method = build_method("MoCoV2")
    method.backbone = build_method("MoCoV2", seed=1).backbone
    method.init_weights()
    method.momentum_encoder.update(backbone=method.backbone, neck=method.neck)
    for mine, theirs in zip(
        method.momentum_encoder.backbone.parameters(), method.backbone.parameters(), strict=True
    ):
        assert torch.equal(mine, theirs)


def test_a_deep_copy_follows_its_own_online_modules():
    first = Target(False)
    second = copy.deepcopy(first)
    first.init_weights()
    nn.init.constant_(second.online[0].weight, 9)
    second.momentum_encoder.init_weights()
    second(torch.randn(8, 1))
    assert second.momentum_encoder.net[0].weight.item() == 9
    assert set(first.state_dict()) == set(second.state_dict())


def numbered(length):
    queue = KeyQueue(length, 1)
    queue.keys.fill_(-1)
    return queue


def keys(*numbers):
    return torch.tensor(numbers, dtype=torch.float32)[:, None]


def test_wraps_with_batches_that_do_not_divide_it():
    queue = numbered(10)
    pointers = []
    for start in (0, 4, 8):
        queue.push(keys(*range(start, start + 4)))
        pointers.append(queue.pointer.item())
    assert pointers == [4, 8, 2]
    assert queue.keys[0].tolist() == [10, 11, 2, 3, 4, 5, 6, 7, 8, 9]


def test_batch_longer_than_the_queue_leaves_its_last_keys():
    queue = numbered(4)
    queue.push(keys(*range(10)))
    assert queue.keys[0].tolist() == [8, 9, 6, 7]
    assert queue.pointer.item() == 2


def test_wraps_from_the_middle():
    queue = numbered(6)
    queue.pointer.fill_(4)
    queue.push(keys(0, 1, 2))
    assert queue.keys[0].tolist() == [2, -1, -1, -1, 0, 1]
    assert queue.pointer.item() == 1


def test_starts_with_random_unit_keys_and_age_zero():
    queue = KeyQueue(100, 16)
    torch.testing.assert_close(queue.keys.norm(dim=0), torch.ones(100))
    assert queue.age() == 0


def test_age_is_counted_in_steps():
    queue = numbered(4)
    for _ in range(4):
        queue.push(keys(1, 2))
    # Two keys of the last step and two of the one before.
    assert queue.age() == 0.5


def test_everything_is_in_the_checkpoint():
    queue = KeyQueue(5, 3)
    queue.push(torch.randn(7, 3))
    other = KeyQueue(5, 3)
    other.load_state_dict(queue.state_dict())
    batch = torch.randn(3, 3)
    queue.push(batch)
    other.push(batch)
    for name, value in queue.state_dict().items():
        assert torch.equal(value, other.state_dict()[name]), name


def test_half_precision_keys_are_stored_in_float32():
    queue = KeyQueue(4, 2)
    queue.push(torch.ones(1, 2, dtype=torch.bfloat16))
    assert queue.keys.dtype == torch.float32


def test_needs_a_length():
    with pytest.raises(ValueError, match="length of at least 1"):
        KeyQueue(0, 8)
