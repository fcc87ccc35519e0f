"""The scripts in tools/, as users call them."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from tests.toy import ROOT, write_config

ENVIRONMENT = {
    **os.environ,
    "PYTHONPATH": str(ROOT),
    "OMP_NUM_THREADS": "1",
    "PYTHON": sys.executable,
}


def call(*command, **environment):
    return subprocess.run(
        [str(part) for part in command], env={**ENVIRONMENT, **environment}, cwd=ROOT,
        capture_output=True, text=True,
    )  # fmt: skip


def python(tool, *arguments):
    return call(sys.executable, f"tools/{tool}.py", *arguments)


TOOLS = [str(path.relative_to(ROOT)) for path in sorted(ROOT.glob("tools/**/*.py"))]
SCRIPTS = [tool for tool in TOOLS if "prepare" not in tool and "tools/dev" not in tool]


@pytest.mark.parametrize("tool", SCRIPTS)
def test_help_imports_neither_torch_nor_mmengine(tool):
    done = call(sys.executable, "-X", "importtime", tool, "--help")
    assert done.returncode == 0
    assert f"usage: {Path(tool).name}" in done.stdout
    assert f"example: python {tool}" in done.stdout.splitlines()[-1]
    imported = {line.rsplit("|", 1)[-1].strip() for line in done.stderr.splitlines()}
    assert not imported & {"torch", "mmengine", "matplotlib", "torchvision"}


def test_a_user_error_is_one_message_and_code_2(tmp_path):
    done = python("train", "configs/densecl")
    assert done.returncode == 2
    assert "configs/densecl is a directory" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_scripts_say_how_they_are_used():
    for script, usage in (("dist_train", "CONFIG PROCESSES"), ("slurm_train", "PARTITION CONFIG"),
                          ("dist_test", "CONFIG CHECKPOINT PROCESSES")):  # fmt: skip
        done = call("bash", f"tools/{script}.sh")
        assert done.returncode == 2
        assert usage in done.stderr


def test_slurm_gets_one_process_a_gpu(tmp_path):
    srun = tmp_path / "srun"
    srun.write_text('#!/bin/sh\necho "$MASTER_PORT" "$@"\n')
    srun.chmod(0o755)
    done = call(
        "bash", "tools/slurm_train.sh", "part", "configs/densecl/r50_coco.py", "--amp", "bf16",
        PATH=f"{tmp_path}:{os.environ['PATH']}", GPUS="16", PORT="1234", SRUN_ARGS="--mem=1G -x a",
    )  # fmt: skip
    assert done.stdout.startswith("1234 --partition=part")
    for part in ("--ntasks=16 --ntasks-per-node=8 --gres=gpu:8", "--mem=1G -x a",
                 "configs/densecl/r50_coco.py --launcher slurm --amp bf16"):  # fmt: skip
        assert part in done.stdout


@pytest.mark.slow
def test_two_processes_train_evaluate_and_survive_sigterm(tmp_path):
    config = write_config(tmp_path)
    options = ("--device", "cpu", "--cfg-options", "train_dataloader.batch_size=2")
    done = call(
        "bash", "tools/dist_train.sh", config, "2", "--work-dir", tmp_path / "whole", *options
    )
    assert done.returncode == 0, done.stderr
    whole = torch.load(tmp_path / "whole/epoch_3.pth", weights_only=False)
    assert whole["meta"]["iter"] == 18  # 24 images, 2 x 2 a step

    # The signal reaches one process only; both stop, and the resumed run ends up the same.
    (tmp_path / "slow").mkdir()
    extra = (
        "custom_imports = dict(imports=['tests.small', 'tests.slow_iterations'])\n"
        "custom_hooks = [dict(type='SlowIterations')]\n"
    )
    slow = write_config(tmp_path / "slow", tmp_path / "images", extra)
    to = ("--work-dir", str(tmp_path / "cut"), *options)
    process = subprocess.Popen(
        ["bash", "tools/dist_train.sh", str(slow), "2", *to],
        env=ENVIRONMENT, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    while not (tmp_path / "cut/epoch_1.pth").exists():
        assert process.poll() is None, process.stdout.read()
        time.sleep(0.05)
    pid = int((tmp_path / "cut/pid_1").read_text())
    os.kill(pid, 15)
    output, _ = process.communicate()
    assert process.returncode == 128 + 15, output
    assert "SIGTERM received" in output
    assert (tmp_path / "cut/interrupted.pth").exists()
    done = call("bash", "tools/dist_train.sh", config, "2", "--resume", "auto", *to)
    assert done.returncode == 0, done.stderr
    cut = torch.load(tmp_path / "cut/epoch_3.pth", weights_only=False)
    for name, tensor in whole["state_dict"].items():
        assert torch.equal(tensor, cut["state_dict"][name]), name

    done = call(
        "bash", "tools/dist_test.sh", config, tmp_path / "whole/epoch_3.pth", "2", "--device",
        "cpu", "--work-dir", tmp_path / "test",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "knn/top1_k3" in done.stdout + done.stderr


@pytest.mark.slow
def test_a_failing_process_ends_the_launcher_with_its_code(tmp_path):
    config = write_config(tmp_path)
    done = call(
        "bash", "tools/dist_train.sh", config, "2", "--device", "cpu",
        "--work-dir", tmp_path / "run", "--data-root", "/nowhere",
    )  # fmt: skip
    assert done.returncode == 2
    assert "'/nowhere' is not a folder" in done.stderr
    assert "failed with exit code 2" in done.stderr
