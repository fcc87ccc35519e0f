"""Sweeps over grid points and seeds: resumable, compared by mean and standard deviation."""

import json
import os
import signal
import sys
import threading
import time

import pytest

from mmcontrast.apis.reports.runs import find_runs
from mmcontrast.apis.training import sweep as sweep_module
from mmcontrast.apis.training.sweep import grid_points, run_sweep
from mmcontrast.apis.training.sweep_result import GridPoint, PointResult, Sweep
from mmcontrast.utils.errors import TrainingStopped, UserError
from tests.apis.reports.run_folders import PRETRAINING, write_run
from tests.toy import ROOT

# Stands for mmcontrast train: logs a loss and metrics that depend on seed and learning rate, and
# counts its runs.
_TOOL = """
import json, pathlib, sys
arguments = sys.argv[1:]
option = lambda name: arguments[arguments.index(name) + 1]
folder, seed = pathlib.Path(option("--work-dir")), int(option("--seed"))
assert option("--resume") == "auto"
rates = [a.partition("=")[2] for a in arguments if a.startswith("optim_wrapper.optimizer.lr=")]
rate = float(rates[0]) if rates else 0
(folder / "now/vis_data").mkdir(parents=True, exist_ok=True)
with (folder / "runs.txt").open("a") as runs:
    print(*arguments, file=runs)
for key, code in {failing!r}.items():
    if key in (seed, rate):
        sys.exit(code)
records = [dict(step=1, loss=2.0, lr=0.1), dict(step=1, mIoU=1.0), dict(step=2, loss=1.0)]
records += [dict(step=2, mIoU=50.0 + seed + 10 * rate, aAcc=90.0, time=1.0, data_time=0.1)]
(folder / "now/vis_data/scalars.json").write_text(
    "".join(json.dumps(r) + chr(10) for r in records[: {kept}]))
"""
CONFIG = str(ROOT / "configs/densecl/mini.py")
GRID = """
_base_ = {base!r}
grid = {{'optim_wrapper.optimizer.lr': [0.5, 2.0], 'model.momentum': [0.9, 0.99]}}
grid_metric = 'mIoU'
"""
POINTS = [f"lr-{lr}_momentum-{momentum}" for lr in ("0.5", "2.0") for momentum in ("0.9", "0.99")]
DIVERGED = 3


@pytest.fixture
def tool(tmp_path):
    def write(failing=None, kept=4):
        path = tmp_path / "train.py"
        path.write_text(_TOOL.format(failing=failing or {}, kept=kept))
        return [str(path)]

    return write


@pytest.fixture
def grid(tmp_path):
    path = tmp_path / "grid.py"
    path.write_text(GRID.format(base=CONFIG))
    return str(path)


def starts_of(folder):
    path = folder / "runs.txt"
    return path.read_text().splitlines() if path.exists() else []


# Seeds -----------------------------------------------------------------------------------------


def test_mean_and_standard_deviation(tool, tmp_path):
    folder = tmp_path / "out"
    sweep = run_sweep(
        CONFIG, tool(), seeds=[0, 2, 4], work_dir=str(folder), arguments=["--amp", "bf16"],
        cfg_options=["model.momentum=0.5"],
    )  # fmt: skip
    assert sweep.results[0].runs == {s: dict(mIoU=50.0 + s, aAcc=90.0) for s in (0, 2, 4)}
    content = json.loads((folder / "sweep.json").read_text())
    (point,) = content["points"]
    assert point["mean"] == dict(mIoU=52.0, aAcc=90.0)
    assert point["std"] == dict(mIoU=2.0, aAcc=0.0)  # of a sample: sqrt((4 + 0 + 4) / 2)
    assert point["runs"]["4"]["mIoU"] == 54.0
    table = sweep.table().splitlines()
    assert table[0] == "| seed | mIoU | aAcc |"
    assert table[2] == "| 0 | 50 | 90 |"
    assert table[-1] == "| mean ± std | 52 ± 2 | 90 ± 0 |"
    (start,) = starts_of(folder / "seed_2")
    assert "--amp bf16" in start and start.endswith("--cfg-options model.momentum=0.5")


def test_finished_runs_are_skipped_and_failed_ones_go_on(tool, tmp_path):
    folder = tmp_path / "out"
    settings = dict(seeds=[0, 1, 2], work_dir=str(folder))
    with pytest.raises(TrainingStopped, match=r"seed_1 ended with exit code 1"):
        run_sweep(CONFIG, tool({1: 1}), **settings)
    assert not (folder / "sweep.json").exists()
    sweep = run_sweep(CONFIG, tool(), **settings)
    assert list(sweep.results[0].runs) == [0, 1, 2]
    assert [len(starts_of(folder / f"seed_{seed}")) for seed in (0, 1, 2)] == [1, 2, 1]


def test_a_run_that_diverges_does_not_stop_the_others(tool, tmp_path):
    settings = dict(seeds=[0, 1, 2], work_dir=str(tmp_path / "out"))
    sweep = run_sweep(CONFIG, tool({1: DIVERGED}), **settings)
    assert sweep.results[0].diverged == [1] and list(sweep.results[0].runs) == [0, 2]
    assert sweep.table().splitlines()[3:] == [
        "| 1 (diverged) |  |  |", "| 2 | 52 | 90 |", "| mean ± std | 51 ± 1.4 | 90 ± 0 |"
    ]  # fmt: skip
    # It would diverge again.
    run_sweep(CONFIG, tool(), **settings)
    assert len(starts_of(tmp_path / "out/seed_1")) == 1


@pytest.mark.parametrize("failing", [{}, {0: 1}])
def test_runs_of_other_settings_are_not_taken_for_these(tool, tmp_path, failing):
    folder = str(tmp_path / "out")
    try:
        run_sweep(CONFIG, tool(failing), work_dir=folder)
    except TrainingStopped:
        assert failing  # what was begun is not finished with other settings either
    for change in (
        dict(arguments=["--amp", "bf16"]), dict(processes=2), dict(cfg_options=["model.momentum=1"])
    ):  # fmt: skip
        with pytest.raises(
            UserError, match=rf"run of other settings:\s+then .*{next(iter(change))}"
        ):
            run_sweep(CONFIG, tool(), work_dir=folder, **change)


def test_one_run_has_no_deviation():
    result = PointResult(GridPoint("", {}), {0: dict(AP=3.0)})
    assert (result.mean, result.std) == (dict(AP=3.0), dict(AP=0.0))
    assert Sweep("", [0], [result], None).table().splitlines()[-1] == "| 0 | 3 |"


# Grid points -----------------------------------------------------------------------------------


def test_all_values_are_combined():
    points = grid_points({"optim_wrapper.lr": [1, 2], "head.lr_mult": [3, 4], "seed": [0]})
    assert [point.name for point in points] == [
        f"lr-{lr}_lr_mult-{mult}_seed-0" for lr in (1, 2) for mult in (3, 4)
    ]
    assert points[1].options == ["optim_wrapper.lr=1", "head.lr_mult=4", "seed=0"]
    odd = grid_points({"model.pretrained": ["a b/c.pth"], "milestones": [[1, 2]]})[0]
    assert odd.name == "pretrained-a-b-c.pth_milestones--1-2-"
    with pytest.raises(UserError, match="grid is empty"):
        grid_points({"seed": []})
    with pytest.raises(UserError, match="must differ"):
        grid_points({"seed": [1, 1]})
    part = grid_points({"model.neck": [{"norm_cfg": {"type": "BN"}}]})[0]
    assert part.options == ["model.neck={'norm_cfg': {'type': 'BN'}}"]


def test_points_are_trained_with_their_settings(grid, tool, tmp_path):
    folder = tmp_path / "out"
    first = run_sweep(grid, tool(), points=[2], work_dir=str(folder), seeds=[0, 2])
    assert [result.point.name for result in first.results] == POINTS
    assert [len(result.runs) for result in first.results] == [0, 0, 2, 0]
    sweep = run_sweep(grid, tool(), work_dir=str(folder), seeds=[0, 2])
    assert sweep.results[2] == first.results[2]
    for number, name in enumerate(POINTS):
        for seed in (0, 2):
            (start,) = starts_of(folder / name / f"seed_{seed}")
            rate, momentum = ("0.5", "2.0")[number // 2], ("0.9", "0.99")[number % 2]
            assert start.endswith(f"optim_wrapper.optimizer.lr={rate} model.momentum={momentum}")
    table = sweep.table().splitlines()
    assert table[0] == "| point | settings | runs | mIoU | aAcc |"
    assert table[2] == f"| 0 | {POINTS[0]} | 2 of 2 | 56 ± 1.4 | 90 ± 0 |"
    assert table[-1].startswith(
        f"Best of 4 by mIoU: {POINTS[2]} with 71 ± 1.4, chosen on the same validation images"
    )
    content = json.loads((folder / "sweep.json").read_text())
    assert content["best"] == POINTS[2] and content["metric"] == "mIoU"
    assert content["points"][2]["settings"]["optim_wrapper.optimizer.lr"] == 2.0


def test_a_sweep_of_the_first_version_is_continued(grid, tool, tmp_path):
    """Its points were called cells; folders and the records of runs are the same."""
    options = ["optim_wrapper.optimizer.lr=0.5", "model.momentum=0.9"]
    settings = dict(config=grid, processes=1, arguments=[], cfg_options=options)
    record = dict(settings=settings, state="finished", metrics=dict(mIoU=99.0, aAcc=None))
    folder = tmp_path / "out" / "lr-0.5_momentum-0.9" / "seed_0"
    folder.mkdir(parents=True)
    (folder / "run.json").write_text(json.dumps(record, indent=1))
    sweep = run_sweep(grid, tool(), points=[0, 1], work_dir=str(tmp_path / "out"))
    assert sweep.results[0].runs[0]["mIoU"] == 99.0 and not starts_of(folder)
    assert sweep.results[1].runs[0]["mIoU"] == 55.0


def test_a_point_that_diverges_is_never_the_best(grid, tool, tmp_path):
    sweep = run_sweep(grid, tool({2.0: DIVERGED}), points=[0, 2], work_dir=str(tmp_path / "out"))
    lines = sweep.table().splitlines()
    assert lines[2:5] == [
        f"| 0 | {POINTS[0]} | 1 of 1 | 55 | 90 |",
        f"| 1 | {POINTS[1]} | 0 of 1 |  |  |",
        f"| 2 | {POINTS[2]} | 0 of 1, 1 diverged |  |  |",
    ]
    assert lines[-1].startswith(f"Best of 1 by mIoU: {POINTS[0]} with 55, ")


def test_values_that_are_no_numbers(tmp_path):
    nan = float("nan")
    results = [
        PointResult(GridPoint("a", {}), {0: dict(top1=nan)}),
        PointResult(GridPoint("b", {}), {0: dict(top1=1.0)}),
    ]
    sweep = Sweep("", [0], results, "top1")
    assert sweep.ranked() == results[1:]
    sweep.write(tmp_path / "sweep.json")
    assert json.loads((tmp_path / "sweep.json").read_text())["points"][0]["runs"] == {
        "0": dict(top1=None)
    }


# Around it -------------------------------------------------------------------------------------


def test_several_processes_are_started_as_by_dist_train(tool, tmp_path, monkeypatch):
    commands = []
    real = sweep_module._call

    def call(command):
        commands.append(command)
        return real([sys.executable, *command[command.index(str(tmp_path / "train.py")) :]])

    monkeypatch.setattr(sweep_module, "_call", call)
    run_sweep(CONFIG, tool(), work_dir=str(tmp_path / "out"), processes=2)
    assert commands[0][1:4] == ["-m", "mmcontrast.apis.training.launch", "2"]


_SLOW_TOOL = """
import os, pathlib, signal, sys, time
folder = pathlib.Path(sys.argv[sys.argv.index("--work-dir") + 1])
def leave(number, frame):
    time.sleep(0.5)  # to write a checkpoint
    (folder / "saved").touch()
    sys.exit(128 + number)
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, leave)
(folder / "pid.tmp").write_text(str(os.getpid()))
(folder / "pid.tmp").rename(folder / "pid")
time.sleep(60)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_all_and_the_run_may_save(tmp_path, number, capsys):
    (tmp_path / "train.py").write_text(_SLOW_TOOL)
    pid = tmp_path / "seed_0/pid"

    def send():
        while not pid.exists():
            time.sleep(0.02)
        # A terminal sends Ctrl-C to all; what ends a job may know the parent only.
        if number == signal.SIGINT:
            os.kill(int(pid.read_text()), number)
        os.kill(os.getpid(), number)

    previous = signal.getsignal(number)
    threading.Thread(target=send, daemon=True).start()
    with pytest.raises(SystemExit) as left:
        run_sweep(CONFIG, [str(tmp_path / "train.py")], seeds=[0, 1], work_dir=str(tmp_path))
    assert left.value.code == 128 + number
    assert "The same command continues" in capsys.readouterr().err
    assert (tmp_path / "seed_0/saved").exists()
    assert not (tmp_path / "seed_1").exists()
    assert signal.getsignal(number) == previous


def test_what_cannot_be_run(grid, tool, tmp_path):
    with pytest.raises(UserError, match="different seeds"):
        run_sweep(CONFIG, tool(), seeds=[1, 1])
    with pytest.raises(UserError, match="at least one"):
        run_sweep(CONFIG, tool(), seeds=[])
    with pytest.raises(UserError, match="has no validation"):
        run_sweep(str(ROOT / "configs/densecl/r50_coco.py"), tool())
    with pytest.raises(TrainingStopped, match="logged no validation"):
        run_sweep(CONFIG, tool(kept=1), work_dir=str(tmp_path / "none"))
    with pytest.raises(UserError, match=r"grid points of .* are 0 to 3, got \[4\]"):
        run_sweep(grid, tool(), points=[4])
    with pytest.raises(UserError, match="lacks what grid points need"):
        run_sweep(CONFIG, tool(), points=[0])
    for argument in ("--resume", "--launcher=pytorch"):
        with pytest.raises(UserError, match="is not for sweeps"):
            run_sweep(CONFIG, tool(), arguments=[argument])
    with pytest.raises(UserError, match=r"'top1' is none of mIoU, aAcc"):
        options = ["grid_metric=top1"]
        run_sweep(grid, tool(), work_dir=str(tmp_path / "out"), cfg_options=options)


def test_a_report_finds_the_runs_of_a_sweep(grid, tool, tmp_path):
    """Also in the folder of another run, whose test is not mixed up with their files."""
    plain = PRETRAINING.format(load_from=None, seed=0)
    work_dir = write_run(tmp_path / "work", plain, tested={"knn/top1": 12.0})
    run_sweep(grid, tool(), points=[0], seeds=[0, 1], work_dir=str(work_dir / "sweep"))
    for seed in (0, 1):
        folder = work_dir / "sweep" / POINTS[0] / f"seed_{seed}"
        (folder / "now/vis_data/config.py").write_text(
            PRETRAINING.format(load_from=None, seed=seed)
        )
    own, *runs = find_runs([tmp_path])[0]
    assert own.tested == {"knn/top1": 12.0} and own.problems == []
    assert [run.metrics["mIoU"] for run in runs] == [55.0, 56.0]
    assert all(run.problems == [] for run in runs)
