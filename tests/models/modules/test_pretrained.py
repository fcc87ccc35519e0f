"""Pre-trained weights in methods and protocols, by ``pretrained`` and by MMEngine's init_cfg."""

import copy
import logging

import pytest
import torch
from torch import nn

from mmcontrast.models.modules import skip_pretrained
from mmcontrast.registry import MODELS
from mmcontrast.weights.files import CheckpointError
from tests.small import BACKBONE, CONFIGS, build_method

WITH_BACKBONE = sorted(name for name, settings in CONFIGS.items() if "backbone" in settings)
RESNET = dict(type="ResNet", depth=18, base_channels=4)


def save(path, network, prefix):
    """Write a network in the layout of a project, and return what is in the file."""
    weights = {name: torch.randn(t.shape) for name, t in network.state_dict().items()}
    torch.save(dict(state_dict={prefix + name: t for name, t in weights.items()}), path)
    return weights


def assert_equal(module, weights):
    for name, tensor in module.state_dict().items():
        if not name.endswith("num_batches_tracked"):
            assert torch.equal(tensor, weights[name]), name


@pytest.fixture
def source(tmp_path):
    method = build_method("MoCoV2", seed=5)
    torch.save(dict(state_dict=method.state_dict()), tmp_path / "moco.pth")
    return method


@pytest.mark.parametrize("name", WITH_BACKBONE)
def test_every_method_and_protocol_starts_from_a_backbone(name, source, tmp_path, caplog):
    method = build_method(name, pretrained=str(tmp_path / "moco.pth"))
    with caplog.at_level(logging.INFO):
        method.init_weights()
    assert_equal(method.backbone, source.backbone.state_dict())
    if hasattr(method, "momentum_encoder"):
        assert_equal(method.momentum_encoder.backbone, source.backbone.state_dict())
        assert_equal(method.momentum_encoder.neck, method.neck.state_dict())


@pytest.mark.parametrize("name", ["SimCLR", "MoCoV2", "DenseCL", "VFS", "VFSNegatives"])
@pytest.mark.parametrize("prefix", ["", "module.encoder_q.", "encoder_q.0.", "backbone."])
def test_published_layouts(name, prefix, tmp_path):
    weights = save(tmp_path / "r18.pth", MODELS.build(RESNET), prefix)
    settings = {}
    for part in ("neck", "projector"):
        if part in CONFIGS[name]:
            settings[part] = {**CONFIGS[name][part], "in_channels": 32}
    method = build_method(name, backbone=RESNET, pretrained=str(tmp_path / "r18.pth"), **settings)
    method.init_weights()
    assert_equal(method.backbone, weights)


def test_a_backbone_given_as_a_module(source, tmp_path):
    backbone = MODELS.build(BACKBONE)
    method = build_method("MoCoV2", backbone=backbone, pretrained=str(tmp_path / "moco.pth"))
    method.init_weights()
    assert method.backbone is backbone
    assert_equal(backbone, source.backbone.state_dict())
    assert_equal(method.momentum_encoder.backbone, source.backbone.state_dict())


@pytest.mark.parametrize("name", sorted(set(CONFIGS) - set(WITH_BACKBONE)))
def test_without_a_backbone_nothing_can_be_loaded(name, source, tmp_path):
    method = build_method(name, pretrained=str(tmp_path / "moco.pth"))
    with pytest.raises(CheckpointError, match=f"{name} has no backbone"):
        method.init_weights()


def test_too_little_coverage_is_refused_and_nothing_is_loaded(tmp_path):
    network = MODELS.build(RESNET)
    del network.layer4
    save(tmp_path / "r18.pth", network, "")
    neck = {**CONFIGS["SimCLR"]["neck"], "in_channels": 32}
    method = build_method(
        "SimCLR", backbone=RESNET, neck=neck, pretrained=str(tmp_path / "r18.pth")
    )
    before = copy.deepcopy(method.backbone.state_dict())
    with pytest.raises(CheckpointError, match="layer4 not covered"):
        method.init_weights()
    assert_equal(method.backbone, before)


@pytest.mark.parametrize("backbone", [None, nn.ReLU()])
def test_without_parameters_there_is_nothing_to_load(backbone):
    method = build_method("LabelPropagation", backbone=backbone, pretrained="")
    method.init_weights()
    assert not list(method.parameters())


@pytest.mark.parametrize("name", ["LinearProbe", "FineTuning", "FrozenBackbone"])
def test_a_protocol_asks_for_weights(name):
    with pytest.raises(CheckpointError, match=r"model\.pretrained=random"):
        build_method(name, pretrained="").init_weights()


def test_only_a_frozen_backbone_stays_in_eval_mode():
    assert build_method("FineTuning").train().backbone.training
    probe = build_method("LinearProbe").train()
    assert probe.training and not any(m.training for m in probe.backbone.modules())
    assert not any(p.requires_grad for p in probe.backbone.parameters())
    first, second = probe, copy.deepcopy(probe)
    first.backbone.train()
    second.train()
    assert first.backbone.training and not second.backbone.training


@pytest.mark.parametrize("prefix", ["", "module.encoder_q.", "encoder_q.0.", "backbone."])
def test_init_cfg_of_a_backbone_reads_layouts(prefix, tmp_path, caplog):
    weights = save(tmp_path / "r18.pth", MODELS.build(RESNET), prefix)
    init_cfg = dict(type="Pretrained", checkpoint=str(tmp_path / "r18.pth"))
    neck = {**CONFIGS["MoCoV2"]["neck"], "in_channels": 32}
    method = build_method("MoCoV2", backbone=dict(RESNET, init_cfg=init_cfg), neck=neck)
    method.init_weights()
    assert_equal(method.backbone, weights)
    assert_equal(method.momentum_encoder.backbone, weights)


def test_init_cfg_with_a_prefix_and_of_a_whole_model(source, tmp_path):
    path = str(tmp_path / "moco.pth")
    backbone = MODELS.build(
        dict(RESNET, init_cfg=dict(type="Pretrained", checkpoint=path, prefix="backbone."))
    )
    with pytest.raises(CheckpointError, match="fits the ResNet in no tensor"):
        backbone.init_weights()
    method = build_method("MoCoV2", init_cfg=dict(type="Pretrained", checkpoint=path))
    method.init_weights()
    assert_equal(method.backbone, source.backbone.state_dict())
    assert_equal(method.neck, source.neck.state_dict())


def test_init_cfg_that_fills_nothing_is_refused(tmp_path):
    save(tmp_path / "other.pth", nn.Linear(3, 3), "")
    init_cfg = dict(type="Pretrained", checkpoint=str(tmp_path / "other.pth"))
    with pytest.raises(CheckpointError, match=r"other\.pth"):
        MODELS.build(dict(RESNET, init_cfg=init_cfg)).init_weights()


@pytest.mark.parametrize(("name", "part"), [("MoCoV2", "neck"), ("LinearProbe", "head")])
def test_skipped_weights_are_not_read(name, part):
    init_cfg = [dict(type="Pretrained", checkpoint="none.pth"), dict(type="Normal", layer="Conv2d")]
    backbone = dict(RESNET, init_cfg=init_cfg)
    parts = {"backbone": backbone, part: {**CONFIGS[name][part], "in_channels": 32}}
    method = build_method(name, pretrained="none.pth", **parts)
    skip_pretrained(method)
    method.init_weights()
    assert method.backbone.init_cfg == [dict(type="Normal", layer="Conv2d")]
