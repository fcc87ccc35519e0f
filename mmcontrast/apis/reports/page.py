"""One page that compares runs: a self-contained HTML file."""

import base64
import io
import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import jinja2
from matplotlib.figure import Figure
from PIL import Image

from mmcontrast.apis.reports.runs import Run, find_runs, numbers
from mmcontrast.apis.reports.settings import (
    describe_backbone,
    describe_data,
    describe_model,
    section,
)
from mmcontrast.apis.reports.table import make_table
from mmcontrast.utils.atomic import write_atomically
from mmcontrast.visualization.curves import draw_curves, draw_runs

_MAX_SIDE = 1600
_MAX_IMAGES = 24


def write_report(folders: Iterable[str | Path], out: str | Path, title: str = "") -> int:
    """Collect runs into one HTML file that needs nothing else.

    Runs of any kind may be given: pre-training, evaluations of ``tools/test.py``, fine-tuning in
    mmdet and mmseg. What was measured of one checkpoint stands in one row of the first table.

    Args:
        folders: Work dirs, or folders of such.
        out: File to write; an old one is replaced when the new one is whole.
        title: The heading of the page; by default it names the folder.

    Returns:
        The number of runs.

    Raises:
        UserError: A folder does not exist, there is no run in any, or the file cannot be written.
    """
    runs, empty = find_runs(folders)
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
        empty_folders=[str(folder) for folder in empty],
        columns=columns,
        rows=rows,
        pretraining=_overlay({names[run.folder]: run for run in runs if run.is_pretraining}),
        runs=[_details(run, names[run.folder]) for run in runs],
    )
    write_atomically(page.encode(), out)
    return len(runs)


def describe(run: Run) -> dict[str, str]:
    """Return what a reader wants to know of a run: method, backbone, data, length, seed, versions.

    Facts that are not known are left out.
    """
    loader = "train_dataloader" if run.training else "test_dataloader"
    facts = {
        "command": run.command,
        "model": describe_model(run.config),
        "backbone": describe_backbone(run.config),
        "starts from": run.origin or ("random weights" if run.first_config else "unknown"),
        "data": describe_data(run.config, loader),
        "seed": str(section(run.config, "randomness").get("seed", "")),
        "batch": str(section(run.config, loader).get("batch_size", "")),
        "length": _length(run),
        "started": f"{run.started:%Y-%m-%d %H:%M}" if run.started else "",
        "took": str(run.ended - run.started) if run.started and run.ended else "",
        "versions": ", ".join(f"{k} {v}" for k, v in run.environment.items() if k != "seed"),
    }
    return {name: value for name, value in facts.items() if value}


def _length(run: Run) -> str:
    """Return how long a run trains and how far it has logged; empty for an evaluation."""
    text, settings = "", section(run.config, "train_cfg")
    for key, unit in (("max_epochs", "epochs"), ("max_iters", "iterations")):
        if run.training and settings.get(key):
            text = f"{settings[key]} {unit}, {run.training[-1]['step']} steps logged"
    return text


def _details(run: Run, name: str) -> dict[str, Any]:
    """Return what the page shows of one run."""
    images, problems = _embed_images(run.images)
    drawn = any(numbers(record) for record in run.training)
    return dict(
        name=name,
        kind=_kind(run),
        facts=describe(run),
        metrics={metric: f"{value:.5g}" for metric, value in run.metrics.items()},
        checkpoints=[f"{p.name} ({p.stat().st_size / 2**20:.1f} MiB)" for p in run.checkpoints],
        curves=_embed_figure(draw_curves(run.records)) if drawn else "",
        images=images,
        problems=run.problems + problems,
        config=run.config_text,
    )


def _kind(run: Run) -> str:
    if run.is_pretraining:
        return "pre-training"
    return "training" if run.training else "evaluation"


def _embed_images(paths: Sequence[Path]) -> tuple[list[dict[str, str]], list[str]]:
    """Return the images by ``name`` and ``uri``, and a sentence for each that is not shown."""
    images, problems = [], []
    if len(paths) > _MAX_IMAGES:
        problems.append(f"Of {len(paths)} images the first {_MAX_IMAGES} are shown.")
    for path in paths[:_MAX_IMAGES]:
        try:
            images.append(dict(name=path.name, uri=_embed_file(path)))
        except (OSError, ValueError, Image.DecompressionBombError) as error:
            problems.append(f"The image {path.name} cannot be read: {error}.")
    return images, problems


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
