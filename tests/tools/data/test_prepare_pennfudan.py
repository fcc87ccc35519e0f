"""Penn-Fudan's masks as COCO annotations."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

COCO = pytest.importorskip("pycocotools.coco").COCO
TOOL = Path(__file__).parents[3] / "tools/data/prepare_pennfudan.py"


def run(*arguments):
    command = [sys.executable, str(TOOL), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "source"
    for name in ("images", "masks"):
        (folder / name).mkdir(parents=True)
    for number in range(5):
        labels = np.zeros((20, 30), np.uint8)
        labels[2:12, 3:9] = 1
        labels[5:20, 20:24] = 2
        Image.fromarray(labels).save(folder / f"masks/p{number}_mask.png")
        Image.fromarray(labels).convert("RGB").save(folder / f"images/p{number}.jpg")
    return folder


def test_boxes_and_masks(source, tmp_path):
    result = run(source, "--out", tmp_path / "out")
    assert result.returncode == 0, result.stderr
    assert "train.json: 4 images" in result.stdout
    train, val = (COCO(str(tmp_path / f"out/annotations/{name}.json")) for name in ("train", "val"))
    names = [
        [image["file_name"] for image in coco.loadImgs(coco.getImgIds())] for coco in (train, val)
    ]
    assert names == [["p0.jpg", "p1.jpg", "p2.jpg", "p4.jpg"], ["p3.jpg"]]
    first, second = val.loadAnns(val.getAnnIds())
    assert (first["bbox"], first["area"]) == ([3, 2, 6, 10], 60)
    assert (second["bbox"], second["area"]) == ([20, 5, 4, 15], 60)
    mask = np.asarray(Image.open(source / "masks/p3_mask.png"))
    assert np.array_equal(val.annToMask(second), mask == 2)
    assert len(train.getAnnIds()) == len(set(train.getAnnIds())) == 8
    assert len(list((tmp_path / "out/images").iterdir())) == 5


def test_bad_input(source, tmp_path):
    empty = run(tmp_path / "nothing")
    assert empty.returncode == 2
    assert "holds no images" in empty.stderr
    (source / "masks/p2_mask.png").unlink()
    result = run(source, "--out", tmp_path / "out")
    assert result.returncode == 2
    assert "p2.jpg has no mask" in result.stderr
    assert "Traceback" not in result.stderr
