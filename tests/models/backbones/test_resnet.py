"""ResNet against torchvision's."""

import pytest
import torch
import torchvision

from mmcontrast.models.backbones import ColorPatches, ResNet, set_strides


@pytest.mark.parametrize("depth", [18, 34, 50, 101])
def test_keys_and_outputs_are_torchvisions(depth):
    reference = getattr(torchvision.models, f"resnet{depth}")().eval()
    weights = {k: v for k, v in reference.state_dict().items() if not k.startswith("fc.")}
    network = ResNet(depth, out_indices=(0, 1, 2, 3)).eval()
    network.load_state_dict(weights, strict=True)
    x = torch.randn(1, 3, 64, 64)
    stages = network(x)
    pooled = stages[-1].mean(dim=(2, 3))
    torch.testing.assert_close(reference.fc(pooled), reference(x))
    assert tuple(stage.shape[1] for stage in stages) == network.out_channels
    assert [stage.shape[-1] for stage in stages] == [16, 8, 4, 2]


def test_size_of_resnet50():
    network = ResNet(50, norm_cfg=dict(type="SplitBN", num_groups=8))
    assert sum(p.numel() for p in network.parameters()) == 23_508_032
    assert len(network.state_dict()) == 318


def test_base_channels_scale_every_stage():
    for depth, expansion in ((18, 1), (50, 4)):
        network = ResNet(depth, base_channels=16, out_indices=(0, 3))
        stages = network(torch.randn(2, 3, 64, 64))
        assert [stage.shape[1] for stage in stages] == [16 * expansion, 128 * expansion]
        assert network.out_channels == (16 * expansion, 128 * expansion)


def test_cifar_stem_keeps_the_resolution():
    assert ResNet(18, stem="cifar")(torch.randn(2, 3, 32, 32))[0].shape == (2, 512, 4, 4)


def test_strides_and_dilations_can_change_later():
    for depth in (18, 50):
        network = ResNet(depth, out_indices=(2, 3))
        set_strides(network, (1, 2, 1, 1), (1, 1, 2, 4))
        assert [y.shape[-1] for y in network(torch.randn(2, 3, 64, 64))] == [8, 8]
        assert (
            ResNet(depth, strides=(1, 2, 2, 1)).eval()(torch.randn(1, 3, 64, 64))[0].shape[-1] == 4
        )


@pytest.mark.parametrize(
    ("size", "grid"),
    [
        ((480, 854), (60, 107)), ((480, 910), (60, 114)), ((480, 1152), (60, 144)),
        ((560, 960), (70, 120)), ((320, 320), (40, 40)),
    ],
)  # fmt: skip
def test_stride_8_of_any_resnet(size, grid):
    x = torch.rand(1, 3, *size)
    own = ResNet(18, base_channels=4, out_indices=(2,))
    set_strides(own, (1, 2, 1, 1))
    assert own(x)[0].shape[2:] == grid
    assert ColorPatches()(x)[0].shape == (1, 27, *grid)


@pytest.mark.parametrize(("side", "cells"), [(120, 15), (239, 30), (255, 32), (127, 16)])
@pytest.mark.parametrize("depth", [18, 50])
def test_dilated_torchvision_network(side, cells, depth):
    network = getattr(torchvision.models, f"resnet{depth}")().eval()
    weights = {name: value.clone() for name, value in network.state_dict().items()}
    set_strides(network, (1, 2, 1, 1), (1, 1, 2, 4))
    assert [c.dilation[0] for c in network.layer3.modules()
            if isinstance(c, torch.nn.Conv2d) and c.kernel_size == (3, 3)][:3] == (
        [1, 2, 2] if depth == 50 else [1, 1, 2]
    )  # fmt: skip
    x = torch.rand(1, 3, side, side)
    with torch.no_grad():
        for stage in ("conv1", "maxpool", "layer1", "layer2", "layer3", "layer4"):
            x = getattr(network, stage)(x)
    assert x.shape[2:] == (cells, cells)
    assert all(torch.equal(value, weights[name]) for name, value in network.state_dict().items())


def test_dilation_follows_torchvision():
    options = dict(replace_stride_with_dilation=[False, True, True])
    reference = torchvision.models.resnet50(**options).eval()
    network = torchvision.models.resnet50().eval()
    network.load_state_dict(reference.state_dict())
    set_strides(network, (1, 2, 1, 1), (1, 1, 2, 4))
    x = torch.rand(1, 3, 64, 64)
    torch.testing.assert_close(network(x), reference(x))


def test_strides_of_what_is_no_resnet():
    with pytest.raises(ValueError, match="has no layer1"):
        set_strides(torch.nn.Conv2d(3, 3, 1), (1, 2, 1, 1))
    with pytest.raises(ValueError, match="four stages"):
        set_strides(torchvision.models.resnet18(), (1, 2, 1))
    with pytest.raises(ValueError, match="layer1 has no shortcut"):
        set_strides(torchvision.models.resnet18(), (2, 2, 1, 1))


def test_frozen_stages_neither_learn_nor_adapt():
    network = ResNet(18, frozen_stages=2).train()
    x = torch.randn(4, 3, 32, 32)
    before = {k: v.clone() for k, v in network.state_dict().items() if "running" in k}
    network(x)[0].sum().backward()
    after = network.state_dict()
    for name, parameter in network.named_parameters():
        frozen = name.startswith(("conv1", "bn1", "layer1", "layer2"))
        assert parameter.requires_grad == (not frozen), name
    for name, value in before.items():
        frozen = name.startswith(("bn1", "layer1", "layer2"))
        assert torch.equal(value, after[name]) == frozen, name


def test_norm_eval_keeps_all_statistics():
    network = ResNet(18, norm_eval=True).train()
    network(torch.randn(2, 3, 32, 32))
    assert network.bn1.num_batches_tracked == 0


def test_zero_init_residual_starts_as_identity():
    network = ResNet(50, zero_init_residual=True)
    assert not network.layer3[1].bn3.weight.any()


def test_norm_choice():
    network = ResNet(18, norm_cfg=dict(type="GN", num_groups=8))
    assert isinstance(network.layer2[0].bn1, torch.nn.GroupNorm)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (dict(depth=42), "depth must be one of"),
        (dict(stem="big"), "stem must be"),
        (dict(base_channels=0), "base_channels"),
        (dict(out_indices=(4,)), "out_indices"),
        (dict(frozen_stages=5), "frozen_stages"),
        (dict(depth=18, strides=(2, 2, 2, 2)), "layer1 has no shortcut"),
        (dict(strides=(1, 2)), "four stages"),
        (dict(dilations=(1, 2)), "four stages"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        ResNet(**arguments)


@pytest.mark.parametrize("in_channels", [1, 2])
def test_images_of_other_channels(in_channels):
    network = ResNet(18, base_channels=4, in_channels=in_channels).eval()
    assert network(torch.rand(1, in_channels, 64, 64))[0].shape == (1, 32, 2, 2)
