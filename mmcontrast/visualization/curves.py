"""The curves of a training run."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mmcontrast.visualization.palette import style

# Figures about the machine, and the axis itself.
_NOT_DRAWN = {"step", "epoch", "iter", "time", "data_time", "memory", "base_lr"}
# What is good to know when looking at a figure.
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
    """Read the JSON logs of a work dir, those of interrupted and resumed runs joined.

    Args:
        work_dir: Of the run; each start has its own ``<time>/vis_data/scalars.json`` in it.

    Returns:
        Records with a ``step`` (iterations), in order. Where a later start repeated iterations,
        its records replace the earlier ones.
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
    """Draw losses, learning rate, each health figure and each metric over the iterations.

    Args:
        records: As from :func:`read_log`.
        title: Of the whole figure.

    Returns:
        A figure; ``figure.savefig(path)`` writes it.

    Raises:
        ValueError: There is nothing to draw.
    """
    series = _series(records)
    if not series:
        raise ValueError("There are no logged figures to draw; was the run too short to log any?")
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
    """Draw the figures of several runs over each other, a panel for each figure.

    Args:
        runs: Records by the name that the legend shows, as from :func:`read_log`.
        title: Of the whole figure.

    Raises:
        ValueError: There is nothing to draw.
    """
    series = {name: _series(records) for name, records in runs.items()}
    figures = list(dict.fromkeys(key for one in series.values() for key in one))
    if not figures:
        raise ValueError("There are no logged figures to draw; were the runs too short?")
    figure, axes = _panels(len(figures), title)
    for axis, key in zip(axes, figures, strict=True):
        for number, (name, one) in enumerate(series.items()):
            if key in one:
                color, marker = style(number)
                dashes = ("-", "--", ":")[number % 3]
                _plot(axis, one[key], name, color=color, linestyle=dashes, marker=marker)
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
    # Markers of many points would hide the line, and a single point is nothing without.
    shown = marker if len(steps) < 30 else None
    axis.plot(steps, values, label=label, linewidth=1.4, marker=shown, markersize=4, **look)


def _series(records: Iterable[dict[str, Any]]) -> dict[str, list[tuple[int, float]]]:
    """Collect (step, value) of each figure: losses first, then the learning rate, then the rest."""
    series: dict[str, list[tuple[int, float]]] = {}
    for record in records:
        for name, value in record.items():
            if name not in _NOT_DRAWN and isinstance(value, int | float):
                series.setdefault(name, []).append((record["step"], value))
    order = sorted(series, key=lambda name: (name != "loss", "loss" not in name, name != "lr"))
    return {name: series[name] for name in order}
