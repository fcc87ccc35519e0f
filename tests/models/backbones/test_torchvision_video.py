"""torchvision's networks for videos as backbones."""

import pytest
import torch
from torchvision import models

from mmcontrast.models.backbones import TorchvisionVideo
from mmcontrast.structures.maps import MapsWithToken, pool_maps


def check(name, x, width, grid):
    """Compare with the whole network of torchvision, which holds the same weights."""
    torch.manual_seed(0)
    backbone = TorchvisionVideo(name).eval()
    theirs = models.get_model(name, weights=None).eval()
    missing = theirs.load_state_dict(backbone.network.state_dict(), strict=False)
    assert all(key.split(".")[0] in ("fc", "head", "classifier") for key in missing.missing_keys)
    assert not missing.unexpected_keys
    with torch.no_grad():
        maps = backbone(x)
        expected = theirs(x)
    assert maps[0].shape == (1, width, *grid) and backbone.out_channels == (width,)
    return theirs, maps, expected


def test_resnets():
    x = torch.randn(1, 3, 4, 32, 32)
    for name in ("r3d_18", "mc3_18"):
        grid = (1, 2, 2) if name == "r3d_18" else (4, 2, 2)
        theirs, maps, expected = check(name, x, 512, grid)
        torch.testing.assert_close(theirs.fc(pool_maps(maps)), expected)


@pytest.mark.slow
def test_s3d():
    x = torch.randn(1, 3, 16, 224, 224)
    theirs, maps, expected = check("s3d", x, 1024, (2, 7, 7))
    scores = theirs.classifier(theirs.avgpool(maps[0])).mean(dim=(2, 3, 4))
    torch.testing.assert_close(scores, expected)


@pytest.mark.slow
def test_mvit():
    x = torch.randn(1, 3, 16, 224, 224)
    theirs, maps, expected = check("mvit_v2_s", x, 768, (8, 7, 7))
    assert isinstance(maps, MapsWithToken)
    torch.testing.assert_close(theirs.head(pool_maps(maps)), expected)


def test_swin():
    theirs, maps, expected = check("swin3d_t", torch.randn(1, 3, 4, 64, 64), 768, (2, 2, 2))
    torch.testing.assert_close(theirs.head(pool_maps(maps)), expected)


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match=r"no network 'resnet18' for videos; it has mc3_18"):
        TorchvisionVideo("resnet18")
    network = TorchvisionVideo("mvit_v2_s")
    with pytest.raises(ValueError, match=r"16 frames of 224 x 224, got clips of \(8, 64, 64\)"):
        network(torch.zeros(1, 3, 8, 64, 64))
    with pytest.raises(ValueError, match=r"needs clips \(N, 3, T, H, W\)"):
        network(torch.zeros(2, 3, 64, 64))
