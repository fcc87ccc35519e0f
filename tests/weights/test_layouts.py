"""Checkpoints of other projects are recognized by their keys."""

import pytest
import torch
from torch import nn

from mmcontrast.models.backbones import ResNet, TimmBackbone
from mmcontrast.weights import CheckpointError, find_backbone, load_weights


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


def test_detectron2_is_written_but_not_read():
    for name in ("stem.conv1.norm.weight", "backbone.bottom_up.stem.conv1.weight"):
        with pytest.raises(CheckpointError, match="detectron2's layout"):
            find_backbone({name: torch.zeros(1), "res2.0.conv1.weight": torch.zeros(1)})
