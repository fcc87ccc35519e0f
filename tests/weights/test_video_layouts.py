"""Checkpoints of networks for clips and sounds, as CrissCross, XDC and torchvision release them."""

import re

import pytest
import torch
from torch import nn

from mmcontrast.apis import load_backbone
from mmcontrast.models.backbones import AudioResNet, LightR2Plus1D, R2Plus1D, TorchvisionVideo
from mmcontrast.registry import MODELS
from mmcontrast.weights import Checkpoint, CheckpointError


def video(seed=0, **settings):
    torch.manual_seed(seed)
    return LightR2Plus1D(**{"depth": 10, "base_channels": 4, **settings})


def audio(seed=0, **settings):
    torch.manual_seed(seed)
    return AudioResNet(base_channels=4, **settings)


def released_audio(network):
    """The keys that the authors' network has."""

    def rename(name):
        name = re.sub(r"^bn1\.", "conv1.1.", re.sub(r"^conv1\.", "conv1.0.", name))
        return re.sub(r"^layer(\d)\.", r"block\1.", name)

    return {rename(name): tensor for name, tensor in network.state_dict().items()}


def both(video_weights, audio_weights):
    return {
        **{f"video_backbone.{name}": tensor for name, tensor in video_weights.items()},
        **{f"audio_backbone.{name}": tensor for name, tensor in audio_weights.items()},
        "video_predictor.layer2.bias": torch.zeros(2),
    }


def saved(tmp_path, content):
    path = tmp_path / "checkpoint.pth"
    torch.save(content, path)
    return str(path)


def filled(path, network):
    """Load into a network of other weights; return the coverage, and whether all are equal now."""
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.fill_(7)
    return Checkpoint.read(path).load_into(network)


def assert_equal(network, other):
    for name, tensor in other.state_dict().items():
        assert torch.equal(network.state_dict()[name], tensor), name


def test_released_backbones_of_crisscross(tmp_path):
    path, network = saved(tmp_path, video().state_dict()), video(1)
    assert "conv2x.0.spt_conv1.weight" in torch.load(path)
    assert filled(path, network).is_exact
    assert_equal(network, video())
    path, network = saved(tmp_path, released_audio(audio())), audio(1)
    assert "block1.0.conv1.weight" in torch.load(path) and "conv1.1.bias" in torch.load(path)
    assert filled(path, network).is_exact
    assert_equal(network, audio())


@pytest.mark.parametrize("prefix", ["", "module."])
@pytest.mark.parametrize("released", [False, True])
def test_of_two_backbones_the_one_that_fits_is_taken(tmp_path, prefix, released):
    sounds = released_audio(audio()) if released else audio().state_dict()
    weights = both(video().state_dict(), sounds)
    path = saved(tmp_path, {"state_dict": {prefix + name: t for name, t in weights.items()}})
    for build, name in ((video, "video_backbone"), (audio, "audio_backbone")):
        network = build(1)
        assert filled(path, network).is_exact
        assert_equal(network, build())
        other = {"video_backbone": "audio_backbone", "audio_backbone": "video_backbone"}[name]
        assert Checkpoint.read(path).weights_for(network).others == (other,)
        network = build(1)
        assert filled(f"{path}#{name}", network).is_exact
        assert_equal(network, build())
    assert Checkpoint.read(path).layout == "CrissCross (official) or mmcontrast"
    with pytest.raises(CheckpointError, match=r"asked for|in no tensor"):
        Checkpoint.read(f"{path}#audio_backbone").load_into(video(1))


def test_a_checkpoint_of_sounds_alone(tmp_path):
    weights = {f"audio_backbone.{name}": t for name, t in audio().state_dict().items()}
    network = audio(1)
    assert filled(saved(tmp_path, weights), network).is_exact
    assert_equal(network, audio())


@pytest.mark.parametrize("released", [False, True])
def test_a_method_of_two_backbones_starts_from_both(tmp_path, released):
    if released:  # a file each
        paths = [tmp_path / "video.pth", tmp_path / "audio.pth"]
        torch.save(video().state_dict(), paths[0])
        torch.save(released_audio(audio()), paths[1])
    else:
        weights = both(video().state_dict(), audio().state_dict())
        paths = [saved(tmp_path, {"state_dict": weights})] * 2
    parts = {}
    for (name, kind), path in zip(
        (("video", "LightR2Plus1D"), ("audio", "AudioResNet")), paths, strict=True
    ):
        settings = dict(depth=10) if name == "video" else {}
        init = dict(type="Pretrained", checkpoint=str(path))
        parts[f"{name}_backbone"] = dict(type=kind, base_channels=4, init_cfg=init, **settings)
    method = MODELS.build(dict(type="XDC", num_clusters=3, **parts))
    method.init_weights()
    assert_equal(method.video_backbone, video())
    assert_equal(method.audio_backbone, audio())


def test_released_weights_of_xdc_fit_xdcs_network_alone(tmp_path):
    torch.manual_seed(0)
    theirs = R2Plus1D(base_channels=4)
    path = saved(tmp_path, {**theirs.state_dict(), "fc.weight": torch.zeros(3, 32)})
    network = R2Plus1D(base_channels=4)
    coverage = filled(path, network)
    assert coverage.share == 1 and coverage.stages()["layer1"].missing == 0
    assert_equal(network, theirs)
    with pytest.raises(CheckpointError, match=r"midplanes='conv' for XDC's weights") as error:
        filled(path, R2Plus1D("block", base_channels=4))
    assert "18 of another shape in the checkpoint" in str(error.value)


def numbered(build):
    """A large network without the time that its initial weights take; each tensor is a number."""
    with torch.device("meta"):
        network = build()
    network.to_empty(device="cpu")
    for number, tensor in enumerate(network.state_dict().values()):
        tensor.fill_(number)
    return network


def test_weights_of_torchvision(tmp_path):
    from torchvision.models.video import r2plus1d_18

    theirs = numbered(r2plus1d_18)
    path = saved(tmp_path, theirs.state_dict())
    del theirs.fc
    wrapped, own = (numbered(build) for build in (lambda: TorchvisionVideo("r2plus1d_18"), block))
    coverage = filled(path, wrapped)
    assert coverage.share == 1 and coverage.unexpected == ["fc.weight", "fc.bias"]
    assert_equal(wrapped.network, theirs)
    assert filled(path, own).is_exact
    assert_equal(own, theirs)


def block():
    return R2Plus1D("block")


def test_load_backbone_of_a_config(tmp_path):
    """Synchronized norms become plain ones for maps of three dimensions."""
    norm = dict(type="SyncBN")
    path = saved(tmp_path, video(norm_cfg=norm).state_dict())
    config = tmp_path / "config.py"
    settings = dict(type="LightR2Plus1D", depth=10, base_channels=4, norm_cfg=norm)
    config.write_text(f"model = dict(type='FrozenBackbone', backbone={settings})\n")
    network = load_backbone(path, config)
    assert any(isinstance(module, nn.BatchNorm3d) for module in network.modules())
    with torch.no_grad():
        assert network(torch.zeros(1, 3, 4, 32, 32))[0].shape == (1, 32, 1, 1, 1)


def test_settings_of_the_two_backbones():
    model = dict(video_backbone=dict(type="LightR2Plus1D"), audio_backbone=dict(type="AudioResNet"))
    config = dict(default_scope="mmcontrast", model=dict(type="CrissCross", **model))
    kinds = {"x.pth": "LightR2Plus1D", "x.pth#audio_backbone": "AudioResNet"}
    for path, kind in kinds.items():
        assert Checkpoint(path, {}).with_config(config).backbone["type"] == kind
