"""MMEngine's Runner from a config, with what it would pass over or find too late."""

import shlex
import sys
from collections.abc import Sequence
from typing import Any

import torch
from mmengine.config import Config
from mmengine.dist import get_world_size
from mmengine.evaluator import BaseMetric
from mmengine.model import PretrainedInit as MMEnginePretrained
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from torch import nn
from torch.utils.data import Dataset

from mmcontrast.apis.training.config_values import check_values
from mmcontrast.datasets.base import FileDataset
from mmcontrast.datasets.classes import refuse_other_classes
from mmcontrast.engine.hooks.summary import SummaryHook
from mmcontrast.engine.lengths import warn_of_lengths
from mmcontrast.engine.terminal import QuietRunner
from mmcontrast.evaluation.accuracy import Accuracy
from mmcontrast.models.methods.base import Method
from mmcontrast.models.modules.pretrained import check_pretrained
from mmcontrast.registry import SCOPE
from mmcontrast.utils.errors import UserError, input_errors

_MMENGINE_HOOKS = {
    "checkpoint", "logger", "param_scheduler", "runtime_info", "sampler_seed", "timer",
}  # fmt: skip


def build_runner(cfg: Config) -> Runner:
    """Build the Runner, which builds model and hooks.

    Raises:
        UserError: The config does not fit them.
    """
    check_values(cfg)
    if cfg.get("default_scope") == SCOPE:  # mmdet and mmseg have no functions of their own
        _add_scope_to_functions(cfg)
        _use_own_pretrained(cfg.get("model"))
    _remove_hooks_that_are_off(cfg)
    _settle_workers(cfg)
    with input_errors(f"{cfg.filename}"):
        runner = QuietRunner.from_cfg(cfg)
        runner.register_hook(SummaryHook())
    runner.logger.info(f"Command: {shlex.join(sys.argv)}")
    return runner


def _add_scope_to_functions(cfg: Config) -> None:
    """Write the scope before functions of data loaders: MMEngine adds it to classes only."""
    for name in ("train", "val", "test"):
        loader = cfg.get(f"{name}_dataloader") or {}
        for function in (loader.get("collate_fn"), loader.get("worker_init_fn")):
            if function and isinstance(function.get("type"), str) and "." not in function["type"]:
                function["type"] = f"{SCOPE}.{function['type']}"


def _use_own_pretrained(settings: Any) -> None:
    """Let MMEngine's ``Pretrained``, named in full, be ours, which counts what it loads."""
    if isinstance(settings, list | tuple):
        for item in settings:
            _use_own_pretrained(item)
    elif isinstance(settings, dict):
        kind = settings.get("type")
        if kind is MMEnginePretrained or kind in ("mmengine.Pretrained", "mmengine::Pretrained"):
            settings["type"] = "Pretrained"
        for value in settings.values():
            _use_own_pretrained(value)


def _settle_workers(cfg: Config) -> None:
    """Leave out what only a loader with workers may have, or one for GPUs, where there are none."""
    for name in ("train", "val", "test"):
        loader = cfg.get(f"{name}_dataloader") or {}
        if loader.get("num_workers", 0) == 0:
            for key in ("persistent_workers", "prefetch_factor", "timeout"):
                loader.pop(key, None)
        if loader.get("pin_memory") and not torch.cuda.is_available():
            loader["pin_memory"] = False  # torch warns of it


def _remove_hooks_that_are_off(cfg: Config) -> None:
    """Let a config switch off any default hook with None; MMEngine fails for all but its own."""
    hooks = cfg.get("default_hooks") or {}
    for name in [name for name, hook in hooks.items() if hook is None]:
        if name not in _MMENGINE_HOOKS:
            del hooks[name]


def build_training(runner: Runner) -> None:
    """Build data, optimizer, schedules and loops now; the Runner would do it inside ``train()``.

    An exception here means wrong input; an exception during training means a fault.

    Raises:
        UserError: The config does not fit, or data are missing.
    """
    with input_errors(f"{runner.cfg.filename}"):
        _ = runner.train_loop, runner.val_loop
        _check_first_batch(runner)  # before the schedules, which count an epoch's steps
        runner.optim_wrapper = runner.build_optim_wrapper(runner.optim_wrapper)
        if runner.param_schedulers is not None:
            runner.param_schedulers = runner.build_param_scheduler(runner.param_schedulers)
        warn_of_lengths(runner)
    _check_last_batch(runner)
    _check_classes(runner)
    if runner.val_loop is not None:
        check_labels(runner.val_dataloader.dataset, runner.val_loop.evaluator.metrics)
    if not runner.cfg.get("resume"):
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        check_pretrained(model)


def _check_first_batch(runner: Runner) -> None:
    """Refuse a data set that is smaller than one batch, where incomplete batches are dropped."""
    if len(runner.train_dataloader) == 0:
        raise UserError(
            f"The {len(runner.train_dataloader.dataset)} training samples do not fill one batch "
            f"of {runner.train_dataloader.batch_size} on {get_world_size()} process(es). "
            "Lower train_dataloader.batch_size, or set train_dataloader.drop_last=False."
        )


def _check_last_batch(runner: Runner) -> None:
    """Refuse batches of one image where a neck or head has batch norm, which needs two values."""
    loader = runner.train_dataloader
    model = runner.model.module if is_model_wrapper(runner.model) else runner.model
    if loader.drop_last or not loader.batch_size or not isinstance(model, Method):
        return
    has_length = hasattr(loader.sampler, "__len__")  # that of a stream has none
    if not (has_length and hasattr(model, "backbone")) or (
        len(loader.sampler) % loader.batch_size != 1 % loader.batch_size
    ):
        return
    norms = [
        name
        for name, module in model.named_modules()
        if isinstance(module, nn.modules.batchnorm._BatchNorm) and not name.startswith("backbone.")
    ]
    if norms:
        raise UserError(
            f"Of {len(loader.sampler)} samples in batches of {loader.batch_size}, the last batch "
            f"has one, and batch norm ({norms[0]}) needs two. Set train_dataloader.drop_last=True "
            "or another train_dataloader.batch_size."
        )


def _check_classes(runner: Runner) -> None:
    """Refuse a classifier whose labels mean one thing in training and another in validation."""
    if runner.val_loop is not None and judges_classes(runner.val_loop.evaluator.metrics):
        train, val = (
            getattr(loader.dataset, "metainfo", {})
            for loader in (runner.train_dataloader, runner.val_dataloader)
        )
        refuse_other_classes(train, val, "The training data have")


def check_labels(dataset: Dataset, metrics: Sequence[BaseMetric]) -> None:
    """Refuse evaluation data that lack what a metric asks of every sample, before any is computed.

    Args:
        dataset: Evaluation data; those that are no files of ours are not looked at.
        metrics: Metrics; the attribute ``required`` of one names keys of data samples.

    Raises:
        UserError: The first sample of a data set lacks a key.
    """
    parts = [p for p in getattr(dataset, "datasets", [dataset]) if isinstance(p, FileDataset)]
    for metric in metrics:
        for part in parts if hasattr(metric, "required") else ():
            sample = part[0]["data_sample"]
            missing = [repr(key) for key in metric.required if key not in sample]
            if missing:
                raise UserError(
                    f"{type(metric).__name__} needs {' and '.join(missing)} of every sample, which "
                    f"those of {part.ann_file or part.data_root} lack. Labels come with data sets "
                    "such as ImageFolder or an ImageList with labels, a split with "
                    "meta=dict(split='bank') or 'query'."
                )


def judges_classes(metrics: Sequence[BaseMetric]) -> bool:
    """Return whether the labels stand for the classes of a trained classifier.

    Those of k-NN do not: its labeled images are part of the test data, and may be of any classes.
    """
    return any(isinstance(metric, Accuracy) for metric in metrics)
