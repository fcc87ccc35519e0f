"""Read the runs on a disk: configs, logs, metrics, checkpoints and images.

Nothing is executed or unpickled: configs are read as data, and checkpoints are listed by name.
"""

import itertools
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from mmcontrast.apis.reports.settings import initial_weights, types_in
from mmcontrast.utils.errors import UserError
from mmcontrast.visualization.curves import read_log
from mmcontrast.weights import read_stored_config

_IMAGES = (".png", ".jpg", ".jpeg")
# In the records of an evaluation, beside its metrics.
_NOT_METRICS = {"step", "epoch", "iter", "time", "data_time", "memory", "lr", "base_lr"}
_ENVIRONMENT = ("Python", "PyTorch", "TorchVision", "MMEngine", "GPU 0", "seed")
_LOG_HEAD = 20_000
# The script tools/test.py, the command mmcontrast and python -m mmcontrast.
_TEST = r"(test\.py|mmcontrast(/__main__\.py)?'? test)"


@dataclass
class Run:
    """A training, all its starts in one work dir together; or one start of an evaluation.

    Attributes:
        folder: The work dir; of an evaluation that shares it with other runs, its own folder in it.
        work_dir: The work dir.
        starts: The folders ``<time>`` of its starts, in order.
        config: The newest start's merged config, as data; empty if it cannot be read.
        config_text: The same config as text.
        first_config: The config of the start that it began with, before it was resumed.
        records: Logged metrics of training and of evaluations during it, in order.
        tested: Metrics of the newest start's last evaluation; empty if there was none.
        environment: Versions and seed, by MMEngine's names.
        command: The newest start's command line; empty in the logs of other projects' tools.
        started, ended: Times of the first and the last line of the logs.
        problems: What could not be read, for the reader of a report.
    """

    folder: Path
    work_dir: Path
    starts: list[Path]
    config: dict[str, Any] = field(default_factory=dict)
    config_text: str = ""
    first_config: dict[str, Any] = field(default_factory=dict)
    records: list[dict[str, Any]] = field(default_factory=list)
    tested: dict[str, float] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    command: str = ""
    started: datetime | None = None
    ended: datetime | None = None
    problems: list[str] = field(default_factory=list)

    @cached_property
    def training(self) -> list[dict[str, Any]]:
        """Records of training steps."""
        return [record for record in self.records if is_training(record)]

    @cached_property
    def metrics(self) -> dict[str, float]:
        """Each metric's last value: of the newest test, else of the last validation."""
        validated: dict[str, float] = {}
        for record in self.records:
            for name, value in numbers(record).items():
                # Some hooks log their metric together with the losses.
                if "loss" not in name and (not is_training(record) or "/" in name):
                    validated[name] = value
        # COCO's code gives -1 where there is no object of a size to be found.
        return {
            name: value
            for name, value in {**validated, **self.tested}.items()
            if not ("mAP" in name and value == -1)
        }

    @cached_property
    def checkpoints(self) -> list[Path]:
        """Checkpoint files, the last one of the training at the end."""
        files = sorted(self.folder.glob("*.pth"), key=lambda p: (p.stat().st_mtime_ns, p.name))
        pointer = self.folder / "last_checkpoint"
        name = Path(pointer.read_text(errors="replace").strip()).name if pointer.is_file() else ""
        return sorted(files, key=lambda path: path.name == name)

    @cached_property
    def images(self) -> list[Path]:
        """Images that the run or its user put there; ``curves.png`` is drawn again by a report."""
        drawn = (start.glob("vis_data/vis_image/*") for start in self.starts)
        inside = [*self.folder.glob("*"), *itertools.chain.from_iterable(drawn)]
        return sorted(p for p in inside if p.suffix in _IMAGES and p.name != "curves.png")

    @property
    def is_pretraining(self) -> bool:
        """Whether several views of unlabeled images are what it trains on."""
        return bool(self.training) and "Views" in types_in(self.config.get("train_dataloader"))

    @property
    def origin(self) -> str | None:
        """Path of the checkpoint that it started from; None for random weights.

        When a run is resumed, its own checkpoint takes the place of that one in the config.
        """
        return initial_weights(self.first_config)


def find_runs(folders: Iterable[str | Path]) -> tuple[list[Run], list[Path]]:
    """Read all runs in folders and below them.

    Args:
        folders: Work dirs, or folders of such.

    Returns:
        The runs, each once, sorted within a folder; and the folders without any.

    Raises:
        UserError: A folder does not exist, or there is no run in any.
    """
    runs: dict[Path, list[Run]] = {}
    empty = []
    for folder in map(Path, folders):
        if not folder.is_dir():
            raise UserError(f"There is no folder {folder}.")
        # MMEngine writes WORK_DIR/<time>/vis_data/config.py before anything else.
        work_dirs = {path.parents[2] for path in folder.rglob("vis_data/config.py")}
        if not work_dirs:
            empty.append(folder)
        for work_dir in sorted(work_dirs):
            if work_dir.resolve() not in runs:
                runs[work_dir.resolve()] = read_runs(work_dir)
    if not runs:
        raise UserError(
            f"There is no run in {', '.join(map(str, empty))}: each has a <time>/vis_data "
            "folder, which tools/train.py and tools/test.py write."
        )
    return list(itertools.chain.from_iterable(runs.values())), empty


def read_runs(work_dir: Path) -> list[Run]:
    """Read one work dir: its training, if there is one, and then each start of an evaluation.

    ``tools/test.py`` puts the evaluations of any checkpoints into one work dir. What is damaged is
    named in ``problems`` and left out.
    """
    configs = sorted(work_dir.glob("*/vis_data/config.py"))
    starts = [_read_start(path.parents[1], work_dir) for path in configs]
    trainings = [start for start in starts if not _is_test(start)]
    tests = [start for start in starts if _is_test(start)]
    runs = ([_join(trainings)] if trainings else []) + tests
    if len(runs) == 1:
        runs[0].folder = work_dir
    for run in runs:
        run.problems += _problems_of_metrics(run)
    return runs


def _problems_of_metrics(run: Run) -> list[str]:
    problems = []
    bad = [record for record in run.records if any(map(math.isnan, numbers(record).values()))]
    if bad:
        problems.append(f"{len(bad)} records hold NaN, the first at step {bad[0]['step']}.")
    if run.config and not (run.records or run.tested):
        problems.append("It has logged no metrics: it was too short, or failed.")
    return problems


def _read_start(folder: Path, work_dir: Path) -> Run:
    """Read what one start has left in its folder ``<time>``."""
    start = Run(folder, work_dir, [folder])
    start.config_text = (folder / "vis_data/config.py").read_text(errors="replace")
    try:
        start.config = start.first_config = read_stored_config(start.config_text)
    except ValueError as error:
        start.problems.append(f"config.py cannot be read: {error}.")
    for path in sorted(folder.glob("*.json")):
        try:
            start.tested = numbers(json.loads(path.read_text().splitlines()[-1]))
        except (ValueError, IndexError, TypeError, AttributeError):
            name = path.relative_to(work_dir)
            start.problems.append(f"{name} is cut off or damaged: left out.")
    _read_logs(start)
    return start


def _read_logs(start: Run) -> None:
    """Fill in the versions, the command and the times of the text logs."""
    times = []
    for path in sorted(start.starts[0].glob("*.log")):
        text = path.read_text(errors="replace")
        for name in _ENVIRONMENT:
            match = re.search(rf"^\s+{name}: (.+)$", text[:_LOG_HEAD], re.MULTILINE)
            if match:
                start.environment[name] = match[1].split(" (")[0]
        for command in re.findall(r" - Command: (.+)$", text, re.MULTILINE):
            start.command = command
        times += re.findall(r"^(\d{4}/\d\d/\d\d \d\d:\d\d:\d\d) - ", text, re.MULTILINE)
    if times:
        start.started, start.ended = (
            datetime.strptime(time, "%Y/%m/%d %H:%M:%S") for time in (times[0], times[-1])
        )


def _is_test(start: Run) -> bool:
    """Whether a start was an evaluation, not part of a training, by what it has left."""
    (folder,) = start.starts
    if (folder / "vis_data/scalars.json").is_file():
        return False
    return (
        any(folder.glob("*.json"))
        or (bool(start.config) and not start.config.get("train_cfg"))
        or re.match(rf"('[^']*|\S*)\b{_TEST}\b", start.command) is not None
    )


def _join(starts: Sequence[Run]) -> Run:
    """Make one run of the starts of a training: it was resumed, or started again."""
    logged = [run for run in starts if (run.starts[0] / "vis_data/scalars.json").is_file()]
    newest = (logged or starts)[-1]
    return Run(
        folder=newest.work_dir,
        work_dir=newest.work_dir,
        starts=[run.starts[0] for run in starts],
        config=newest.config,
        config_text=newest.config_text,
        first_config=_first_config(starts[: starts.index(newest) + 1]),
        records=read_log(newest.work_dir),
        tested=newest.tested,
        environment=newest.environment,
        command=newest.command,
        started=min((run.started for run in starts if run.started), default=None),
        ended=max((run.ended for run in starts if run.ended), default=None),
        problems=[problem for run in starts for problem in run.problems],
    )


def _first_config(starts: Sequence[Run]) -> dict[str, Any]:
    """Return the config of the last start that resumed nothing, else that of the first start."""
    begun = [run for run in starts if run.config and not run.config.get("resume")]
    return (begun[-1] if begun else starts[0]).first_config


def numbers(record: Mapping[str, Any]) -> dict[str, float]:
    """Return the metrics of a record: numbers that are neither axes nor about the machine."""
    return {
        name: float(value)
        for name, value in record.items()
        if name not in _NOT_METRICS and isinstance(value, int | float)
    }


def is_training(record: Mapping[str, Any]) -> bool:
    """Whether a record is of training steps, not of a validation."""
    return "lr" in record or any("loss" in name for name in record)
