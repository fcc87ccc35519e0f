"""What a checkpoint says about the network that it holds, whoever wrote it."""

import hashlib

import pytest
import torch
from mmengine.config import Config
from safetensors.torch import save_file
from torch import nn
from torchvision.models import resnet18

from mmcontrast import renames
from mmcontrast.models.backbones import ResNet, TimmBackbone
from mmcontrast.registry import TRANSFORMS
from mmcontrast.weights import Checkpoint, CheckpointError, trusted_checkpoints
from tests.toy import ROOT

CONFIG = """
default_scope = 'mmcontrast'
model = dict(
    type='mmcontrast.DenseCL',
    backbone=dict(type='mmcontrast.ResNet', depth=18, base_channels=4, strides=(1, 2, 2, 1)),
    data_preprocessor=dict(type='ViewPreprocessor'),
    loss=dict(type='InfoNCE', temperature=float('inf')))
val_dataloader = dict(dataset=dict(pipeline=[
    dict(type='mmcontrast.LoadImage'), dict(type='mmdet.Resize')]))
"""
# What the weights show where no config of ours says more.
INFERRED = dict(type="ResNet", depth=18, base_channels=4, stem="imagenet", in_channels=3)
DAMAGED = ["model = dict(", "\0", CONFIG + "\0", "a = " + "(" * 10000]


@pytest.fixture(scope="module")
def backbone():
    torch.manual_seed(0)
    return ResNet(18, base_channels=4).state_dict()


def under(prefix, tensors):
    return {prefix + name: tensor for name, tensor in tensors.items()}


def ours(backbone, config=CONFIG, **meta):
    """The content of a file that a training of this package has written."""
    weights = {**under("backbone.", backbone), "neck.mlp.0.weight": torch.zeros(2)}
    weights |= under("momentum_encoder.backbone.", {n: t + 1 for n, t in backbone.items()})
    return dict(state_dict=weights, meta=dict(cfg=config, **meta))


def write(content, path):
    torch.save(content, path)
    return Checkpoint.read(path)


def put_into_cache(weights, folder, monkeypatch):
    """Put a file where torch keeps the weights of torchvision, and return its address."""
    torch.hub.set_dir(folder)
    (folder / "checkpoints").mkdir()
    torch.save(weights, folder / "w.pth")
    digits = hashlib.sha256((folder / "w.pth").read_bytes()).hexdigest()[:8]
    (folder / "w.pth").rename(folder / f"checkpoints/resnet18-{digits}.pth")
    url = f"https://example.org/resnet18-{digits}.pth"
    models = "mmengine.runner.checkpoint.get_torchvision_models"
    monkeypatch.setattr(models, lambda: {"resnet18": url})
    return url


def assert_equal(state_dict, expected):
    assert set(state_dict) == set(expected)
    assert all(torch.equal(tensor, expected[name]) for name, tensor in state_dict.items())


def test_ours(backbone, tmp_path):
    checkpoint = write(ours(backbone, dataset_meta=dict(classes=("cat", "dog"))), tmp_path / "a")
    assert checkpoint.path == str(tmp_path / "a") and checkpoint.layout == "mmcontrast"
    assert_equal(checkpoint.state_dict, backbone)
    assert set(checkpoint.model_weights) == set(checkpoint.content["state_dict"])
    assert checkpoint.method == "DenseCL" and checkpoint.scope == "mmcontrast"
    assert checkpoint.backbone == dict(
        type="ResNet", depth=18, base_channels=4, strides=(1, 2, 2, 1)
    )
    assert checkpoint.classes == ("cat", "dog")
    assert checkpoint.config["model"]["loss"]["temperature"] == "float('inf')"
    pipeline = checkpoint.config["val_dataloader"]["dataset"]["pipeline"]
    assert pipeline == [dict(type="LoadImage"), dict(type="mmdet.Resize")]


def test_a_stored_config_is_the_merged_one(backbone, tmp_path):
    cfg = Config.fromfile(ROOT / "configs/densecl/r50_coco.py")
    checkpoint = write(ours(backbone, cfg.pretty_text), tmp_path / "a.pth")
    assert checkpoint.config == cfg.to_dict()


def test_layout_of_moco(backbone, tmp_path):
    weights = {
        **under("module.encoder_q.", backbone),
        **under("module.encoder_k.", {name: t + 1 for name, t in backbone.items()}),
        "module.queue": torch.zeros(2, 4),
    }
    checkpoint = write(dict(epoch=200, state_dict=weights), tmp_path / "moco.pth.tar")
    assert checkpoint.layout == "MoCo (official)"
    assert_equal(checkpoint.state_dict, backbone)
    assert checkpoint.config == {} and checkpoint.method is None and checkpoint.classes == ()
    assert checkpoint.backbone == INFERRED
    assert "queue" in checkpoint.model_weights


def test_layout_of_torchvision(tmp_path, monkeypatch):
    network = resnet18().state_dict()
    url = put_into_cache(network, tmp_path, monkeypatch)
    for name in ("torchvision://resnet18", url):
        checkpoint = Checkpoint.read(name)
        assert checkpoint.path == name
        assert checkpoint.layout == "torchvision, timm or extracted weights"
        assert set(network) - set(checkpoint.state_dict) == {"fc.weight", "fc.bias"}
        assert checkpoint.backbone["base_channels"] == 64
    with pytest.raises(CheckpointError, match="no weights named 'resnet19'"):
        Checkpoint.read("torchvision://resnet19")
    with pytest.raises(CheckpointError, match="Download the file and give its path"):
        Checkpoint.read("s3://bucket/a.pth")


@pytest.mark.parametrize("scope", ["mmdet", "mmseg"])
def test_a_detector_or_segmenter(backbone, tmp_path, scope):
    """Their ResNet takes other arguments than ours, so that its settings are not taken."""
    config = f"""
default_scope = {scope!r}
model = dict(
    type='{scope}.Whole', backbone=dict(type='ResNet', depth=18, style='pytorch'),
    neck=dict(type='mmcontrast.Projection'))
"""
    classes = dict(classes=["horse", "sheep"])
    weights = {**under("backbone.", backbone), "rpn_head.rpn_conv.weight": torch.zeros(1)}
    content = dict(state_dict=weights, meta=dict(cfg=config, dataset_meta=classes))
    checkpoint = write(content, tmp_path / "a.pth")
    assert_equal(checkpoint.state_dict, backbone)
    assert checkpoint.backbone == INFERRED
    assert checkpoint.method is None and checkpoint.scope == "mmcontrast"
    assert checkpoint.classes == ("horse", "sheep")
    # Each config's own names are bare.
    assert checkpoint.config["model"]["type"] == "Whole"
    assert checkpoint.config["model"]["neck"]["type"] == "mmcontrast.Projection"
    given = checkpoint.with_config(checkpoint.config)
    assert given.scope == scope and given.method == "Whole"
    assert given.backbone == dict(type="ResNet", depth=18, style="pytorch")


def test_a_given_config_goes_before_the_stored_one(backbone, tmp_path):
    checkpoint = write(ours(backbone), tmp_path / "a.pth")
    given = dict(model=dict(type="mmcontrast.SimCLR", backbone=dict(type="TinyNet")))
    other = checkpoint.with_config(given)
    assert (other.method, other.backbone) == ("SimCLR", dict(type="TinyNet"))
    assert other.scope == "mmcontrast" and other.path == checkpoint.path
    assert checkpoint.method == "DenseCL" and given["model"]["type"] == "mmcontrast.SimCLR"


@pytest.mark.parametrize("config", [*DAMAGED, "", 3, None, "model = 3", "model = dict(type=3)"])
def test_a_damaged_stored_config_is_none(backbone, tmp_path, config):
    checkpoint = write(ours(backbone, config), tmp_path / "a.pth")
    assert checkpoint.method is None
    assert checkpoint.backbone == INFERRED
    assert_equal(checkpoint.state_dict, backbone)


def test_a_stored_config_is_not_executed(backbone, tmp_path):
    trap = tmp_path / "trap"
    code = f"__import__('os').mkdir({str(trap)!r})"
    for text in (code, f"x = {code}", CONFIG.replace("depth=18", f"depth={code}")):
        checkpoint = write(ours(backbone, text), tmp_path / "a.pth")
        assert checkpoint.config is not None and checkpoint.backbone is not None
    assert checkpoint.backbone["depth"] == code  # its text; the network then refuses it
    assert not trap.exists()


def test_old_names_in_a_stored_config_are_brought_up_to_date(backbone, tmp_path, monkeypatch):
    monkeypatch.setitem(renames.TYPES, "DenseCL", "Denser")
    monkeypatch.setitem(renames.OPTIONS, ("ResNet", "strides"), "steps")
    checkpoint = write(ours(backbone), tmp_path / "a.pth")
    with pytest.warns(FutureWarning, match="write type='Denser'"):
        assert checkpoint.method == "Denser"
    assert checkpoint.backbone["steps"] == (1, 2, 2, 1)
    # Names of another project are its own.
    foreign = ours(backbone, CONFIG.replace("'mmcontrast", "'mmpretrain"))
    assert write(foreign, tmp_path / "b.pth").config["model"]["type"] == "DenseCL"


def test_a_removed_option_matters_to_the_part_that_had_it(backbone, tmp_path, monkeypatch):
    monkeypatch.setitem(renames.REMOVED, ("LoadImage", "speed"), "Leave it out.")
    config = CONFIG.replace("mmcontrast.LoadImage'", "mmcontrast.LoadImage', speed=1")
    checkpoint = write(ours(backbone, config), tmp_path / "a.pth")
    assert checkpoint.method == "DenseCL" and checkpoint.backbone["type"] == "ResNet"
    (load, _) = checkpoint.config["val_dataloader"]["dataset"]["pipeline"]
    with pytest.raises(renames.RemovedOptionError, match=r"no option 'speed' .* Leave it out\."):
        TRANSFORMS.build(load)


def test_files(backbone, tmp_path):
    save_file(under("backbone.", backbone), tmp_path / "a.safetensors")
    assert_equal(Checkpoint.read(tmp_path / "a.safetensors").state_dict, backbone)
    checkpoint = write({"x": torch.zeros(1)}, tmp_path / "b.pth")
    with pytest.raises(CheckpointError, match=r"b\.pth: No backbone was found"):
        _ = checkpoint.state_dict
    (tmp_path / "r50.pkl").write_bytes(b"anything")
    with pytest.raises(CheckpointError, match=r"r50.pkl .* a pickle, whose code would run"):
        Checkpoint.read(tmp_path / "r50.pkl")
    # Lightning pickles the classes of its hyper-parameters.
    torch.save({"state_dict": backbone, "hyper_parameters": Hyper()}, tmp_path / "c.ckpt")
    with pytest.raises(CheckpointError, match=r"Hyper[\s\S]*--trust-checkpoint"):
        Checkpoint.read(tmp_path / "c.ckpt")
    with trusted_checkpoints():
        assert_equal(Checkpoint.read(tmp_path / "c.ckpt").state_dict, backbone)


class Hyper:
    """What a safe load refuses."""


def test_content_that_is_no_checkpoint(backbone):
    for content in (3, [], dict(state_dict=dict(a=1)), dict(epoch=3)):
        checkpoint = Checkpoint("a.pth", content)
        assert checkpoint.config == {} and checkpoint.classes == ()
        with pytest.raises(CheckpointError, match=r"a\.pth holds no state_dict of a training"):
            _ = checkpoint.model_weights
        with pytest.raises(CheckpointError, match=r"^a\.pth: "):
            _ = checkpoint.state_dict
    bare = Checkpoint("a.pth", under("module.", backbone))
    assert_equal(bare.model_weights, backbone)


def test_loading_names_the_file(backbone):
    network = ResNet(18, base_channels=4)
    checkpoint = Checkpoint("a.pth", ours(backbone))
    assert checkpoint.load_into(network).is_exact
    assert_equal(network.state_dict(), backbone)
    with pytest.raises(CheckpointError, match=r"^a\.pth: The checkpoint fills .* of the other"):
        checkpoint.load_into(ResNet(50, base_channels=4), what="other")


@pytest.mark.parametrize(
    "model", ["resnet18", "convnext_atto", "vit_tiny_patch16_224", "regnety_002", "vgg11"]
)
def test_timms_own_files_fit_its_networks(model, tmp_path):
    timm = pytest.importorskip("timm")
    torch.manual_seed(0)
    published = timm.create_model(model).state_dict()
    torch.save(published, tmp_path / "timm.pth")
    backbone = TimmBackbone(model)
    checkpoint = Checkpoint.read(tmp_path / "timm.pth")
    assert checkpoint.load_into(backbone).share == 1
    assert checkpoint.weights_for(backbone).layout == "the network's own names"
    first = next(iter(published))
    mine = next(t for n, t in backbone.state_dict().items() if n.replace("_", ".").endswith(
        first.replace("_", ".")))  # fmt: skip
    assert torch.equal(mine, published[first])


def test_names_of_a_network_of_ones_own(tmp_path):
    network, other = (
        nn.ModuleDict(dict(stem=nn.Linear(2, 3), blocks=nn.ModuleList([nn.Linear(3, 3)])))
        for _ in range(2)
    )
    torch.save(dict(model=network.state_dict(), epoch=3), tmp_path / "own.pth")
    Checkpoint.read(tmp_path / "own.pth").load_into(other)
    assert all(map(torch.equal, network.parameters(), other.parameters()))
    with pytest.raises(CheckpointError, match="No backbone was found"):
        Checkpoint.read(tmp_path / "own.pth").load_into(nn.Conv2d(1, 1, 1))
