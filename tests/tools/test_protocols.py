"""The evaluation protocols in two processes, as users start them."""

import json
import sys

import pytest

from mmcontrast.utils.checkpoint import load_checkpoint
from tests.apis.test_grid import GRID, NAMES
from tests.apis.test_protocols import frozen_config
from tests.tools.test_command_line import call, python
from tests.toy import write_pictures, write_probe

CPU = ("--device", "cpu")


@pytest.mark.slow
def test_two_processes_find_what_one_does(tmp_path):
    pictures = write_pictures(tmp_path / "pictures")
    config = write_probe(tmp_path, pictures)
    options = ("--cfg-options", "model.pretrained=random", "train_cfg.max_epochs=1")
    alone, together = tmp_path / "alone", tmp_path / "together"
    assert python("train", config, "--work-dir", alone, *CPU, *options).returncode == 0
    half = "train_dataloader.batch_size=2"
    done = call(
        "bash", "tools/dist_train.sh", config, 2, "--work-dir", together, *CPU, *options, half
    )
    assert done.returncode == 0, done.stderr
    heads = [load_checkpoint(run / "epoch_1.pth")["state_dict"] for run in (alone, together)]
    for name, tensor in heads[0].items():
        assert (tensor - heads[1][name]).abs().max() < 1e-4, name

    knn = frozen_config(tmp_path, pictures)
    found = []
    for command in (
        (sys.executable, "tools/test.py", knn, alone / "epoch_1.pth"),
        ("bash", "tools/dist_test.sh", knn, alone / "epoch_1.pth", 2),
    ):
        done = call(*command, "--work-dir", tmp_path / "knn", *CPU)
        assert done.returncode == 0, done.stderr
        found.append((done.stdout + done.stderr).rsplit("knn/top1_k3", 1)[1].split()[0])
    assert found[0] == found[1]


@pytest.mark.slow
def test_two_processes_train_a_grid(tmp_path):
    config = write_probe(tmp_path, write_pictures(tmp_path / "pictures", 12), "FineTuning", GRID)
    command = (
        sys.executable, "-m", "mmcontrast.apis.launch", 2, "tools/grid.py", config, "--work-dir",
        tmp_path / "grid", "--cells", 0, 3, *CPU, "--cfg-options", "model.pretrained=random",
        "train_dataloader.batch_size=2",
    )  # fmt: skip
    done = call(*command)
    assert done.returncode == 0, done.stderr
    for name in (NAMES[0], NAMES[3]):
        assert (
            0 <= json.loads((tmp_path / "grid" / name / "result.json").read_text())["value"] <= 100
        )
    assert done.stdout.count("Best of 2") == 1
