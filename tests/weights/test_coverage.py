"""What of a network a checkpoint holds, stage by stage."""

import torch
from torch import nn

from mmcontrast.models.backbones import ResNet
from mmcontrast.weights.coverage import compare


def test_what_does_not_fit_is_named():
    network = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    weights = network.state_dict()
    assert compare(weights, weights).is_exact
    # Old checkpoints have none, and nothing depends on it.
    old = {name: t for name, t in weights.items() if "num_batches" not in name}
    assert compare(weights, old).is_exact
    other = {**old, "0.weight": torch.zeros(4, 2), "head.bias": torch.zeros(1)}
    del other["0.bias"]
    coverage = compare(weights, other)
    assert not coverage.is_exact
    assert coverage.share == 4 / 6
    assert coverage.missing == ["0.weight", "0.bias"]
    assert coverage.stages() == {"0": (0, 2, 0), "1": (4, 0, 0), "head": (0, 0, 1)}
    report = coverage.report()
    assert "0.weight (4, 2) instead of (3, 2)" in report
    assert "1 not in the checkpoint: 0.bias" in report
    assert "1 only in the checkpoint: head.bias" in report


def test_stem_and_layers_of_a_resnet_in_order():
    weights = ResNet(18, base_channels=2).state_dict()
    part = {name: t for name, t in weights.items() if not name.startswith(("layer4", "bn1"))}
    coverage = compare(weights, {"head.weight": torch.zeros(1), **part})
    stages = coverage.stages()
    # An 18 has 4 convolutions of 5 tensors a layer, and one in the shortcut from layer2 on.
    assert list(stages) == ["stem", "layer1", "layer2", "layer3", "layer4", "head"]
    assert list(stages.values()) == [
        (1, 4, 0), (20, 0, 0), (25, 0, 0), (25, 0, 0), (0, 25, 0), (0, 0, 1)
    ]  # fmt: skip
    assert coverage.uncovered(0.95) == ["stem", "layer4"]
    assert coverage.uncovered(0.2) == ["layer4"]
    assert coverage.share == 71 / 100
    assert [line.split() for line in coverage.report().splitlines()[:3]] == [
        ["loaded", "missing", "unexpected"], ["stem", "1", "4", "0"], ["layer1", "20", "0", "0"]
    ]  # fmt: skip


def test_stages_behind_a_common_prefix():
    weights = ResNet(18, base_channels=2).state_dict()
    wrapped = {f"network.{name}": t for name, t in weights.items()}
    assert compare(wrapped, wrapped).stages() == compare(weights, weights).stages()
    # What mmdet's C4 detectors take as the head of each region.
    head = {name: t for name, t in weights.items() if name.startswith("layer4.")}
    assert compare(head, weights).stages()["layer4"] == (25, 0, 0)
    assert compare({}, weights).share == 1
