"""Color codecs: the published sizes, strides, weights."""

import pytest
import torch

from mmcontrast.models.modules import ColorAutoEncoder, PatchCodec
from mmcontrast.registry import MODELS
from mmcontrast.weights.files import CheckpointError
from tests.small import build_method


def count(module):
    return sum(parameter.numel() for parameter in module.parameters())


def test_size_of_the_published_network():
    codec = ColorAutoEncoder()
    # 2.49 MB of float32 each, as the authors' files.
    assert [count(codec.encoder), count(codec.decoder)] == [621_132, 620_867]


def test_shapes_and_range():
    codec = ColorAutoEncoder(base_channels=4)
    codes = codec.encode(torch.rand(2, 3, 24, 32) * 2 - 1)
    assert codes.shape == (2, codec.out_channels, 3, 4) == (2, 16, 3, 4)
    image = codec.decode(codes)
    assert image.shape == (2, 3, 24, 32)
    assert image.abs().max() <= 1


def test_patches_are_exact():
    codec, image = PatchCodec(4), torch.randn(2, 3, 8, 12)
    codes = codec.encode(image)
    assert codes.shape == (2, codec.out_channels, 2, 3)
    assert torch.equal(codec.decode(codes), image)


def test_weights_of_its_training_are_loaded(tmp_path):
    trained = build_method("ColorReconstruction")
    torch.save(dict(state_dict=trained.state_dict()), tmp_path / "codec.pth")
    codec = ColorAutoEncoder(6, checkpoint=str(tmp_path / "codec.pth"))
    method = build_method(
        "ContrastCorr",
        codec=dict(
            type="ColorAutoEncoder", base_channels=6, checkpoint=str(tmp_path / "codec.pth")
        ),
    )
    method.init_weights()
    codec.init_weights()
    for loaded in (codec, method.codec):
        for name, value in loaded.state_dict().items():
            assert torch.equal(value, trained.codec.state_dict()[name]), name
    assert not any(parameter.requires_grad for parameter in method.codec.parameters())


def test_weights_that_are_not_there_or_do_not_fit(tmp_path):
    with pytest.raises(CheckpointError, match="color_trackingnet"):
        ColorAutoEncoder(6, checkpoint=str(tmp_path / "none.pth")).init_weights()
    torch.save(dict(state_dict=ColorAutoEncoder(4).state_dict()), tmp_path / "narrow.pth")
    with pytest.raises(CheckpointError, match="auto-encoder"):
        ColorAutoEncoder(6, checkpoint=str(tmp_path / "narrow.pth")).init_weights()


def test_configs_build_both():
    for name in ("ColorAutoEncoder", "PatchCodec"):
        assert MODELS.build(dict(type=name)).out_channels in (256, 192)
