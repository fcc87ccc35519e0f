"""Curves of the metrics of training runs."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mmcontrast.visualization.palette import style

# Metrics of the machine, and the axis itself.
_NOT_DRAWN = {"step", "epoch", "iter", "time", "data_time", "memory", "base_lr"}
# Titles that explain a metric.
_TITLES = {
    "lr": "learning rate",
    "acc1": "acc1: contrastive accuracy, %",
    "acc5": "acc5: contrastive accuracy, %",
    "pos_sim": "pos_sim: similarity of positives",
    "neg_sim": "neg_sim: similarity of negatives",
    "embedding_std": "embedding_std (1 spread, 0 collapsed)",
    "match_entropy": "match_entropy (0..1)",
    "queue_age": "queue_age: steps",
}
_COLUMNS = 3


def read_log(work_dir: str | Path) -> list[dict[str, Any]]:
    """Read the JSON logs of a work dir, and join those of interrupted and resumed runs.

    Args:
        work_dir: Work dir of the run, which has one ``<time>/vis_data/scalars.json`` per start.

    Returns:
        Records with a ``step`` (iterations), in ascending order. If a later start repeated
        iterations, its records replace the earlier ones.
    """
    records: list[dict[str, Any]] = []
    for path in sorted(Path(work_dir).glob("*/vis_data/scalars.json")):
        lines = path.read_text(errors="replace").splitlines()
        new = [record for record in map(_parse, lines) if "step" in record]
        if new:
            records = [record for record in records if record["step"] < new[0]["step"]] + new
    return records


def _parse(line: str) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except ValueError:  # cut off by a kill or a full disk
        return {}
    return record if isinstance(record, dict) else {}


def draw_curves(records: Iterable[dict[str, Any]], title: str = "") -> Figure:
    """Draw losses, learning rate and all other logged metrics over the iterations.

    Args:
        records: Records as from :func:`read_log`.
        title: Title of the figure.

    Returns:
        The figure; ``figure.savefig(path)`` writes it.

    Raises:
        ValueError: There are no metrics.
    """
    series = _series(records)
    if not series:
        raise ValueError("There are no logged metrics to draw; was the run too short to log any?")
    losses = [name for name in series if "loss" in name]
    panels = ([losses] if losses else []) + [[name] for name in series if "loss" not in name]
    figure, axes = _panels(len(panels), title)
    for axis, names in zip(axes, panels, strict=True):
        for number, name in enumerate(names):
            _plot(axis, series[name], name, color=style(number)[0])
        axis.set_title("loss" if names is losses else _TITLES.get(names[0], names[0]), fontsize=10)
        if len(names) > 1:
            axis.legend(fontsize=8)
    return figure


def draw_runs(runs: Mapping[str, Iterable[dict[str, Any]]], title: str = "") -> Figure:
    """Draw the metrics of several runs, with one panel per metric.

    Args:
        runs: Records as from :func:`read_log`, by the name of the run in the legend.
        title: Title of the figure.

    Raises:
        ValueError: There are no metrics.
    """
    series = {name: _series(records) for name, records in runs.items()}
    metrics = list(dict.fromkeys(key for run in series.values() for key in run))
    if not metrics:
        raise ValueError("There are no logged metrics to draw; were the runs too short?")
    figure, axes = _panels(len(metrics), title)
    for axis, key in zip(axes, metrics, strict=True):
        for number, (name, run) in enumerate(series.items()):
            if key in run:
                color, marker = style(number)
                dashes = ("-", "--", ":")[number % 3]
                _plot(axis, run[key], name, color=color, linestyle=dashes, marker=marker)
        axis.set_title(_TITLES.get(key, key), fontsize=10)
    handles: dict[str, Any] = {}
    for axis in axes:
        for handle, label in zip(*axis.get_legend_handles_labels(), strict=True):
            handles.setdefault(label, handle)
    figure.legend(handles.values(), handles, loc="outside upper center", ncols=3, fontsize=9)
    return figure


def _panels(count: int, title: str) -> tuple[Figure, list[Axes]]:
    rows, columns = -(-count // _COLUMNS), min(count, _COLUMNS)
    figure = Figure(figsize=(4.6 * columns, 3.1 * rows), layout="constrained")
    axes = list(figure.subplots(rows, columns, squeeze=False).flat)
    for axis in axes[:count]:
        axis.set_xlabel("iteration", fontsize=9)
        axis.grid(alpha=0.3)
        axis.tick_params(labelsize=8)
    for axis in axes[count:]:
        axis.remove()
    if title:
        figure.suptitle(title, fontsize=12)
    return figure, axes[:count]


def _plot(
    axis: Axes, points: list[tuple[int, float]], label: str, marker: str = "o", **look: Any
) -> None:
    steps, values = zip(*points, strict=True)
    # Many markers would hide the line, and a single point is only visible with a marker.
    marker_or_none = marker if len(steps) < 30 else None
    axis.plot(
        steps, values, label=label, linewidth=1.4, marker=marker_or_none, markersize=4, **look
    )


def _series(records: Iterable[dict[str, Any]]) -> dict[str, list[tuple[int, float]]]:
    """Collect (step, value) of each metric: first losses, then the learning rate, then others."""
    series: dict[str, list[tuple[int, float]]] = {}
    for record in records:
        for name, value in record.items():
            if name not in _NOT_DRAWN and isinstance(value, int | float):
                series.setdefault(name, []).append((record["step"], value))
    order = sorted(series, key=lambda name: (name != "loss", "loss" not in name, name != "lr"))
    return {name: series[name] for name in order}
