"""Runs that end, since a file cannot be written or the memory does not suffice."""

import errno
import logging
import os
from types import SimpleNamespace

import pytest
import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.runner import ValLoop

from mmcontrast.apis.training.stops import explained_stops
from mmcontrast.apis.training.train import train
from mmcontrast.registry import HOOKS
from mmcontrast.utils.errors import TrainingStopped
from mmcontrast.utils.memory import OutOfMemory
from tests.toy import unique_run, write_config

CUDA = "CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 139.81 GiB of which 1.25 GiB is free."  # noqa: E501


@HOOKS.register_module(force=True)
class FillLog(Hook):
    """Let the disk of the log file be full from the second epoch on."""

    def before_train_epoch(self, runner):
        for handler in runner.logger.handlers:
            if runner.epoch == 1 and isinstance(handler, logging.FileHandler):
                handler.setStream(os.fdopen(os.open("/dev/full", os.O_WRONLY), "w")).close()


def test_a_log_file_that_cannot_be_written_stops_the_training(tmp_path):
    (tmp_path / "config").mkdir()
    config, work_dir = write_config(tmp_path / "config"), tmp_path / "run"
    options = [unique_run(), "default_hooks.full.type=FillLog"]
    with pytest.raises(TrainingStopped) as caught:
        train(str(config), work_dir=str(work_dir), cfg_options=options)
    first, second = str(caught.value).split("\n")
    assert first.startswith(f"cannot write {work_dir}") and first.endswith(
        ".log: No space left on device. Free space on that disk."
    )
    assert second == (
        f"The training has stopped in iteration 7. Continue from {work_dir}/epoch_1.pth with "
        "--resume auto."
    )
    assert caught.value.exit_code == 1
    print_log("The log goes on without its file.", "current")
    assert (work_dir / "last_checkpoint").read_text().endswith("epoch_1.pth")


def runner_of(iteration=0, **wrapper):
    cfg = Config(dict(
        train_dataloader=dict(batch_size=256), val_dataloader=dict(batch_size=32),
        optim_wrapper=dict(type="OptimWrapper", optimizer=dict(type="SGD")) | wrapper,
    ))  # fmt: skip
    return SimpleNamespace(
        cfg=cfg, iter=iteration, message_hub=SimpleNamespace(runtime_info=dict())
    )


class Validation(ValLoop):
    """A validation whose batch is too large."""

    def __init__(self):
        """Build nothing."""

    def run(self):
        raise torch.OutOfMemoryError(CUDA)


def test_memory_that_does_not_suffice():
    with pytest.raises(OutOfMemory) as caught, explained_stops(runner_of()):
        raise torch.OutOfMemoryError(CUDA)
    assert str(caught.value) == (
        "The memory of GPU 0 does not suffice: 2.00 GiB were asked for, 1.25 GiB of its 139.81 GiB "
        "were free. Lower train_dataloader.batch_size (now 256) and accumulate gradients, which "
        "keeps the total batch, though negatives come from the smaller one: --cfg-options "
        "train_dataloader.batch_size=128 optim_wrapper.accumulative_counts=2. Train in bfloat16, "
        "which halves what activations take: --amp bf16."
    )
    runner = runner_of(type="AutocastOptimWrapper", accumulative_counts=4)
    with pytest.raises(OutOfMemory) as caught, explained_stops(runner):
        raise torch.OutOfMemoryError(CUDA)
    assert "accumulative_counts=8" in str(caught.value) and "bf16" not in str(caught.value)
    message = r"Lower val_dataloader\.batch_size \(now 32\)\.$"
    with pytest.raises(OutOfMemory, match=message), explained_stops(runner):
        Validation().run()


def test_other_errors_pass():
    for error in (ZeroDivisionError(), OSError(errno.ENOENT, os.strerror(errno.ENOENT), "7.jpg")):
        with pytest.raises(type(error)) as caught, explained_stops(runner_of(3)):
            raise error
        assert caught.value is error
