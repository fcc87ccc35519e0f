"""One training many times: every point of a config's grid, with every seed.

A *grid point* is one combination of the grid's values; a *sweep run* trains it with one seed.
"""

import itertools
import json
import re
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

from mmengine.config import Config

from mmcontrast.apis.reports.runs import is_training, numbers
from mmcontrast.apis.training.config import default_work_dir, load_config
from mmcontrast.apis.training.sweep_result import GridPoint, Metrics, PointResult, Sweep, as_json
from mmcontrast.utils.atomic import write_atomically
from mmcontrast.utils.errors import Diverged, TrainingStopped, UserError
from mmcontrast.utils.folder_lock import FILE_NAME, FolderLock
from mmcontrast.visualization.curves import read_log


class _SweepRun(NamedTuple):
    """One training of a sweep.

    Attributes:
        folder: Its work dir.
        point: The number of its grid point, from 0.
        seed: Its seed.
        settings: What, with the seed, determines its result: config, options and arguments.
    """

    folder: Path
    point: int
    seed: int
    settings: dict[str, Any]

    def read(self) -> dict[str, Any]:
        """Return the record that :meth:`write` wrote; an empty one if the run was not started.

        Raises:
            UserError: It was started with other settings.
        """
        if not self._file.is_file():
            return {}
        record = json.loads(self._file.read_text(encoding="utf-8"))
        old, new = record["settings"], json.loads(json.dumps(self.settings))
        if old != new:
            changed = [name for name in new if old.get(name) != new[name]]
            raise UserError(
                f"{self.folder} holds a run of other settings:\n"
                f"  then { ({name: old.get(name) for name in changed}) }\n"
                f"  now  { ({name: new[name] for name in changed}) }\n"
                "Choose another --work-dir, or remove that folder."
            )
        return record

    def is_unfinished(self) -> bool:
        """Return whether it was not started or has not come to an end.

        Raises:
            UserError: It was started with other settings.
        """
        return self.read().get("state") in (None, "started")

    def write(self, state: str, metrics: Metrics | None = None) -> None:
        """Record the state: ``'started'``, ``'diverged'`` or ``'finished'``."""
        record = dict(settings=self.settings, state=state, metrics=as_json(metrics or {}))
        write_atomically(json.dumps(record, indent=1).encode(), self._file)

    @property
    def _file(self) -> Path:
        return self.folder / "run.json"


def grid_points(grid: Mapping[str, Sequence[Any]]) -> list[GridPoint]:
    """Combine the values of a grid, the last key's changing fastest.

    Args:
        grid: The values to try for each config key.

    Raises:
        UserError: The grid is empty, or two points are equal.
    """
    if not grid or not all(grid.values()):
        raise UserError("The grid is empty: it needs config keys, each with values to try.")
    points = []
    for values in itertools.product(*grid.values()):
        settings = dict(zip(grid, values, strict=True))
        short = (f"{key.rsplit('.', 1)[-1]}-{value}" for key, value in settings.items())
        # Names of folders: what a shell or a config's option would split at is left out.
        name = "_".join(re.sub(r"[^\w.+-]+", "-", part) for part in short)
        points.append(GridPoint(name, settings))
    if len({point.name for point in points}) < len(points):
        raise UserError(f"A grid's values must differ, got {dict(grid)}.")
    return points


def run_sweep(
    config: str,
    train_command: Sequence[str] = ("-m", "mmcontrast", "train"),
    *,
    seeds: Sequence[int] = (0,),
    points: Sequence[int] | None = None,
    work_dir: str | None = None,
    processes: int = 1,
    cfg_options: Sequence[str] = (),
    arguments: Sequence[str] = (),
) -> Sweep:
    """Train each point of a config's ``grid`` with each seed, or continue an earlier sweep.

    Each run is a process of its own in ``<work_dir>/<point>/seed_<seed>``, or in
    ``<work_dir>/seed_<seed>`` if the config has no grid. A finished one is not run again, an
    interrupted one is resumed, and one that diverges is recorded and does not stop the others.
    ``<work_dir>/sweep.json`` holds what is returned.

    Args:
        config: Path of the config file; its training must end with a validation. It may have a
            ``grid``, config keys with the values to try, and then a ``grid_metric``, the validation
            metric by which the points are compared, higher being better.
        train_command: Arguments of Python that start a training; the config's path follows.
        seeds: Each point is trained once with each.
        points: Numbers of the grid points to train, from 0; all by default.
        work_dir: Folder of the sweep; by default ``sweep`` in the work dir of the training.
        processes: Number of processes of each run; more than one are started as by
            ``tools/dist_train.sh``.
        cfg_options: ``key=value`` options for all runs.
        arguments: Further arguments of ``mmcontrast train``.

    Returns:
        The metrics of the last validation of all points that were trained with these seeds, by this
        call or before.

    Raises:
        UserError: Seeds, points or arguments make no sense, the config has no validation or not the
            metric, or a folder holds a run of other settings.
        TrainingStopped: A run failed; the ones that finished are kept.
        FolderInUse: Another process trains one of the runs.
        SystemExit: Ctrl-C or SIGTERM came; the run in progress has saved a checkpoint.
    """
    cfg = load_config(config, cfg_options)
    _check(config, cfg, seeds, points, arguments)
    grid = grid_points(cfg.grid) if "grid" in cfg else [GridPoint("", {})]
    chosen = range(len(grid)) if points is None else points
    if not set(chosen) <= set(range(len(grid))):
        raise UserError(
            f"The grid points of {config} are 0 to {len(grid) - 1}, got {list(chosen)}."
        )
    folder = Path(work_dir or Path(cfg.get("work_dir") or default_work_dir(config), "sweep"))
    common = dict(config=config, processes=processes, arguments=list(arguments))
    runs = [
        _SweepRun(
            folder / point.name / f"seed_{seed}",
            number,
            seed,
            dict(common, cfg_options=[*cfg_options, *point.options]),
        )
        for (number, point), seed in itertools.product(enumerate(grid), seeds)
    ]
    metric = cfg.get("grid_metric")
    unfinished = [run for run in runs if run.is_unfinished() and run.point in chosen]
    _train_all(unfinished, train_command, metric)
    sweep = Sweep(config, list(seeds), [PointResult(point) for point in grid], metric)
    for run in runs:
        sweep.results[run.point].add(run.seed, run.read())
    sweep.write(folder / "sweep.json")
    return sweep


def _check(
    config: str,
    cfg: Config,
    seeds: Sequence[int],
    points: Sequence[int] | None,
    arguments: Sequence[str],
) -> None:
    if not seeds or len(set(seeds)) < len(seeds):
        raise UserError(f"A sweep needs different seeds, at least one, got {list(seeds)}.")
    if not cfg.get("val_cfg"):
        raise UserError(f"{config} has no validation (val_cfg), so there would be no metrics.")
    if ("grid" in cfg) != ("grid_metric" in cfg) or (points is not None and "grid" not in cfg):
        raise UserError(
            f"{config} lacks what grid points need: a grid, and the grid_metric to compare them by."
        )
    for name, remedy in (
        ("--resume", "each run resumes by itself"),
        ("--launcher", "several processes are asked for with --processes"),
    ):
        if any(argument.split("=")[0] == name for argument in arguments):
            raise UserError(f"{name} is not for sweeps: {remedy}.")


def _train_all(runs: Sequence[_SweepRun], train_command: Sequence[str], metric: str | None) -> None:
    for count, run in enumerate(runs, start=1):
        print(f"==> run {count} of {len(runs)}: {run.folder}", flush=True)
        if run.is_unfinished():  # still: another sweep may have trained it by now
            _train(run, train_command, metric)


def _train(run: _SweepRun, train_command: Sequence[str], metric: str | None) -> None:
    """Train to the end and record the metrics."""
    processes, options = run.settings["processes"], run.settings["cfg_options"]
    launcher = ["-m", "mmcontrast.apis.training.launch", str(processes)] if processes > 1 else []
    command = [sys.executable, *launcher, *train_command, run.settings["config"]]
    command += [*run.settings["arguments"], "--work-dir", str(run.folder)]
    command += ["--seed", str(run.seed), "--resume", "auto"]
    command += ["--cfg-options", *options] if options else []
    _refuse_training(run.folder)
    run.write("started")
    code = _call(command)
    if code == Diverged.exit_code:
        run.write("diverged")
        return
    if code:
        raise TrainingStopped(
            f"The run in {run.folder} ended with exit code {code} (see above). The same command "
            "continues it."
        )
    metrics = _final_metrics(run.folder)
    if metric is not None and metric not in metrics:
        raise UserError(f"grid_metric={metric!r} is none of {', '.join(metrics)}.")
    run.write("finished", metrics)


def _refuse_training(folder: Path) -> None:
    """Refuse a run that another process trains; of a killed one, the lock is removed.

    Raises:
        FolderInUse: Another process trains it.
    """
    if Path(folder, FILE_NAME).exists():
        lock = FolderLock(folder)
        lock.acquire()
        lock.release()


def _call(command: Sequence[str]) -> int:
    """Run a command and return its exit code.

    Raises:
        SystemExit: Ctrl-C or SIGTERM came; the command has ended by it, in its own time.
    """
    received: list[int] = []
    with subprocess.Popen(command) as process:

        def receive(number: int, frame: FrameType | None) -> None:
            received.append(number)
            # A terminal sends Ctrl-C to both.
            if number == signal.SIGTERM:
                process.send_signal(number)

        previous = {n: signal.signal(n, receive) for n in (signal.SIGINT, signal.SIGTERM)}
        try:
            code = process.wait()
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)
    if received:
        print("Stopped. The same command continues where it was.", file=sys.stderr)
        raise SystemExit(128 + received[0])
    return code


def _final_metrics(folder: Path) -> Metrics:
    """Return the metrics of the last validation in a run's log.

    It is that of the final weights: a run that was stopped between its last step and the validation
    makes up for it when it is resumed (:class:`~mmcontrast.engine.hooks.ResumedValidationHook`).
    """
    for record in reversed(read_log(folder)):
        metrics = numbers(record)
        if metrics and not is_training(record):
            return metrics
    raise TrainingStopped(
        f"The training in {folder} has logged no validation: set train_cfg.val_interval so that it "
        "ends with one."
    )
