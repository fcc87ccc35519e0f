"""100 mutations of all real configs: each ends in a right result or in one sentence.

A mutation changes a value's type or sign, removes a key, or misspells its name. Each config has
small data at its paths, and is read, built and trained for one step, as by ``mmcontrast
print-config --check``. ``pytest -s`` prints the outcomes.
"""

import contextlib
import io
import random
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from mmengine.config import Config

from mmcontrast.apis.training.inspect import check_config
from mmcontrast.apis.training.train import train
from mmcontrast.utils.errors import UserError
from tests.data_world import write_all
from tests.downstream.small import shrink
from tests.toy import unique_run

ROOT = Path(__file__).parents[1] / "configs"
CONFIGS = sorted(path for path in ROOT.glob("**/*.py") if "_base_" not in path.parts)
NUM_MUTATIONS = max(100, len(CONFIGS))
CLIP_BACKBONES = ("LightR2Plus1D", "R2Plus1D", "AudioResNet")
ENDS = ("fine", "refused", "traceback")
KINDS = ("type", "sign", "absence", "name")
# What a check reads; the rest says how a run is shown and where it goes.
READ = (
    "model", "train_dataloader", "train_cfg", "optim_wrapper", "param_scheduler", "default_hooks",
    "randomness", "val_dataloader", "val_evaluator", "test_dataloader", "test_evaluator",
)  # fmt: skip


def places(settings: Any, path: tuple = ()) -> list[tuple]:
    """Paths of all values below the keys that a check reads."""
    pairs = settings.items() if isinstance(settings, dict) else enumerate(settings)
    result = []
    for name, value in pairs:
        result.append((*path, name))
        if isinstance(value, dict) or (
            isinstance(value, list) and any(isinstance(item, dict | list) for item in value)
        ):
            result += places(value, (*path, name))
    return result


def at_hand(settings: dict) -> dict:
    """Let a config fit into small data: batches of four, random weights, narrow nets of clips."""
    for name, part in settings["model"].items():
        if name.endswith("backbone") and part and part["type"] in CLIP_BACKBONES:
            part["base_channels"] = 8
    for split in ("val", "test"):
        # A sample may be ten clips or sixty sounds.
        if "LoadClip" in str(loader := settings.get(f"{split}_dataloader")):
            loader["batch_size"] = 2
    loader = settings.get("train_dataloader") or {}
    if "batch_size" in loader:
        loader["batch_size"] = min(loader["batch_size"], 4)
    if "num_rows" in loader.get("dataset", {}):
        loader["dataset"]["num_rows"] = 64
    if settings["model"].get("pretrained") == "":
        settings["model"]["pretrained"] = "random"
    return settings


def parent_of(settings: Any, path: tuple) -> Any:
    for name in path[:-1]:
        settings = settings[name]
    return settings


def change_type(value: Any) -> Any:
    """A value that looks right and has another type."""
    if isinstance(value, bool) or value is None:
        return "yes"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, str):
        return 3
    return "text" if isinstance(value, list | tuple) else [value]


def mutate(settings: dict, rng: random.Random) -> tuple[str, tuple, Any]:
    """Change one value in place; return the kind, the path and what stands there now."""
    kind = KINDS[rng.randrange(len(KINDS))]
    candidates = [p for key in READ if settings.get(key) for p in places(settings[key], (key,))]
    if kind == "sign":
        candidates = [
            path for path in candidates
            if isinstance(value := parent_of(settings, path)[path[-1]], int | float)
            and not isinstance(value, bool) and value != 0
        ]  # fmt: skip
    if kind == "name":
        candidates = [path for path in candidates if isinstance(path[-1], str)]
    path = rng.choice(candidates)
    parent, name = parent_of(settings, path), path[-1]
    if kind == "type":
        parent[name] = change_type(parent[name])
    elif kind == "sign":
        parent[name] = -parent[name]
    elif kind == "absence":
        del parent[name]
    else:
        parent[f"{name}x"] = parent.pop(name)
    return kind, path, parent[name] if kind in ("type", "sign") else None


@pytest.fixture
def world(tmp_path, monkeypatch):
    # The check has trained a step; a training is started, and its files are looked at.
    monkeypatch.setattr("mmcontrast.apis.training.train.run", lambda runner: None)
    monkeypatch.chdir(tmp_path)
    write_all(tmp_path / "data")


def outcome(settings: dict, file: Path) -> tuple[str, str]:
    """Check a config and start its training; return how it ended and what was said."""
    errors = io.StringIO()
    try:
        Config(settings).dump(file)
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(errors):
            check_config(str(file), [unique_run()])
            if settings.get("train_cfg"):
                train(str(file), work_dir=str(file.with_suffix("")), cfg_options=[unique_run()])
    except UserError as error:
        details = [line for line in errors.getvalue().splitlines() if "FAILED" in line]
        return "refused", " / ".join(details) or str(error)
    except Exception as error:
        return "traceback", f"{type(error).__name__}: {error}"
    return "fine", ""


@pytest.mark.slow
def test_mutated_configs_end_in_a_result_or_a_sentence(world, tmp_path):
    rng = random.Random(0)
    table, failures = Counter(), []
    for number in range(NUM_MUTATIONS):
        path = CONFIGS[number % len(CONFIGS)]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            settings = at_hand(Config.fromfile(path).to_dict())
            if "downstream" in path.parts:
                settings = shrink(settings)
            kind, place, value = mutate(settings, rng)
            end, message = outcome(settings, tmp_path / f"mutation_{number}.py")
        table[kind, end] += 1
        where = f"{path.relative_to(ROOT)} {kind} {'.'.join(map(str, place))} {value!r}"
        print(f"{number:3d} {end:9s} {where}\n      {message[:300]}", flush=True)
        if end == "traceback" or "Traceback" in message or "\n" in message.strip():
            failures.append(f"{where}: {message}")
    print(f"{'':10s}" + "".join(f"{end:>10s}" for end in ENDS))
    for kind in KINDS:
        counts = (table[kind, end] for end in ENDS)
        print(f"{kind:10s}" + "".join(f"{count:10d}" for count in counts))
    assert not failures, "\n".join(failures)
