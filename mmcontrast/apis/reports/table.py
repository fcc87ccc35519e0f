"""Compare checkpoints: one row for each, one column for each metric of each task."""

import math
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from mmcontrast.apis.reports.runs import Run
from mmcontrast.apis.reports.settings import (
    describe_backbone,
    describe_data,
    describe_model,
    section,
)

_RANDOM = "random weights"


class Column(NamedTuple):
    """A metric of one task: ``mIoU``, ``EncoderDecoder, data/voc/val.txt, 300 iters, lr 0.05``."""

    metric: str
    task: str


@dataclass
class Row:
    """A checkpoint, or random weights, and all that was measured of it.

    Attributes:
        name: What the row is called.
        about: Method and backbone.
        is_random: Whether the weights are untrained.
        values: Measurements of each column; several where runs repeat a task, with other seeds for
            instance.
    """

    name: str
    about: str
    is_random: bool
    values: dict[Column, dict[Any, float]] = field(default_factory=dict)


def make_table(
    runs: Sequence[Run], names: Mapping[Path, str]
) -> tuple[list[dict[str, str]], list[dict[str, Any]]]:
    """Compare checkpoints: one row for each, one column for each metric of each task.

    Args:
        runs: All runs, in the order of their rows; random weights come first.
        names: The names of the runs' folders.

    Returns:
        Columns (``metric``, ``task``) and rows (``name``, ``about``, ``is_random``, ``cells``), for
        the page. A cell has ``text``, ``sort`` (None if there is no finite value) and ``best``.
    """
    rows = [row for row in _rows(runs, names) if row.values]
    rows.sort(key=lambda row: not row.is_random)
    columns = list(dict.fromkeys(column for row in rows for column in row.values))
    columns.sort(key=lambda column: column.task)
    cells = [_column_cells([row.values.get(column) for row in rows]) for column in columns]
    table = [
        dict(
            name=row.name,
            about=row.about,
            is_random=row.is_random,
            cells=[column_cells[number] for column_cells in cells],
        )
        for number, row in enumerate(rows)
    ]
    return [column._asdict() for column in columns], table


def _rows(runs: Sequence[Run], names: Mapping[Path, str]) -> list[Row]:
    """Assign what each run has measured to the checkpoint that it is of."""
    rows: dict[str, Row] = {}
    for run in runs:
        # A test of the final weights of a fine-tuning repeats its last validation.
        trained = _tested_training(run, runs) or run
        row = _row_of(trained, runs, names)
        row = rows.setdefault(row.name, row)
        task, key = _task(run, trained), _measurement(trained)
        for metric, value in run.metrics.items():
            row.values.setdefault(Column(metric, task), {})[key] = value
    return list(rows.values())


def _row_of(run: Run, runs: Sequence[Run], names: Mapping[Path, str]) -> Row:
    """Return the row, without values, of the weights that a run has trained or started from."""
    model, backbone = describe_model(run.config), describe_backbone(run.config)
    if run.is_pretraining:
        last = run.checkpoints[-1].name if run.checkpoints else "final weights"
        return Row(f"{names[run.folder]}/{last}", f"{model}, {backbone}", False)
    if run.origin is None:
        if not run.first_config:
            return Row(names[run.folder], "its config cannot be read", False)
        return Row(f"{_RANDOM}: {backbone}", "untrained", True)
    path = Path(run.origin)
    writer = _writer(path, [other for other in runs if other.is_pretraining])
    if writer is None:
        return Row(str(path), backbone, False)
    name = f"{names[writer.folder]}/{path.name}"
    return Row(name, f"{describe_model(writer.config)}, {backbone}", False)


def _tested_training(run: Run, runs: Sequence[Run]) -> Run | None:
    """Return the fine-tuning whose final weights a run has tested."""
    if run.training or run.origin is None:
        return None
    path = Path(run.origin)
    writer = _writer(path, [other for other in runs if other.training and not other.is_pretraining])
    final = writer is not None and path.name in [last.name for last in writer.checkpoints[-1:]]
    return writer if final else None


def _writer(path: Path, runs: Sequence[Run]) -> Run | None:
    """Return the run that wrote a checkpoint.

    If its folder was moved, it is the one whose folder has the same name and such a file in it,
    where there is only one.
    """
    for run in runs:
        if path.parent.resolve() == run.folder.resolve():
            return run
    moved = [
        run
        for run in runs
        if path.parent.name == run.folder.name and (run.folder / path.name).is_file()
    ]
    return moved[0] if len(moved) == 1 else None


def _measurement(run: Run) -> Any:
    """Return what makes two values different ones; of equal keys the newest counts.

    A test of a checkpoint repeats what the validation at the end of its training has measured.
    """
    if run.training and not run.is_pretraining:
        return run.folder
    config = next((path.stem for path in sorted(run.work_dir.glob("*.py"))), "")
    return section(run.config, "randomness").get("seed"), describe_model(run.config), config


def _task(run: Run, training: Run) -> str:
    """Return what was measured, apart from the weights: values of one task can be compared.

    Args:
        run: The run whose data are named.
        training: The run whose model and settings are named if it is a fine-tuning.
    """
    loader = "test_dataloader" if run.config.get("test_dataloader") else "val_dataloader"
    parts = [describe_data(run.config, loader)]
    if training.training and not training.is_pretraining:
        parts = [describe_model(training.config), *parts, *_training_settings(training.config)]
    return ", ".join(part for part in parts if part)


def _training_settings(config: Mapping[str, Any]) -> Iterator[str]:
    """Yield the length and the learning rate of a training."""
    length = section(config, "train_cfg")
    for unit in ("epochs", "iters"):
        if length.get(f"max_{unit}"):
            yield f"{length[f'max_{unit}']} {unit}"
    optimizer = section(config, "optim_wrapper", "optimizer")
    if "lr" in optimizer:
        yield f"lr {optimizer['lr']:g}"


def _column_cells(column: Sequence[Mapping[Any, float] | None]) -> list[dict[str, Any]]:
    """Return the cells of one column, with the best value marked; higher is better."""
    finite = [_finite(values) for values in column]
    means = [statistics.fmean(values) if values else None for values in finite]
    present = [mean for mean in means if mean is not None]
    # Percentages need fewer decimals than fractions, such as mmdet's.
    digits = 2 if any(abs(mean) > 1.5 for mean in present) else 3
    best = max(present) if len(present) > 1 else None
    return [
        dict(text=_text(values, digits), sort=mean, best=mean is not None and mean == best)
        for values, mean in zip(column, means, strict=True)
    ]


def _text(values: Mapping[Any, float] | None, digits: int) -> str:
    """Return ``'31.00 ± 1.41 (n=2)'`` and the like; empty where nothing was measured."""
    if values is None:
        return ""
    finite = _finite(values)
    if not finite:
        return "NaN"
    text = f"{statistics.fmean(finite):.{digits}f}"
    if len(finite) > 1:
        text += f" ± {statistics.stdev(finite):.{digits}f} (n={len(finite)})"
    if len(finite) < len(values):
        text += f", {len(values) - len(finite)} NaN"
    return text


def _finite(values: Mapping[Any, float] | None) -> list[float]:
    return [value for value in (values or {}).values() if math.isfinite(value)]
