"""Trainings that differ in a few settings, one after another."""

import itertools
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from mmcontrast.utils.atomic import write_atomically
from mmcontrast.utils.checkpoint import find_checkpoint
from mmcontrast.utils.errors import TrainingStopped, UserError

from .config import default_work_dir, load_config
from .distributed import join_processes, process_group
from .test import test
from .train import train

RESULT = "result.json"


class Cell(NamedTuple):
    """One training of a grid: its folder's name and its settings, by config key."""

    name: str
    settings: dict[str, Any]

    @property
    def options(self) -> list[str]:
        """The settings as ``key=value`` options."""
        return [f"{key}={value}" for key, value in self.settings.items()]


def cells_of(grid: Mapping[str, Sequence[Any]]) -> list[Cell]:
    """Combine the values of a grid, the last key's changing fastest.

    Args:
        grid: For each config key the values to try.

    Raises:
        UserError: It is empty.
    """
    if not grid or not all(grid.values()):
        raise UserError("The grid is empty: it needs config keys, each with values to try.")
    cells = []
    for values in itertools.product(*grid.values()):
        settings = dict(zip(grid, values, strict=True))
        short = (f"{key.rsplit('.', 1)[-1]}={value}" for key, value in settings.items())
        cells.append(Cell(",".join(short), settings))
    return cells


def run_grid(
    config: str,
    *,
    cells: Sequence[int] | None = None,
    work_dir: str | None = None,
    cfg_options: Iterable[str] = (),
    **kwargs: Any,
) -> list[tuple[Cell, float | None]]:
    """Train the cells of a config's ``grid``, or go on where an earlier call stopped.

    Each cell has a folder. A finished one is skipped, an unfinished one resumed, and one that
    diverges is noted and does not stop the others.

    Args:
        config: Path of a config with ``grid``, a dict of config keys and values to try, and
            ``grid_metric``, the name of the validation metric that is compared.
        cells: Numbers of those to train, from 0; all by default.
        work_dir: Folder of the cells' folders.
        cfg_options: ``key=value`` options for all cells.
        **kwargs: Passed on to :func:`~mmcontrast.apis.train.train`.

    Returns:
        All cells, with the metric after the last epoch: None where a cell is not trained yet, NaN
        where it diverged.

    Raises:
        UserError: The config has no grid, or a number is none of its cells; a cell was finished
            with other options.
    """
    cfg = load_config(config, cfg_options)
    if "grid" not in cfg or "grid_metric" not in cfg:
        raise UserError(f"{config} has no grid and grid_metric; tools/train.py trains it.")
    # What, with the cell, determines the result.
    given = dict(cfg_options=list(cfg_options), **kwargs)
    given.pop("launcher", None)
    grid = cells_of(cfg.grid)
    chosen = range(len(grid)) if cells is None else cells
    if not set(chosen) <= set(range(len(grid))):
        raise UserError(f"The cells of {config} are 0 to {len(grid) - 1}, got {list(chosen)}.")
    folder = Path(work_dir or cfg.get("work_dir") or default_work_dir(config))
    with process_group():
        join_processes(cfg, kwargs.get("launcher", "none"))
        for cell in [grid[number] for number in chosen]:
            place = folder / cell.name
            if _read(place, given) is None:
                value = _train(config, cell, place, cfg_options, cfg.grid_metric, **kwargs)
                _write(place / RESULT, dict(settings=cell.settings, given=given, value=value))
    return [(cell, _read(folder / cell.name, given)) for cell in grid]


def table(results: Sequence[tuple[Cell, float | None]], metric: str) -> str:
    """Describe the cells a line each, and name the best one."""
    width = max(len(cell.name) for cell, _ in results)
    lines = [f"{'cell':4}  {'settings':{width}}  {metric}"]
    for number, (cell, value) in enumerate(results):
        text = "not run" if value is None else f"{value:.2f}" if value == value else "diverged"
        lines.append(f"{number:4}  {cell.name:{width}}  {text}")
    finished = [(value, cell) for cell, value in results if value is not None and value == value]
    if finished:
        value, cell = max(finished, key=lambda pair: pair[0])
        lines.append(
            f"Best of {len(finished)}: {cell.name} with {value:.2f}, chosen on the same validation "
            "pictures that it is measured on, so slightly optimistic."
        )
    return "\n".join(lines)


def _train(
    config: str,
    cell: Cell,
    folder: Path,
    options: Iterable[str],
    metric: str,
    *,
    launcher: str = "none",
    trust_checkpoint: bool = False,
    **kwargs: Any,
) -> float:
    """Train one cell; return the metric of its last weights, NaN if it diverged."""
    # MMEngine keeps logger and figures by this name, which must differ between the cells.
    name = f"{Path(config).stem}_{folder.parent.name}_{cell.name}".replace(",", "_")
    common: dict[str, Any] = dict(
        work_dir=str(folder), launcher=launcher, trust_checkpoint=trust_checkpoint
    )
    options = [*options, *cell.options]
    try:
        train(
            config,
            resume="auto",
            cfg_options=[*options, f"experiment_name={name}"],
            **common,
            **kwargs,
        )
    except TrainingStopped as error:
        print(f"{cell.name}: {error}")
        return float("nan")
    # Measured anew: a cell that was stopped between its last epoch and the validation has none.
    checkpoint = str(find_checkpoint(folder))
    options += [f"experiment_name={name}_test"]
    metrics = test(config, checkpoint, cfg_options=options, **common)
    if metric not in metrics:
        raise UserError(f"grid_metric={metric!r} is none of {', '.join(metrics)}.")
    return metrics[metric]


def _read(folder: Path, given: dict[str, Any]) -> float | None:
    """The metric of a finished cell, None of another."""
    path = folder / RESULT
    if not path.is_file():
        return None
    content = json.loads(path.read_text(encoding="utf-8"))
    if content["given"] != given:
        raise UserError(
            f"{path} is of a run with {content['given']}, not with {given}. Use another "
            "--work-dir, or remove that folder."
        )
    return float("nan") if content["value"] is None else float(content["value"])


def _write(path: Path, content: dict[str, Any]) -> None:
    """Write a cell's result; all ranks write the same."""
    # JSON has no NaN.
    value = content["value"] if content["value"] == content["value"] else None
    write_atomically(json.dumps({**content, "value": value}, indent=2).encode(), path)
