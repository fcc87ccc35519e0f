"""COCO layout: ``{train,val}2017/*.jpg`` and ``annotations/instances_{train,val}2017.json``.

In addition to COCO's files, ``annotations/objects_{train,val}2017.json`` have the same objects as a
single class, which can be learned from few images.
"""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ..categories import CATEGORIES, CLASSES
from ..render import Rendered
from .files import SPLITS, make_images, render_group, save_jpeg, visible_objects

_ZOOM = 4  # outlines are traced on a finer grid, so that they follow the edges of pixels


def polygons(mask: NDArray[np.uint8]) -> list[list[float]]:
    """Return the outer outlines of a mask (H, W) of 0 and 1 in COCO's format [x, y, x, y, ...]."""
    fine = np.kron(mask, np.ones((_ZOOM, _ZOOM), np.uint8))
    contours, _ = cv2.findContours(fine, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    result = []
    for contour in contours:
        curve = cv2.approxPolyDP(contour, 0.5 * _ZOOM, closed=True).reshape(-1, 2)
        if len(curve) >= 3:
            result.append(np.round((curve + 0.5) / _ZOOM, 2).reshape(-1).tolist())
    return result


def _annotate(rendered: Rendered, names: list[str], image_id: int) -> list[dict[str, Any]]:
    """Return the annotations of one image, without their ids."""
    annotations: list[dict[str, Any]] = []
    for index in visible_objects(rendered):
        mask = rendered.mask(index)
        x0, y0, x1, y1 = rendered.boxes[index].tolist()
        annotations.append(
            {
                "image_id": image_id,
                "category_id": CLASSES.index(names[index]) + 1,
                "bbox": [x0, y0, x1 - x0, y1 - y0],
                "area": int(mask.sum()),
                "iscrowd": 0,
                "segmentation": polygons(mask),
            }
        )
    return annotations


def _write_image(
    images: Path, seed: int, split: str, index: int
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Write one image, and return its entry and its annotations."""
    rendered, names = render_group(seed, "coco", split, index)
    image_id = index + 1
    path = images / f"{image_id:012d}.jpg"
    save_jpeg(path, rendered.image)
    height, width = rendered.instances.shape
    entry = {"id": image_id, "file_name": path.name, "width": width, "height": height}
    return entry, _annotate(rendered, names, image_id)


def write(folder: Path, seed: int, num_train: int, num_val: int) -> None:
    """Write the layout into an empty folder.

    Args:
        folder: Folder of the images' folders and of ``annotations``.
        seed: Seed of the mini-world.
        num_train: Number of training images.
        num_val: Number of validation images.
    """
    (folder / "annotations").mkdir()
    classes = [
        {
            "id": label + 1,
            "name": kind.name,
            "supercategory": "animal" if "animal" in kind.attributes else "thing",
        }
        for label, kind in enumerate(CATEGORIES)
    ]
    for split, count in zip(SPLITS, (num_train, num_val), strict=True):
        images = folder / f"{split}2017"
        images.mkdir()
        results = make_images(partial(_write_image, images, seed, split), count)
        image_entries = [entry for entry, _ in results]
        instances = [annotation for _, annotations in results for annotation in annotations]
        objects = [{**entry, "category_id": 1} for entry in instances]
        for name, entries, categories in (
            ("instances", instances, classes),
            ("objects", objects, [{"id": 1, "name": "object"}]),
        ):
            content = {
                "info": {"description": "mini-world"},
                "licenses": [],
                "images": image_entries,
                "annotations": [{"id": i, **entry} for i, entry in enumerate(entries, start=1)],
                "categories": categories,
            }
            target = folder / "annotations" / f"{name}_{split}2017.json"
            target.write_text(json.dumps(content), encoding="utf-8")
