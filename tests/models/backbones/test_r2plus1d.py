"""R(2+1)D networks: sizes, keys, initial weights, and outputs of constant weights."""

import math

import pytest
import torch
from torch import nn

from mmcontrast.models.backbones import LightR2Plus1D, R2Plus1D
from mmcontrast.registry import MODELS
from tests.constant_weights import with_constant_weights


def num_parameters(network):
    return sum(parameter.numel() for parameter in network.parameters())


def on_meta(cls, **settings):
    with torch.device("meta"):
        return cls(**settings)


@pytest.fixture(scope="module")
def light():
    torch.manual_seed(0)
    return LightR2Plus1D(18, out_indices=(0, 1, 2, 3))


@pytest.fixture(scope="module")
def xdc():
    torch.manual_seed(0)
    return R2Plus1D()


def test_number_of_parameters(light, xdc):
    assert num_parameters(light) == 15_379_136
    assert num_parameters(xdc) == 33_165_639
    assert num_parameters(on_meta(R2Plus1D, midplanes="block")) == 31_300_125


def test_blocks_of_each_depth():
    for depth, blocks in {10: [1, 1, 1, 1], 18: [2, 2, 2, 2], 34: [3, 4, 6, 2]}.items():
        network = on_meta(LightR2Plus1D, depth=depth)
        stages = (network.conv2x, network.conv3x, network.conv4x, network.conv5x)
        assert [len(stage) for stage in stages] == blocks


def test_midplanes_of_a_convolution_or_of_a_block(xdc):
    block = on_meta(R2Plus1D, midplanes="block")
    convs = [(stage, layer[0].conv2[0][0].out_channels) for stage, layer in _layers(xdc)]
    assert convs == [(1, 144), (2, 288), (3, 576), (4, 1152)]
    shared = [(stage, layer[0].conv2[0][0].out_channels) for stage, layer in _layers(block)]
    assert shared == [(1, 144), (2, 230), (3, 460), (4, 921)]
    theirs = block.state_dict()
    differ = [n for n, t in xdc.state_dict().items() if t.shape != theirs[n].shape]
    assert len(differ) == 18
    assert all(stage.split(".")[0] != "layer1" for stage in differ)


def _layers(network):
    return [(number, getattr(network, f"layer{number}")) for number in range(1, 5)]


def test_torchvisions_network_is_that_of_blocks():
    from torchvision.models.video import r2plus1d_18

    torch.manual_seed(0)
    theirs = r2plus1d_18().eval()
    ours = R2Plus1D("block", norm_cfg=dict(type="BN3d")).eval()
    weights = {name: t for name, t in theirs.state_dict().items() if not name.startswith("fc.")}
    ours.load_state_dict(weights, strict=True)
    x = torch.randn(1, 3, 3, 32, 32)
    with torch.no_grad():
        pooled = ours(x)[-1].mean(dim=(2, 3, 4))
        torch.testing.assert_close(theirs.fc(pooled), theirs(x))


def test_maps(light, xdc):
    light.eval()
    with torch.no_grad():
        maps = light(torch.randn(1, 3, 8, 112, 112))
    assert [tuple(m.shape[1:]) for m in maps] == [
        (64, 8, 28, 28), (128, 4, 14, 14), (256, 2, 7, 7), (512, 1, 4, 4)
    ]  # fmt: skip
    assert light.out_channels == (64, 128, 256, 512)
    small = LightR2Plus1D(10, base_channels=8, out_indices=(1, 3))
    assert [m.shape[1] for m in small(torch.randn(2, 3, 4, 32, 32))] == [16, 64]
    narrow = R2Plus1D(base_channels=4)
    assert narrow(torch.randn(2, 3, 8, 32, 32))[0].shape == (2, 32, 1, 2, 2)
    assert narrow.out_channels == (32,)


def test_initial_weights_of_the_light_network_are_pytorchs(light):
    for name, module in light.named_modules():
        if isinstance(module, nn.Conv3d):
            bound = 1 / math.sqrt(module.weight[0].numel())
            assert module.bias is None
            assert module.weight.abs().max() <= bound, name
            assert module.weight.std().item() == pytest.approx(bound / math.sqrt(3), rel=0.05), name
        if isinstance(module, nn.BatchNorm3d):
            assert module.eps == 1e-5 and module.momentum == 0.1
            assert module.weight.unique().tolist() == [1] and not module.bias.any()


def test_initial_weights_of_xdc_are_torchvisions(xdc):
    for name, module in xdc.named_modules():
        if isinstance(module, nn.Conv3d):
            fan_out = module.out_channels * math.prod(module.kernel_size)
            assert module.bias is None
            expected = pytest.approx(math.sqrt(2 / fan_out), rel=0.06)
            assert module.weight.std().item() == expected, name
        if isinstance(module, nn.BatchNorm3d):
            assert module.eps == 1e-3 and module.momentum == 0.1
            assert module.weight.unique().tolist() == [1] and not module.bias.any()


def test_constant_weights(light):
    network = with_constant_weights(LightR2Plus1D(18, out_indices=(0, 1, 2, 3)))
    ones = torch.ones(1, 3, 8, 32, 32, dtype=torch.float64)
    with torch.no_grad():
        stem = network.conv1(ones)
        maps = network(ones)
        rising = network(_rising(ones))[-1]
    means = [m.mean().item() for m in (stem, *maps[:3])]
    assert means == pytest.approx([0.88421645, 2.49939160, 5.43788410, 6.35230434], abs=1e-7)
    assert maps[-1].mean(dim=(2, 3, 4)).flatten().tolist() == pytest.approx([3.450864] * 512)
    assert rising.mean().item() == pytest.approx(1.13384563, abs=1e-7)


@pytest.mark.slow
def test_constant_weights_of_xdc():
    network = with_constant_weights(R2Plus1D())
    ones = torch.ones(1, 3, 8, 32, 32, dtype=torch.float64)
    with torch.no_grad():
        assert network(ones)[0].mean().item() == pytest.approx(9.72368212, abs=1e-6)
        assert network(_rising(ones))[0].mean().item() == pytest.approx(3.71486594, abs=1e-6)


def _rising(ones):
    return ones * torch.arange(8.0, dtype=torch.float64).view(-1, 1, 1) / 7


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (dict(type="LightR2Plus1D", depth=50), r"depth must be one of \[10, 18, 34\]"),
        (dict(type="LightR2Plus1D", base_channels=0), "base_channels must be at least 1"),
        (dict(type="R2Plus1D", midplanes="layer"), "midplanes must be 'conv' or 'block'"),
        (dict(type="R2Plus1D", out_indices=(4,)), "out_indices must name stages 0 to 3"),
    ],
)
def test_settings_that_cannot_be_built(settings, message):
    with pytest.raises(ValueError, match=message):
        MODELS.build(settings)


@pytest.mark.parametrize("kind", ["LightR2Plus1D", "R2Plus1D"])
def test_images_are_refused(kind):
    network = MODELS.build(dict(type=kind, base_channels=2))
    with pytest.raises(ValueError, match=r"needs clips \(N, 3, T, H, W\), got \(3, 3, 32, 32\)"):
        network(torch.zeros(3, 3, 32, 32))


@pytest.mark.parametrize("kind", ["LightR2Plus1D", "R2Plus1D"])
def test_synchronized_norms(kind):
    network = MODELS.build(dict(type=kind, base_channels=2, norm_cfg=dict(type="SyncBN")))
    norms = [m for m in network.modules() if isinstance(m, nn.modules.batchnorm._NormBase)]
    assert {type(norm).__name__ for norm in norms} == {"SyncBN"}
    assert network(torch.zeros(2, 3, 4, 32, 32))[0].isfinite().all()
