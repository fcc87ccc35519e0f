"""Checkpoints of other projects are recognised by their keys, and nothing is lost in silence."""

import pytest
import torch

from mmcontrast.models.backbones import ResNet
from mmcontrast.utils.weights import find_backbone, load_weights


def resnet(seed=0, **settings):
    torch.manual_seed(seed)
    return ResNet(**{"depth": 18, "base_channels": 4, **settings})


ONLINE = resnet(0).state_dict()
MOMENTUM = resnet(1).state_dict()
FC = {"fc.weight": torch.zeros(3, 32), "fc.bias": torch.zeros(3)}
MLP = {f"{layer}.{kind}": torch.zeros(2) for layer in (0, 2) for kind in ("weight", "bias")}
V1C = {
    f"stem.{number}.{kind}": torch.zeros(1)
    for number, kinds in enumerate((["weight"], ["weight", "bias", "running_mean"]) * 2)
    for kind in kinds
}


def under(prefix, tensors):
    return {prefix + name: tensor for name, tensor in tensors.items()}


def children(tensors, numbers):
    """Name the children of a ResNet as nn.Sequential(*resnet.children()) does."""
    names = ("conv1", "bn1", "layer1", "layer2", "layer3", "layer4")
    number = dict(zip(names, numbers, strict=True))
    split = ((name.split(".", 1), tensor) for name, tensor in tensors.items())
    return {f"{number[first]}.{rest}": tensor for (first, rest), tensor in split}


def cifar_port(tensors):
    return {name.replace(".downsample.", ".shortcut."): tensor for name, tensor in tensors.items()}


def vissl(prefix):
    return {
        "phase_idx": 3,
        "classy_state_dict": {
            "base_model": {
                "model": {"trunk": under(prefix, ONLINE), "heads": under("0.clf.", MLP)},
                "meta": {},
            }
        },
    }


LAYOUTS = {
    "mmcontrast-simclr": (
        "mmcontrast or OpenMMLab",
        {"meta": {}, "state_dict": {**under("backbone.", ONLINE), **under("neck.mlp.", MLP)}},
    ),
    "mmcontrast-mocov2": (
        "mmcontrast",
        {
            "state_dict": {
                **under("backbone.", ONLINE),
                **under("momentum_encoder.backbone.", MOMENTUM),
                "queue.keys": torch.zeros(2, 4),
            }
        },
    ),
}


@pytest.mark.parametrize("case", LAYOUTS)
def test_layout_is_recognised(case):
    name, checkpoint = LAYOUTS[case]
    weights = find_backbone(checkpoint)
    assert weights.layout == name
    assert set(weights.state_dict) == set(ONLINE)
    assert all(torch.equal(tensor, ONLINE[key]) for key, tensor in weights.state_dict.items())


def test_loading_covers_everything():
    network = resnet(1)
    coverage = load_weights(network, ONLINE)
    assert coverage.share == 1
    assert all(torch.equal(t, ONLINE[name]) for name, t in network.state_dict().items())
