"""Pascal VOC layout: images, palette masks, boxes in XML, lists of images."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..categories import CLASSES
from ..render import Rendered
from .files import SPLITS, make_images, render_group, save_jpeg, visible_objects

YEAR = "VOC2012"
MASKS = ("SegmentationClass", "SegmentationObject", "SegmentationForeground")
BORDER = 255
HARD_FRACTION = 0.5
"""Objects whose visible box has a smaller share of the full box are truncated and difficult."""


def save_mask(path: Path, labels: NDArray[np.uint8]) -> None:
    """Write labels (H, W) as a palette PNG."""
    # The data sets import torch, which the rest of the mini-world does without.
    from mmcontrast.datasets.masks import palette

    image = Image.fromarray(labels, mode="P")
    image.putpalette(palette())
    image.save(path)


def _borders(instances: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return the pixels of objects that touch another object or the background."""
    lower = cv2.erode(instances, np.ones((3, 3), np.uint8))
    upper = cv2.dilate(instances, np.ones((3, 3), np.uint8))
    return (instances > 0) & (lower != upper)


def _xml(name: str, rendered: Rendered, names: list[str], indices: list[int]) -> str:
    """Return the boxes of an image as XML; VOC counts pixels from 1 and includes the last one."""
    height, width = rendered.instances.shape
    root = ElementTree.Element("annotation")
    for tag, text in (("folder", YEAR), ("filename", f"{name}.jpg"), ("segmented", "1")):
        ElementTree.SubElement(root, tag).text = text
    size = ElementTree.SubElement(root, "size")
    for tag, value in (("width", width), ("height", height), ("depth", 3)):
        ElementTree.SubElement(size, tag).text = str(value)
    for index in indices:
        x0, y0, x1, y1 = rendered.boxes[index].tolist()
        a0, b0, a1, b1 = rendered.full_boxes[index].tolist()
        hard = (x1 - x0) * (y1 - y0) < HARD_FRACTION * (a1 - a0) * (b1 - b0)
        entry = ElementTree.SubElement(root, "object")
        for tag, text in (
            ("name", names[index]),
            ("pose", "Unspecified"),
            ("truncated", str(int(hard))),
            ("difficult", str(int(hard))),
        ):
            ElementTree.SubElement(entry, tag).text = text
        box = ElementTree.SubElement(entry, "bndbox")
        for tag, value in (("xmin", x0 + 1), ("ymin", y0 + 1), ("xmax", x1), ("ymax", y1)):
            ElementTree.SubElement(box, tag).text = str(value)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode")


def _write_image(base: Path, seed: int, split: str, index: int) -> str:
    """Write an image with its masks and boxes, and return its name."""
    name = f"2012_{SPLITS.index(split)}{index:05d}"
    rendered, names = render_group(seed, "voc", split, index)
    indices = visible_objects(rendered)
    save_jpeg(base / "JPEGImages" / f"{name}.jpg", rendered.image)
    objects = np.zeros(256, np.uint8)
    classes = np.zeros(256, np.uint8)
    for position, i in enumerate(indices):
        objects[i + 1] = position + 1
        classes[i + 1] = CLASSES.index(names[i]) + 1
    border = _borders(rendered.instances)
    masks = (classes, objects, np.minimum(classes, 1))
    for folder, labels in zip(MASKS, masks, strict=True):
        mask = np.where(border, BORDER, labels[rendered.instances]).astype(np.uint8)
        save_mask(base / folder / f"{name}.png", mask)
    text = _xml(name, rendered, names, indices)
    (base / "Annotations" / f"{name}.xml").write_text(text, encoding="utf-8")
    return name


def write(folder: Path, seed: int, num_train: int, num_val: int) -> None:
    """Write the layout into an empty folder.

    In addition to VOC's own lists, ``train_aug``, which configs for the extended masks use, lists
    the same images as ``train``, since every image has its mask. In addition to VOC's own masks,
    ``SegmentationForeground`` is 1 for objects of any class, which can be learned from few images.

    Args:
        folder: Folder of ``VOC2012``.
        seed: Seed of the mini-world.
        num_train: Number of training images.
        num_val: Number of validation images.
    """
    base = folder / YEAR
    for name in (
        "JPEGImages",
        *MASKS,
        "Annotations",
        "ImageSets/Segmentation",
        "ImageSets/Main",
    ):
        (base / name).mkdir(parents=True)
    lists = {
        split: make_images(partial(_write_image, base, seed, split), count)
        for split, count in zip(SPLITS, (num_train, num_val), strict=True)
    }
    lists["trainval"] = lists["train"] + lists["val"]
    lists["train_aug"] = lists["train"]
    for split, members in lists.items():
        for kind in ("Segmentation", "Main"):
            target = base / "ImageSets" / kind / f"{split}.txt"
            target.write_text("".join(f"{name}\n" for name in members), encoding="utf-8")
