"""Networks of timm as backbones: maps, class tokens, image sizes, and a step of training."""

import pytest
import torch
from mmengine.optim import OptimWrapper

from mmcontrast.models.backbones import TimmBackbone
from mmcontrast.registry import MODELS
from mmcontrast.structures.maps import MapsWithToken, pool_maps

timm = pytest.importorskip("timm", reason="needs the extra 'timm'")

FAMILIES = {
    "resnet10t": 32, "convnext_atto": 32, "efficientnet_b0": 32, "mobilenetv3_small_050": 32,
    "hrnet_w18_small": 32, "swin_tiny_patch4_window7_224": 32, "vit_tiny_patch16_224": 16,
    "vgg11_bn": 32, "regnetx_002": 32,
}  # fmt: skip
"""The smallest network of each family, and the stride of its last map."""


def backbone(name, **settings):
    torch.manual_seed(0)
    return TimmBackbone(name, **settings)


@pytest.mark.parametrize("name", FAMILIES)
def test_maps_of_each_family(name):
    network = backbone(name).eval()
    maps = network(torch.randn(2, 3, 64, 96))
    rows, columns = 64 // FAMILIES[name], 96 // FAMILIES[name]
    assert [m.shape for m in maps] == [(2, network.out_channels[-1], rows, columns)]
    assert pool_maps(maps).shape == (2, network.out_channels[-1])


def test_maps_of_several_stages():
    network = backbone("mobilenetv3_small_050", out_indices=(1, 3, -1)).eval()
    maps = network(torch.randn(1, 3, 64, 64))
    assert tuple(m.shape[1] for m in maps) == network.out_channels
    assert [m.shape[-1] for m in maps] == [16, 4, 2]


@pytest.mark.parametrize("name", ["vit_tiny_patch16_224", "vit_tiny_patch16_224:registers"])
def test_class_token_and_patches_are_timms(name):
    settings = dict(reg_tokens=4) if name.endswith("registers") else {}
    network = backbone(name.partition(":")[0], **settings).eval()
    model = timm.create_model(
        name.partition(":")[0], num_classes=0, dynamic_img_size=True, **settings
    ).eval()
    model.load_state_dict(network.network.model.state_dict(), strict=True)
    x = torch.randn(2, 3, 32, 64)
    maps = network(x)
    assert isinstance(maps, MapsWithToken)
    torch.testing.assert_close(pool_maps(maps), model(x))
    patches = model.forward_features(x)[:, model.num_prefix_tokens :]
    torch.testing.assert_close(maps[0].flatten(2).transpose(1, 2), patches)
    assert maps[0].shape == (2, 192, 2, 4)


def test_a_transformer_that_averages_its_patches():
    maps = backbone("vit_tiny_patch16_224", global_pool="avg").eval()(torch.randn(1, 3, 32, 32))
    torch.testing.assert_close(pool_maps(maps), maps[-1].mean(dim=(2, 3)))


def test_every_trainable_parameter_has_a_gradient():
    """Those of other branches would stop DistributedDataParallel."""
    network = backbone("hrnet_w18_small")
    network(torch.randn(2, 3, 64, 64))[-1].sum().backward()
    for name, parameter in network.named_parameters():
        assert (parameter.grad is not None) == parameter.requires_grad, name
    frozen = [name for name, p in network.named_parameters() if not p.requires_grad]
    assert frozen and all("stage4" in name or "incre" in name for name in frozen)
    whole = backbone("hrnet_w18_small", out_indices=(1, 2, 3, 4))
    assert all(parameter.requires_grad for parameter in whole.parameters())


@pytest.mark.parametrize("name", FAMILIES)
def test_what_timm_loaded_is_kept(name):
    network = backbone(name)
    before = {key: value.clone() for key, value in network.state_dict().items()}
    network.init_weights()
    assert all(torch.equal(value, before[key]) for key, value in network.state_dict().items())


def test_clear_errors():
    with pytest.raises(ValueError, match=r"'no_such_net'.*Unknown model"):
        TimmBackbone("no_such_net")
    with pytest.raises(ValueError, match=r"divisible by patch size \(16\). Change the size of"):
        backbone("vit_tiny_patch16_224")(torch.randn(1, 3, 40, 40))
    with pytest.raises(ValueError, match="doesn't match model"):
        backbone("mixer_s32_224")(torch.randn(1, 3, 64, 64))
    with pytest.raises(TypeError, match="no_such_option"):
        TimmBackbone("resnet10t", no_such_option=1)


def method(kind, network):
    width = network.out_channels[-1]
    neck = dict(in_channels=width, hidden_channels=16, out_channels=8)
    if kind == "SimCLR":
        parts = dict(neck=dict(type="Projection", **neck), loss=dict(type="NTXent"))
    else:
        parts = dict(loss=dict(type="InfoNCE"), queue_size=16)
        parts["neck"] = dict(type="DenseProjection" if kind == "DenseCL" else "Projection", **neck)
        if kind == "DenseCL":
            parts["dense_loss"] = dict(type="InfoNCE")
    model = MODELS.build(dict(type=kind, backbone=network, **parts))
    model.init_weights()
    return model


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["SimCLR", "MoCoV2", "DenseCL"])
@pytest.mark.parametrize("name", FAMILIES)
def test_a_step_of_training(name, kind):
    model = method(kind, backbone(name)).train()
    batch = dict(
        inputs={f"view{i}": torch.randint(0, 256, (4, 3, 64, 64)).byte() for i in range(2)},
        data_samples=[dict(index=i) for i in range(4)],
    )
    trainable = {n: p for n, p in model.backbone.named_parameters() if p.requires_grad}
    before = {name: parameter.detach().clone() for name, parameter in trainable.items()}
    with_gradient = set()
    for name, parameter in trainable.items():
        parameter.register_post_accumulate_grad_hook(lambda _, n=name: with_gradient.add(n))
    optimizer = OptimWrapper(torch.optim.SGD(model.parameters(), lr=0.1))
    logs = model.train_step(batch, optimizer)
    assert torch.isfinite(logs["loss"])
    assert with_gradient == set(trainable)
    assert all(parameter.isfinite().all() for parameter in trainable.values())
    # Residual branches that start at zero move at the second step.
    first = next(iter(trainable))
    assert not torch.equal(trainable[first], before[first])
    features = model.extract(dict(view0=torch.randn(2, 3, 64, 64)))
    width = model.backbone.out_channels[-1]
    assert features["global"].shape == (2, width) and features["dense"].shape[:2] == (2, width)
