"""Initial weights of the published configs are those of the authors' code."""

import math

import pytest
import torch
from mmengine.config import Config
from torch import nn

from mmcontrast.registry import MODELS
from tests.toy import ROOT


def initial(path):
    """The model of a config, as a training begins with it."""
    torch.manual_seed(0)
    model = MODELS.build(Config.fromfile(ROOT / "configs" / f"{path}.py").model)
    model.init_weights()
    return model


def std(weight):
    return weight.std().item()


def uniform_std(fan_in):
    """Of PyTorch's default for linear layers and convolutions."""
    return 1 / math.sqrt(3 * fan_in)


def test_densecl():
    model = initial("densecl/r50_coco")
    block, neck = model.backbone.layer1[0], model.neck
    assert std(block.conv3.weight) == pytest.approx(math.sqrt(2 / 64), rel=0.03)  # fan_in
    assert std(block.conv2.weight) == pytest.approx(math.sqrt(2 / (9 * 64)), rel=0.03)
    assert block.bn3.weight.unique().tolist() == [1]
    for linear in (neck.mlp[0], neck.mlp[2]):
        assert std(linear.weight) == pytest.approx(0.03125, rel=0.01)
        assert not linear.bias.any()
    for conv in (neck.conv[0], neck.conv[2]):
        assert std(conv.weight) == pytest.approx(uniform_std(2048), rel=0.01)
        assert conv.bias.any()
    for name in ("backbone", "neck"):
        online = model.get_submodule(name).state_dict()
        for key, value in model.momentum_encoder.get_submodule(name).state_dict().items():
            assert torch.equal(value, online[key]), key


def test_moco_v2():
    model = initial("mocov2/r50_imagenet")
    block, head = model.backbone.layer1[0], model.neck.mlp[0]
    assert std(block.conv3.weight) == pytest.approx(math.sqrt(2 / 256), rel=0.03)  # fan_out
    assert block.bn3.weight.unique().tolist() == [1]
    assert std(head.weight) == pytest.approx(uniform_std(2048), rel=0.01)
    assert head.bias.any()


@pytest.mark.parametrize("path", ["simclr/r50_imagenet_bs4096", "simclr/r18_cifar10"])
def test_simclr(path):
    model = initial(path)
    for layer in model.modules():
        if isinstance(layer, nn.Conv2d) and layer.weight.numel() > 10_000:
            fan_in = layer.weight[0].numel()
            assert std(layer.weight) == pytest.approx(math.sqrt(1 / fan_in), rel=0.03)
            assert layer.weight.abs().max() <= 2 / 0.8796 * math.sqrt(1 / fan_in)
        if isinstance(layer, nn.Linear):
            assert std(layer.weight) == pytest.approx(0.01, rel=0.01)
    for stage in model.backbone.stages:
        for block in stage:
            assert not (block.bn3 if hasattr(block, "bn3") else block.bn2).weight.any()
            assert block.bn1.weight.unique().tolist() == [1]
    assert model.neck.mlp[-1].weight.unique().tolist() == [1]
    assert not model.neck.mlp[-1].bias.any()


def test_vfs():
    model = initial("vfs/r18_kinetics400")
    block = model.backbone.layer2[0]
    assert std(block.conv1.weight) == pytest.approx(math.sqrt(2 / (9 * 128)), rel=0.03)  # fan_out
    assert not block.bn2.weight.any()
    for linear in (model.projector.mlp[0], model.predictor.mlp[3]):
        fan_in = linear.weight.shape[1]
        assert std(linear.weight) == pytest.approx(uniform_std(fan_in), rel=0.02)
        assert linear.bias.any()


def test_contrastcorr():
    block = initial("contrastcorr/mini").backbone.layer2[0]
    fan_out = block.conv1.weight[:, 0].numel()
    assert std(block.conv1.weight) == pytest.approx(math.sqrt(2 / fan_out), rel=0.03)


def test_mvgrl():
    model = initial("mvgrl/cora")
    linear, critic = model.encoder_a.layers[0].linear.weight, model.critic.weight
    assert std(linear) == pytest.approx(math.sqrt(2 / sum(linear.shape)), rel=0.01)  # Xavier's
    # Xavier's of a bilinear layer of one output: fans C * C and C.
    channels = critic.shape[-1]
    assert std(critic) == pytest.approx(math.sqrt(2 / (channels**2 + channels)), rel=0.01)
    assert not model.encoder_a.layers[0].bias.any()
    assert model.encoder_a.layers[0].slope.item() == 0.25


def test_cegzsl():
    for layer in initial("cegzsl/awa2").modules():
        if isinstance(layer, nn.Linear):
            assert std(layer.weight) == pytest.approx(0.02, rel=0.05)
            assert not layer.bias.any()
