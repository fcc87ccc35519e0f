"""Print and check a config without training it."""

import math
import sys
import tempfile
from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmcontrast.apis.training.config import load_config, use_data_root
from mmcontrast.apis.training.config_origins import find_origins, leaves
from mmcontrast.utils.errors import UserError, explain

if TYPE_CHECKING:
    from mmengine.runner import Runner
    from torch import nn

_MISSING = object()
_CONFIGS = ("", ".py", ".json", ".yaml", ".yml")
_QUEUE_SIZE, _BATCH_SIZE = 64, 2


def print_config(
    config: str, cfg_options: Iterable[str] = (), data_root: str | None = None
) -> None:
    """Print the merged config and where each key was set: file and line, or an option.

    Args:
        config: File or name of the config; or a checkpoint, whose stored config is printed without
            running anything of it.
        cfg_options: ``key=value`` options.
        data_root: Replaces ``train_dataloader.dataset.data_root``.

    Raises:
        UserError: The config cannot be read, or the checkpoint has none.
    """
    if Path(config).suffix not in _CONFIGS and Path(config).is_file():
        if cfg_options or data_root:
            raise UserError(f"Options change a config, and {config} is a checkpoint.")
        _print_stored(config)
        return
    cfg = load_config(config, cfg_options)
    before = dict(leaves(cfg))
    use_data_root(cfg, data_root)
    options = {tuple(option.partition("=")[0].split(".")) for option in cfg_options}
    items = dict(leaves(cfg))
    origins = find_origins(cfg.filename, list(items))
    for key, value in items.items():
        if before.get(key, _MISSING) != value:
            origin = "--data-root"
        elif any(key[: len(option)] == option for option in options):
            origin = "--cfg-options"
        else:
            origin = _relative(origins[key])
        print(f"{'.'.join(key)} = {value!r}  # {origin}")


def _print_stored(checkpoint: str) -> None:
    from mmcontrast.weights import Checkpoint  # with torch, which printing a config does not need

    config = Checkpoint.read(checkpoint).config
    if not config:
        raise UserError(
            f"{checkpoint} holds no config that can be read: trainings with MMEngine store one."
        )
    for key, value in leaves(config):
        print(f"{'.'.join(key)} = {value!r}  # stored in the checkpoint")


def check_config(
    config: str, cfg_options: Iterable[str] = (), data_root: str | None = None
) -> None:
    """Build everything that a config describes, train one step, and print a line about each part.

    The step takes two samples in the sizes of the config, and a queue of 64 keys at most.

    Args:
        config: File or name of the config.
        cfg_options: ``key=value`` options.
        data_root: Replaces ``train_dataloader.dataset.data_root``.

    Raises:
        UserError: A part cannot be built, or the step fails; the others are built all the same.
    """
    from mmcontrast.apis.training.runner import build_runner

    cfg = load_config(config, cfg_options)
    use_data_root(cfg, data_root)
    cfg.log_level = "ERROR"
    if isinstance(cfg.get("model", {}).get("queue_size"), int):
        cfg.model.queue_size = min(cfg.model.queue_size, _QUEUE_SIZE)
    problems = 0
    with tempfile.TemporaryDirectory() as folder:
        cfg.work_dir = folder
        # Nothing is logged, and TensorBoard would keep its file open.
        cfg.visualizer = dict(type="Visualizer", vis_backends=[])
        runner = build_runner(cfg)
        parameters = sum(p.numel() for p in runner.model.parameters() if p.requires_grad)
        print(f"model      {type(runner.model).__name__}, {parameters:,} trainable parameters")
        print(f"hooks      {', '.join(type(hook).__name__ for hook in runner.hooks)}")
        for name, build in _parts(runner).items():
            try:
                print(f"{name:10} {build()}")
            except (UserError, OSError, LookupError, TypeError, ValueError) as error:
                problems += 1
                print(f"{name:10} FAILED: {explain(error)}", file=sys.stderr)
    if problems:
        raise UserError(f"{config}: {problems} part(s) cannot be built, see above.")
    print(f"{config} is fine.")


def _parts(runner: "Runner") -> dict[str, Callable[[], str]]:
    # The Runner takes seconds to import, and printing a config needs none.
    from mmengine.optim import OptimWrapperDict

    from mmcontrast.apis.training.runner import build_training

    def training() -> str:
        build_training(runner)
        loader, wrapper = runner.train_dataloader, runner.optim_wrapper
        wrappers = wrapper.values() if isinstance(wrapper, OptimWrapperDict) else [wrapper]
        optimizers = " and ".join(type(each.optimizer).__name__ for each in wrappers)
        loss = _train_step(runner)
        return (
            f"{len(loader.dataset)} samples, {len(loader)} steps of {loader.batch_size} per epoch, "
            f"{runner.max_epochs} epoch(s), {optimizers}, loss of one step {loss:.4g}"
        )

    def evaluation(loop: Any) -> str:
        metrics = ", ".join(type(metric).__name__ for metric in loop.evaluator.metrics)
        return f"{len(loop.dataloader.dataset)} samples for {metrics}"

    parts: dict[str, Callable[[], str]] = {}
    if runner.cfg.get("train_cfg"):
        parts["training"] = training
    if runner.cfg.get("val_cfg"):
        parts["validation"] = lambda: evaluation(runner.val_loop)
    if runner.cfg.get("test_cfg"):
        parts["test"] = lambda: evaluation(runner.test_loop)
    return parts


def _train_step(runner: "Runner") -> float:
    """Train one step on two samples, or on one where a batch of the config has no more.

    Returns:
        The loss.

    Raises:
        UserError: It fails, or the loss is not finite.
    """
    loader = runner.train_dataloader
    samples = (loader.dataset[key] for key in loader.sampler)
    if not hasattr(loader.dataset, "__getitem__"):
        samples = iter(loader.dataset)  # of a stream
    try:
        num_samples = min(_BATCH_SIZE, loader.batch_size or _BATCH_SIZE)
        batch = loader.collate_fn(list(islice(samples, num_samples)))
        _label(runner.model, loader.dataset)
        runner.model.train()
        loss = float(runner.model.train_step(batch, runner.optim_wrapper)["loss"].detach())
    except Exception as error:  # whatever a method raises for shapes that do not fit
        reason = explain(error).strip().split("\n")[0]
        raise UserError(f"one training step fails: {type(error).__name__}: {reason}") from error
    if not math.isfinite(loss):
        raise UserError(f"the loss of one training step is {loss}")
    return loss


def _label(model: "nn.Module", dataset: Any) -> None:
    """Give a model that learns clusters labels, which a hook makes before an epoch."""
    import torch

    from mmcontrast.models.modules import PseudoLabels

    for part in model.modules():
        if isinstance(part, PseudoLabels):
            part.set(torch.zeros(len(dataset), dtype=torch.int64), torch.empty(0))


def _relative(origin: str) -> str:
    file, _, line = origin.rpartition(":")
    path = Path(file).resolve()
    return f"{path.relative_to(Path.cwd())}:{line}" if path.is_relative_to(Path.cwd()) else origin
