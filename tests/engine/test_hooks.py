"""Guards, checkpoints and interruption, in real runs of a second."""

import errno
import logging
import multiprocessing
import os
import re
import signal
import time

import pytest
import torch
from mmengine.hooks import Hook

from mmcontrast.apis.training.train import train
from mmcontrast.engine.hooks.guards import unusable_weights
from mmcontrast.engine.hooks.interrupt import InterruptHook
from mmcontrast.registry import HOOKS
from mmcontrast.utils.errors import Diverged, TrainingStopped
from mmcontrast.weights import find_checkpoint
from tests.toy import unique_run, write_config


@HOOKS.register_module(force=True)
class Poison(Hook):
    """Spoil the weights before an iteration."""

    def __init__(self, at):
        self.at = at

    def before_train_iter(self, runner, **kwargs):
        if runner.iter + 1 == self.at:
            next(runner.model.parameters()).data.fill_(float("nan"))


@HOOKS.register_module(force=True)
class AddMask(Hook):
    """Give the network a buffer of minus infinity, as masks of attention are."""

    priority = "HIGHEST"

    def before_train(self, runner):
        runner.model.register_buffer("mask", torch.full((2,), -torch.inf))


@HOOKS.register_module(force=True)
class FillDisk(Hook):
    """Let every write of an epoch's checkpoint fail from now on."""

    priority = "HIGHEST"

    def after_train_epoch(self, runner):
        if runner.epoch == 1:

            def full(descriptor):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

            self.fsync, os.fsync = os.fsync, full


def run(config, work_dir, *options, **kwargs):
    return train(
        str(config), work_dir=str(work_dir), cfg_options=[unique_run(), *options], **kwargs
    )


@pytest.fixture
def config(tmp_path):
    return write_config(tmp_path / "config")


@pytest.fixture(autouse=True)
def folder(tmp_path):
    (tmp_path / "config").mkdir()


def test_a_non_finite_loss_stops_the_run(config, tmp_path):
    poison = ("default_hooks.poison.type=Poison", "default_hooks.poison.at=8")
    with pytest.raises(Diverged) as stopped:
        run(config, tmp_path / "run", *poison, "default_hooks.checkpoint.interval=1")
    message = str(stopped.value)
    assert "not finite at iteration 8 (epoch 2)" in message
    assert re.search(r"loss\w* nan", message)
    assert re.search(r"(light|dark)/\d\d\.png", message)
    assert f"The last good checkpoint is {tmp_path}/run/epoch_1.pth" in message
    assert len((tmp_path / "run/non_finite_iter_8.txt").read_text().splitlines()) == 4
    # Nothing was saved since, and what was saved is good.
    assert [path.name for path in (tmp_path / "run").glob("*.pth")] == ["epoch_1.pth"]
    weights = torch.load(tmp_path / "run/epoch_1.pth", weights_only=False)["state_dict"]
    assert all(tensor.isfinite().all() for tensor in weights.values())


@pytest.mark.parametrize("hook", ["SafeCheckpointHook", "CheckpointHook"])
def test_weights_that_a_step_has_blown_up_are_not_saved(config, tmp_path, hook):
    """The loss of the step is finite, and so are the weights, whose squares are not."""
    options = ("optim_wrapper.optimizer.lr=3e38", "train_cfg.max_epochs=1")
    each_step = ("default_hooks.checkpoint.interval=1", "default_hooks.checkpoint.by_epoch=False")
    with pytest.raises(Diverged, match=r"No checkpoint is saved: .*backbone.*up to \d") as stopped:
        kind = f"default_hooks.checkpoint.type={hook}"
        run(config, tmp_path / "run", kind, *options, *each_step)
    assert stopped.value.exit_code == 3
    assert "There is no good checkpoint yet" in str(stopped.value)
    assert not [path for path in (tmp_path / "run").iterdir() if "pth" in path.name]
    assert not (tmp_path / "run/last_checkpoint").exists()


def test_a_good_checkpoint_is_one_after_which_a_loss_was_finite(config, tmp_path):
    poison = ("default_hooks.poison.type=Poison", "default_hooks.poison.at=7")
    saving = ("default_hooks.checkpoint.interval=3", "default_hooks.checkpoint.by_epoch=False",
              "default_hooks.checkpoint.max_keep_ckpts=1")  # fmt: skip
    with pytest.raises(Diverged) as stopped:
        run(config, tmp_path / "run", *poison, *saving)
    folder = tmp_path / "run"
    assert f"The last good checkpoint is {folder}/iter_3.pth" in str(stopped.value)
    assert f"After {folder}/iter_6.pth.diverged" in str(stopped.value)
    # It was kept until the next one would be good.
    assert sorted(p.name for p in folder.glob("*.pth*")) == ["iter_3.pth", "iter_6.pth.diverged"]
    assert find_checkpoint(folder) == folder / "iter_3.pth"
    # A resumed run diverges at its first step or saves again, and its first finite loss counts.
    with pytest.raises(Diverged, match=r"last good checkpoint is .*iter_3.pth"):
        poison = (poison[0], "default_hooks.poison.at=5")
        run(config, folder, *poison, *saving, resume="auto")
    assert find_checkpoint(folder) == folder / "iter_3.pth"


def test_without_a_good_checkpoint_nothing_is_resumed(config, tmp_path):
    poison = ("default_hooks.poison.type=Poison", "default_hooks.poison.at=7")
    with pytest.raises(Diverged, match="There is no good checkpoint yet"):
        run(config, tmp_path / "run", *poison)
    assert (tmp_path / "run/epoch_1.pth.diverged").is_file()
    assert find_checkpoint(tmp_path / "run") is None


def test_what_no_training_can_continue_with():
    state = dict(
        weight=torch.full((4,), 2e19),
        large=torch.full((4,), 1e18),
        half=torch.full((4,), 300.0, dtype=torch.float16),
        double=torch.full((4,), 1e100, dtype=torch.float64),
        nan=torch.tensor([1.0, float("nan")]),
        running_var=torch.tensor([1e30]),
        mask=torch.tensor([float("-inf")]),
        count=torch.tensor(3),
    )
    parameters = ("weight", "large", "half", "double", "nan")
    names = [name for name, _ in unusable_weights(state, parameters)]
    assert names == ["weight", "nan", "mask"]


def test_a_buffer_that_holds_infinity_by_design_is_saved(config, tmp_path):
    options = ("default_hooks.mask.type=AddMask", "train_cfg.max_epochs=1")
    run(config, tmp_path / "run", *options)
    weights = torch.load(tmp_path / "run/epoch_1.pth", weights_only=False)["state_dict"]
    assert weights["mask"].isinf().all()


def test_a_full_disk_keeps_the_last_checkpoint(config, tmp_path, monkeypatch):
    monkeypatch.setattr(os, "fsync", os.fsync)  # gives the real one back at the end
    options = ("default_hooks.disk.type=FillDisk", "default_hooks.checkpoint.max_keep_ckpts=1")
    with pytest.raises(TrainingStopped, match=r"No space left[\s\S]*last whole one is .*epoch_1"):
        run(config, tmp_path / "run", *options)
    assert (tmp_path / "run/last_checkpoint").read_text().endswith("epoch_1.pth")
    assert [path.name for path in (tmp_path / "run").glob("*.pth*")] == ["epoch_1.pth"]
    assert torch.load(tmp_path / "run/epoch_1.pth", weights_only=False)["meta"]["epoch"] == 1


def test_old_checkpoints_go_after_new_ones_are_written(config, tmp_path):
    runner = run(config, tmp_path / "run", "default_hooks.checkpoint.max_keep_ckpts=2")
    names = sorted(path.name for path in (tmp_path / "run").glob("*.pth"))
    assert names == ["epoch_2.pth", "epoch_3.pth"]
    assert runner.message_hub.get_info("keep_ckpt_ids") == [2, 3]


@pytest.mark.parametrize(("size", "warns"), [(24, False), (25, True)])
def test_a_queue_longer_than_the_data(config, tmp_path, caplog, size, warns):
    options = (f"model.queue_size={size}", "train_cfg.max_epochs=1")
    runner = run(config, tmp_path / "run", *options)
    log = next((tmp_path / "run").glob("*/*.log")).read_text()
    assert ("only 24 samples" in log) is warns
    assert runner.iter == 6


def test_a_batch_longer_than_the_queue_trains(config, tmp_path):
    options = ("model.queue_size=3", "train_cfg.max_epochs=1")
    assert run(config, tmp_path / "run", *options).iter == 6


class FakeRunner:
    """As much of a runner as the interrupt hook needs."""

    epoch, iter, hooks, logger = 0, 4, (), logging.getLogger("fake")


def test_the_second_control_c_is_immediate_but_not_its_echo(monkeypatch):
    hook = InterruptHook()
    hook.before_train(FakeRunner)
    try:
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)  # the launcher's copy, at the same moment
        hook._received_at -= 10
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(SystemExit) as stopped:
            hook.after_train_iter(FakeRunner)
        assert stopped.value.code == 128 + signal.SIGINT
    finally:
        hook.release()


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 0), (signal.SIGTERM, -signal.SIGTERM)]
)
def test_a_child_survives_control_c_but_ends_when_it_is_told_to(number, code):
    """Ctrl-C goes to the whole group; SIGTERM comes from a pool that then waits for the child."""
    hook = InterruptHook()
    hook.before_train(FakeRunner)
    try:
        child = os.fork()
        if child == 0:
            os.kill(os.getpid(), number)
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == code
    finally:
        hook.release()


def test_a_child_ends_even_while_it_is_being_made():
    hook, fork = InterruptHook(), multiprocessing.get_context("fork")
    hook.before_train(FakeRunner)
    try:
        for _ in range(50):
            child = fork.Process(target=time.sleep, args=(60,))
            child.start()
            child.terminate()
            child.join(10)
            assert child.exitcode == -signal.SIGTERM
    finally:
        hook.release()


def test_channels_last_changes_the_layout_alone(config, tmp_path):
    options = ("train_cfg.max_epochs=1", "randomness.seed=1")
    plain = run(config, tmp_path / "plain", *options)
    hook = ("default_hooks.layout.type=ChannelsLastHook",)
    preprocessor = ("model.data_preprocessor.type=ViewPreprocessor",
                    "model.data_preprocessor.channels_last=True")  # fmt: skip
    other = run(config, tmp_path / "nhwc", *options, *hook, *preprocessor)
    weight = next(p for p in other.model.parameters() if p.dim() == 4 and p.shape[2] > 1)
    assert weight.is_contiguous(memory_format=torch.channels_last)
    for a, b in zip(plain.model.parameters(), other.model.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-4)
