"""Checkpoints of other projects are recognized by their keys, and nothing is lost in silence."""

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from mmcontrast.models.backbones import ResNet, TimmBackbone
from mmcontrast.weights.files import CheckpointError, trusted_checkpoints
from mmcontrast.weights.layouts import find_backbone, load_weights, read_backbone


def resnet(seed=0, **settings):
    torch.manual_seed(seed)
    return ResNet(**{"depth": 18, "base_channels": 4, **settings})


ONLINE = resnet(0).state_dict()
MOMENTUM = resnet(1).state_dict()
FC = {"fc.weight": torch.zeros(3, 32), "fc.bias": torch.zeros(3)}
MLP = {f"{layer}.{kind}": torch.zeros(2) for layer in (0, 2) for kind in ("weight", "bias")}


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


# Keys as the projects write them; each case holds ONLINE, and MOMENTUM where there is a second one.
LAYOUTS = {
    "ours-simclr": (
        "mmcontrast, OpenMMLab or alike",
        {"meta": {}, "state_dict": {**under("backbone.", ONLINE), **under("neck.mlp.", MLP)}},
    ),
    "ours-mocov2": (
        "mmcontrast",
        {
            "state_dict": {
                **under("backbone.", ONLINE),
                **under("momentum_encoder.backbone.", MOMENTUM),
                "queue.keys": torch.zeros(2, 4),
            }
        },
    ),
    "mmdet-detector": (
        "mmcontrast, OpenMMLab or alike",
        {"state_dict": {**under("backbone.", ONLINE), "rpn_head.rpn_conv.weight": torch.zeros(1)}},
    ),
    "moco": (
        "MoCo (official)",
        {
            "epoch": 200,
            "arch": "resnet50",
            "state_dict": {
                **under("module.encoder_q.", {**ONLINE, **under("fc.", MLP)}),
                **under("module.encoder_k.", {**MOMENTUM, **under("fc.", MLP)}),
                "module.queue": torch.zeros(2, 4),
                "module.queue_ptr": torch.zeros(1),
            },
        },
    ),
    "mocov3": (
        "MoCo v3 (official)",
        {
            "state_dict": {
                **under("module.base_encoder.", {**ONLINE, **under("fc.", MLP)}),
                **under("module.momentum_encoder.", {**MOMENTUM, **under("fc.", MLP)}),
                **under("module.predictor.", MLP),
            }
        },
    ),
    "densecl-extracted": (
        "torchvision, timm or extracted weights",
        {"state_dict": ONLINE, "author": "DenseCL"},
    ),
    "densecl-whole": (
        "OpenSelfSup, DenseCL (official)",
        {
            "meta": {"mmcv_version": "0.5.9"},
            "state_dict": {
                **under("encoder_k.0.", MOMENTUM),
                **under("encoder_k.1.mlp.", MLP),
                **under("encoder_q.0.", ONLINE),
                **under("encoder_q.1.mlp2.", MLP),
                **under("backbone.", ONLINE),
                "queue2": torch.zeros(2, 4),
            },
        },
    ),
    "openselfsup-simclr": (
        "mmcontrast, OpenMMLab or alike",
        {"state_dict": {**under("backbone.", ONLINE), "neck.fc0.weight": torch.zeros(2, 2)}},
    ),
    "mmpretrain-moco": (
        "mmpretrain, mmselfsup",
        {
            "state_dict": {
                **under("backbone.", ONLINE),
                **under("neck.mlp.", MLP),
                **under("encoder_k.module.0.", MOMENTUM),
                "encoder_k.steps": torch.zeros(()),
            }
        },
    ),
    "mmpretrain-byol": (
        "mmpretrain, mmselfsup",
        {"state_dict": {**under("target_net.module.0.", MOMENTUM), **under("backbone.", ONLINE)}},
    ),
    "mmengine-ema": (
        "mmcontrast, OpenMMLab or alike",
        {"state_dict": {"steps": torch.zeros(()), **under("module.backbone.", ONLINE)}},
    ),
    "vissl-trunk": ("VISSL", vissl("_feature_blocks.")),
    "vissl-frozen-trunk": ("VISSL", vissl("base_model._feature_blocks.")),
    "vissl-flat": ("VISSL", under("trunk.base_model._feature_blocks.", ONLINE)),
    "vissl-converted": (
        "torchvision, timm or extracted weights",
        {"model_state_dict": {**ONLINE, **FC}},
    ),
    "solo": (
        "solo-learn",
        {
            "pytorch-lightning_version": "1.6.4",
            "state_dict": {
                **under("backbone.", ONLINE),
                **under("classifier.", {"weight": torch.zeros(2, 2)}),
                **under("momentum_backbone.", MOMENTUM),
                **under("projector.", MLP),
                "queue": torch.zeros(2, 2, 4),
            },
        },
    ),
    "solo-old": (
        "solo-learn",
        {
            "state_dict": {
                **under("encoder.", ONLINE),
                **under("momentum_encoder.", MOMENTUM),
                **under("classifier.", {"weight": torch.zeros(2, 2)}),
            }
        },
    ),
    "lightly-children": (
        "lightly",
        {
            "hyper_parameters": {},
            "state_dict": {
                **under("backbone.", children(ONLINE, (0, 1, 4, 5, 6, 7))),
                **under("projection_head.layers.", MLP),
                **under("backbone_momentum.", children(MOMENTUM, (0, 1, 4, 5, 6, 7))),
            },
        },
    ),
    "lightly-cifar": (
        "lightly",
        {
            "state_dict": {
                **under("backbone.", children(cifar_port(ONLINE), range(6))),
                **under("projection_head.layers.", MLP),
            }
        },
    ),
    "lightly-cli": (
        "lightly",
        {"state_dict": under("model.backbone.", children(cifar_port(ONLINE), range(6)))},
    ),
    "lightly-benchmark": (
        "lightly",
        {
            "state_dict": {
                **under("backbone.", MOMENTUM),
                **under("query_backbone.", ONLINE),
                **under("online_classifier.", MLP),
            }
        },
    ),
    "simclr-sthalles": (
        "SimCLR (sthalles)",
        {"arch": "resnet18", "state_dict": under("backbone.", {**ONLINE, **under("fc.", MLP)})},
    ),
    "simclr-spijkervet": (
        "SimCLR (Spijkervet)",
        {**under("encoder.", ONLINE), **under("projector.", MLP)},
    ),
    "simclr-leftthomas": (
        "SimCLR (leftthomas)",
        {**under("f.", children(ONLINE, (0, 1, 3, 4, 5, 6))), **under("g.", MLP)},
    ),
    "simclr-supcontrast": (
        "SimCLR port or SimSiam",
        {"model": {**under("encoder.module.", cifar_port(ONLINE)), **under("head.", MLP)}},
    ),
    "simsiam": (
        "SimCLR port or SimSiam",
        {"state_dict": under("module.encoder.", {**ONLINE, **under("fc.", MLP)})},
    ),
    "swav": (
        "torchvision, timm or extracted weights",
        under("module.", {**ONLINE, **under("projection_head.", MLP)}),
    ),
    "torchvision": ("torchvision, timm or extracted weights", {**ONLINE, **FC}),
    "timm-training": (
        "torchvision, timm or extracted weights",
        {"arch": "resnet18", "state_dict": {**ONLINE, **FC}},
    ),
    "compiled": (
        "mmcontrast, OpenMMLab or alike",
        {"state_dict": under("_orig_mod.backbone.", ONLINE)},
    ),
}


@pytest.mark.parametrize("case", LAYOUTS)
def test_layout_is_recognized(case):
    name, checkpoint = LAYOUTS[case]
    weights = find_backbone(checkpoint)
    assert weights.layout == name
    assert set(weights.state_dict) == set(ONLINE)
    assert all(torch.equal(tensor, ONLINE[key]) for key, tensor in weights.state_dict.items())


def test_keys_of_real_children_and_of_timm():
    from torchvision.models import resnet50

    network = resnet50()
    del network.fc
    wanted = network.state_dict()
    numbered = nn.Sequential(*network.children()).state_dict()
    assert set(find_backbone(under("backbone.", numbered)).state_dict) == set(wanted)
    timm = pytest.importorskip("timm")
    assert set(find_backbone(timm.create_model("resnet50").state_dict()).state_dict) == set(wanted)


def test_backbones_that_are_no_resnets_keep_their_keys():
    pytest.importorskip("timm")
    for model in ("vit_tiny_patch16_224", "resnet18"):
        backbone = TimmBackbone(model)
        weights = backbone.state_dict()
        found = find_backbone({"state_dict": under("backbone.", weights)}).state_dict
        assert list(found) == list(weights)
        assert load_weights(backbone, found).is_exact
    segformer = {"layers.0.0.projection.weight": torch.zeros(2), "layers.0.2.bias": torch.zeros(2)}
    assert find_backbone(under("backbone.", segformer)).state_dict == segformer


def test_an_unknown_layout_shows_keys_and_what_is_known():
    with pytest.raises(CheckpointError) as error:
        find_backbone({"state_dict": under("net.", ONLINE)})
    for part in ("net.conv1.weight, net.bn1.weight", "120 tensors", "MoCo (official)", "VISSL"):
        assert part in str(error.value)
    # A ViT without a prefix that says what it is.
    with pytest.raises(CheckpointError, match=r"begin with encoder\.cls_token"):
        find_backbone({"encoder.cls_token": torch.zeros(1)})
    with pytest.raises(CheckpointError, match="no weights in this checkpoint; it holds epoch"):
        find_backbone({"epoch": 3, 0: torch.zeros(1)})
    with pytest.raises(CheckpointError, match=r"holds a Linear, .* Save its state_dict"):
        find_backbone(nn.Linear(1, 1))


def test_detectron2_is_written_but_not_read(tmp_path):
    (tmp_path / "r50.pkl").write_bytes(b"anything")
    with pytest.raises(CheckpointError, match=r"r50.pkl .* a pickle, whose code would run"):
        read_backbone(tmp_path / "r50.pkl")
    for name in ("stem.conv1.norm.weight", "backbone.bottom_up.stem.conv1.weight"):
        with pytest.raises(CheckpointError, match="detectron2's layout"):
            find_backbone({name: torch.zeros(1), "res2.0.conv1.weight": torch.zeros(1)})


def test_files(tmp_path):
    save_file(LAYOUTS["lightly-children"][1]["state_dict"], tmp_path / "a.safetensors")
    assert set(read_backbone(tmp_path / "a.safetensors").state_dict) == set(ONLINE)
    torch.save({"meta": {"cfg": "a = 1"}, "state_dict": ONLINE}, tmp_path / "epoch_1.pth")
    assert read_backbone(str(tmp_path / "epoch_1.pth")).config == "a = 1"
    torch.save({"x": torch.zeros(1)}, tmp_path / "b.pth")
    with pytest.raises(CheckpointError, match=r"b\.pth: No backbone was found"):
        read_backbone(tmp_path / "b.pth")
    # Lightning pickles the classes of its hyper-parameters.
    torch.save({"state_dict": ONLINE, "hyper_parameters": Hyper()}, tmp_path / "c.ckpt")
    with pytest.raises(CheckpointError, match=r"Hyper[\s\S]*--trust-checkpoint"):
        read_backbone(tmp_path / "c.ckpt")
    with trusted_checkpoints():
        assert set(read_backbone(tmp_path / "c.ckpt").state_dict) == set(ONLINE)


class Hyper:
    """What a safe load refuses."""


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
