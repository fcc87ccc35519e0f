"""The results of many runs of one training: means, deviations, the best grid point, a table."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from mmcontrast.apis.training.options import format_value
from mmcontrast.utils.atomic import write_atomically

Metrics = dict[str, float]


class GridPoint(NamedTuple):
    """Settings to train with: their folder's name, and values by config key."""

    name: str
    settings: dict[str, Any]

    @property
    def options(self) -> list[str]:
        """Settings as ``key=value`` options."""
        return [f"{key}={format_value(value)}" for key, value in self.settings.items()]


@dataclass
class PointResult:
    """The results of one grid point.

    Attributes:
        point: Its settings.
        runs: Metrics of the finished runs, by seed.
        diverged: Seeds of the runs that diverged.
    """

    point: GridPoint
    runs: dict[int, Metrics] = field(default_factory=dict)
    diverged: list[int] = field(default_factory=list)

    def add(self, seed: int, record: Mapping[str, Any]) -> None:
        """Add what a run has recorded; nothing if it has not come to an end."""
        if record.get("state") == "diverged":
            self.diverged.append(seed)
        elif record.get("state") == "finished":
            values = record["metrics"].items()
            self.runs[seed] = {n: math.nan if value is None else value for n, value in values}

    @property
    def mean(self) -> Metrics:
        """Mean of each metric that all finished runs have."""
        return {name: float(np.mean(values)) for name, values in self._columns().items()}

    @property
    def std(self) -> Metrics:
        """Standard deviation of a sample (n - 1 in the denominator); 0 for a single run."""
        return {
            name: float(np.std(values, ddof=1)) if len(values) > 1 else 0.0
            for name, values in self._columns().items()
        }

    def _columns(self) -> dict[str, list[float]]:
        runs = list(self.runs.values())
        shared = [name for name in runs[0] if all(name in run for run in runs)] if runs else []
        return {name: [run[name] for run in runs] for name in shared}


@dataclass
class Sweep:
    """All runs of a config.

    Attributes:
        config: Path of the config file.
        seeds: The seeds that each grid point is to be trained with.
        results: The results of each point; one without settings where the config has no grid.
        metric: The metric by which points are compared; None without a grid.
    """

    config: str
    seeds: list[int]
    results: list[PointResult]
    metric: str | None

    def ranked(self) -> list[PointResult]:
        """Return the grid points that can be compared, the best first.

        These are the ones where every seed has a finite value.
        """
        if self.metric is None:
            return []
        complete = [
            (result.mean[self.metric], result)
            for result in self.results
            if len(result.runs) == len(self.seeds)
            and math.isfinite(result.mean.get(self.metric, math.nan))
        ]
        return [result for _, result in sorted(complete, key=lambda pair: pair[0], reverse=True)]

    def table(self) -> str:
        """Return a Markdown table: one row for each point or, without a grid, each seed."""
        names = list(dict.fromkeys(name for result in self.results for name in result.mean))
        if self.metric is None:
            return _markdown(self._seed_rows(self.results[0], names))
        rows = [["point", "settings", "runs", *names]]
        for number, result in enumerate(self.results):
            count = f"{len(result.runs)} of {len(self.seeds)}"
            count += f", {len(result.diverged)} diverged" if result.diverged else ""
            rows.append([str(number), result.point.name, count, *_summary(result, names)])
        text, ranked = _markdown(rows), self.ranked()
        if ranked:
            text += (
                f"\nBest of {len(ranked)} by {self.metric}: {ranked[0].point.name} with "
                f"{_summary(ranked[0], [self.metric])[0]}, chosen on the same validation images "
                "that it is measured on, so slightly optimistic."
            )
        return text

    def write(self, path: Path) -> None:
        """Write all of it as JSON, with null for NaN."""
        ranked = self.ranked()
        content = dict(
            config=self.config,
            seeds=self.seeds,
            metric=self.metric,
            best=ranked[0].point.name if ranked else None,
            points=[
                dict(
                    name=result.point.name,
                    settings=result.point.settings,
                    runs={seed: as_json(run) for seed, run in result.runs.items()},
                    diverged=result.diverged,
                    mean=as_json(result.mean),
                    std=as_json(result.std),
                )
                for result in self.results
            ],
        )
        write_atomically(json.dumps(content, indent=1).encode(), path)

    def _seed_rows(self, result: PointResult, names: Sequence[str]) -> list[list[str]]:
        rows = [["seed", *names]]
        for seed in self.seeds:
            label = f"{seed} (diverged)" if seed in result.diverged else str(seed)
            run = result.runs.get(seed, {})
            rows.append([label, *(f"{run[name]:.4g}" if name in run else "" for name in names)])
        if len(result.runs) > 1:
            rows.append(["mean ± std", *_summary(result, names)])
        return rows


def as_json(metrics: Metrics) -> dict[str, float | None]:
    """Replace NaN and infinity, which JSON lacks, by None."""
    return {name: value if math.isfinite(value) else None for name, value in metrics.items()}


def _summary(result: PointResult, names: Sequence[str]) -> list[str]:
    """Mean and deviation of metrics, plain values of a single run."""
    mean, std = result.mean, result.std
    if len(result.runs) == 1:
        return [f"{mean[name]:.4g}" if name in mean else "" for name in names]
    return [f"{mean[name]:.4g} ± {std[name]:.2g}" if name in mean else "" for name in names]


def _markdown(rows: list[list[str]]) -> str:
    rows.insert(1, ["---"] * len(rows[0]))
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)
