"""What is exported is loaded into the real target, with nothing missing and the same outputs."""

import argparse
import pickle
import sys
from importlib import import_module

import pytest
import torch
from torch import nn

from mmcontrast.apis.export.weights import TARGETS, detectron2_name, export_weights
from mmcontrast.apis.inference.backbone import load_backbone
from mmcontrast.cli.export_weights import add_arguments
from mmcontrast.models.backbones import ResNet, TimmBackbone
from mmcontrast.utils.errors import UserError
from mmcontrast.weights import Checkpoint, CheckpointError, load_checkpoint

IMAGE = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))


def trained(network):
    """Give a network the statistics of a batch."""
    norms = [m for m in network.modules() if isinstance(m, nn.BatchNorm2d)]
    for norm in norms:
        norm.momentum = 1.0
    network.train()(torch.randn(4, 3, 64, 64, generator=torch.Generator().manual_seed(1)))
    return network.eval()


def save(path, network, backbone=""):
    """Write a checkpoint as a training does."""
    weights = {f"backbone.{name}": tensor for name, tensor in network.state_dict().items()}
    weights["momentum_encoder.neck.0.weight"] = torch.zeros(2)
    config = f"default_scope = 'mmcontrast'\nmodel = dict(backbone={backbone}, type='MoCoV2')"
    torch.save({"state_dict": weights, "meta": {"cfg": config if backbone else ""}}, path)
    return path


@pytest.fixture(scope="module")
def resnets(tmp_path_factory):
    """Networks with groups of samples in their norms, and checkpoints of them, by depth."""
    folder = tmp_path_factory.mktemp("checkpoints")
    torch.manual_seed(0)
    norm = dict(type="SplitBN", num_groups=2)
    networks = {depth: trained(ResNet(depth, norm_cfg=norm)) for depth in (18, 50)}
    return {
        depth: (network, save(folder / f"r{depth}.pth", network))
        for depth, network in networks.items()
    }


def features(network):
    with torch.no_grad():
        return network(IMAGE)


@pytest.mark.parametrize("depth", [18, 50])
@pytest.mark.parametrize("library", ["mmdet", "mmseg"])
def test_openmmlab(tmp_path, resnets, library, depth):
    module = pytest.importorskip(f"{library}.models.backbones.resnet")
    network, checkpoint = resnets[depth]
    out = tmp_path / "a.pth"
    message = export_weights(checkpoint, library, out)
    assert f"'ResNet' (not 'ResNetV1c'), depth={depth}, style" in message
    assert f"checkpoint='{out}', prefix='backbone.'" in message
    init_cfg = dict(type="Pretrained", checkpoint=str(out), prefix="backbone.")
    target = module.ResNet(depth=depth, out_indices=(3,), init_cfg=init_cfg)
    target.init_weights()
    target.eval()
    torch.testing.assert_close(features(target), features(network), atol=1e-5, rtol=0)
    # As MMEngine's load_from sees it.
    detector = nn.ModuleDict({"backbone": target})
    keys = detector.load_state_dict(load_checkpoint(out)["state_dict"])
    assert not keys.missing_keys and not keys.unexpected_keys


@pytest.mark.parametrize("library", ["mmdet", "mmseg"])
def test_openmmlab_holds_other_widths(tmp_path, library):
    module = pytest.importorskip(f"{library}.models.backbones.resnet")
    network = trained(ResNet(18, base_channels=8))
    message = export_weights(save(tmp_path / "a.pth", network), library, tmp_path / "b.pth")
    assert "depth=18, style='pytorch', base_channels=8, stem_channels=8, with" in message
    target = module.ResNet(depth=18, base_channels=8, stem_channels=8, out_indices=(3,))
    weights = load_checkpoint(tmp_path / "b.pth")["state_dict"]
    nn.ModuleDict({"backbone": target}).load_state_dict(weights)
    target.eval()
    torch.testing.assert_close(features(target), features(network), atol=1e-5, rtol=0)


def test_unusual_strides_are_passed_on(tmp_path):
    settings = dict(type="ResNet", depth=18, strides=(1, 2, 2, 1))
    checkpoint = save(tmp_path / "a.pth", ResNet(18), backbone=settings)
    message = export_weights(checkpoint, "mmdet", tmp_path / "b.pth")
    assert "depth=18, style='pytorch', strides=(1, 2, 2, 1), with" in message
    for target in ("torchvision", "timm", "detectron2"):
        message = export_weights(checkpoint, target, tmp_path / "c.pkl")
        assert "trained with strides=(1, 2, 2, 1); there, with the usual ones" in message


def test_openmmlab_holds_its_own_networks(tmp_path):
    backbones = pytest.importorskip("mmseg.models.backbones")
    for target in (
        backbones.MixVisionTransformer(embed_dims=8, num_layers=[1] * 4, num_heads=[1] * 4),
        backbones.ResNetV1c(depth=18, stem_channels=8, base_channels=8),
    ):
        out = tmp_path / "b.pth"
        assert "the type and arguments that were trained" in export_weights(
            save(tmp_path / "a.pth", target), "mmseg", out
        )
        nn.ModuleDict({"backbone": target}).load_state_dict(load_checkpoint(out)["state_dict"])


@pytest.mark.parametrize("depth", [18, 50])
def test_torchvision(tmp_path, resnets, depth):
    models = import_module("torchvision.models")
    network, checkpoint = resnets[depth]
    export_weights(checkpoint, "torchvision", tmp_path / "a.pth")
    target = getattr(models, f"resnet{depth}")()
    target.fc = nn.Identity()
    target.load_state_dict(torch.load(tmp_path / "a.pth"))
    pooled = features(network)[0].mean(dim=(2, 3))
    torch.testing.assert_close(features(target.eval()), pooled, atol=1e-5, rtol=0)


@pytest.mark.parametrize("depth", [18, 50])
def test_timm(tmp_path, resnets, depth):
    timm = pytest.importorskip("timm")
    network, checkpoint = resnets[depth]
    out = str(tmp_path / "a.pth")
    message = export_weights(checkpoint, "timm", out)
    assert f"timm.create_model('resnet{depth}', num_classes=0, checkpoint_path='{out}')" in message
    target = timm.create_model(f"resnet{depth}", num_classes=0, checkpoint_path=out)
    pooled = features(network)[0].mean(dim=(2, 3))
    torch.testing.assert_close(features(target.eval()), pooled, atol=1e-5, rtol=0)


@pytest.mark.parametrize("model", ["resnet18", "convnext_atto", "vit_tiny_patch16_224"])
def test_timm_networks_return_to_timm(tmp_path, model):
    timm = pytest.importorskip("timm")
    options = dict(img_size=64, depth=2) if model.startswith("vit") else {}
    network = TimmBackbone(model, **options).eval()
    settings = dict(type="TimmBackbone", model_name=model, out_indices=(-1,), **options)
    checkpoint = save(tmp_path / "a.pth", network, backbone=settings)
    message = export_weights(checkpoint, "timm", tmp_path / "b.pth")
    target = timm.create_model(model, num_classes=0, **options).eval()
    keys = target.load_state_dict(torch.load(tmp_path / "b.pth"), strict=False)
    assert not keys.unexpected_keys
    # Final norms lie behind the last map.
    assert all("norm" in name and name in message for name in keys.missing_keys)
    if not model.startswith("vit"):
        with torch.no_grad():
            maps = target.forward_features(IMAGE)
        torch.testing.assert_close(maps, features(network)[0], atol=1e-5, rtol=0)


@pytest.mark.parametrize("target", ["mmdet", "safetensors"])
def test_a_timm_backbone_keeps_its_names_for_its_own_class(tmp_path, target):
    pytest.importorskip("timm")
    network = TimmBackbone("convnext_atto")
    out = tmp_path / "b.safetensors"
    export_weights(save(tmp_path / "a.pth", network), target, tmp_path / "b.safetensors")
    if target == "mmdet":
        out = out.rename(tmp_path / "b.pth")
    weights, wanted = Checkpoint.read(out).state_dict, network.state_dict()
    assert weights.keys() == wanted.keys()
    assert all(torch.equal(weights[name], wanted[name]) for name in wanted)


def test_a_resnet_of_timm_fits_every_resnet(tmp_path):
    pytest.importorskip("timm")
    network = trained(TimmBackbone("resnet18"))
    checkpoint = save(tmp_path / "a.pth", network)
    export_weights(checkpoint, "mmseg", tmp_path / "b.pth")
    export_weights(checkpoint, "torchvision", tmp_path / "c.pth")
    for out in ("b.pth", "c.pth"):
        loaded = load_backbone(tmp_path / out)
        torch.testing.assert_close(features(loaded), features(network)[:1], atol=1e-5, rtol=0)


def test_timm_says_what_it_cannot_hold(tmp_path):
    pytest.importorskip("timm")
    settings = dict(type="TimmBackbone", model_name="resnet18")
    checkpoint = save(tmp_path / "a.pth", TimmBackbone("convnext_atto"), backbone=settings)
    with pytest.raises(UserError, match=r"timm's resnet18 cannot hold this backbone: stages_0"):
        export_weights(checkpoint, "timm", tmp_path / "b.pth")
    unknown = save(tmp_path / "a.pth", TimmBackbone("convnext_atto"))
    with pytest.raises(UserError, match="timm's ResNets cannot hold this backbone, which is none"):
        export_weights(unknown, "timm", tmp_path / "b.pth")


def test_detectron2(tmp_path, resnets):
    network, checkpoint = resnets[50]
    message = export_weights(checkpoint, "detectron2", tmp_path / "r50.pkl")
    assert "RESNETS: {DEPTH: 50, STRIDE_IN_1X1: False, STEM_OUT_CHANNELS: 64" in message
    assert "RES2_OUT_CHANNELS: 256}" in message
    content = pickle.loads((tmp_path / "r50.pkl").read_bytes())
    assert content["__author__"] == "mmcontrast"
    assert content["matching_heuristics"] is True
    model = content["model"]
    ours = network.state_dict()
    assert len(model) == len({detectron2_name(name) for name in ours}) == len(ours) == 318
    assert {len(name.split(".")) for name in model} == {3, 4, 5}
    for name, tensor in ours.items():
        assert (model[detectron2_name(name)] == tensor.numpy()).all()
    # Every key is one of detectron2's: a convolution, or the norm inside one.
    convs = {name.rsplit(".", 1)[0] for name in model if name.endswith(".weight")}
    convs = {name for name in convs if not name.endswith(".norm")}
    assert len(convs) == 53
    for conv in convs:
        assert {f"{conv}.norm.{kind}" in model for kind in ("weight", "running_var")} == {True}


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("bn1.running_mean", "stem.conv1.norm.running_mean"),
        ("conv1.weight", "stem.conv1.weight"),
        ("layer1.0.conv3.weight", "res2.0.conv3.weight"),
        ("layer3.22.bn2.bias", "res4.22.conv2.norm.bias"),
        ("layer2.0.downsample.0.weight", "res3.0.shortcut.weight"),
        ("layer4.0.downsample.1.running_var", "res5.0.shortcut.norm.running_var"),
    ],
)
def test_detectron2_names(ours, theirs):
    assert detectron2_name(ours) == theirs


def test_safetensors(tmp_path):
    safetensors = pytest.importorskip("safetensors")
    network = ResNet(18, base_channels=4, stem="cifar")
    export_weights(save(tmp_path / "a.pth", network), "safetensors", tmp_path / "b.safetensors")
    with safetensors.safe_open(tmp_path / "b.safetensors", "pt") as file:
        assert file.metadata()["source"] == "a.pth"
        assert file.metadata()["layout"] == "mmcontrast"
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    network.load_state_dict(tensors)
    # What was written is read again.
    assert "torchvision, timm or extracted" in export_weights(
        tmp_path / "b.safetensors", "safetensors", tmp_path / "c.safetensors"
    )


def small_checkpoint(path, **settings):
    return save(path, trained(ResNet(**{"depth": 18, "base_channels": 4, **settings})))


@pytest.mark.parametrize("target", ["torchvision", "timm", "detectron2", "mmdet", "mmseg"])
def test_a_target_refuses_what_it_cannot_hold(tmp_path, target):
    out = tmp_path / "out.pkl"
    with pytest.raises(UserError, match=f"{target}'s ResNets start with a 7x7"):
        export_weights(small_checkpoint(tmp_path / "a.pth", stem="cifar"), target, out)
    network = ResNet(18, base_channels=4)
    del network.layer4
    with pytest.raises(UserError, match=f"{target} cannot hold .* Is layer4 missing"):
        export_weights(save(tmp_path / "b.pth", network), target, out)
    network = ResNet(18, base_channels=4)
    network.layer1[0].extra = nn.Linear(2, 2)
    with pytest.raises(UserError, match=r"no plain ResNet-18[\s\S]*layer1.0.extra.weight"):
        export_weights(save(tmp_path / "c.pth", network), target, out)
    if target in ("torchvision", "timm", "detectron2"):
        with pytest.raises(UserError, match="has base_channels=64, this backbone 4"):
            export_weights(small_checkpoint(tmp_path / "d.pth"), target, out)
    if target in ("torchvision", "detectron2"):
        torch.save({"state_dict": {"backbone.cls_token": torch.zeros(1)}}, tmp_path / "vit.pth")
        with pytest.raises(UserError, match=f"{target}'s ResNets cannot hold"):
            export_weights(tmp_path / "vit.pth", target, out)
    assert not out.exists()


def test_weights_that_are_not_finite_are_not_exported(tmp_path):
    path = small_checkpoint(tmp_path / "a.pth")
    checkpoint = torch.load(path, weights_only=False)
    name = next(name for name in checkpoint["state_dict"] if name.startswith("backbone."))
    checkpoint["state_dict"][name].flatten()[0] = float("inf")
    torch.save(checkpoint, path)
    with pytest.raises(UserError, match=r"diverged: .*1 of \d+ tensors"):
        export_weights(path, "mmdet", tmp_path / "out.pth")
    assert [p.name for p in tmp_path.iterdir()] == ["a.pth"]


def test_wrong_calls(tmp_path):
    checkpoint = small_checkpoint(tmp_path / "a.pth")
    with pytest.raises(UserError, match=r"no export to 'caffe'\. Choose one of: mmdet"):
        export_weights(checkpoint, "caffe", tmp_path / "b")
    for target in ("detectron2", "safetensors", "onnx"):
        with pytest.raises(UserError, match=f"{target} reads files whose name ends in"):
            export_weights(checkpoint, target, tmp_path / "b.pth")
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot write"):
        export_weights(checkpoint, "mmdet", tmp_path / "file" / "b.pth")
    torch.save({"state_dict": {}, "hyper_parameters": Hyper()}, tmp_path / "code.ckpt")
    with pytest.raises(CheckpointError, match="--trust-checkpoint"):
        export_weights(tmp_path / "code.ckpt", "mmdet", tmp_path / "b.pth")


class Hyper:
    """What a safe load refuses."""


@pytest.mark.slow
def test_onnx(tmp_path):
    pytest.importorskip("onnxscript")
    runtime = pytest.importorskip("onnxruntime")
    network = trained(ResNet(18, base_channels=8, norm_cfg=dict(type="SplitBN")))
    export_weights(save(tmp_path / "a.pth", network), "onnx", tmp_path / "a.onnx")
    session = runtime.InferenceSession(str(tmp_path / "a.onnx"))
    for shape in ((1, 3, 64, 64), (3, 3, 65, 130)):
        image = torch.randn(shape)
        pooled, dense = session.run(["global", "dense"], {"image": image.numpy()})
        with torch.no_grad():
            expected = network(image)[0]
        # The runtime folds norms into convolutions: equal up to float32's rounding.
        bound = dict(atol=1e-5 * expected.abs().max().item(), rtol=0)
        torch.testing.assert_close(torch.tensor(dense), expected, **bound)
        torch.testing.assert_close(torch.tensor(pooled), expected.mean(dim=(2, 3)), **bound)


def test_onnx_of_a_network_for_one_size(tmp_path):
    pytest.importorskip("onnxscript")
    pytest.importorskip("timm")
    settings = dict(model_name="vit_tiny_patch16_224", depth=2, dynamic_img_size=False)
    network = TimmBackbone(**settings)
    checkpoint = save(tmp_path / "a.pth", network, backbone=dict(type="TimmBackbone", **settings))
    with pytest.raises(UserError, match=r"any number and size: .*224[\s\S]*dynamic_img_size=True"):
        export_weights(checkpoint, "onnx", tmp_path / "a.onnx")
    assert not (tmp_path / "a.onnx").exists()


def test_onnx_names_its_extra(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.delitem(sys.modules, "onnx", raising=False)
    monkeypatch.delitem(sys.modules, "onnxscript", raising=False)
    with pytest.raises(UserError, match=r"onnx and onnxscript: pip install 'mmcontrast\[onnx\]'"):
        export_weights(small_checkpoint(tmp_path / "a.pth"), "onnx", tmp_path / "a.onnx")


def test_the_command_offers_all_targets():
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    (option,) = [action for action in parser._actions if action.dest == "to"]
    assert tuple(TARGETS) == option.choices
