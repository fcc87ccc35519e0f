"""One page that compares runs: a self-contained HTML file."""

import base64
import io
import math
import os
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import jinja2
from matplotlib.figure import Figure
from PIL import Image

from mmcontrast.apis.reports.runs import (
    Run,
    data_of,
    describe,
    describe_backbone,
    find_runs,
    numbers,
)
from mmcontrast.utils.atomic import write_atomically
from mmcontrast.utils.errors import UserError, explain
from mmcontrast.visualization.curves import draw_curves, draw_runs

_MAX_SIDE = 1600
_MAX_IMAGES = 24
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
        values: Measurements of each column; several where runs
            repeat a task, with other seeds for instance.
    """

    name: str
    about: str
    is_random: bool
    values: dict[Column, dict[Any, float]] = field(default_factory=dict)


def write_report(folders: Iterable[str | Path], out: str | Path, title: str = "") -> int:
    """Collect runs into one HTML file that needs nothing else.

    Runs of any kind may be given: pre-training, evaluations of ``tools/test.py``, fine-tuning in
    mmdet and mmseg. What was measured of one checkpoint stands in one row of the first table.

    Args:
        folders: Work dirs, or folders of such.
        out: File to write; an old one is replaced when the new one is whole.
        title: Of the page.

    Returns:
        The number of runs.

    Raises:
        UserError: A folder does not exist, there is no run in any, or the file cannot be written.
    """
    runs, strangers = find_runs(folders)
    root = _common_folder(runs)
    names = {run.folder: str(run.folder.resolve().relative_to(root)) for run in runs}
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    columns, rows = make_table(runs, names)
    page = environment.get_template("report.html").render(
        title=title or f"Results of {root.name or 'these runs'}",
        written=f"{datetime.now():%Y-%m-%d %H:%M}",
        strangers=[str(folder) for folder in strangers],
        columns=columns,
        rows=rows,
        pretraining=_overlay({names[run.folder]: run for run in runs if run.is_pretraining}),
        runs=[_details(run, names[run.folder]) for run in runs],
    )
    try:
        write_atomically(page.encode(), out)
    except OSError as error:
        raise UserError(f"cannot write {out}: {explain(error)}") from error
    return len(runs)


def make_table(
    runs: Sequence[Run], names: Mapping[Path, str]
) -> tuple[list[dict[str, str]], list[dict[str, Any]]]:
    """Compare checkpoints: a row each, a column for each metric of each task.

    Args:
        runs: In the order of their rows; random weights come first.
        names: Of the runs' folders.

    Returns:
        Columns (``metric``, ``task``) and rows (``name``, ``about``, ``is_random``, ``cells``), for
        the page. A cell has ``text``, ``sort`` (None if there is no finite value) and ``best``.
    """
    rows: dict[str, Row] = {}
    for run in runs:
        # A test of what a fine-tuning has come to repeats its last validation.
        tuned = _tested_training(run, runs)
        row = _row_of(tuned or run, runs, names)
        row = rows.setdefault(row.name, row)
        key = _measurement(tuned or run)
        for metric, value in run.metrics.items():
            row.values.setdefault(Column(metric, _task(run, tuned or run)), {})[key] = value
    measured = [row for row in rows.values() if row.values]
    measured.sort(key=lambda row: not row.is_random)
    columns = list(dict.fromkeys(column for row in measured for column in row.values))
    columns.sort(key=lambda column: column.task)
    table: list[dict[str, Any]] = [
        dict(name=row.name, about=row.about, is_random=row.is_random, cells=[]) for row in measured
    ]
    for column in columns:
        for line, cell in zip(table, _cells([r.values.get(column) for r in measured]), strict=True):
            line["cells"].append(cell)
    return [column._asdict() for column in columns], table


def _row_of(run: Run, runs: Sequence[Run], names: Mapping[Path, str]) -> Row:
    backbone = describe_backbone((run.config.get("model") or {}).get("backbone") or {})
    if run.is_pretraining:
        last = run.checkpoints[-1].name if run.checkpoints else "final weights"
        return Row(f"{names[run.folder]}/{last}", f"{_model(run)}, {backbone}", False)
    if run.origin is None:
        if not run.first_config:
            return Row(names[run.folder], "its config cannot be read", False)
        return Row(f"{_RANDOM}: {backbone}", "untrained", True)
    path = Path(run.origin)
    other = _writer(path, [other for other in runs if other.is_pretraining])
    if other is None:
        return Row(str(path), backbone, False)
    return Row(f"{names[other.folder]}/{path.name}", f"{_model(other)}, {backbone}", False)


def _tested_training(run: Run, runs: Sequence[Run]) -> Run | None:
    """The fine-tuning whose final weights a run has tested."""
    if run.training or run.origin is None:
        return None
    path = Path(run.origin)
    other = _writer(path, [other for other in runs if other.training and not other.is_pretraining])
    final = other is not None and path.name in [last.name for last in other.checkpoints[-1:]]
    return other if final else None


def _writer(path: Path, runs: Sequence[Run]) -> Run | None:
    """The run that a checkpoint is of; one whose folder was moved if there is just one like it."""
    for run in runs:
        if path.parent.resolve() == run.folder.resolve():
            return run
    moved = [
        r for r in runs if path.parent.name == r.folder.name and (r.folder / path.name).is_file()
    ]
    return moved[0] if len(moved) == 1 else None


def _model(run: Run) -> str:
    return describe(run)["model"]


def _measurement(run: Run) -> Any:
    """What makes two values different ones; of equal keys the newest counts.

    A test of a checkpoint repeats what the validation at the end of its training found.
    """
    if run.training and not run.is_pretraining:
        return run.folder
    config = next((path.stem for path in sorted(run.work_dir.glob("*.py"))), "")
    return (run.config.get("randomness") or {}).get("seed"), _model(run), config


def _task(run: Run, training: Run) -> str:
    """What was measured, apart from the weights: values of one task can be compared.

    Args:
        run: Its data are named.
        training: If it is a fine-tuning, its model and settings are named.
    """
    loader = "test_dataloader" if run.config.get("test_dataloader") else "val_dataloader"
    parts = [data_of(run.config, loader)]
    if training.training and not training.is_pretraining:
        length = training.config.get("train_cfg") or {}
        parts.insert(0, _model(training))
        parts += [
            f"{length[f'max_{unit}']} {unit}"
            for unit in ("epochs", "iters")
            if length.get(f"max_{unit}")
        ]
        optimizer = (training.config.get("optim_wrapper") or {}).get("optimizer") or {}
        parts += [f"lr {optimizer['lr']:g}"] if "lr" in optimizer else []
    return ", ".join(part for part in parts if part)


def _cells(column: Sequence[Mapping[Any, float] | None]) -> list[dict[str, Any]]:
    """Texts of one column, with the best value marked; higher is better."""
    finite = [[v for v in (values or {}).values() if math.isfinite(v)] for values in column]
    means = [statistics.fmean(values) if values else None for values in finite]
    known = [mean for mean in means if mean is not None]
    # Percentages need fewer decimals than fractions, such as mmdet's.
    digits = 2 if any(abs(mean) > 1.5 for mean in known) else 3
    cells = []
    for values, good, mean in zip(column, finite, means, strict=True):
        text = "" if values is None else "NaN"
        if mean is not None:
            text = f"{mean:.{digits}f}"
            if len(good) > 1:
                text += f" ± {statistics.stdev(good):.{digits}f} (n={len(good)})"
            if values and len(good) < len(values):
                text += f", {len(values) - len(good)} NaN"
        best = mean is not None and len(known) > 1 and mean == max(known)
        cells.append(dict(text=text, sort=mean, best=best))
    return cells


def _details(run: Run, name: str) -> dict[str, Any]:
    problems = list(run.problems)
    images = []
    if len(run.images) > _MAX_IMAGES:
        problems.append(f"Of {len(run.images)} images the first {_MAX_IMAGES} are shown.")
    for path in run.images[:_MAX_IMAGES]:
        try:
            images.append(dict(name=path.name, uri=_embed_file(path)))
        except (OSError, ValueError, Image.DecompressionBombError) as error:
            problems.append(f"The image {path.name} cannot be read: {error}.")
    kind = "pre-training" if run.is_pretraining else "training" if run.training else "evaluation"
    drawn = any(numbers(record) for record in run.training)
    return dict(
        name=name,
        kind=kind,
        facts=describe(run),
        metrics={metric: f"{value:.5g}" for metric, value in run.metrics.items()},
        checkpoints=[f"{p.name} ({p.stat().st_size / 2**20:.1f} MiB)" for p in run.checkpoints],
        curves=_embed_figure(draw_curves(run.records)) if drawn else "",
        images=images,
        problems=problems,
        config=run.config_text,
    )


def _overlay(runs: Mapping[str, Run]) -> str:
    drawn = {name: run.records for name, run in runs.items() if any(map(numbers, run.records))}
    return _embed_figure(draw_runs(drawn)) if len(drawn) > 1 else ""


def _common_folder(runs: Sequence[Run]) -> Path:
    parents = [run.work_dir.resolve().parent for run in runs]
    return Path(os.path.commonpath(parents))


def _embed_figure(figure: Figure) -> str:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110)
    return _data_uri(buffer.getvalue(), "png")


def _embed_file(path: Path) -> str:
    with Image.open(path) as image:
        image.load()
        kind = (image.format or "").lower()
        if max(image.size) <= _MAX_SIDE and kind in ("png", "jpeg"):
            return _data_uri(path.read_bytes(), kind)
        image.thumbnail((_MAX_SIDE, _MAX_SIDE))
        buffer = io.BytesIO()
        image.convert("RGB").save(buffer, "jpeg", quality=90)
    return _data_uri(buffer.getvalue(), "jpeg")


def _data_uri(data: bytes, kind: str) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"
