"""The data sets that the downstream configs name, written small from the mini-world."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmcontrast.mini import make_mini


def coco_classes():
    """COCO's 80 names."""
    from mmdet.datasets import CocoDataset

    return CocoDataset.METAINFO["classes"]


def _masks(folder, modulus):
    """Yield the images and masks of the VOC layout, with labels below ``modulus``."""
    for path in sorted((folder / "SegmentationClass").glob("*.png")):
        labels = np.asarray(Image.open(path)) % modulus
        split = "val" if path.stem.startswith("2012_1") else "train"
        image = Image.open(folder / "JPEGImages" / f"{path.stem}.jpg")
        yield split, path.stem, image, Image.fromarray(labels.astype(np.uint8))


def _save(image, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path)


@pytest.fixture(scope="session")
def world(tmp_path_factory):
    """A folder that stands for ``data``."""
    root = tmp_path_factory.mktemp("data")
    counts = dict(voc=(6, 3), coco=(6, 3))
    make_mini(root / "mini", layouts=list(counts), num_images=counts)
    voc, coco = root / "mini/voc/VOC2012", root / "mini/coco"
    shutil.copytree(coco, root / "coco")
    annotations = root / "coco/annotations"
    for path in annotations.glob("*.json"):
        # An untrained detector finds things of all of COCO's classes.
        content = json.loads(path.read_text())
        names = coco_classes()
        content["categories"] = [dict(id=i, name=name) for i, name in enumerate(names, start=1)]
        path.write_text(json.dumps(content))
    whole, tenth = (annotations / f"instances_train2017{end}.json" for end in ("", "_10percent"))
    content = json.loads(whole.read_text())
    content["images"] = content["images"][:4]
    tenth.write_text(json.dumps(content))
    for year in ("VOC2007", "VOC2012"):
        copy = Path(shutil.copytree(voc, root / "VOCdevkit" / year))
        shutil.copytree(copy / "SegmentationClass", copy / "SegmentationClassAug")
        for kind, split, name in (("Main", "val", "test"), ("Segmentation", "train", "aug")):
            lists = copy / "ImageSets" / kind
            shutil.copyfile(lists / f"{split}.txt", lists / f"{name}.txt")
    for split, name, image, labels in _masks(voc, 19):
        city = root / "cityscapes"
        _save(image, city / "leftImg8bit" / split / "town" / f"{name}_leftImg8bit.png")
        _save(labels, city / "gtFine" / split / "town" / f"{name}_gtFine_labelTrainIds.png")
    for split, name, image, labels in _masks(voc, 150):
        ade, split = (
            root / "ade/ADEChallengeData2016",
            dict(train="training", val="validation")[split],
        )
        _save(image, ade / "images" / split / f"{name}.jpg")
        _save(labels, ade / "annotations" / split / f"{name}.png")
    for split, name, image, labels in _masks(voc, 12):
        _save(image, root / "camvid213" / split / "images" / f"{name}.jpg")
        _save(labels, root / "camvid213" / split / "labels" / f"{name}.png")
    people = root / "pennfudan100"
    shutil.copytree(coco / "train2017", people / "images")
    (people / "annotations").mkdir()
    for entry in content["annotations"]:
        entry["category_id"] = 1
    content["categories"] = [dict(id=1, name="pedestrian")]
    for split in ("train", "val"):
        (people / "annotations" / f"{split}.json").write_text(json.dumps(content))
    return root
