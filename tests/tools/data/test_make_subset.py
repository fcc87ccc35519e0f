"""The tool that writes parts of data sets."""

import json
import runpy
import sys

import pytest
from PIL import Image

from mmcontrast.apis.data.subset import subset_of_coco
from mmcontrast.datasets import CocoImages, ImageFolder
from mmcontrast.mini import make_mini


def run(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["make_subset.py", *map(str, arguments)])
    runpy.run_path("tools/data/make_subset.py", run_name="__main__")


@pytest.fixture
def folder(tmp_path):
    """Ten images of one class and two of another."""
    for name, number in (("cat", 10), ("dog", 2)):
        (tmp_path / "train" / name).mkdir(parents=True)
        for i in range(number):
            Image.new("RGB", (4, 4)).save(tmp_path / "train" / name / f"{name} {i}.png")
    return tmp_path / "train"


def fails(monkeypatch, capsys, *arguments):
    with pytest.raises(SystemExit, match="2"):
        run(monkeypatch, *arguments)
    return capsys.readouterr().err


def test_a_list_that_imagefolder_reads(monkeypatch, capsys, folder, tmp_path):
    run(monkeypatch, "images", folder, "0.34", "--out", tmp_path / "part.txt", "--seed", "1")
    assert "4 images, seed 1" in capsys.readouterr().out
    dataset = ImageFolder(folder, ann_file="../part.txt")
    assert [dataset.get_data_info(i)["label"] for i in range(4)] == [0, 0, 1, 1]
    text = (tmp_path / "part.txt").read_text()
    run(monkeypatch, "images", folder, "0.34", "--out", tmp_path / "again.txt", "--seed", "1")
    assert (tmp_path / "again.txt").read_text() == text


def test_parts_that_cannot_be_drawn(monkeypatch, capsys, folder, tmp_path):
    out = ("--out", tmp_path / "part.txt")
    assert "Class 1 has only 2 of the 3" in fails(monkeypatch, capsys, "images", folder, 0.5, *out)
    error = fails(monkeypatch, capsys, "images", folder, 0.1, "--plain", *out)
    assert "1 images of 12" in error or "leave 1 of 2 classes without any: dog" in error
    assert "above 0 and at most 1" in fails(monkeypatch, capsys, "images", folder, 1.5, *out)
    assert "is not a folder" in fails(monkeypatch, capsys, "images", folder / "none", 0.5, *out)
    assert not (tmp_path / "part.txt").exists()


def test_a_part_of_coco_in_sub_folders(tmp_path):
    (tmp_path / "images/sub").mkdir(parents=True)
    (tmp_path / "images/sub/0.jpg").touch()
    images = [dict(id=7, file_name="sub/0.jpg")]
    (tmp_path / "all.json").write_text(json.dumps(dict(images=images, annotations=[])))
    assert subset_of_coco(tmp_path / "all.json", tmp_path / "images", 1.0)["images"] == images


def test_a_part_of_coco(monkeypatch, capsys, tmp_path):
    make_mini(tmp_path, layouts=["coco"], num_images=dict(coco=(10, 2)))
    source = tmp_path / "coco/annotations/instances_train2017.json"
    images, out = tmp_path / "coco/train2017", tmp_path / "coco/annotations/part.json"
    run(monkeypatch, "coco", source, 0.3, "--images", images, "--out", out)
    assert "3 images" in capsys.readouterr().out
    assert len(CocoImages(tmp_path / "coco", "annotations/part.json", "train2017")) == 3
    content = json.loads(out.read_text())
    assert {a["image_id"] for a in content["annotations"]} <= {i["id"] for i in content["images"]}
    # A file that names images which are not there.
    next(images.iterdir()).unlink()
    error = fails(monkeypatch, capsys, "coco", source, 0.3, "--images", images, "--out", out)
    assert "1 of its 10 images are missing" in error and "Traceback" not in error
    source.write_text("[]")
    error = fails(monkeypatch, capsys, "coco", source, 0.3, "--images", images, "--out", out)
    assert "not a COCO file" in error


def test_images_behind_links_are_there(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/1.jpg").write_bytes(b"")
    (tmp_path / "images").mkdir()
    (tmp_path / "images/part").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "images/self").symlink_to(tmp_path / "images")
    images = [dict(id=1, file_name="part/1.jpg")]
    (tmp_path / "all.json").write_text(json.dumps(dict(images=images, annotations=[])))
    assert subset_of_coco(tmp_path / "all.json", tmp_path / "images", 1.0)["images"] == images
