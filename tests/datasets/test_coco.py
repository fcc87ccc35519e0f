import json
import os
from pathlib import Path

import pytest

from mmcontrast.datasets import CocoImages

LOAD = [dict(type="LoadImage"), dict(type="PackInputs")]


@pytest.fixture
def coco(folder):
    images = [
        dict(id=30, file_name="dog/5.jpg"),
        dict(id=2, file_name="cat/1.jpg", width=81, height=60),
        dict(id=100, file_name="cat/0.jpg"),
    ]
    (folder / "instances.json").write_text(json.dumps(dict(images=images, annotations=[])))
    return folder


def test_images_in_the_order_of_their_ids(coco):
    dataset = CocoImages(coco.parent, "images/instances.json", "images", pipeline=LOAD)
    samples = [sample["data_sample"] for sample in dataset]
    assert [s["image_id"] for s in samples] == [2, 30, 100]
    assert [Path(s["path"]).name for s in samples] == ["1.jpg", "5.jpg", "0.jpg"]
    assert "label" not in samples[0]


def test_missing_images_are_named(coco):
    (coco / "cat" / "1.jpg").unlink()
    with pytest.raises(FileNotFoundError, match=r"1 of the 3 images.*cat/1\.jpg.*image_dir"):
        CocoImages(coco, "instances.json")
    assert len(CocoImages(coco, "instances.json", on_error="skip")) == 2


def test_wrong_folder(coco):
    with pytest.raises(FileNotFoundError, match=r"3 of the 3 images"):
        CocoImages(coco, "instances.json", "train2017")


@pytest.mark.parametrize("content", ["[]", "{}", "not json", '{"images": [{"id": 1}]}'])
def test_other_files_are_refused(coco, content):
    (coco / "other.json").write_text(content)
    with pytest.raises(ValueError, match=r"other\.json is not a COCO file"):
        CocoImages(coco, "other.json")


def test_no_images(coco):
    (coco / "empty.json").write_text('{"images": []}')
    with pytest.raises(FileNotFoundError, match=r"no image in .*empty\.json"):
        CocoImages(coco, "empty.json")


@pytest.mark.skipif("MMCONTRAST_DATA" not in os.environ, reason="MMCONTRAST_DATA is not set")
def test_real_coco():
    root = Path(os.environ["MMCONTRAST_DATA"]) / "coco128"
    dataset = CocoImages(root, "annotations/boxes_128.json", "images", pipeline=LOAD)
    assert len(dataset) == 128
    assert dataset[0]["inputs"]["view0"].shape[0] == 3
