"""Weights are checked when they load: every trap of the papers' replications is an error here."""

import logging

import pytest
import torch
from mmengine.model import BaseModule
from mmengine.runner import EpochBasedTrainLoop
from torch import nn

from mmcontrast.engine.hooks import PretrainedBackboneHook
from mmcontrast.engine.hooks.pretrained import backbone_of
from mmcontrast.models.backbones import ResNet
from mmcontrast.utils.errors import UserError
from mmcontrast.weights.files import CheckpointError

DEPTH = dict(depth=18, base_channels=8)


class Detector(BaseModule):
    """Named as mmdet's; a C4 one keeps layer4 in its RoI head, with a norm behind it."""

    def __init__(self, c4=False, **backbone):
        super().__init__()
        self.backbone = ResNet(**{**DEPTH, **backbone})
        self.roi_head = nn.Module()
        self.roi_head.bbox_head = nn.Linear(64, 5)
        if c4:
            self.roi_head.shared_head = nn.Module()
            self.roi_head.shared_head.layer4 = self.backbone.layer4
            self.roi_head.shared_head.norm = nn.BatchNorm2d(64)
            del self.backbone.layer4


class FakeRunner:
    """As much of a runner as the hook needs."""

    logger = logging.getLogger("fake")

    def __init__(self, model, load_from="weights.pth", resume=False, training=True):
        self.model, self._load_from, self._resume = model, load_from, resume
        self._train_loop = object.__new__(EpochBasedTrainLoop) if training else dict()
        self._has_loaded = False


def weights_of(network, shift=1.0):
    return {name: tensor + shift for name, tensor in network.state_dict().items()}


def load(model, state_dict, hook=None, **runner):
    """Do what MMEngine does with a checkpoint of the training's start."""
    hook = hook or PretrainedBackboneHook()
    runner = FakeRunner(model, **runner)
    checkpoint = dict(state_dict=dict(state_dict), optimizer=dict())
    hook.before_run(runner)
    hook.after_load_checkpoint(runner, checkpoint)
    model.load_state_dict(checkpoint["state_dict"])  # strict: nothing is missing from it
    return checkpoint


@pytest.mark.parametrize(
    "prefix", ["", "module.encoder_q.", "encoder_q.0.", "backbone.", "module.backbone."]
)
def test_the_backbone_comes_from_any_layout(prefix, caplog):
    model, source = Detector(), ResNet(**DEPTH)
    head = model.roi_head.bbox_head.weight.clone()
    given = weights_of(source)
    with caplog.at_level(logging.INFO):
        load(model, {prefix + name: tensor for name, tensor in given.items()})
    for name, tensor in model.backbone.state_dict().items():
        assert torch.equal(tensor, given[name]), name
    assert torch.equal(model.roi_head.bbox_head.weight, head)
    assert "100.0% loaded" in caplog.text
    for stage in ("stem", "layer1", "layer2", "layer3", "layer4"):
        assert stage in caplog.text


def test_layer4_goes_into_the_head_of_a_c4_detector(caplog):
    model, given = Detector(c4=True), weights_of(ResNet(**DEPTH))
    supervised = {name: t.clone() for name, t in model.roi_head.shared_head.state_dict().items()}
    with caplog.at_level(logging.INFO):
        load(model, given)
    shared = model.roi_head.shared_head.state_dict()
    for name, tensor in shared.items():
        if name.startswith("layer4."):
            assert torch.equal(tensor, given[name]), name
            assert not torch.equal(tensor, supervised[name]), name
        else:  # the extra norm is no part of any backbone
            assert torch.equal(tensor, supervised[name]), name
    assert "100.0% loaded" in caplog.text


def test_a_layer4_that_would_stay_as_it_was_is_an_error():
    """The trap of the VOC config: its shared_head is supervised unless it is replaced."""
    given = {n: t for n, t in weights_of(ResNet(**DEPTH)).items() if not n.startswith("layer4")}
    model = Detector(c4=True)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    with pytest.raises(CheckpointError, match=r"weights.pth: .*layer4 not covered"):
        load(model, given)
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, before[name]), name


class V1cStem(ResNet):
    """Three convolutions in place of the first one, as in mmseg's default backbone."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        layers = [(nn.Conv2d(3 if i == 0 else 4, 4, 3), nn.BatchNorm2d(4)) for i in range(3)]
        self.stem = nn.Sequential(*(layer for pair in layers for layer in pair))
        del self.conv1, self.bn1


def test_a_v1c_stem_is_an_error_even_in_a_deep_network():
    """In a ResNet-101 the stem is less than 5% of the tensors: the whole would pass."""
    model = Detector()
    model.backbone = V1cStem(depth=101, base_channels=4)
    with pytest.raises(CheckpointError, match=r"stem not covered[\s\S]*'ResNet' instead of"):
        load(model, weights_of(ResNet(depth=101, base_channels=4)))


def test_a_wrong_prefix_is_an_error():
    given = {f"encoder.body.{name}": t for name, t in weights_of(ResNet(**DEPTH)).items()}
    with pytest.raises(CheckpointError, match=r"weights.pth: No backbone was found.*encoder.body"):
        load(Detector(), given)


@pytest.mark.parametrize(
    "other", [dict(depth=50, base_channels=8), dict(depth=18), dict(depth=34, base_channels=8)]
)
def test_another_architecture_is_an_error(other):
    with pytest.raises(
        CheckpointError, match=r"weights.pth: The checkpoint (fits|fills|is of a larger)"
    ):
        load(Detector(), weights_of(ResNet(**other)))


def test_the_config_may_ask_for_less():
    given = {n: t for n, t in weights_of(ResNet(**DEPTH)).items() if not n.startswith("layer4")}
    model = Detector()
    load(model, given, PretrainedBackboneHook(min_coverage=0))
    assert torch.equal(model.backbone.layer3[0].conv1.weight, given["layer3.0.conv1.weight"])


@pytest.mark.parametrize("part", ["backbone", "roi_head.bbox_head"])
def test_supervised_weights_beside_are_an_error(part):
    model = Detector()
    model.get_submodule(part).init_cfg = [
        dict(type="Kaiming", layer="Conv2d"),
        dict(type="Pretrained", checkpoint="open-mmlab://resnet50_v1c"),
    ]
    with pytest.raises(UserError, match=rf"also loads {part} \(open-mmlab://resnet50_v1c\)"):
        PretrainedBackboneHook().before_run(FakeRunner(model))
    # A test loads the whole model anyway.
    PretrainedBackboneHook().before_run(FakeRunner(model, training=False))


def test_random_weights_have_to_be_asked_for():
    runner = FakeRunner(Detector(), load_from=None)
    with pytest.raises(UserError, match=r"load_from=CHECKPOINT[\s\S]*random_weights=True"):
        PretrainedBackboneHook().before_train(runner)
    PretrainedBackboneHook(random_weights=True).before_train(runner)
    with pytest.raises(UserError, match="choose one"):
        PretrainedBackboneHook(random_weights=True).before_run(FakeRunner(Detector()))
    runner._has_loaded = True
    PretrainedBackboneHook().before_train(runner)


@pytest.mark.parametrize("state", [dict(resume=True), dict(training=False)])
def test_a_resumed_run_and_a_test_get_the_whole_model(state):
    source, model = Detector(c4=True), Detector(c4=True)
    content = dict(state_dict=weights_of(source), meta=dict(iter=3))
    hook = PretrainedBackboneHook()
    hook.after_load_checkpoint(FakeRunner(model, **state), content)
    assert content["meta"] == dict(iter=3)  # left alone, for MMEngine
    backbone = {f"backbone.{name}": tensor for name, tensor in weights_of(ResNet(**DEPTH)).items()}
    with pytest.raises(CheckpointError, match="is no checkpoint of this config's Detector"):
        hook.after_load_checkpoint(FakeRunner(model, **state), dict(state_dict=backbone))


def test_a_model_without_backbone():
    with pytest.raises(UserError, match="Linear has no backbone"):
        backbone_of(nn.Linear(2, 2))
