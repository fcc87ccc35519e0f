"""The traps of mmseg's base configs in real models."""

import pytest
import torch
from mmengine.config import Config

pytest.importorskip("mmseg")

from mmcontrast.apis.training.runner import build_runner, build_training
from mmcontrast.apis.training.test import test as evaluate
from mmcontrast.apis.training.train import run
from mmcontrast.utils.errors import UserError
from mmcontrast.weights.files import CheckpointError
from tests.downstream.small import as_moco, build_model, resnet_weights, small_config
from tests.toy import ROOT

MINI = "configs/downstream/mmseg/fcn_r18_mini.py"
RANDOM = "default_hooks.backbone.random_weights=True"


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "moco.pth"
    torch.save(as_moco(resnet_weights(18, base_channels=32)), path)
    return path


def train(cfg):
    runner = build_runner(cfg)
    build_training(runner)
    run(runner)
    return runner


def test_the_stem_is_the_plain_one():
    model = build_model(Config.fromfile(ROOT / "configs/downstream/mmseg/fcn_r50_voc12aug.py"))
    assert model.backbone.conv1.kernel_size == (7, 7)
    assert not hasattr(model.backbone, "stem")


def test_a_v1c_stem_is_an_error(world, tmp_path, checkpoint):
    options = ("model.backbone.type=ResNetV1c", f"load_from={checkpoint}")
    with pytest.raises(CheckpointError, match=r"stem not covered[\s\S]*type to 'ResNet'"):
        train(small_config(MINI, world, tmp_path, *options))


def test_supervised_weights_in_the_model_are_an_error(world, tmp_path, checkpoint):
    options = ("model.pretrained=open-mmlab://resnet50_v1c", f"load_from={checkpoint}")
    with pytest.raises(UserError, match=r"model.pretrained=None"):
        train(small_config(MINI, world, tmp_path, *options))


def test_random_weights_and_a_test_of_what_was_trained(world, tmp_path, checkpoint):
    cfg = small_config(MINI, world, tmp_path / "run", RANDOM)
    cfg.default_hooks.checkpoint.save_last = True
    runner = train(cfg)
    trained = tmp_path / "run/iter_1.pth"
    cfg.work_dir, cfg.experiment_name = str(tmp_path / "test"), "test"
    Config(cfg.to_dict()).dump(tmp_path / "small.py")
    metrics = evaluate(str(tmp_path / "small.py"), str(trained))
    assert metrics["mIoU"] == pytest.approx(
        runner.message_hub.get_scalar("val/mIoU").current(), abs=0.01
    )
    # The pre-trained backbone alone is no trained segmenter, and is not tested as one.
    with pytest.raises(CheckpointError, match="no checkpoint of this config's EncoderDecoder"):
        evaluate(str(tmp_path / "small.py"), str(checkpoint))


def test_a_resumed_training_goes_on_with_the_whole_model(world, tmp_path, checkpoint):
    cfg = small_config(MINI, world, tmp_path, f"load_from={checkpoint}")
    cfg.default_hooks.checkpoint.save_last = True
    first = train(cfg)
    cfg = small_config(MINI, world, tmp_path)
    cfg.train_cfg.max_iters, cfg.load_from, cfg.resume = 2, str(tmp_path / "iter_1.pth"), True
    runner = build_runner(cfg)
    build_training(runner)
    runner.load_or_resume()
    for name, tensor in first.model.state_dict().items():
        assert torch.equal(runner.model.state_dict()[name], tensor), name
    assert runner.iter == 1
    run(runner)
    assert runner.iter == 2
