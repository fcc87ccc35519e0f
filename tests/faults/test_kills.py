"""Mini runs of all methods that are killed again and again, and resumed, end as undisturbed ones.

Each run gets SIGKILL three times: after a random step, while a checkpoint is written, and at any
moment from its start-up on. ``pytest -s`` prints where it was killed, what it was resumed from, and
what differs at the end.
"""

import multiprocessing
import os
import random
import signal
import time
import traceback
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import pytest
import torch
from mmengine.runner import EpochBasedTrainLoop

from mmcontrast.apis.training.config import load_config
from mmcontrast.apis.training.config_values import check_values
from mmcontrast.apis.training.train import train
from mmcontrast.engine.hooks import checkpoint as checkpoint_hook
from mmcontrast.utils.atomic import open_atomically
from mmcontrast.weights.files import find_checkpoint
from tests.toy import unique_run

pytest.importorskip("av")
from tests.faults.mini_runs import METHODS, NUM_EPOCHS, write_config, write_data

LIMIT_SECONDS = 120  # of what takes two
LAST = f"epoch_{NUM_EPOCHS}.pth"
# Measured, and different in each run.
TIMES = ("time", "memory", "eta")


def kill() -> None:
    """End this process at once: no handler runs, no buffer is written."""
    os.kill(os.getpid(), signal.SIGKILL)


def kill_after_step(step: int) -> None:
    """Kill this process after a step (from 1) of a training that it runs later."""
    run_iter = EpochBasedTrainLoop.run_iter

    def run_and_kill(loop: EpochBasedTrainLoop, *args: Any) -> None:
        run_iter(loop, *args)
        if loop.iter == step:
            kill()

    EpochBasedTrainLoop.run_iter = run_and_kill


def kill_while_writing(name: str) -> None:
    """Kill this process when half of a file is written."""
    write = checkpoint_hook.write_atomically

    def write_half(content: bytes, path: str | Path) -> None:
        if Path(path).name != name:
            write(content, path)
            return
        with open_atomically(path) as file:
            file.write(content[: len(content) // 2])
            file.flush()
            kill()

    checkpoint_hook.write_atomically = write_half


def run(config: str, work_dir: Path, arm: Callable[[], None] | None, seconds: float) -> int:
    """Train in a forked process, which has everything imported, and return its exit code.

    It resumes from the newest checkpoint, and is killed after ``seconds``.
    """
    options = [unique_run()]
    process = multiprocessing.get_context("fork").Process(
        target=_train, args=(config, work_dir, arm, options)
    )
    process.start()
    process.join(seconds)
    process.kill()
    process.join()
    return process.exitcode


def _train(config: str, work_dir: Path, arm: Callable[[], None] | None, options: list[str]) -> None:
    log = os.open(work_dir.with_suffix(".log"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(log, 1)
    os.dup2(log, 2)
    # Threads of libraries do not survive a fork.
    torch.set_num_threads(1)
    cv2.setNumThreads(0)
    if arm is not None:
        arm()
    try:
        train(config, work_dir=str(work_dir), resume="auto", cfg_options=options)
        code = 0
    except BaseException:
        traceback.print_exc()
        code = 1
    os._exit(code)


def state_of(path: Path) -> dict[str, Any]:
    """Return all that a training depends on, and the logged metrics, by name."""
    content = torch.load(path, weights_only=False)
    scalars = content["message_hub"]["log_scalars"]
    history = {name: buffer.data[0] for name, buffer in scalars.items() if not name.endswith(TIMES)}
    meta = {name: content["meta"][name] for name in ("epoch", "iter", "seed")}
    names = {"state_dict", "optimizer", "param_schedulers"} & content.keys()
    parts = {name: content[name] for name in names}
    return dict(_leaves(parts | dict(meta=meta, history=history)))


def _leaves(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict | list | tuple):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in items:
            yield from _leaves(item, f"{name}.{key}" if name else str(key))
    elif isinstance(value, torch.Tensor):
        yield name, (value.dtype, tuple(value.shape), value.cpu().numpy().tobytes())
    else:
        yield name, value.tobytes() if hasattr(value, "tobytes") else value


def temporary_files(folder: Path) -> list[str]:
    """Return what a process that was killed while it wrote has left."""
    return [path.name for path in folder.rglob(".*.tmp")]


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A folder with data, in a process that has imported what a training needs."""
    folder = tmp_path_factory.mktemp("kills")
    write_data(folder / "data")
    for method in METHODS:
        check_values(load_config(write_config(folder, method, folder / "data"), []))
    return folder


@pytest.fixture(scope="module")
def table():
    """Rows of method, kill, checkpoint and number of differences, printed at the end."""
    rows: list[tuple[str, str, str, str]] = []
    yield rows
    for row in [("method", "killed", "resumed from", "differences"), *rows]:
        print("{:18s} {:32s} {:14s} {}".format(*row))


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
def test_killed_runs_end_like_undisturbed_ones(world, table, method):
    rng = random.Random(f"kills {method}")
    config = write_config(world, method, world / "data")
    name = Path(config).stem
    whole, cut = world / name / "whole", world / name / "cut"
    whole.parent.mkdir()
    begin = time.monotonic()
    code = run(config, whole, None, LIMIT_SECONDS)
    duration = time.monotonic() - begin
    assert code == 0, whole.with_suffix(".log").read_text()
    expected = state_of(whole / LAST)

    step = rng.randint(1, expected["meta.iter"] - 1)
    file = rng.choice((LAST, "last_checkpoint"))
    moment = rng.uniform(0.3, 1) * duration
    kills = [
        (f"after step {step}", partial(kill_after_step, step), LIMIT_SECONDS),
        (f"while writing {file}", partial(kill_while_writing, file), LIMIT_SECONDS),
        (f"after {moment / duration:.0%} of the time", None, moment),
    ]
    for what, arm, seconds in kills:
        code = run(config, cut, arm, seconds)
        # At any moment, the run may have ended before.
        allowed = (-signal.SIGKILL,) if arm is not None else (-signal.SIGKILL, 0)
        assert code in allowed, f"{what}: {code}\n{cut.with_suffix('.log').read_text()}"
        assert temporary_files(cut) or not what.startswith("while")
        newest = find_checkpoint(str(cut))
        table.append((method, what, Path(newest).name if newest else "the start", ""))
    former = cut / ".epoch_1.pth.abcd1234"  # as earlier versions of the package left them
    former.touch()
    code = run(config, cut, None, LIMIT_SECONDS)
    assert code == 0, cut.with_suffix(".log").read_text()
    result = state_of(cut / LAST)
    names = expected.keys() | result.keys()
    different = sorted(key for key in names if expected.get(key) != result.get(key))
    table.append((method, "never again", "", f"{len(different)} of {len(expected)}"))
    assert not different, different
    assert temporary_files(cut) == [] and not former.exists()
