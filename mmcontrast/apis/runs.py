"""What runs have left on the disk: configs, logs, metrics, checkpoints and pictures.

Nothing is executed or unpickled: configs are read as data, and checkpoints are listed by name.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from mmcontrast.utils.dumped_config import parse_dumped_config
from mmcontrast.utils.errors import UserError
from mmcontrast.visualization.curves import read_log

_PICTURES = (".png", ".jpg", ".jpeg")
# In the records of an evaluation, beside its metrics.
_NOT_METRICS = {"step", "epoch", "iter", "time", "data_time", "memory", "lr", "base_lr"}
_ENVIRONMENT = ("Python", "PyTorch", "TorchVision", "MMEngine", "GPU 0", "seed")
_LOG_HEAD = 20_000


@dataclass
class Run:
    """One work dir.

    Attributes:
        folder: The work dir.
        config: The merged config, as data; empty if it cannot be read.
        config_text: The same as text.
        records: Logged figures of training and of evaluations during it, in order.
        tested: Metrics of the newest evaluation outside a training; empty if there was none.
        environment: Versions and seed, by MMEngine's names.
        command: The newest start's command line; empty in the logs of other projects' tools.
        started, ended: First and last line of the logs.
        problems: What could not be read, for the reader of a report.
    """

    folder: Path
    config: dict[str, Any] = field(default_factory=dict)
    config_text: str = ""
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
    def pictures(self) -> list[Path]:
        """Pictures that the run or its user put there; ``curves.png`` is drawn anew by a report."""
        inside = [*self.folder.glob("*"), *self.folder.glob("*/vis_data/vis_image/*")]
        return sorted(p for p in inside if p.suffix in _PICTURES and p.name != "curves.png")

    @property
    def is_pretraining(self) -> bool:
        """Whether several views of unlabelled pictures are what it trains on."""
        return bool(self.training) and "Views" in _types(self.config.get("train_dataloader"))

    @property
    def origin(self) -> str | None:
        """Path of the checkpoint that it started from; None for random weights."""
        model = self.config.get("model") or {}
        init = (model.get("backbone") or {}).get("init_cfg") or {}
        hook = (self.config.get("default_hooks") or {}).get("backbone") or {}
        if hook.get("random_weights"):
            return None
        path = self.config.get("load_from") or model.get("pretrained") or init.get("checkpoint")
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
    runs: dict[Path, Run] = {}
    strangers = []
    for folder in map(Path, folders):
        if not folder.is_dir():
            raise UserError(f"There is no folder {folder}.")
        # MMEngine writes WORK_DIR/<time>/vis_data/config.py before anything else.
        found = {path.parents[2] for path in folder.rglob("vis_data/config.py")}
        if not found:
            strangers.append(folder)
        for work_dir in sorted(found):
            runs.setdefault(work_dir.resolve(), read_run(work_dir))
    if not runs:
        raise UserError(
            f"There is no run in {', '.join(map(str, strangers))}: each has a <time>/vis_data "
            "folder, which tools/train.py and tools/test.py write."
        )
    return list(runs.values()), strangers


def read_run(folder: Path) -> Run:
    """Read one work dir; what is damaged is named in ``problems`` and left out."""
    run = Run(folder)
    configs = sorted(folder.glob("*/vis_data/config.py"))
    run.config_text = configs[-1].read_text(errors="replace") if configs else ""
    try:
        run.config = parse_dumped_config(run.config_text)
    except ValueError as error:
        run.problems.append(f"{configs[-1].name} cannot be read: {error}.")
    run.records = read_log(folder)
    bad = [r for r in run.records if any(v != v for v in numbers(r).values())]
    if bad:
        run.problems.append(f"{len(bad)} records hold NaN, the first at step {bad[0]['step']}.")
    # In folders called by a time; others may be runs, and their files those of a sweep.
    for path in sorted(folder.glob("[0-9]*_[0-9]*/*.json")):
        try:
            run.tested = numbers(json.loads(path.read_text().splitlines()[-1]))
        except (ValueError, IndexError, TypeError, AttributeError):
            run.problems.append(f"{path.relative_to(folder)} is cut off or damaged: left out.")
    _read_texts(run)
    if run.config.get("train_cfg") and not (run.records or run.tested):
        run.problems.append("It has logged no figure: it was too short, or failed.")
    return run


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
    for path in sorted(run.folder.glob("*/*.log")):
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
        "starts from": run.origin or ("random weights" if config else "unknown"),
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
    """Folder of a data loader's pictures; of several data sets the last, the one that is judged."""
    dataset = (config.get(loader) or {}).get("dataset") or {}
    files = [str(path) for path in _find(dataset, "ann_file") if path]
    roots = [str(path) for path in _find(dataset, "data_root") if path]
    if roots and files and not Path(files[-1]).is_absolute() and roots[-1] not in files[-1]:
        return f"{roots[-1].rstrip('/')}/{files[-1]}"
    return (files or roots or [""])[-1]
