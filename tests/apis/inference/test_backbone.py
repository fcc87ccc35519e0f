"""A backbone is rebuilt from a config, from the checkpoint's own config, or from its shapes."""

import subprocess
import sys

import pytest
import torch
from torch import nn
from torchvision.models import resnet18

from mmcontrast.apis.inference.backbone import build_backbone, load_backbone
from mmcontrast.apis.inference.features import FeatureExtractor
from mmcontrast.registry import MODELS, is_registered
from mmcontrast.utils.errors import UserError
from mmcontrast.weights import CheckpointError, read_stored_config, trusted_checkpoints
from tests.weights.test_checkpoint import put_into_cache

STORED = """
default_scope = 'mmcontrast'
model = dict(
    backbone=dict(
        base_channels=8, depth=18, norm_cfg=dict(num_groups=2, type='SplitBN'),
        strides=(1, 2, 2, 1), init_cfg=dict(type='Pretrained', checkpoint='gone.pth'),
        type='ResNet'),
    loss=dict(temperature=float('inf')),
    type='SimCLR')
"""


def trained(**settings):
    """Build a network whose statistics are not those it starts with."""
    torch.manual_seed(0)
    network = MODELS.build(dict(type="ResNet", depth=18, base_channels=8, **settings))
    network(torch.randn(4, 3, 32, 32))
    return network.eval()


def save(path, network, **content):
    weights = {f"backbone.{name}": tensor for name, tensor in network.state_dict().items()}
    torch.save({"state_dict": weights, **content}, path)
    return path


@pytest.mark.parametrize("norm", ["SplitBN", "SyncBN"])
def test_from_the_config_in_the_checkpoint(tmp_path, norm):
    network = trained(strides=(1, 2, 2, 1), norm_cfg=dict(type=norm))
    config = STORED.replace("num_groups=2, type='SplitBN'", f"type={norm!r}")
    backbone = load_backbone(save(tmp_path / "a.pth", network, meta=dict(cfg=config)))
    assert not backbone.training
    assert not any(type(module).__name__ == norm for module in backbone.modules())
    assert type(backbone.layer1[0].bn1) is nn.BatchNorm2d
    image = torch.randn(2, 3, 64, 64)
    assert backbone(image)[0].shape == (2, 64, 4, 4)  # 2x2 with the usual strides
    assert torch.equal(backbone(image)[0], network(image)[0])


@pytest.mark.parametrize("stem", ["imagenet", "cifar"])
def test_from_the_shapes(tmp_path, stem):
    network = trained(stem=stem)
    backbone = load_backbone(save(tmp_path / "a.pth", network))
    image = torch.randn(2, 3, 32, 32)
    assert torch.equal(backbone(image)[0], network(image)[0])


def test_from_a_config_file(tmp_path):
    network = trained(strides=(1, 2, 2, 1))
    checkpoint = save(tmp_path / "a.pth", network)
    (tmp_path / "a.py").write_text(STORED)
    image = torch.randn(1, 3, 64, 64)
    loaded = load_backbone(checkpoint, tmp_path / "a.py")
    assert torch.equal(loaded(image)[0], network(image)[0])
    (tmp_path / "b.py").write_text("optim_wrapper = dict()")
    with pytest.raises(UserError, match=r"b.py has no model.backbone"):
        load_backbone(checkpoint, tmp_path / "b.py")
    (tmp_path / "c.py").write_text(STORED.replace("depth=18", "depth=50"))
    with pytest.raises(CheckpointError, match=r"layer1\.0\.conv1\.weight"):
        load_backbone(checkpoint, tmp_path / "c.py")
    (tmp_path / "d.py").write_text(STORED.replace("depth=18", "deepth=18"))
    with pytest.raises(UserError, match=r"d.py, model.backbone: .*Did you mean depth"):
        load_backbone(checkpoint, tmp_path / "d.py")


def test_a_config_of_another_scope_builds_that_scopes_network(tmp_path):
    mmdet = pytest.importorskip("mmdet.models.backbones.resnet")
    network = trained()
    (tmp_path / "a.py").write_text(
        "default_scope = 'mmdet'\n"
        "model = dict(backbone=dict(type='ResNet', depth=18, base_channels=8, out_indices=(3,)))\n"
    )
    backbone = load_backbone(save(tmp_path / "a.pth", network), tmp_path / "a.py")
    assert type(backbone) is mmdet.ResNet
    image = torch.randn(1, 3, 64, 64)
    torch.testing.assert_close(backbone(image)[0], network(image)[0])


MMDET = """
default_scope = 'mmcontrast'
model = dict(backbone=dict(
    type='mmdet.ResNet', depth=18, base_channels=8, stem_channels=8, out_indices=(3,),
    strides=(1, 2, 2, 1), norm_cfg=dict(type='SplitBN', num_groups=2)))
"""
OUTSIDE = """
import sys, torch
from mmengine.registry import DefaultScope
from mmcontrast.apis import FeatureExtractor, load_backbone

checkpoint, config = sys.argv[1:]
torch.manual_seed(0)
images = torch.rand(2, 3, 64, 64)
maps = [load_backbone(checkpoint, c)(images)[-1] for c in (None, config)]
maps += [FeatureExtractor(checkpoint, c, device="cpu")(images)["dense"] for c in (None, config)]
assert all(torch.equal(m, maps[0]) and m.shape == (2, 64, 4, 4) for m in maps)
untrained = FeatureExtractor(None, config, device="cpu")(images)["dense"]
assert untrained.shape == (2, 64, 4, 4) and not torch.equal(untrained, maps[0])
assert DefaultScope.get_current_instance() is None
print("done")
"""


@pytest.mark.slow
def test_a_backbone_of_mmdet_outside_a_runner(tmp_path):
    """In a process without a scope, mmcv looks for SplitBN among MMEngine's own norms."""
    pytest.importorskip("mmdet")
    (tmp_path / "a.py").write_text(MMDET)
    network = build_backbone(read_stored_config(MMDET)["model"]["backbone"], "mmcontrast")
    checkpoint = save(tmp_path / "a.pth", network, meta=dict(cfg=MMDET))
    command = [sys.executable, "-c", OUTSIDE, str(checkpoint), str(tmp_path / "a.py")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("done\n")


def test_torchvision_weights_by_name(tmp_path, monkeypatch):
    network = resnet18().eval()
    put_into_cache(network.state_dict(), tmp_path, monkeypatch)
    dense = load_backbone("torchvision://resnet18")(torch.zeros(1, 3, 64, 64))[0]
    pooled = network.fc(dense.mean(dim=(2, 3)))
    torch.testing.assert_close(pooled, network(torch.zeros(1, 3, 64, 64)))
    with pytest.raises(CheckpointError, match="no weights named 'resnet19'"):
        load_backbone("torchvision://resnet19")


def test_a_network_that_cannot_be_told(tmp_path):
    torch.save({"backbone.blocks.0.weight": torch.zeros(1)}, tmp_path / "vit.pth")
    with pytest.raises(UserError, match=r"vit.pth .* does not tell what network.*Give the config"):
        load_backbone(tmp_path / "vit.pth")


MKDIR = "dict(type='os.mkdir', path='made')"
STRANGE = {
    "backbone": STORED.replace("depth=18", "depth=18, path='made'").replace(
        "'ResNet'", "'os.mkdir'"
    ),
    "norm": STORED.replace("dict(num_groups=2, type='SplitBN')", MKDIR),
    "scope": STORED.replace("'ResNet'", "'mkdir', _scope_='os'"),
    "library": STORED.replace("'ResNet'", "'torch.hub.load'"),
    "module": STORED.replace("'ResNet'", "'antigravity'"),
    "pipeline": f"{STORED}test_dataloader = dict(dataset=dict(pipeline=[dict(type='LoadImage'), "
    f"{MKDIR}]))",
    "preprocessor": STORED.replace(
        "loss=", f"data_preprocessor=dict(type='ViewPreprocessor', transforms=[{MKDIR}]), loss="
    ),
}


@pytest.mark.parametrize("name", STRANGE)
def test_a_stored_config_builds_registered_parts_alone(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = save(tmp_path / "a.pth", trained(), meta=dict(cfg=STRANGE[name]))
    with pytest.raises(CheckpointError, match=r"a\.pth names the type '\S+', which is not regist"):
        FeatureExtractor(path)
    assert not (tmp_path / "made").exists()
    # That of a trusted file is built as it says: os.mkdir complains of its arguments.
    if name == "backbone":
        with trusted_checkpoints(), pytest.raises(UserError):
            load_backbone(path)


def test_networks_may_be_named_by_their_paths():
    for name in ("ResNet", "mmcontrast.ResNet", "torch.nn.modules.activation.ReLU", "Pretrained"):
        assert is_registered(name)
    for name in ("os.mkdir", "antigravity", "torch.load", "mmcontrast.antigravity", "", "."):
        assert not is_registered(name)
    assert "antigravity" not in sys.modules
