"""Depth, width and stem of a ResNet are read off its weights."""

import pytest
import torch
from torchvision.models import resnet50

from mmcontrast.models.backbones import ResNet
from mmcontrast.utils.errors import UserError
from mmcontrast.weights.resnet_form import plain_form, resnet_form


def test_published():
    assert resnet_form(resnet50().state_dict()) == (50, 64, "imagenet", 3)


@pytest.mark.parametrize("depth", [18, 34, 101])
def test_depths_and_widths(depth):
    weights = ResNet(depth, stem="cifar", base_channels=2, in_channels=1).state_dict()
    assert resnet_form(weights) == (depth, 2, "cifar", 1)


def test_others_have_none():
    weights = ResNet(18, base_channels=2).state_dict()
    assert resnet_form({n: t for n, t in weights.items() if not n.startswith("layer4")}) is None
    assert resnet_form({**weights, "conv1.weight": torch.zeros(2, 3, 5, 5)}) is None
    del weights["conv1.weight"]
    assert resnet_form({**weights, "stem.0.weight": torch.zeros(2, 3, 3, 3)}) is None
    assert resnet_form({"blocks.0.weight": torch.zeros(1)}) is None


@pytest.mark.parametrize("depth", [18, 34, 50, 101])
@pytest.mark.parametrize("width", [4, 64])
def test_the_table_of_layers_is_the_network(depth, width):
    """Each tensor of a plain ResNet is expected, and one more, less or larger is refused."""
    with torch.device("meta"):
        weights = ResNet(depth, base_channels=width).state_dict()
    assert plain_form(weights, "timm") == (depth, width, "imagenet", 3)
    others = [
        {**weights, "conv1.weight": torch.zeros(width, 2, 7, 7)},
        {**weights, "layer2.0.se.weight": torch.zeros(1)},
        {**weights, "layer3.0.conv2.weight": torch.zeros(1)},
        {
            name: tensor
            for name, tensor in weights.items()
            if name != "layer4.0.downsample.0.weight"
        },
    ]
    for other in others:
        with pytest.raises(UserError, match=rf"timm .* no plain ResNet-{depth}\.\n"):
            plain_form(other, "timm")


def test_the_3x3_stem_is_refused_with_all_else_in_place():
    with torch.device("meta"):
        weights = ResNet(50, stem="cifar").state_dict()
    with pytest.raises(UserError, match="start with a 7x7 convolution"):
        plain_form(weights, "timm")
