"""The evaluation protocols in two processes, as users start them."""

import json
import sys

import pytest

from mmcontrast.weights.files import load_checkpoint
from tests.apis.training.test_protocols import frozen_config
from tests.tools.test_command_line import call, python
from tests.toy import write_images, write_probe

CPU = ("--device", "cpu")
GRID = """
optim_wrapper['paramwise_cfg'] = dict(custom_keys=dict(head=dict(lr_mult=1)))
train_cfg['max_epochs'] = 1
grid = {
    'optim_wrapper.optimizer.lr': [1e38, 1e-1, 1e-2, 1e-3],
    'optim_wrapper.paramwise_cfg.custom_keys.head.lr_mult': [1],
}
grid_metric = 'accuracy/top1'
"""


@pytest.mark.slow
def test_two_processes_find_what_one_does(tmp_path):
    images = write_images(tmp_path / "images")
    config = write_probe(tmp_path, images)
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

    knn = frozen_config(tmp_path, images)
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
def test_a_grid_is_trained_in_two_processes_and_resumed_in_its_last_validation(tmp_path):
    config = write_probe(tmp_path, write_images(tmp_path / "images", 12), "FineTuning", GRID)
    folder = tmp_path / "sweep"
    command = (
        "sweep", config, "--work-dir", folder, "--processes", 2, "--points", 0, 1, *CPU,
        "--cfg-options", "model.pretrained=random", "train_dataloader.batch_size=2",
    )  # fmt: skip
    done = python(*command)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("Best of 1 by accuracy/top1: lr-0.") == 1
    points = json.loads((folder / "sweep.json").read_text())["points"]
    assert [len(point["runs"]) for point in points] == [0, 1, 0, 0]
    assert points[0]["diverged"] == [0]  # its learning rate is 1e38
    name, metrics = points[1]["name"], points[1]["runs"]["0"]
    assert 0 <= metrics["accuracy/top1"] <= 100
    # The point's own settings were trained with.
    saved = (folder / name / "seed_0/FineTuning.py").read_text()
    assert "lr=0.1" in saved and "lr_mult=1)" in saved

    # As if a kill had come between the last step and the validation.
    run = folder / name / "seed_0"
    (run / "run.json").unlink()
    for log in run.glob("*/vis_data/scalars.json"):
        log.write_text("")
    before = (run / "epoch_1.pth").stat().st_mtime_ns
    done = python(*command)
    assert done.returncode == 0, done.stderr
    assert (run / "epoch_1.pth").stat().st_mtime_ns == before
    assert json.loads((folder / "sweep.json").read_text())["points"][1]["runs"]["0"] == metrics
