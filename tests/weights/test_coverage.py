"""What of a network a checkpoint holds, stage by stage, and that nothing is lost in silence."""

import pytest
import torch
from torch import nn

from mmcontrast.models.backbones import ResNet
from mmcontrast.weights import CheckpointError, compare, load_weights


def resnet(seed=0, **settings):
    torch.manual_seed(seed)
    return ResNet(**{"depth": 18, "base_channels": 4, **settings})


ONLINE = resnet(0).state_dict()
FC = {"fc.weight": torch.zeros(3, 32), "fc.bias": torch.zeros(3)}


def under(prefix, tensors):
    return {prefix + name: tensor for name, tensor in tensors.items()}


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


# Loading ----------------------------------------------------------------------------------------


def test_loading_fills_the_network():
    network = resnet(1)
    coverage = load_weights(network, {**ONLINE, **FC})
    assert coverage.share == 1
    assert coverage.unexpected == ["fc.weight", "fc.bias"]
    assert all(torch.equal(t, ONLINE[name]) for name, t in network.state_dict().items())


def test_a_wrong_prefix_is_named():
    network = resnet(1)
    with pytest.raises(
        CheckpointError, match=r"checkpoint backbone\.conv1[\s\S]*Remove the prefix"
    ):
        load_weights(network, under("backbone.", ONLINE))
    with pytest.raises(CheckpointError, match=r"Add the prefix 'network\.'"):
        load_weights(nn.ModuleDict({"network": network}), ONLINE)
    with pytest.raises(CheckpointError, match="another architecture"):
        load_weights(network, {"blocks.0.attn.qkv.weight": torch.zeros(1)})


@pytest.mark.parametrize(
    "checkpoint",
    [
        # 'layer1.0.conv1.weight' ends in 'conv1.weight', and 'layer2.0.downsample.0.weight' in
        # '0.weight', but neither prefix would bring the rest.
        under("backbone.", resnet(base_channels=8).state_dict()),
        {"layer1.0.conv1.weight": torch.zeros(1), "layer1.0.bn1.weight": torch.zeros(1)},
        {"0.weight": torch.zeros(8, 4, 1, 1), "1.weight": torch.zeros(8)},
    ],
)
def test_no_prefix_is_advised_that_would_not_help(checkpoint):
    with pytest.raises(CheckpointError, match="another architecture") as error:
        load_weights(resnet(), checkpoint)
    assert "Remove" not in str(error.value) and "Add" not in str(error.value)


def test_another_architecture_is_refused_and_nothing_changes():
    network = resnet(1, depth=50)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    with pytest.raises(CheckpointError) as error:
        load_weights(network, ONLINE, what="backbone of a.py")
    assert "of the backbone of a.py" in str(error.value)
    assert "layer1.0.conv1.weight (4, 4, 3, 3) instead of (4, 4, 1, 1)" in str(error.value)
    assert all(torch.equal(t, before[name]) for name, t in network.state_dict().items())
    # What fits is loaded if that is wanted.
    assert 0 < load_weights(network, ONLINE, min_coverage=0).share < 0.5


@pytest.mark.parametrize("depth", [50, 101])
def test_a_v1c_stem_is_refused_however_small_its_share(depth):
    """Of a ResNet-101 the stem is less than 5% of the tensors."""
    plain = resnet(depth=depth).state_dict()
    deep = {name: t for name, t in plain.items() if not name.startswith(("conv1", "bn1"))}
    deep["stem.0.weight"] = deep["stem.3.weight"] = torch.zeros(2, 3, 3, 3)
    with pytest.raises(CheckpointError, match=r"stem not covered[\s\S]*instead of 'ResNetV1c'"):
        load_weights(Tensors(deep), plain)
    with pytest.raises(CheckpointError, match="set the backbone's type to 'ResNetV1c'"):
        load_weights(Tensors(plain), deep)
    assert load_weights(Tensors(deep), plain, min_coverage=0).share > 0.95


class Tensors(nn.Module):
    """A network that consists of a state dict."""

    def __init__(self, tensors):
        super().__init__()
        for name, tensor in tensors.items():
            owner = self
            *path, leaf = name.split(".")
            for part in path:
                if part not in owner._modules:
                    owner.add_module(part, nn.Module())
                owner = owner.get_submodule(part)
            owner.register_buffer(leaf, tensor.clone())


def test_a_missing_layer4_is_refused():
    cut = {name: t for name, t in ONLINE.items() if not name.startswith("layer4")}
    with pytest.raises(CheckpointError, match=r"\(layer4 not covered\)[\s\S]*no complete layer4"):
        load_weights(resnet(), cut)
    # A C4 detector's backbone ends before; its layer4 is elsewhere.
    assert load_weights(Tensors(cut), ONLINE).stages()["layer4"] == (0, 0, 25)


def test_a_deeper_network_is_refused_and_nothing_changes():
    """It fills a shallower one of the same blocks entirely."""
    deep = {name: tensor + 1 for name, tensor in resnet(depth=34).state_dict().items()}
    network = resnet(depth=18)
    with pytest.raises(CheckpointError, match=r"larger network: .* its layer1 and layer2 and"):
        load_weights(network, deep)
    assert all(torch.equal(t, ONLINE[name]) for name, t in network.state_dict().items())
    assert load_weights(network, deep, min_coverage=0).share == 1
    # A part of it, as in a C4 detector, is too deep too.
    cut = {name: t for name, t in ONLINE.items() if not name.startswith("layer4")}
    with pytest.raises(CheckpointError, match="larger network"):
        load_weights(Tensors(cut), deep)


def test_blocks_of_other_networks_are_counted_too():
    """As in ConvNeXt-S and -T, which have 27 and 9 blocks of the same width in a stage."""
    tiny = {f"stages.{i}.blocks.{j}.w": torch.zeros(2) for i in range(3) for j in range(2)}
    small = tiny | {f"stages.1.blocks.{j}.w": torch.zeros(2) for j in range(5)}
    with pytest.raises(CheckpointError, match=r"no place for all of its stages\.1\.blocks\."):
        load_weights(Tensors(tiny), small)
    fewer_stages = {name: t for name, t in tiny.items() if not name.startswith("stages.2")}
    masks = {f"stages.{i}.blocks.0.mask": torch.zeros(2) for i in range(3)}
    heads = {"head.0.w": torch.zeros(1), "head.1.0.w": torch.zeros(1)}
    coverage = load_weights(Tensors(fewer_stages), tiny | masks | heads)
    assert len(coverage.unexpected) == 7


def test_another_stem_is_refused():
    with pytest.raises(
        CheckpointError, match=r"convolutions differ: \(4, 3, 7, 7\).*\(4, 3, 3, 3\)"
    ):
        load_weights(resnet(stem="cifar"), ONLINE)
