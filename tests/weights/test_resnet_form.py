"""Depth, width and stem of a ResNet are read off its weights."""

import pytest
import torch
from torchvision.models import resnet50

from mmcontrast.models.backbones import ResNet
from mmcontrast.weights.resnet_form import resnet_form


def test_published():
    assert resnet_form(resnet50().state_dict()) == (50, 64, "imagenet")


@pytest.mark.parametrize("depth", [18, 34, 101])
def test_depths_and_widths(depth):
    weights = ResNet(depth, stem="cifar", base_channels=2).state_dict()
    assert resnet_form(weights) == (depth, 2, "cifar")


def test_others_have_none():
    weights = ResNet(18, base_channels=2).state_dict()
    assert resnet_form({n: t for n, t in weights.items() if not n.startswith("layer4")}) is None
    assert resnet_form({**weights, "conv1.weight": torch.zeros(2, 3, 5, 5)}) is None
    del weights["conv1.weight"]
    assert resnet_form({**weights, "stem.0.weight": torch.zeros(2, 3, 3, 3)}) is None
    assert resnet_form({"blocks.0.weight": torch.zeros(1)}) is None
