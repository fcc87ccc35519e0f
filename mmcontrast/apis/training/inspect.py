"""Print and check a config without training it."""

import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmcontrast.apis.training.config import load_config, use_data_root
from mmcontrast.apis.training.config_origins import find_origins, leaves
from mmcontrast.utils.errors import UserError

if TYPE_CHECKING:
    from mmengine.runner import Runner

_MISSING = object()


def print_config(
    config: str, cfg_options: Iterable[str] = (), data_root: str | None = None
) -> None:
    """Print the merged config and where each key was set: file and line, or an option.

    Args:
        config: File or name of the config.
        cfg_options: ``key=value`` options.
        data_root: Replaces ``train_dataloader.dataset.data_root``.
    """
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


def check_config(
    config: str, cfg_options: Iterable[str] = (), data_root: str | None = None
) -> None:
    """Build everything that a config describes, and print a line about each part.

    Args:
        config: File or name of the config.
        cfg_options: ``key=value`` options.
        data_root: Replaces ``train_dataloader.dataset.data_root``.

    Raises:
        UserError: A part cannot be built; the others are built all the same.
    """
    from mmcontrast.apis.training.train import build_runner

    cfg = load_config(config, cfg_options)
    use_data_root(cfg, data_root)
    cfg.log_level = "ERROR"
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
                print(f"{name:10} FAILED: {error}", file=sys.stderr)
    if problems:
        raise UserError(f"{config}: {problems} part(s) cannot be built, see above.")
    print(f"{config} is fine.")


def _parts(runner: "Runner") -> dict[str, Callable[[], str]]:
    # The Runner takes seconds to import, and printing a config needs none.
    from mmengine.optim import OptimWrapperDict

    from mmcontrast.apis.training.train import build_training

    def training() -> str:
        build_training(runner)
        loader, wrapper = runner.train_dataloader, runner.optim_wrapper
        wrappers = wrapper.values() if isinstance(wrapper, OptimWrapperDict) else [wrapper]
        optimizers = " and ".join(type(each.optimizer).__name__ for each in wrappers)
        return (
            f"{len(loader.dataset)} samples, {len(loader)} steps of {loader.batch_size} per epoch, "
            f"{runner.max_epochs} epoch(s), {optimizers}"
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


def _relative(origin: str) -> str:
    file, _, line = origin.rpartition(":")
    path = Path(file).resolve()
    return f"{path.relative_to(Path.cwd())}:{line}" if path.is_relative_to(Path.cwd()) else origin
