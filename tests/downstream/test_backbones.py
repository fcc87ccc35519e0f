"""Backbones of mmdet and mmseg, pre-trained by every method and handed back."""

import copy

import pytest
import torch
from mmengine.registry import DefaultScope

pytest.importorskip("mmdet")
pytest.importorskip("mmseg")

from mmcontrast.engine.hooks.pretrained import backbone_of
from mmcontrast.registry import MODELS, UnknownTypeError
from mmcontrast.weights import Checkpoint
from tests.small import CONFIGS, build_method, losses, make_batch, total

SPLIT = dict(type="SplitBN", num_groups=2)
# Tiny forms, with a last map of more than one cell for images of 64 pixels.
BACKBONES = {
    "mmdet.ResNet": (
        dict(depth=18, base_channels=8, stem_channels=8, norm_cfg=SPLIT, norm_eval=False),
        64,
    ),
    "mmseg.ResNetV1c": (
        dict(depth=18, base_channels=8, stem_channels=8, norm_cfg=SPLIT, norm_eval=False),
        64,
    ),
    "mmdet.SwinTransformer": (
        dict(
            embed_dims=8, depths=(1, 1, 1, 1), num_heads=(1, 1, 2, 2), window_size=2,
            out_indices=(3,), drop_path_rate=0.0,
        ),
        64,
    ),
    "mmseg.MixVisionTransformer": (
        dict(
            embed_dims=4, num_layers=(1, 1, 1, 1), num_heads=(1, 1, 2, 2), out_indices=(3,),
            drop_rate=0.0, drop_path_rate=0.0,
        ),
        8,
    ),
}  # fmt: skip


@pytest.fixture(autouse=True)
def scope():
    """Build as the Runner does, in our scope."""
    with DefaultScope.overwrite_default_scope("mmcontrast"):
        yield


def build(method, backbone):
    settings, channels = BACKBONES[backbone]
    neck = dict(CONFIGS[method]["neck"], in_channels=channels)
    settings = copy.deepcopy(settings)
    model = build_method(method, backbone=dict(type=backbone, **settings), neck=neck)
    model.init_weights()
    return model


@pytest.mark.parametrize("backbone", BACKBONES)
@pytest.mark.parametrize("method", ["DenseCL", "MoCoV2", "SimCLR"])
def test_pre_training(method, backbone):
    model = build(method, backbone)
    if hasattr(model, "momentum_encoder"):
        online, momentum = model.backbone, model.momentum_encoder.backbone
        for name, tensor in online.state_dict().items():
            assert torch.equal(momentum.state_dict()[name], tensor), name
    loss = total(losses(model, make_batch(8, side=64)))
    assert loss.isfinite()
    loss.backward()
    missing = [n for n, p in model.named_parameters() if p.requires_grad and p.grad is None]
    assert not missing
    features = model.extract(model.data_preprocessor(make_batch(8, side=64))["inputs"])
    assert features["dense"].shape == (8, BACKBONES[backbone][1], 2, 2)


@pytest.mark.parametrize("backbone", BACKBONES)
def test_the_weights_go_back(backbone, tmp_path):
    """From a checkpoint of DenseCL, not its momentum encoder, into the same backbone of mmdet."""
    model = build("DenseCL", backbone)
    for parameter in model.momentum_encoder.parameters():
        parameter.data.fill_(7.0)
    torch.save(dict(state_dict=model.state_dict(), meta=dict()), tmp_path / "epoch_1.pth")
    checkpoint = Checkpoint.read(tmp_path / "epoch_1.pth")
    detector = torch.nn.Module()
    with DefaultScope.overwrite_default_scope(backbone.split(".")[0]):
        settings = copy.deepcopy(BACKBONES[backbone][0])
        if "norm_cfg" in settings:
            settings["norm_cfg"] = dict(type="BN")
        detector.backbone = MODELS.build(dict(type=backbone, **settings))
    coverage = checkpoint.load_into(backbone_of(detector))
    assert coverage.is_exact
    image = torch.randn(2, 3, 64, 64)
    model.eval()
    detector.eval()
    torch.testing.assert_close(detector.backbone(image)[-1], model.backbone(image)[-1])
    assert checkpoint.model_weights.keys() == model.state_dict().keys()


def test_a_package_that_is_not_installed_is_named(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UnknownTypeError, match=r"pip install 'mmcontrast\[downstream\]'"):
        MODELS.build(dict(type="mmdet.ResNot"))


def test_an_unknown_name_in_another_package():
    with pytest.raises(UnknownTypeError, match=r"'mmdet.ResNot' is not a registered model"):
        MODELS.build(dict(type="mmdet.ResNot"))
