"""The same training with several seeds: mean and standard deviation of its metrics."""

import json
import statistics
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from mmcontrast.utils.atomic import write_atomically
from mmcontrast.utils.errors import TrainingStopped, UserError
from mmcontrast.visualization.curves import read_log

from .config import default_work_dir, load_config

_NOT_METRICS = {"step", "epoch", "iter", "time", "data_time", "memory", "lr", "base_lr"}

Metrics = dict[str, float]


def run_trials(
    config: str,
    seeds: Sequence[int],
    train_tool: str | Path,
    *,
    work_dir: str | None = None,
    processes: int = 1,
    arguments: Iterable[str] = (),
) -> dict[int, Metrics]:
    """Train a config once with each seed, and write a table of the final metrics.

    Each trial is a process of its own in ``<work_dir>/seed_<seed>``. A finished one is not run
    again, an interrupted one goes on where it was. ``<work_dir>/trials.json`` holds the metrics of
    all trials, their mean and their standard deviation.

    Args:
        config: Path of the config file; its training must end with a validation.
        seeds: One trial each.
        train_tool: Path of ``tools/train.py``.
        work_dir: ``work_dirs/<folder>/<name>/trials`` by default.
        processes: Of each trial; more than one are started as by ``tools/dist_train.sh``.
        arguments: Further arguments of ``tools/train.py``, ``--cfg-options`` last.

    Returns:
        The metrics of each seed.

    Raises:
        UserError: There are no seeds, or one comes twice, or the config has no validation.
        TrainingStopped: A trial failed; those that finished are kept.
    """
    if not seeds or len(set(seeds)) < len(seeds):
        raise UserError(f"Trials need different seeds, at least one, got {list(seeds)}.")
    if not load_config(config).get("val_cfg"):
        raise UserError(f"{config} has no validation (val_cfg), so trials would have no metrics.")
    folder = Path(work_dir or Path(default_work_dir(config), "trials"))
    results = {}
    for number, seed in enumerate(seeds, start=1):
        trial = folder / f"seed_{seed}"
        settings: dict[str, Any] = dict(
            config=config, arguments=list(arguments), processes=processes
        )
        metrics = _finished(trial, settings)
        if metrics is None:
            print(f"==> trial {number} of {len(seeds)}: seed {seed}, {trial}", flush=True)
            _train(config, train_tool, trial, seed, processes, settings["arguments"])
            metrics = _final_metrics(trial)
            record = json.dumps(dict(settings, metrics=metrics), indent=1)
            write_atomically(record.encode(), trial / "trial.json")
        results[seed] = metrics
    summary = dict(trials=results, **summarise(results.values()))
    write_atomically(json.dumps(summary, indent=1).encode(), folder / "trials.json")
    return results


def summarise(trials: Iterable[Metrics]) -> dict[str, Metrics]:
    """Compute ``mean`` and ``std`` of each metric that all trials have.

    The standard deviation is that of a sample (n - 1 in the denominator); 0 for a single trial.
    """
    trials = list(trials)
    shared = [name for name in trials[0] if all(name in metrics for metrics in trials)]
    columns = {name: [metrics[name] for metrics in trials] for name in shared}
    return dict(
        mean={name: statistics.fmean(values) for name, values in columns.items()},
        std={
            name: statistics.stdev(values) if len(values) > 1 else 0.0
            for name, values in columns.items()
        },
    )


def format_table(results: dict[int, Metrics]) -> str:
    """Return a Markdown table with a row for each seed and one for mean and deviation."""
    summary = summarise(results.values())
    names = list(summary["mean"])
    rows = [["seed", *names], ["---"] * (len(names) + 1)]
    rows += [[str(s), *(f"{metrics[n]:.4g}" for n in names)] for s, metrics in results.items()]
    rows += [
        ["mean ± std", *(f"{summary['mean'][n]:.4g} ± {summary['std'][n]:.2g}" for n in names)]
    ]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def _train(
    config: str,
    train_tool: str | Path,
    trial: Path,
    seed: int,
    processes: int,
    arguments: Iterable[str],
) -> None:
    launcher = ["-m", "mmcontrast.apis.launch", str(processes)] if processes > 1 else []
    command = [sys.executable, *launcher, str(train_tool), config]
    command += ["--work-dir", str(trial), "--seed", str(seed), "--resume", "auto", *arguments]
    code = subprocess.run(command).returncode
    if code:
        raise TrainingStopped(
            f"The trial in {trial} ended with exit code {code} (see above). The same command goes "
            "on with it."
        )


def _finished(trial: Path, settings: dict[str, Any]) -> Metrics | None:
    """Return the metrics of a trial that was run to its end."""
    record = trial / "trial.json"
    if not record.is_file():
        return None
    content = json.loads(record.read_text())
    then = {name: content[name] for name in settings}
    if then != settings:
        raise UserError(
            f"{trial} holds a trial of other settings:\n  then {then}\n  now  {settings}\n"
            "Choose another --work-dir, or remove that folder."
        )
    return content["metrics"]


def _final_metrics(trial: Path) -> Metrics:
    """Return the metrics of the last validation in a run's log."""
    for record in reversed(read_log(trial)):
        metrics = {
            name: float(value)
            for name, value in record.items()
            if name not in _NOT_METRICS and isinstance(value, int | float)
        }
        if metrics and not any("loss" in name for name in metrics):
            return metrics
    raise TrainingStopped(
        f"The training in {trial} has logged no validation: set train_cfg.val_interval so that it "
        "ends with one."
    )
