"""Train what a config describes."""

import logging
import os
import shlex
import sys
from collections.abc import Collection, Iterable, Sequence
from typing import Any

import torch
from mmengine.config import Config
from mmengine.dist import get_world_size
from mmengine.evaluator import BaseMetric
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from torch import nn

from mmcontrast.apis.training.config import (
    default_work_dir,
    load_config,
    optim_wrappers_of,
    optimizers_of,
    use_data_root,
)
from mmcontrast.apis.training.config_values import check_values
from mmcontrast.apis.training.fit_data import fit_data as fit_to_data
from mmcontrast.apis.training.processes import leave_processes, set_up_processes
from mmcontrast.apis.training.work_dir import removed_on_failure
from mmcontrast.datasets.classes import refuse_other_classes
from mmcontrast.datasets.sampling.epochs import datasets_of, takes_keys
from mmcontrast.engine.hooks.interrupt import InterruptHook
from mmcontrast.engine.hooks.resume import ResumeHook
from mmcontrast.engine.hooks.summary import SummaryHook
from mmcontrast.engine.hooks.validation import FinalValidationHook
from mmcontrast.engine.lengths import Loop, fit_schedules, set_length, warn_of_lengths
from mmcontrast.engine.terminal import QuietRunner
from mmcontrast.evaluation.accuracy import Accuracy
from mmcontrast.models.methods.base import Method
from mmcontrast.models.modules.pretrained import check_pretrained
from mmcontrast.registry import SCOPE
from mmcontrast.utils.environment import find_conflicts, installed_versions
from mmcontrast.utils.errors import UserError, input_errors
from mmcontrast.weights.files import find_checkpoint, trusted_checkpoints

_TRAINING_KEYS = ("model", "train_dataloader", "train_cfg", "optim_wrapper")
_MMENGINE_HOOKS = {
    "checkpoint", "logger", "param_scheduler", "runtime_info", "sampler_seed", "timer",
}  # fmt: skip


def train(
    config: str,
    *,
    work_dir: str | None = None,
    resume: str | None = None,
    init_from: str | None = None,
    epochs: int | None = None,
    iters: int | None = None,
    amp: str | None = None,
    compile: bool = False,
    seed: int | None = None,
    deterministic: bool = False,
    data_root: str | None = None,
    fit_data: bool = False,
    auto_scale_lr: bool = False,
    trust_checkpoint: bool = False,
    cfg_options: Collection[str] = (),
    launcher: str = "none",
) -> Runner:
    """Train what a config describes.

    Args:
        config: Path of the config file.
        work_dir: Where logs, checkpoints and curves go; ``work_dirs/<method>/<name>`` by default.
        resume: ``'auto'`` for the newest checkpoint in the work dir (from the start if there is
            none), or the path of a checkpoint.
        init_from: Path of a checkpoint, of any project, whose backbone the training starts from;
            see ``pretrained`` of :class:`~mmcontrast.models.methods.base.Method`. A run that
            resumes does not load it.
        epochs: Length of a training that counts epochs. It sets the loop and every schedule whose
            length was the loop's, see :func:`~mmcontrast.engine.lengths.set_length`.
        iters: Length of a training that counts iterations, in the same way.
        amp: ``'bf16'`` or ``'fp16'`` for mixed precision.
        compile: Whether to compile the training step with ``torch.compile``.
        seed: Replaces the config's ``randomness.seed``.
        deterministic: Whether to use deterministic algorithms only.
        data_root: Replaces ``train_dataloader.dataset.data_root``.
        fit_data: Whether to fit batch, learning rate, queue, length and workers to the number of
            samples and the machine, see :mod:`mmcontrast.apis.training.fit_data`.
        auto_scale_lr: Whether to scale the learning rate linearly with the total batch.
        trust_checkpoint: Whether checkpoints may run code.
        cfg_options: ``key=value`` options.
        launcher: How this process was started: ``none``, ``pytorch``, ``slurm`` or ``mpi``.

    Returns:
        The runner, after training.

    Raises:
        UserError: The config, an option or the data do not fit.
    """
    cfg_options = list(cfg_options)
    cfg = load_config(config, cfg_options)
    missing = [key for key in _TRAINING_KEYS if key not in cfg]
    if missing:
        raise UserError(f"{config} describes no training: it lacks {', '.join(missing)}.")
    check_values(cfg)
    cfg.work_dir = work_dir or cfg.get("work_dir") or default_work_dir(config)
    use_data_root(cfg, data_root)
    former = Loop.of(cfg)
    statements = []
    if epochs is not None or iters is not None:
        with input_errors(str(config)):
            statements.append((logging.INFO, set_length(cfg, epochs, iters)))
    if amp is not None:
        use_autocast(cfg, amp)
    if compile:
        cfg.compile = True
    set_randomness(cfg, seed, deterministic)
    set_up_processes(cfg, launcher)
    runner = None
    with trusted_checkpoints(trust_checkpoint):
        try:
            choose_checkpoint(cfg, resume)
            if init_from is not None:
                start_from(cfg, init_from)
            if fit_data:
                length_is_set = epochs is not None or iters is not None
                statements.append((logging.INFO, fit_to_data(cfg, cfg_options, length_is_set)))
            statements.append(settle_learning_rate(cfg, auto_scale_lr))
            with removed_on_failure(cfg.work_dir):
                runner = build_runner(cfg)
                for level, statement in statements:
                    runner.logger.log(level, statement)
                for problem in find_conflicts(installed_versions()):
                    runner.logger.warning(problem)
                with input_errors(str(config)):
                    fit_schedules(runner, former)
                build_training(runner)
            run(runner)
        finally:
            leave_processes(runner)
    return runner


def run(runner: Runner) -> None:
    """Train, and restore the signal handlers whatever happens."""
    parts = datasets_of(runner.train_dataloader.dataset)
    if any(map(takes_keys, parts)) and not any(isinstance(h, ResumeHook) for h in runner.hooks):
        runner.register_hook(ResumeHook())  # the config names MMEngine's, which tells no epochs
    runner.register_hook(FinalValidationHook())
    try:
        runner.train()
    finally:
        for hook in runner.hooks:
            if isinstance(hook, InterruptHook):
                hook.release()


def build_runner(cfg: Config) -> Runner:
    """Build the Runner, which builds model and hooks.

    Raises:
        UserError: The config does not fit them.
    """
    check_values(cfg)
    if cfg.get("default_scope") == SCOPE:  # mmdet and mmseg have no functions of their own
        _add_scope_to_functions(cfg)
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
        runner.optim_wrapper = runner.build_optim_wrapper(runner.optim_wrapper)
        if runner.param_schedulers is not None:
            runner.param_schedulers = runner.build_param_scheduler(runner.param_schedulers)
        warn_of_lengths(runner)
    if len(runner.train_dataloader) == 0:
        raise UserError(
            f"The {len(runner.train_dataloader.dataset)} training samples do not fill one batch "
            f"of {runner.train_dataloader.batch_size} on {get_world_size()} process(es). "
            "Lower train_dataloader.batch_size, or set train_dataloader.drop_last=False."
        )
    _check_last_batch(runner)
    _check_classes(runner)
    if not runner.cfg.get("resume"):
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        check_pretrained(model)


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


def judges_classes(metrics: Sequence[BaseMetric]) -> bool:
    """Return whether the labels stand for the classes of a trained classifier.

    Those of k-NN do not: its labeled images are part of the test data, and may be of any classes.
    """
    return any(isinstance(metric, Accuracy) for metric in metrics)


def use_autocast(cfg: Config, dtype: str) -> None:
    """Replace the config's optimizer wrappers by ones for mixed precision.

    Args:
        cfg: The config, which is changed.
        dtype: ``'bf16'`` or ``'fp16'``.

    Raises:
        UserError: A wrapper is of a type of its own.
    """
    for wrapper in optim_wrappers_of(cfg):
        kind = wrapper.get("type", "OptimWrapper")
        if kind not in ("OptimWrapper", "AmpOptimWrapper", "AutocastOptimWrapper"):
            raise UserError(
                f"--amp cannot change an optim_wrapper of type {kind}; set its precision in the "
                "config."
            )
        wrapper["type"] = f"{SCOPE}.AutocastOptimWrapper"  # also in the scope of mmdet
        wrapper["dtype"] = dtype


def set_randomness(cfg: Config, seed: int | None, deterministic: bool) -> None:
    """Set the seed (0 if neither option nor config has one) and determinism."""
    if cfg.get("randomness") is None:
        cfg.randomness = {}
    randomness = cfg.randomness
    if seed is not None:
        randomness["seed"] = seed
    if randomness.get("seed") is None:
        randomness["seed"] = 0
    if deterministic:
        randomness["deterministic"] = True
        # cuBLAS is deterministic with a fixed work space only.
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")


def choose_checkpoint(cfg: Config, resume: str | None) -> None:
    """Set ``load_from`` and ``resume`` in the config.

    A process that torchrun has restarted always resumes.
    """
    if int(os.environ.get("TORCHELASTIC_RESTART_COUNT", 0)) > 0:
        resume = "auto"
    if resume is None and cfg.get("resume") and not cfg.get("load_from"):
        resume = "auto"
    if resume is None:
        return
    path = find_checkpoint(cfg.work_dir) if resume == "auto" else resume
    if path is None:
        print(f"Nothing to resume in {cfg.work_dir}: starting from the beginning.")
        return
    cfg.load_from, cfg.resume = str(path), True


def start_from(cfg: Config, checkpoint: str) -> None:
    """Let a training start from the backbone in a checkpoint.

    Args:
        cfg: The config, whose ``model.pretrained`` is set; of a detector or segmenter
            ``load_from``, from which its :class:`~mmcontrast.engine.hooks.PretrainedBackboneHook`
            takes the backbone.
        checkpoint: Path of the checkpoint.

    Raises:
        UserError: The config starts from a whole checkpoint already.
    """
    if cfg.get("resume"):
        print(f"The run resumes from {cfg.load_from}: {checkpoint} is not loaded again.")
    elif cfg.get("load_from"):
        raise UserError(
            f"--init-from {checkpoint} and load_from={cfg.load_from} in the config both say where "
            "the training starts: choose one of them."
        )
    hooks = (cfg.get("default_hooks") or {}).values()
    if any(str(hook and hook.get("type")).endswith("PretrainedBackboneHook") for hook in hooks):
        if not cfg.get("resume"):
            cfg.load_from = checkpoint
    else:
        cfg.model.pretrained = checkpoint


def settle_learning_rate(cfg: Config, scale: bool) -> tuple[int, str]:
    """Compare the total batch with the one that the learning rate is meant for.

    Args:
        cfg: The config. With ``scale``, its learning rates are multiplied and its
            ``auto_scale_lr.base_batch_size`` becomes the actual one, so that the config saved with
            the run is not scaled a second time.
        scale: Whether to scale; ``auto_scale_lr.enable`` in the config asks for it too.

    Returns:
        Logging level and statement.

    Raises:
        UserError: Scaling is asked for, but the config does not say which batch its rate is for.
    """
    settings: dict[str, Any] = cfg.get("auto_scale_lr") or {}
    base, batch = settings.get("base_batch_size"), cfg.train_dataloader.get("batch_size")
    scale = scale or settings.get("enable", False)
    optimizers = [optimizer for optimizer in optimizers_of(cfg) if "lr" in optimizer]
    rates = _join_rates(optimizers)
    if not (base and batch):
        if scale:
            raise UserError(
                "--auto-scale-lr needs auto_scale_lr=dict(base_batch_size=...) in the config: the "
                "total batch that its learning rate is meant for."
            )
        return logging.INFO, f"Learning rate {rates}; the config names no batch that it is for."
    accumulated = cfg.optim_wrapper.get("accumulative_counts", 1)
    total = batch * get_world_size() * accumulated
    parts = f"{batch} per process x {get_world_size()} process(es) x {accumulated} accumulated"
    if total == base:
        return logging.INFO, f"Learning rate {rates} for a total batch of {total} ({parts})."
    if scale:
        for optimizer in optimizers:
            optimizer["lr"] *= total / base
        cfg.auto_scale_lr = dict(base_batch_size=total, enable=False)
        return logging.INFO, (
            f"Learning rate scaled from {rates} (total batch {base}) to {_join_rates(optimizers)} "
            f"(total batch {total} = {parts})."
        )
    return logging.WARNING, (
        f"The learning rate {rates} is meant for a total batch of {base}, but this run has {total} "
        f"({parts}). Choose one:\n"
        f"  --auto-scale-lr to train with {_join_rates(optimizers, total / base)};\n"
        f"  train_dataloader.batch_size or optim_wrapper.accumulative_counts for a total of {base};"
        f"\n  auto_scale_lr.base_batch_size={total} if the rate is right as it is."
    )


def _join_rates(optimizers: Iterable[dict[str, Any]], factor: float = 1) -> str:
    return ", ".join(f"{optimizer['lr'] * factor:g}" for optimizer in optimizers)
