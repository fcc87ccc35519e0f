"""What a run is, in a few lines at its start, and what came of it, at its end."""

import os
import shlex
from pathlib import Path
from typing import Any

import torch
from mmengine.dist import get_world_size, master_only
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.optim import OptimWrapperDict
from mmengine.runner import EpochBasedTrainLoop, Runner

from mmcontrast.engine.terminal import terminal_filter
from mmcontrast.registry import HOOKS
from mmcontrast.utils.device import num_cores

_LOWER_IS_BETTER = ("loss", "error", "nll")


@HOOKS.register_module()
class SummaryHook(Hook):
    """Log the digest of a training before its first iteration, and its results at the end.

    From the first iteration on, or that of an evaluation, the terminal shows all records.
    """

    priority = "LOWEST"

    def before_train(self, runner: Runner) -> None:
        """Log what is trained on what, how long, and where to."""
        runner.logger.info(_table(f"Training {_config_of(runner)}", describe(runner)))
        _open_terminal(runner)

    def before_test(self, runner: Runner) -> None:
        """Let the terminal show the progress of a test."""
        _open_terminal(runner)

    @master_only
    def after_train(self, runner: Runner) -> None:
        """Log the scores, the files and what to do next."""
        # matplotlib comes with it, and only a run that ends well needs it.
        from mmcontrast.visualization.curves import read_log

        rows = scores(read_log(runner.work_dir))
        checkpoint = runner.message_hub.runtime_info.get("last_ckpt")
        if checkpoint:
            rows["checkpoint"] = checkpoint
        curves = Path(runner.work_dir, "curves.png")
        if curves.exists():
            rows["curves"] = str(curves)
        if checkpoint:
            rows["next"] = _next_command(runner, checkpoint)
        runner.logger.info(_table(f"Finished after {runner.iter} steps", rows))


def describe(runner: Runner) -> dict[str, str]:
    """Describe a training in a row for each of its parts.

    Args:
        runner: The runner, with its loops and optimizers built and its checkpoint loaded.

    Returns:
        Texts by the names of the parts.
    """
    loader = runner.train_dataloader
    model = runner.model.module if is_model_wrapper(runner.model) else runner.model
    processes = get_world_size()
    rows = {
        "data": _data(loader.dataset),
        "model": _model(model, (runner.cfg.model.get("backbone") or {}).get("depth")),
        "device": f"{_device(model)}, {processes} process{'es' if processes > 1 else ''}, "
        f"{loader.num_workers} loader workers each, seed {runner.seed}",
        "batch": f"{loader.batch_size} x {processes}" if processes > 1 else f"{loader.batch_size}",
        "optimizer": _optimizer(runner),
        "length": _length(runner),
        "work dir": f"{runner.work_dir}, log in {Path(runner.log_dir).name}",
    }
    if runner.iter:
        rows["resumed"] = f"after {runner.iter} steps, from {runner.cfg.load_from}"
    return rows


def scores(records: list[dict[str, Any]]) -> dict[str, str]:
    """Summarize the log of a run.

    Args:
        records: As :func:`~mmcontrast.visualization.curves.read_log` returns them.

    Returns:
        The first and last loss, and the best and last value of the first metric of the validation,
        under the names of both, where they were logged.
    """
    rows = {}
    losses = [record["loss"] for record in records if "loss" in record]
    if losses:
        rows["loss"] = f"{losses[0]:.4g} first, {losses[-1]:.4g} last"
    metrics = [name for record in records for name in record if "/" in name]
    if metrics:
        name = metrics[0]
        values = [(record[name], record["step"]) for record in records if name in record]
        lower = any(word in name.lower() for word in _LOWER_IS_BETTER)
        best, step = (min if lower else max)(values, key=lambda value: value[0])
        rows[name] = f"{best:.4g} best (step {step}), {values[-1][0]:.4g} last"
    return rows


def _table(title: str, rows: dict[str, str]) -> str:
    width = max(map(len, rows), default=0)
    return "\n".join([title, *(f"    {name:{width}}  {text}" for name, text in rows.items())])


def _open_terminal(runner: Runner) -> None:
    shown = terminal_filter(runner.logger)
    if shown is not None:
        shown.started = True


def _config_of(runner: Runner) -> str:
    path = runner.cfg.filename
    if not path:
        return str(runner.experiment_name)
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative


def _data(dataset: Any) -> str:
    inner = dataset
    while hasattr(inner, "dataset"):
        inner = inner.dataset
    number = f"{len(dataset):,} samples" if hasattr(dataset, "__len__") else "a stream"
    root = getattr(inner, "data_root", None)
    return f"{number} of {type(inner).__name__}" + (f" in {root}" if root else "")


def _model(model: torch.nn.Module, depth: int | None) -> str:
    def millions(module: torch.nn.Module) -> str:
        return f"{sum(p.numel() for p in module.parameters() if p.requires_grad) / 1e6:.3g} M"

    backbone = getattr(model, "backbone", None)
    text = f"{type(model).__name__}, {millions(model)} trainable parameters"
    if isinstance(backbone, torch.nn.Module):
        name = f"{type(backbone).__name__}{f'-{depth}' if depth else ''}"
        text += f", {millions(backbone)} of them in its {name}"
    return text


def _device(model: torch.nn.Module) -> str:
    parameter = next(model.parameters(), None)
    if parameter is not None and parameter.is_cuda:
        return torch.cuda.get_device_name(parameter.device)
    return f"CPU with {num_cores()} cores"


def _optimizer(runner: Runner) -> str:
    wrapper = runner.optim_wrapper
    wrappers = wrapper.values() if isinstance(wrapper, OptimWrapperDict) else [wrapper]
    texts = []
    for each in wrappers:
        group = each.optimizer.param_groups[0]
        rate = group.get("initial_lr", group["lr"])  # "lr" may be that of a warm-up
        texts.append(f"{type(each.optimizer).__name__}, learning rate {rate:g}")
    return " and ".join(texts)


def _length(runner: Runner) -> str:
    if isinstance(runner.train_loop, EpochBasedTrainLoop):
        steps = len(runner.train_dataloader)
        return f"{runner.max_epochs} x {steps:,} steps (epochs) = {runner.max_iters:,} steps"
    return f"{runner.max_iters:,} steps"


def _next_command(runner: Runner, checkpoint: str) -> str:
    if runner.cfg.get("test_dataloader"):
        words = ["mmcontrast", "test", _config_of(runner), checkpoint]
    else:
        root = getattr(runner.train_dataloader.dataset, "data_root", None) or "FOLDER"
        words = ["mmcontrast", "extract-features", checkpoint, str(root), "--out", "features.npz"]
    return shlex.join(words)
