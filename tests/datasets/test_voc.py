"""VOC as a classification: labels out of the annotations, and lists that do not fit."""

import numpy as np
import pytest
from PIL import Image

from mmcontrast.datasets import VOCClassification
from mmcontrast.mini import make_mini
from mmcontrast.mini.categories import CLASSES

OBJECT = "<object><name>{}</name><difficult>{}</difficult></object>"


def write(root, images, listed=None):
    """Write a year with images of some (class, difficult) objects."""
    for folder in ("JPEGImages", "Annotations", "ImageSets/Main"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    for name, objects in images.items():
        Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(root / f"JPEGImages/{name}.jpg")
        text = "".join(OBJECT.format(*entry) for entry in objects)
        (root / f"Annotations/{name}.xml").write_text(f"<annotation>{text}</annotation>")
    lines = listed or list(images)
    (root / "ImageSets/Main/trainval.txt").write_text("".join(f"{line}\n" for line in lines))
    return root


def test_labels_are_those_of_vocs_lists(tmp_path):
    images = {
        "000001": [("dog", 0), ("person", 1)],
        "000002": [("cat", 1), ("cat", 0), ("person", 0), ("person", 0)],
        "000003": [],
    }
    dataset = VOCClassification(write(tmp_path, images), classes=("cat", "dog", "person"))
    assert [dataset.get_data_info(i)["labels"] for i in range(3)] == [
        [-1, 1, 0],  # only a difficult person
        [1, -1, 1],
        [-1, -1, -1],
    ]
    assert dataset.metainfo["classes"] == ("cat", "dog", "person")


def test_lists_with_a_second_column_and_the_twenty_classes(tmp_path):
    images = {"000001": [("tvmonitor", 0)], "000002": [("aeroplane", 0)]}
    dataset = VOCClassification(write(tmp_path, images, ["000002  1", "000001 -1"]))
    assert dataset.get_data_info(0)["path"].endswith("JPEGImages/000002.jpg")
    assert [dataset.get_data_info(i)["labels"].index(1) for i in range(2)] == [0, 19]


def test_what_does_not_fit(tmp_path):
    root = write(tmp_path, {"1": [("dog", 0)]}, ["1", "2"])
    with pytest.raises(FileNotFoundError, match=r"Annotations/2\.xml is missing.*archive"):
        VOCClassification(root)
    with pytest.raises(FileNotFoundError, match=r"ImageSets/Main/test\.txt"):
        VOCClassification(root, image_set="test")
    with pytest.raises(ValueError, match=r"1\.xml names the class 'dog'"):
        VOCClassification(root, classes=("cat",))
    (root / "Annotations/2.xml").write_text("<annotation>")
    with pytest.raises(ValueError, match=r"2\.xml is not an XML file"):
        VOCClassification(root)


def test_the_mini_world(tmp_path):
    make_mini(tmp_path, layouts=["voc"], num_images=dict(voc=(6, 3)))
    root = tmp_path / "voc/VOC2012"
    dataset = VOCClassification(
        root,
        "trainval",
        classes=CLASSES,
        pipeline=[dict(type="LoadImage"), dict(type="PackInputs")],
    )
    assert len(dataset) == 9
    labels = np.array([dataset[i]["data_sample"]["labels"] for i in range(9)])
    assert labels.shape == (9, 20)
    assert (labels == 1).any(axis=1).all()
    assert set(np.unique(labels)) <= {-1, 0, 1}
