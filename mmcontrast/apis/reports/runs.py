"""What runs have left on the disk: configs, logs, metrics, checkpoints and images.

Nothing is executed or unpickled: configs are read as data, and checkpoints are listed by name.
"""

import itertools
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from mmcontrast.utils.errors import UserError
from mmcontrast.visualization.curves import read_log
from mmcontrast.weights.stored_config import parse_dumped_config

_IMAGES = (".png", ".jpg", ".jpeg")
# In the records of an evaluation, beside its metrics.
_NOT_METRICS = {"step", "epoch", "iter", "time", "data_time", "memory", "lr", "base_lr"}
_ENVIRONMENT = ("Python", "PyTorch", "TorchVision", "MMEngine", "GPU 0", "seed")
_LOG_HEAD = 20_000


@dataclass
class Run:
    """A training, all its starts in one work dir together; or one start of an evaluation.

    Attributes:
        folder: The work dir; of an evaluation that shares it with other runs, its own folder in it.
        work_dir: The work dir.
        starts: The folders ``<time>`` of its starts, in order.
        config: The newest start's merged config, as data; empty if it cannot be read.
        config_text: The same as text.
        first_config: That of the start that it began with, before it was resumed.
        records: Logged figures of training and of evaluations during it, in order.
        tested: Metrics of the newest start's last evaluation; empty if there was none.
        environment: Versions and seed, by MMEngine's names.
        command: The newest start's command line; empty in the logs of other projects' tools.
        started, ended: First and last line of the logs.
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
        found: dict[str, float] = {}
        for record in self.records:
            for name, value in numbers(record).items():
                # Some hooks log their metric together with the losses.
                if "loss" not in name and (not is_training(record) or "/" in name):
                    found[name] = value
        # COCO's code gives -1 where there is no object of a size to be found.
        return {
            name: value
            for name, value in {**found, **self.tested}.items()
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
        """Images that the run or its user put there; ``curves.png`` is drawn anew by a report."""
        drawn = (start.glob("vis_data/vis_image/*") for start in self.starts)
        inside = [*self.folder.glob("*"), *itertools.chain.from_iterable(drawn)]
        return sorted(p for p in inside if p.suffix in _IMAGES and p.name != "curves.png")

    @property
    def is_pretraining(self) -> bool:
        """Whether several views of unlabeled images are what it trains on."""
        return bool(self.training) and "Views" in _types(self.config.get("train_dataloader"))

    @property
    def origin(self) -> str | None:
        """Path of the checkpoint that it started from; None for random weights.

        When a run is resumed, its own checkpoint takes the place of that one in the config.
        """
        config = self.first_config
        model = config.get("model") or {}
        init = (model.get("backbone") or {}).get("init_cfg") or {}
        hook = (config.get("default_hooks") or {}).get("backbone") or {}
        if hook.get("random_weights"):
            return None
        path = config.get("load_from") or model.get("pretrained") or init.get("checkpoint")
        return path if isinstance(path, str) and path != "random" else None


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
    strangers = []
    for folder in map(Path, folders):
        if not folder.is_dir():
            raise UserError(f"There is no folder {folder}.")
        # MMEngine writes WORK_DIR/<time>/vis_data/config.py before anything else.
        found = {path.parents[2] for path in folder.rglob("vis_data/config.py")}
        if not found:
            strangers.append(folder)
        for work_dir in sorted(found):
            if work_dir.resolve() not in runs:
                runs[work_dir.resolve()] = read_runs(work_dir)
    if not runs:
        raise UserError(
            f"There is no run in {', '.join(map(str, strangers))}: each has a <time>/vis_data "
            "folder, which tools/train.py and tools/test.py write."
        )
    return list(itertools.chain.from_iterable(runs.values())), strangers


def read_runs(work_dir: Path) -> list[Run]:
    """Read one work dir: its training, if there is one, and then each start of an evaluation.

    ``tools/test.py`` puts the evaluations of any checkpoints into one work dir. What is damaged is
    named in ``problems`` and left out.
    """
    configs = sorted(work_dir.glob("*/vis_data/config.py"))
    starts = [Run(path.parents[1], work_dir, [path.parents[1]]) for path in configs]
    for start in starts:
        _read_start(start)
    tests = [start for start in starts if _is_test(start)]
    trainings = [start for start in starts if not _is_test(start)]
    runs = ([_join(trainings)] if trainings else []) + tests
    if len(runs) == 1:
        runs[0].folder = work_dir
    for run in runs:
        bad = [r for r in run.records if any(v != v for v in numbers(r).values())]
        if bad:
            run.problems.append(f"{len(bad)} records hold NaN, the first at step {bad[0]['step']}.")
        if run.config and not (run.records or run.tested):
            run.problems.append("It has logged no figure: it was too short, or failed.")
    return runs


def _read_start(start: Run) -> None:
    (folder,) = start.starts
    start.config_text = (folder / "vis_data/config.py").read_text(errors="replace")
    try:
        start.config = start.first_config = parse_dumped_config(start.config_text)
    except ValueError as error:
        start.problems.append(f"config.py cannot be read: {error}.")
    for path in sorted(folder.glob("*.json")):
        try:
            start.tested = numbers(json.loads(path.read_text().splitlines()[-1]))
        except (ValueError, IndexError, TypeError, AttributeError):
            shown = path.relative_to(start.work_dir)
            start.problems.append(f"{shown} is cut off or damaged: left out.")
    _read_texts(start)


def _is_test(start: Run) -> bool:
    """Whether a start was none of a training, by what it has left."""
    (folder,) = start.starts
    if (folder / "vis_data/scalars.json").is_file():
        return False
    return (
        any(folder.glob("*.json"))
        or (bool(start.config) and not start.config.get("train_cfg"))
        or re.match(r"('[^']*|\S*)\btest\.py\b", start.command) is not None
    )


def _join(starts: Sequence[Run]) -> Run:
    """Make one run of the starts of a training: it was resumed, or begun anew."""
    logged = [run for run in starts if (run.starts[0] / "vis_data/scalars.json").is_file()]
    newest = (logged or starts)[-1]
    known = starts[: starts.index(newest) + 1]
    begun = [run for run in known if run.config and not run.config.get("resume")] or known[:1]
    return Run(
        newest.work_dir,
        newest.work_dir,
        [run.starts[0] for run in starts],
        newest.config,
        newest.config_text,
        begun[-1].first_config,
        read_log(newest.work_dir),
        newest.tested,
        newest.environment,
        newest.command,
        min((run.started for run in starts if run.started), default=None),
        max((run.ended for run in starts if run.ended), default=None),
        [problem for run in starts for problem in run.problems],
    )


def numbers(record: Mapping[str, Any]) -> dict[str, float]:
    """Return the figures of a record that are neither axes nor about the machine."""
    return {
        name: float(value)
        for name, value in record.items()
        if name not in _NOT_METRICS and isinstance(value, int | float)
    }


def is_training(record: Mapping[str, Any]) -> bool:
    """Whether a record is of training steps, not of a validation."""
    return "lr" in record or any("loss" in name for name in record)


def _read_texts(run: Run) -> None:
    times = []
    for path in sorted(run.starts[0].glob("*.log")):
        text = path.read_text(errors="replace")
        for name in _ENVIRONMENT:
            match = re.search(rf"^\s+{name}: (.+)$", text[:_LOG_HEAD], re.MULTILINE)
            if match:
                run.environment[name] = match[1].split(" (")[0]
        for command in re.findall(r" - Command: (.+)$", text, re.MULTILINE):
            run.command = command
        times += re.findall(r"^(\d{4}/\d\d/\d\d \d\d:\d\d:\d\d) - ", text, re.MULTILINE)
    if times:
        run.started, run.ended = (
            datetime.strptime(time, "%Y/%m/%d %H:%M:%S") for time in (times[0], times[-1])
        )


def _types(settings: Any) -> set[str]:
    """All ``type`` names in nested settings, without scopes."""
    return {str(name).rsplit(".", 1)[-1] for name in _find(settings, "type")}


def _find(settings: Any, key: str) -> Iterator[Any]:
    if isinstance(settings, Mapping):
        for name, value in settings.items():
            if name == key:
                yield value
            yield from _find(value, key)
    elif isinstance(settings, list | tuple):
        for value in settings:
            yield from _find(value, key)


def describe(run: Run) -> dict[str, str]:
    """What a reader wants to know of a run: method, backbone, data, length, seed, versions."""
    config, model = run.config, run.config.get("model") or {}
    loader = "train_dataloader" if run.training else "test_dataloader"
    length = config.get("train_cfg") or {}
    facts = {
        "command": run.command,
        "model": str(model.get("type", "unknown")).rsplit(".", 1)[-1],
        "backbone": describe_backbone(model.get("backbone") or {}),
        "starts from": run.origin or ("random weights" if run.first_config else "unknown"),
        "data": data_of(config, loader),
        "seed": str((config.get("randomness") or {}).get("seed", "")),
        "batch": str((config.get(loader) or {}).get("batch_size", "")),
    }
    if run.training:
        for key, unit in (("max_epochs", "epochs"), ("max_iters", "iterations")):
            if length.get(key):
                facts["length"] = f"{length[key]} {unit}, {run.training[-1]['step']} steps logged"
    if run.started and run.ended:
        facts["started"] = f"{run.started:%Y-%m-%d %H:%M}"
        facts["took"] = str(run.ended - run.started)
    versions = [f"{k} {v}" for k, v in run.environment.items() if k != "seed"]
    facts["versions"] = ", ".join(versions)
    return {name: value for name, value in facts.items() if value}


def describe_backbone(settings: Mapping[str, Any]) -> str:
    """``ResNet-18, width 32`` for a config's backbone."""
    name = str(settings.get("type", "")).rsplit(".", 1)[-1]
    name = settings.get("model_name", name)
    if "depth" in settings:
        name += f"-{settings['depth']}"
    width = settings.get("base_channels", 64)
    return name if width == 64 else f"{name}, width {width}"


def data_of(config: Mapping[str, Any], loader: str) -> str:
    """Folder of a data loader's images; of several data sets the last, the one that is judged."""
    dataset = (config.get(loader) or {}).get("dataset") or {}
    files = [str(path) for path in _find(dataset, "ann_file") if path]
    roots = [str(path) for path in _find(dataset, "data_root") if path]
    if roots and files and not Path(files[-1]).is_absolute() and roots[-1] not in files[-1]:
        return f"{roots[-1].rstrip('/')}/{files[-1]}"
    return (files or roots or [""])[-1]
