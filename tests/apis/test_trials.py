"""Trials with several seeds: resumable, and summed up with mean and standard deviation."""

import json
import sys

import pytest

from mmcontrast.apis import trials
from mmcontrast.apis.trials import format_table, run_trials, summarise
from mmcontrast.utils.errors import TrainingStopped, UserError
from tests.toy import ROOT

# Stands for tools/train.py: logs a loss and a metric that depends on the seed, and counts its runs.
_TOOL = """
import json, pathlib, sys
arguments = sys.argv[1:]
option = lambda name: arguments[arguments.index(name) + 1]
folder, seed = pathlib.Path(option("--work-dir")), int(option("--seed"))
assert option("--resume") == "auto"
(folder / "now/vis_data").mkdir(parents=True, exist_ok=True)
with (folder / "runs.txt").open("a") as runs:
    print(*arguments, file=runs)
if seed == int({failing!r}):
    sys.exit(3)
records = [dict(step=1, loss=2.0, lr=0.1), dict(step=1, mIoU=1.0), dict(step=2, loss=1.0)]
records += [dict(step=2, mIoU=50.0 + seed, aAcc=90.0, time=1.0, data_time=0.1)]
(folder / "now/vis_data/scalars.json").write_text(
    "".join(json.dumps(r) + chr(10) for r in records[: {kept}]))
"""
CONFIG = str(ROOT / "configs/densecl/mini.py")


@pytest.fixture
def tool(tmp_path):
    def write(failing=-1, kept=4):
        path = tmp_path / "train.py"
        path.write_text(_TOOL.format(failing=str(failing), kept=kept))
        return path

    return write


def runs_of(folder, seed):
    return (folder / f"seed_{seed}/runs.txt").read_text().splitlines()


def test_mean_and_standard_deviation(tool, tmp_path):
    folder = tmp_path / "out"
    results = run_trials(
        CONFIG, [0, 2, 4], tool(), work_dir=str(folder), arguments=["--amp", "bf16"]
    )
    assert results == {seed: dict(mIoU=50.0 + seed, aAcc=90.0) for seed in (0, 2, 4)}
    content = json.loads((folder / "trials.json").read_text())
    assert content["mean"] == dict(mIoU=52.0, aAcc=90.0)
    assert content["std"] == dict(mIoU=2.0, aAcc=0.0)  # of a sample: sqrt((4 + 0 + 4) / 2)
    assert content["trials"]["4"]["mIoU"] == 54.0
    table = format_table(results)
    assert table.splitlines()[0] == "| seed | mIoU | aAcc |"
    assert table.splitlines()[-1] == "| mean ± std | 52 ± 2 | 90 ± 0 |"
    assert runs_of(folder, 2)[0].endswith("--amp bf16")


def test_finished_trials_are_skipped_and_failed_ones_go_on(tool, tmp_path):
    folder = tmp_path / "out"
    with pytest.raises(TrainingStopped, match=r"seed_1 ended with exit code 3"):
        run_trials(CONFIG, [0, 1, 2], tool(failing=1), work_dir=str(folder))
    assert not (folder / "trials.json").exists()
    results = run_trials(CONFIG, [0, 1, 2], tool(), work_dir=str(folder))
    assert list(results) == [0, 1, 2]
    assert [len(runs_of(folder, seed)) for seed in (0, 1, 2)] == [1, 2, 1]


def test_a_trial_of_other_settings_is_not_taken_for_this_one(tool, tmp_path):
    folder = str(tmp_path / "out")
    run_trials(CONFIG, [0], tool(), work_dir=folder)
    with pytest.raises(UserError, match="trial of other settings"):
        run_trials(CONFIG, [0], tool(), work_dir=folder, arguments=["--amp", "bf16"])


def test_several_processes_are_started_as_by_dist_train(tool, tmp_path, monkeypatch):
    commands = []
    real = trials.subprocess.run

    def run(command):
        commands.append(command)
        tool_at = command.index(str(tmp_path / "train.py"))
        return real([sys.executable, *command[tool_at:]])

    monkeypatch.setattr(trials.subprocess, "run", run)
    run_trials(CONFIG, [0], tool(), work_dir=str(tmp_path / "out"), processes=2)
    assert commands[0][1:4] == ["-m", "mmcontrast.apis.launch", "2"]


def test_bad_input(tool, tmp_path):
    with pytest.raises(UserError, match="different seeds"):
        run_trials(CONFIG, [1, 1], tool())
    with pytest.raises(UserError, match="at least one"):
        run_trials(CONFIG, [], tool())
    with pytest.raises(UserError, match="has no validation"):
        run_trials(str(ROOT / "configs/densecl/r50_coco.py"), [0], tool())
    with pytest.raises(TrainingStopped, match="logged no validation"):
        run_trials(CONFIG, [0], tool(kept=1), work_dir=str(tmp_path / "none"))


def test_one_trial_has_no_deviation():
    assert summarise([dict(AP=3.0)]) == dict(mean=dict(AP=3.0), std=dict(AP=0.0))
