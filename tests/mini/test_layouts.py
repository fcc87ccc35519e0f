"""The mini-world's files, read by the libraries that people read them with."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from PIL import Image

from mmcontrast.mini import CLASSES, make_mini


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    root = tmp_path_factory.mktemp("mini")
    make_mini(root, num_images={"imagenet": (40, 20), "coco": (12, 4), "voc": (12, 4)})
    return root


def test_imagenet_folders(world):
    folders = pytest.importorskip("torchvision.datasets").ImageFolder
    train, val = folders(world / "imagenet/train"), folders(world / "imagenet/val")
    assert train.classes == val.classes == sorted(CLASSES)
    assert np.bincount(train.targets).tolist() == [2] * 20
    assert np.bincount(val.targets).tolist() == [1] * 20
    assert train[0][0].size == (96, 96) and train[0][0].mode == "RGB"


def test_coco_is_read_by_pycocotools(world):
    coco = pytest.importorskip("pycocotools.coco").COCO(
        str(world / "coco/annotations/instances_train2017.json")
    )
    assert [entry["name"] for entry in coco.loadCats(coco.getCatIds())] == list(CLASSES)
    assert len(coco.imgs) == 12 and len(coco.anns) >= 12
    for entry in coco.imgs.values():
        with Image.open(world / "coco/train2017" / entry["file_name"]) as image:
            assert image.size == (entry["width"], entry["height"])
    for entry in coco.anns.values():
        mask = coco.annToMask(entry)
        assert entry["iscrowd"] == 0
        # The polygons hold no holes, as people's outlines do not; the area counts pixels.
        assert 0.9 * entry["area"] - 6 <= mask.sum() <= 2.2 * entry["area"] + 6
        x, y, width, height = entry["bbox"]
        inside = mask[y : y + height, x : x + width].sum()
        assert inside >= mask.sum() - 0.05 * mask.sum() - 3


def test_objects_are_the_instances_as_one_class(world):
    instances, objects = (
        json.loads((world / f"coco/annotations/{name}_val2017.json").read_text())
        for name in ("instances", "objects")
    )
    assert objects["categories"] == [{"id": 1, "name": "object"}]
    assert objects["images"] == instances["images"]
    assert objects["annotations"] == [{**e, "category_id": 1} for e in instances["annotations"]]
    assert len({entry["category_id"] for entry in instances["annotations"]}) > 1


def test_polygons_trace_the_pixels():
    coder = pytest.importorskip("pycocotools.mask")
    from mmcontrast.mini.writers.coco import polygons

    row, column = np.mgrid[:60, :80]
    mask = ((row - 30) ** 2 / 500 + (column - 35) ** 2 / 900 < 1).astype(np.uint8)
    mask[5:9, 70:78] = 1
    found = polygons(mask)
    again = coder.decode(coder.merge(coder.frPyObjects(found, 60, 80)))
    assert len(found) == 2
    assert (again & mask).sum() / (again | mask).sum() > 0.95


def test_voc_masks_boxes_and_lists_agree(world):
    base = world / "voc/VOC2012"
    names = (base / "ImageSets/Segmentation/trainval.txt").read_text().split()
    assert len(names) == len(set(names)) == 16
    for name in names:
        with Image.open(base / f"SegmentationClass/{name}.png") as image:
            assert image.mode == "P"
            assert image.getpalette()[:12] == [0, 0, 0, 128, 0, 0, 0, 128, 0, 128, 128, 0]
            classes = np.array(image)
        with Image.open(base / f"SegmentationObject/{name}.png") as image:
            objects = np.array(image)
        with Image.open(base / f"SegmentationForeground/{name}.png") as image:
            inside = classes != 255
            assert np.array_equal(np.array(image)[inside], (classes > 0)[inside])
        with Image.open(base / f"JPEGImages/{name}.jpg") as image:
            assert image.size == classes.shape[::-1]
        assert ((classes == 255) == (objects == 255)).all()
        entries = ElementTree.parse(base / f"Annotations/{name}.xml").getroot().findall("object")
        assert len(entries) == len(set(np.unique(objects)) - {0, 255}) or any(
            entry.findtext("difficult") == "1" for entry in entries
        )
        for number, entry in enumerate(entries, 1):
            label = CLASSES.index(entry.findtext("name")) + 1
            assert set(np.unique(classes[objects == number])) <= {label}
            x0, y0, x1, y1 = (
                int(entry.findtext(f"bndbox/{side}")) for side in ("xmin", "ymin", "xmax", "ymax")
            )
            rows, columns = np.nonzero(objects == number)
            if len(rows):  # the border lies between the box and the inner pixels
                assert x0 <= columns.min() + 1 <= columns.max() + 1 <= x1
                assert y0 <= rows.min() + 1 <= rows.max() + 1 <= y1
    lists = {path.stem for path in (base / "ImageSets/Main").iterdir()}
    assert lists == {"train", "val", "trainval", "train_aug"}


def test_voc_is_read_by_mmseg(world):
    datasets = pytest.importorskip("mmseg.datasets")
    # PascalVOCDataset itself insists on VOC's own class names.
    dataset = datasets.BaseSegDataset(
        data_root=str(world / "voc/VOC2012"),
        ann_file="ImageSets/Segmentation/train.txt",
        data_prefix=dict(img_path="JPEGImages", seg_map_path="SegmentationClass"),
        img_suffix=".jpg",
        seg_map_suffix=".png",
        metainfo=dict(classes=("background", *CLASSES)),
        pipeline=[dict(type="mmseg.LoadImageFromFile"), dict(type="mmseg.LoadAnnotations")],
    )
    assert len(dataset) == 12
    sample = dataset[0]
    assert sample["gt_seg_map"].shape == sample["img"].shape[:2]
    assert set(np.unique(sample["gt_seg_map"])) - {0, 255} <= set(range(1, 21))


@pytest.mark.parametrize("layout", ["coco", "voc"])
def test_boxes_are_read_by_mmdet(world, layout):
    pytest.importorskip("mmcv._ext")
    datasets = pytest.importorskip("mmdet.datasets")
    if layout == "coco":
        dataset = datasets.CocoDataset(
            data_root=str(world / "coco"),
            ann_file="annotations/instances_train2017.json",
            data_prefix=dict(img="train2017/"),
            metainfo=dict(classes=CLASSES),
        )
    else:
        dataset = datasets.VOCDataset(
            data_root=str(world / "voc"),
            ann_file="VOC2012/ImageSets/Main/train.txt",
            data_prefix=dict(sub_data_root="VOC2012/"),
            metainfo=dict(classes=CLASSES),
        )
    assert len(dataset) == 12
    for index in range(12):
        info = dataset.get_data_info(index)
        assert info["instances"]
        for instance in info["instances"]:
            assert 0 <= instance["bbox_label"] < 20
            assert instance["bbox"][2] > instance["bbox"][0]
