"""ResNet-18 on spectrograms."""

import math

import pytest
import torch
from torch import nn

from mmcontrast.models.backbones import AudioResNet
from tests.constant_weights import with_constant_weights


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return AudioResNet(out_indices=(0, 1, 2, 3))


def test_size_and_initial_weights(network):
    assert sum(parameter.numel() for parameter in network.parameters()) == 11_170_240
    for name, module in network.named_modules():
        if isinstance(module, nn.Conv2d):
            fan_out = module.out_channels * math.prod(module.kernel_size)
            expected = pytest.approx(math.sqrt(2 / fan_out), rel=0.06)
            assert module.weight.std().item() == expected, name
        if isinstance(module, nn.BatchNorm2d):
            assert module.eps == 1e-5 and module.momentum == 0.1
            assert module.weight.unique().tolist() == [1] and not module.bias.any()


@pytest.mark.parametrize(("frames", "grid"), [(101, (3, 4)), (201, (3, 7)), (501, (3, 16))])
def test_maps(network, frames, grid):
    maps = AudioResNet(base_channels=4)(torch.randn(2, 1, 80, frames))
    assert maps[0].shape == (2, 32, *grid)


def test_constant_weights():
    network = with_constant_weights(AudioResNet(out_indices=(0, 1, 2, 3)))
    ones = torch.ones(1, 1, 80, 201, dtype=torch.float64)
    with torch.no_grad():
        maps = network(ones)
        rising = network(ones * torch.arange(201.0, dtype=torch.float64) / 200)[-1]
    means = [m.mean().item() for m in maps]
    expected = [3.69390627, 13.16926329, 42.10721398, 96.18550753]
    assert means == pytest.approx(expected, abs=1e-7)
    row = [
        67.1313543, 129.3441123, 150.7575341, 155.8070688, 152.5497877, 134.7659556, 80.0188831
    ]  # fmt: skip
    assert maps[-1][0, 0, 1].tolist() == pytest.approx(row, abs=1e-6)
    assert rising.mean().item() == pytest.approx(48.22593576, abs=1e-7)


@pytest.mark.parametrize("shape", [(2, 16000), (2, 1, 16000), (2, 3, 80, 201)])
def test_what_is_no_spectrogram_is_refused(shape):
    with pytest.raises(ValueError, match=r"needs spectrograms \(N, 1, bands, frames\)"):
        AudioResNet(base_channels=2)(torch.zeros(shape))
