"""Pre-training that continues from a published backbone, by one way for every method."""

import re
import shlex

import pytest
import torch

from mmcontrast.apis.training.start import start_from
from mmcontrast.apis.training.train import train
from mmcontrast.cli.main import main
from mmcontrast.utils.errors import UserError
from mmcontrast.weights.files import CheckpointError
from tests.toy import ROOT, unique_run, write_config, write_images

_RESNET = """
model['backbone'] = dict(
    type='ResNet', depth=18, norm_cfg=dict(type='{norm}'{groups}))
model['neck']['in_channels'] = 512
train_cfg['max_epochs'] = 1
optim_wrapper['optimizer'] = dict(type='SGD', lr=0.0)
test_dataloader = test_cfg = test_evaluator = None
"""
_METHODS = {
    "SimCLR": """
model = dict(
    type='SimCLR', loss=dict(type='NTXent', temperature=0.1),
    neck=dict(type='Projection', hidden_channels=32, out_channels=16))
""",
    "MoCoV2": """
for name in ('dense_loss',):
    model.pop(name)
model['type'], model['neck']['type'] = 'MoCoV2', 'Projection'
""",
    "DenseCL": "",
}


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    return write_images(tmp_path_factory.mktemp("images"), 8)


@pytest.fixture(scope="module")
def network():
    from torchvision.models import resnet18

    torch.manual_seed(3)
    return resnet18().state_dict()


def write_config_of(method, folder, images):
    norm = dict(norm="BN", groups="")
    if method != "SimCLR":
        norm = dict(norm="SplitBN", groups=", num_groups=2")
    return write_config(folder, images, _METHODS[method] + _RESNET.format(**norm))


def write_layout(layout, network, folder):
    """Write the network as torchvision, MoCo's or DenseCL's authors do."""
    backbone = {name: t for name, t in network.items() if not name.startswith("fc.")}
    other = {name: torch.zeros_like(tensor) for name, tensor in backbone.items()}
    if layout == "torchvision":
        content = network
    elif layout == "MoCo (official)":
        state_dict = {
            **{f"module.encoder_q.{name}": tensor for name, tensor in backbone.items()},
            **{f"module.encoder_k.{name}": tensor for name, tensor in other.items()},
            "module.encoder_q.fc.0.weight": torch.zeros(8, 512),
            "module.queue": torch.zeros(128, 16),
        }
        content = dict(epoch=200, arch="resnet18", state_dict=state_dict, optimizer={})
    else:
        state_dict = {
            **{f"encoder_q.0.{name}": tensor for name, tensor in backbone.items()},
            **{f"encoder_k.0.{name}": tensor for name, tensor in other.items()},
            **{f"backbone.{name}": tensor for name, tensor in backbone.items()},
            "queue2": torch.zeros(128, 16),
        }
        content = dict(meta={}, state_dict=state_dict)
    path = folder / "published.pth"
    torch.save(content, path)
    return path


def log_of(folder):
    return "".join(path.read_text() for path in sorted(folder.glob("*/*.log")))


def assert_starts_from(backbone, network):
    for name, parameter in backbone.named_parameters():
        assert torch.equal(parameter, network[name]), name


@pytest.mark.slow
@pytest.mark.parametrize("method", _METHODS)
@pytest.mark.parametrize("layout", ["torchvision", "MoCo (official)", "DenseCL (official)"])
def test_published_backbones(method, layout, network, images, tmp_path):
    config = write_config_of(method, tmp_path, images)
    path = write_layout(layout, network, tmp_path)
    runner = train(
        str(config), init_from=str(path), work_dir=str(tmp_path / "run"), cfg_options=[unique_run()]
    )
    log = log_of(tmp_path / "run")
    assert f"The backbone of {method} starts from {path}" in log
    assert layout in log and "100.0% loaded" in log
    assert runner.cfg.model.pretrained == str(path)
    assert runner.iter == 2
    # Its learning rate is 0.
    assert_starts_from(runner.model.backbone, network)
    if method != "SimCLR":
        assert_starts_from(runner.model.momentum_encoder.backbone, network)


@pytest.mark.slow
def test_a_resumed_run_does_not_load_it_again(network, images, tmp_path):
    config = write_config_of("MoCoV2", tmp_path, images)
    path = write_layout("torchvision", network, tmp_path)
    options = dict(init_from=str(path), work_dir=str(tmp_path / "run"))
    train(str(config), cfg_options=[unique_run()], **options)
    path.unlink()
    longer = [unique_run(), "train_cfg.max_epochs=2"]
    runner = train(str(config), resume="auto", cfg_options=longer, **options)
    assert runner.iter == 4
    assert log_of(tmp_path / "run").count("starts from") == 1


@pytest.mark.slow
def test_the_command_of_the_docs(images, tmp_path):
    from torchvision.models import resnet50

    page = (ROOT / "docs/weights.md").read_text()
    command = re.search(r"^mmcontrast (train .*--init-from.*)$", page, re.MULTILINE)[1]
    torch.save(resnet50().state_dict(), tmp_path / "resnet50.pth")
    places = {"/my/photos": str(images), "resnet50.pth": str(tmp_path / "resnet50.pth")}
    options = [
        "train_cfg.max_epochs=1", "model.queue_size=8", "train_dataloader.batch_size=4",
        "train_dataloader.num_workers=0", "train_dataloader.persistent_workers=False",
    ]  # fmt: skip
    main([
        *(places.get(word, word) for word in shlex.split(command)), "--device", "cpu",
        "--work-dir", str(tmp_path / "run"), "--cfg-options", unique_run(), *options,
    ])  # fmt: skip
    log = log_of(tmp_path / "run")
    shown = re.search(r"starts from resnet50.pth (\(.*loaded:\n(?:  .*\n)+)```", page)[1]
    assert f"starts from {tmp_path / 'resnet50.pth'} {shown}" in log


def test_a_file_that_is_missing(images, tmp_path):
    config = write_config(tmp_path, images)
    options = dict(work_dir=str(tmp_path / "run"), cfg_options=[unique_run()])
    with pytest.raises(CheckpointError, match=r"none\.pth does not exist"):
        train(str(config), init_from=str(tmp_path / "none.pth"), **options)
    assert not (tmp_path / "run").exists()


def test_the_student_of_dino(network, images, tmp_path):
    config = write_config_of("SimCLR", tmp_path, images)
    zeros = {name: torch.zeros_like(tensor) for name, tensor in network.items()}
    torch.save(dict(student=network, teacher=zeros), tmp_path / "dino.pth")
    options = dict(work_dir=str(tmp_path / "run"), cfg_options=[unique_run()])
    with pytest.raises(CheckpointError, match="CHECKPOINT#student or CHECKPOINT#teacher"):
        train(str(config), init_from=str(tmp_path / "dino.pth"), **options)
    runner = train(str(config), init_from=f"{tmp_path / 'dino.pth'}#student", **options)
    assert_starts_from(runner.model.backbone, network)


@pytest.mark.parametrize("content", ["state_dict", "model"])
def test_load_from_recommends_it(content, network, images, tmp_path):
    config = write_config_of("MoCoV2", tmp_path, images)
    torch.save({content: network, "epoch": 1}, tmp_path / "other.pth")
    options = [unique_run(), f"load_from={tmp_path / 'other.pth'}"]
    with pytest.raises(CheckpointError, match=r"--init-from \S+other\.pth"):
        train(str(config), work_dir=str(tmp_path / "run"), cfg_options=options)


def test_one_start_of_two():
    from mmengine.config import Config

    cfg = Config(dict(model=dict(type="SimCLR"), load_from="a.pth"))
    with pytest.raises(UserError, match="choose one"):
        start_from(cfg, "b.pth")
    cfg = Config(dict(model=dict(type="SimCLR"), load_from="a.pth", resume=True))
    start_from(cfg, "b.pth")
    assert (cfg.load_from, cfg.model.pretrained) == ("a.pth", "b.pth")
    hook = dict(type="mmcontrast.PretrainedBackboneHook")
    cfg = Config(dict(model=dict(type="mmdet.RetinaNet"), default_hooks=dict(backbone=hook)))
    start_from(cfg, "b.pth")
    assert cfg.load_from == "b.pth" and "pretrained" not in cfg.model
