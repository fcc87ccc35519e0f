"""Linear probe, fine-tuning, k-NN of a checkpoint and validation while pre-training, in small."""

import json
import os
import signal

import pytest
import torch
from mmengine.hooks import Hook

from mmcontrast.apis.training.test import test as evaluate
from mmcontrast.apis.training.train import train
from mmcontrast.registry import HOOKS
from mmcontrast.utils.errors import UserError
from mmcontrast.visualization.curves import read_log
from mmcontrast.weights.files import CheckpointError
from tests.engine.test_resume import Crash, assert_same
from tests.toy import ROOT, unique_run, write_config, write_images, write_probe

CRASH = ("default_hooks.disturb.type=Disturb", "default_hooks.disturb.at=9")  # in epoch 2


def run(config, work_dir, *options, **kwargs):
    return train(
        str(config), work_dir=str(work_dir), cfg_options=[unique_run(), *options], **kwargs
    )


def load(path):
    return torch.load(path, weights_only=False)


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    return write_images(tmp_path_factory.mktemp("images"))


@pytest.fixture(scope="module")
def pretrained(tmp_path_factory, images):
    """A checkpoint of a DenseCL pre-training of one epoch."""
    folder = tmp_path_factory.mktemp("pretrained")
    run(write_config(folder, images), folder / "run", "train_cfg.max_epochs=1")
    return folder / "run/epoch_1.pth"


def backbone_of(checkpoint):
    state = load(checkpoint)["state_dict"]
    return {k: v for k, v in state.items() if k.startswith("backbone.")}


def metrics_of(work_dir, name):
    """Steps and values of a validation metric in the run's log, which the curves are drawn from."""
    lines = next(work_dir.glob("*/vis_data/scalars.json")).read_text().splitlines()
    records = [json.loads(line) for line in lines]
    return [(r["step"], r[name]) for r in records if name in r]


# Linear probe and fine-tuning ------------------------------------------------------------------


def test_a_probe_trains_its_head_and_leaves_the_rest_as_it_was(tmp_path, images, pretrained):
    config = write_probe(tmp_path, images)
    run(config, tmp_path / "run", f"model.pretrained={pretrained}")
    before, after = backbone_of(pretrained), backbone_of(tmp_path / "run/epoch_3.pth")
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert metrics_of(tmp_path / "run", "accuracy/top1")[-1][1] > 80  # dark against light
    assert metrics_of(tmp_path / "run", "accuracy/top2")[-1] == (18, 100)
    assert len(load(tmp_path / "run/epoch_3.pth")["optimizer"]["state"]) == 2
    log = next((tmp_path / "run").glob("*/*.log")).read_text()
    assert f"{pretrained} (mmcontrast)" in log
    # A probe's own checkpoint is evaluated without the pre-trained one.
    metrics = evaluate(
        str(config), str(tmp_path / "run/epoch_3.pth"), work_dir=str(tmp_path / "test"),
        cfg_options=[unique_run()],
    )  # fmt: skip
    assert metrics["accuracy/top1"] == metrics_of(tmp_path / "run", "accuracy/top1")[-1][1]


@pytest.mark.slow
@pytest.mark.parametrize("method", ["LinearProbe", "FineTuning"])
def test_resumed_equals_uninterrupted(tmp_path, images, pretrained, method):
    config, named = write_probe(tmp_path, images, method), f"model.pretrained={pretrained}"
    run(config, tmp_path / "whole", named)
    with pytest.raises(Crash):
        run(config, tmp_path / "cut", named, *CRASH)
    run(config, tmp_path / "cut", named, resume="auto")
    whole, cut = load(tmp_path / "whole/epoch_3.pth"), load(tmp_path / "cut/epoch_3.pth")
    for name, tensor in whole["state_dict"].items():
        assert torch.equal(tensor, cut["state_dict"][name]), name
    for name, state in whole["optimizer"]["state"].items():
        other = cut["optimizer"]["state"][name]["momentum_buffer"]
        assert torch.equal(state["momentum_buffer"], other)


def test_fine_tuning_moves_the_backbone(tmp_path, images, pretrained):
    config = write_probe(tmp_path, images, "FineTuning")
    run(config, tmp_path / "run", f"model.pretrained={pretrained}", "train_cfg.max_epochs=1")
    before, after = backbone_of(pretrained), backbone_of(tmp_path / "run/epoch_1.pth")
    assert not any(torch.equal(before[name], after[name]) for name in before)


def test_the_checkpoint_has_to_be_named_and_to_fit(tmp_path, images, pretrained):
    config = write_probe(tmp_path, images)
    with pytest.raises(UserError, match=r"model\.pretrained=CHECKPOINT, or model\.pretrained=rand"):
        run(config, tmp_path / "run")
    with pytest.raises(CheckpointError, match=r"none\.pth does not exist"):
        run(config, tmp_path / "run", "model.pretrained=none.pth")
    extra = "model['backbone'] = dict(type='ResNet', depth=18)\n"
    extra += "model['head']['in_channels'] = 512\n"
    write_probe(tmp_path, images, extra=extra)
    with pytest.raises(CheckpointError, match="fits the backbone in no tensor"):
        run(config, tmp_path / "run", f"model.pretrained={pretrained}")


def test_more_classes_than_the_head_has(tmp_path, images):
    config = write_probe(tmp_path, images)
    options = ("model.pretrained=random", "model.head.num_classes=1")
    with pytest.raises(ValueError, match=r"light/\d\d\.png has the label 1, but .* classes 0 to 0"):
        run(config, tmp_path / "run", *options)


def test_validation_images_of_other_classes(tmp_path, images):
    """A folder too many shifts the labels of all behind it, and the accuracy would be of others."""
    config = write_probe(tmp_path, images)
    others = write_images(tmp_path / "others")
    (others / "dark").rename(others / "gloomy")
    (others / "light").rename(others / "bright")
    options = ("model.pretrained=random", f"val_dataloader.dataset.data_root={others}")
    with pytest.raises(UserError, match=r"not in both: bright, dark, gloomy, light\. Labels count"):
        run(config, tmp_path / "run", *options)
    run(config, tmp_path / "run", options[0], "train_cfg.max_epochs=1")
    trained = tmp_path / "run/epoch_1.pth"
    with pytest.raises(UserError, match=r"epoch_1\.pth was trained on 2 classes and the data"):
        evaluate(
            str(config), str(trained), work_dir=str(tmp_path / "test"),
            cfg_options=[unique_run(), *options],
        )  # fmt: skip


# k-NN of a checkpoint --------------------------------------------------------------------------


def frozen_config(folder, images):
    """The toy config's k-NN on a backbone that nothing trains."""
    text = write_config(folder, images).read_text()
    start, end = text.index("model = dict("), text.index("_single = [")
    model = """model = dict(
    type='FrozenBackbone', pretrained='', backbone=dict(type='TinyNet', norm_cfg=dict(type='BN')))
"""
    path = folder / "knn.py"
    path.write_text(text[:start] + model + text[end:])
    return path


@pytest.mark.slow
def test_a_protocol_without_training_judges_any_checkpoint(tmp_path, images, pretrained):
    config = str(frozen_config(tmp_path, images))
    torch.save(dict(state_dict=backbone_of(pretrained)), tmp_path / "plain.pth")

    def judge(config, checkpoint):
        folder = str(tmp_path / "test")
        return evaluate(config, checkpoint, work_dir=folder, cfg_options=[unique_run()])

    found = judge(config, str(pretrained))
    assert found == judge(config, str(tmp_path / "plain.pth"))
    assert found == judge(str(tmp_path / "toy.py"), str(pretrained))
    judge(config, "random")
    with pytest.raises(UserError, match=r"model\.pretrained=random"):
        judge(config, None)
    log = "".join(path.read_text() for path in (tmp_path / "test").glob("*/*.log"))
    assert "RANDOM weights" in log


def test_missing_labels_are_found_before_any_feature_is_computed(tmp_path, images, monkeypatch):
    monkeypatch.setattr("tests.small.TinyNet.forward", lambda *_: pytest.fail("was computed"))
    names = sorted(path.relative_to(images) for path in images.rglob("*.png"))
    for file, line in (("bank.txt", "{} 1\n"), ("query.txt", "{}\n")):
        (tmp_path / file).write_text("".join(line.format(name) for name in names))
    settings = [
        f"test_dataloader.dataset.datasets.{n}.{option}"
        for n, file in enumerate(("bank.txt", "query.txt"))
        for option in ("type=ImageList", f"ann_file={tmp_path / file}")
    ]
    with pytest.raises(UserError, match=r"KNN needs 'label' of every sample.*query\.txt lack"):
        evaluate(
            str(frozen_config(tmp_path, images)), "random", work_dir=str(tmp_path / "test"),
            cfg_options=[unique_run(), *settings],
        )  # fmt: skip
    option = "val_dataloader.dataset.type=Images"
    with pytest.raises(UserError, match=r"Accuracy needs 'label' of every sample"):
        run(write_probe(tmp_path, images), tmp_path / "run", option, "model.pretrained=random")


# Validation while pre-training -----------------------------------------------------------------

VALIDATION = """
val_dataloader, val_evaluator, val_cfg = test_dataloader, test_evaluator, dict(type='ValLoop')
val_dataloader['dataset']['datasets'][0]['indices'] = dict(num=12, seed=0)
train_cfg['val_interval'] = {epochs}
"""
HOOK = "default_hooks['validation'] = dict(type='ValidationHook', interval=4)\n"


def test_any_pre_training_config_takes_a_validation_loop(tmp_path, images):
    """As asked in mmpretrain#1539: add data and metric, nothing else."""
    config = write_config(tmp_path, images, VALIDATION.format(epochs=1))
    run(config, tmp_path / "run")
    steps, values = zip(*metrics_of(tmp_path / "run", "knn/top1_k3"), strict=True)
    assert steps == (6, 12, 18)
    assert all(0 <= value <= 100 for value in values)


def test_the_base_files_for_validation_fit_the_pre_training_configs(tmp_path):
    from mmengine.config import Config

    for data in ("imagenet_online_knn", "imagenet_knn"):
        bases = ["configs/mocov2/r50_imagenet.py", f"configs/_base_/data/{data}.py"]
        text = f"_base_ = {[str(ROOT / base) for base in bases]}\n"
        (tmp_path / "with_validation.py").write_text(text)
        cfg = Config.fromfile(tmp_path / "with_validation.py")
        assert cfg.model.type == "MoCoV2" and cfg.val_evaluator.type == "KNN"
        splits = [part.meta.split for part in cfg.val_dataloader.dataset.datasets]
        assert splits == ["bank", "query"]


@pytest.fixture(scope="module")
def plain(tmp_path_factory, images):
    """The last checkpoint of a pre-training without validation."""
    folder = tmp_path_factory.mktemp("plain")
    run(write_config(folder, images), folder / "run")
    return load(folder / "run/epoch_3.pth")


@pytest.mark.slow
def test_online_knn_changes_nothing_of_the_training(tmp_path, images, plain):
    config = write_config(tmp_path, images, VALIDATION.format(epochs=2) + HOOK)
    run(config, tmp_path / "whole")
    assert_same_training(plain, load(tmp_path / "whole/epoch_3.pth"))
    # Every 4 iterations from the untrained network on, and after epochs 2 and 3; step 12 is both.
    steps = [step for step, _ in metrics_of(tmp_path / "whole", "knn/top1_k3")]
    assert steps == [0, 4, 8, 12, 16, 18]
    with pytest.raises(Crash):
        run(config, tmp_path / "cut", *CRASH)
    run(config, tmp_path / "cut", resume="auto")
    assert_same_training(plain, load(tmp_path / "cut/epoch_3.pth"))


def assert_same_training(plain, other):
    """Equal but for the figures of the validation, which only one of them has."""
    scalars = other["message_hub"]["log_scalars"]
    assert any(name.startswith("val/") for name in scalars)
    assert_same(plain, other)


@HOOKS.register_module(force=True)
class SignalInValidation(Hook):
    """Send a signal in the middle of the validation before an iteration."""

    def __init__(self, at):
        self.at = at

    def after_val_iter(self, runner, batch_idx, **kwargs):
        if runner.iter == self.at and batch_idx == 0:
            os.kill(os.getpid(), signal.SIGTERM)


@pytest.mark.slow
def test_a_signal_in_the_middle_of_online_knn(tmp_path, images, plain):
    config = write_config(tmp_path, images, VALIDATION.format(epochs=3) + HOOK)
    options = ("default_hooks.disturb.type=SignalInValidation", "default_hooks.disturb.at=8")
    with pytest.raises(SystemExit):
        run(config, tmp_path / "cut", *options)
    assert load(tmp_path / "cut/interrupted.pth")["meta"]["iter"] == 8
    run(config, tmp_path / "cut", resume="auto")
    assert_same_training(plain, load(tmp_path / "cut/epoch_3.pth"))


@pytest.mark.parametrize(
    "length", ["'EpochBasedTrainLoop', max_epochs=1", "'IterBasedTrainLoop', max_iters=6"]
)
def test_a_training_without_steps_left_is_validated(tmp_path, images, length):
    """Stopped in its last validation, it would have no figures of its final weights."""
    extra = VALIDATION.format(epochs=1).rsplit("train_cfg", 1)[0]
    config = write_config(
        tmp_path, images, f"{extra}train_cfg = dict(type={length}, val_interval=6)\n"
    )
    signal_at = ("default_hooks.disturb.type=SignalInValidation", "default_hooks.disturb.at=6")
    work_dir = tmp_path / "run"
    with pytest.raises(SystemExit):
        run(config, work_dir, *signal_at)
    assert not any(metrics_in(work_dir))
    run(config, work_dir, resume="auto")
    assert [step for step, _ in metrics_in(work_dir)] == [6]


def test_a_validation_that_was_broken_off_is_made_up_for(tmp_path, images):
    extra = VALIDATION.format(epochs=2).rsplit("train_cfg", 1)[0]
    loop = "train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=2, val_interval=1)\n"
    config = write_config(tmp_path, images, extra + loop)
    run(config, tmp_path / "whole")
    with pytest.raises(SystemExit):
        run(
            config,
            tmp_path / "cut",
            "default_hooks.disturb.type=SignalInValidation",
            "default_hooks.disturb.at=6",
        )
    run(config, tmp_path / "cut", resume="auto")
    metrics = metrics_in(tmp_path / "cut")
    assert [step for step, _ in metrics] == [6, 12]
    assert metrics == metrics_in(tmp_path / "whole")


def metrics_in(work_dir):
    records = [record for record in read_log(work_dir) if "knn/top1_k3" in record]
    return [(record["step"], record["knn/top1_k3"]) for record in records]


def test_the_hook_needs_a_validation(tmp_path, images):
    config = write_config(tmp_path, images, HOOK)
    with pytest.raises(ValueError, match="needs val_dataloader"):
        run(config, tmp_path / "run")
    with pytest.raises(UserError, match="interval must be at least 1"):
        run(config, tmp_path / "run", "default_hooks.validation.interval=0")
