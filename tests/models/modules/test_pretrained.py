"""The part that brings pre-trained weights into a protocol."""

import copy

import pytest
import torch
from torch import nn

from mmcontrast.models.modules import PretrainedWeights
from mmcontrast.weights.files import CheckpointError
from tests.small import build_method


class Protocol(nn.Module):
    def __init__(self, **settings):
        super().__init__()
        self.backbone = nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4))
        self.pretrained = PretrainedWeights(self.backbone, "random", **settings)


def test_it_has_no_state_and_no_parameters():
    protocol = Protocol()
    assert all(name.startswith("backbone.") for name in protocol.state_dict())
    assert len(list(protocol.parameters())) == 4
    assert list(protocol.pretrained.children()) == []


def test_only_a_frozen_backbone_stays_in_eval_mode():
    assert Protocol().train().backbone.training
    protocol = Protocol(frozen=True).train()
    assert protocol.training and not any(m.training for m in protocol.backbone.modules())
    assert not any(p.requires_grad for p in protocol.backbone.parameters())


def test_a_copy_has_its_own_backbone():
    first = Protocol(frozen=True)
    second = copy.deepcopy(first).train()
    first.backbone.train()
    second.train()
    assert first.backbone.training and not second.backbone.training


def test_weights_are_loaded_by_init_weights(tmp_path):
    source = build_method("MoCoV2", seed=5)
    torch.save(dict(state_dict=source.state_dict()), tmp_path / "moco.pth")
    backbone = build_method("MoCoV2").backbone
    PretrainedWeights(backbone, str(tmp_path / "moco.pth")).init_weights()
    for name, tensor in source.backbone.state_dict().items():
        assert torch.equal(backbone.state_dict()[name], tensor), name
    with pytest.raises(CheckpointError, match=r"model\.pretrained=random"):
        PretrainedWeights(backbone, "").init_weights()


@pytest.mark.parametrize("backbone", [None, nn.ReLU()])
def test_without_parameters_there_is_nothing_to_load(backbone):
    PretrainedWeights(backbone, "", frozen=True).train().init_weights()
