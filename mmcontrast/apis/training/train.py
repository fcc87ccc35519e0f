"""Train what a config describes."""

import logging
import os
from collections.abc import Collection

from mmengine.config import Config
from mmengine.dist import get_world_size
from mmengine.runner import Runner

from mmcontrast.apis.training.config import (
    default_work_dir,
    load_config,
    optim_wrappers_of,
    use_data_root,
)
from mmcontrast.apis.training.config_values import check_values
from mmcontrast.apis.training.fit_data import fit_data as fit_to_data
from mmcontrast.apis.training.learning_rate import settle_learning_rate
from mmcontrast.apis.training.processes import leave_processes, lost_processes, set_up_processes
from mmcontrast.apis.training.runner import build_runner, build_training
from mmcontrast.apis.training.start import choose_checkpoint, start_from
from mmcontrast.apis.training.stops import explained_stops
from mmcontrast.apis.training.work_dir import locked_for_training, removed_on_failure, store_config
from mmcontrast.datasets.sampling.epochs import datasets_of, takes_keys
from mmcontrast.engine.hooks.accumulation import AccumulationHook
from mmcontrast.engine.hooks.batch_statistics import BatchStatisticsHook
from mmcontrast.engine.hooks.interrupt import InterruptHook
from mmcontrast.engine.hooks.job import JobHook
from mmcontrast.engine.hooks.resume import ResumeHook
from mmcontrast.engine.hooks.validation import ResumedValidationHook
from mmcontrast.engine.lengths import Loop, fit_schedules, set_length
from mmcontrast.registry import SCOPE
from mmcontrast.utils.environment import find_conflicts, installed_versions
from mmcontrast.utils.errors import UserError, input_errors
from mmcontrast.weights.files import trusted_checkpoints

_TRAINING_KEYS = ("model", "train_dataloader", "train_cfg", "optim_wrapper")


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
        FolderInUse: Another training writes into the work dir.
    """
    cfg_options = list(cfg_options)
    cfg = _load_training(config, cfg_options, work_dir, data_root)
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
    try:
        with (
            lost_processes(),
            trusted_checkpoints(trust_checkpoint),
            locked_for_training(cfg) as notices,
        ):
            statements += notices
            choose_checkpoint(cfg, resume)
            if init_from is not None:
                start_from(cfg, init_from)
            if fit_data:
                length_is_set = epochs is not None or iters is not None
                statements.append((logging.INFO, fit_to_data(cfg, cfg_options, length_is_set)))
            statements.append(settle_learning_rate(cfg, auto_scale_lr))
            statements += [(logging.WARNING, text) for text in find_conflicts(installed_versions())]
            with removed_on_failure(cfg.work_dir):
                runner = build_runner(cfg)
                for level, statement in statements:
                    runner.logger.log(level, statement)
                with input_errors(str(config)):
                    fit_schedules(runner, former)
                build_training(runner)
                store_config(runner, replace=True)
            run(runner)
    finally:
        leave_processes(runner)
    return runner


def _load_training(
    config: str, cfg_options: Collection[str], work_dir: str | None, data_root: str | None
) -> Config:
    """Load a config, check that it describes a training, and set its folders."""
    cfg = load_config(config, cfg_options)
    missing = [key for key in _TRAINING_KEYS if key not in cfg]
    if missing:
        raise UserError(f"{config} describes no training: it lacks {', '.join(missing)}.")
    check_values(cfg)
    cfg.work_dir = work_dir or cfg.get("work_dir") or default_work_dir(config)
    use_data_root(cfg, data_root)
    return cfg


def run(runner: Runner) -> None:
    """Train, and restore the signal handlers whatever happens."""
    parts = datasets_of(runner.train_dataloader.dataset)
    if any(map(takes_keys, parts)) and not any(isinstance(h, ResumeHook) for h in runner.hooks):
        runner.register_hook(ResumeHook())  # the config names MMEngine's, which tells no epochs
    runner.register_hook(AccumulationHook())
    runner.register_hook(JobHook())
    if get_world_size() > 1:
        runner.register_hook(BatchStatisticsHook())
    runner.register_hook(ResumedValidationHook())
    try:
        with explained_stops(runner):
            runner.train()
    finally:
        for hook in runner.hooks:
            if isinstance(hook, InterruptHook):
                hook.release()


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
