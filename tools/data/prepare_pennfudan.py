"""Write COCO annotations for Penn-Fudan's images, from its masks of numbered pedestrians.

    python tools/data/prepare_pennfudan.py FOLDER --out data/pennfudan100

FOLDER holds images/<name>.jpg (or PNGImages/<name>.png) and masks/<name>_mask.png (or PedMasks/).
Every fourth image, in the order of the names, is for validation.
"""

import argparse
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from pycocotools import mask as rle

from mmcontrast.utils.atomic import write_atomically
from mmcontrast.utils.errors import UserError, report_errors


def annotate(mask: Path, image_id: int, first_id: int) -> list[dict[str, Any]]:
    """Return the COCO annotations of a mask: 0 background, 1..n the pedestrians."""
    labels = np.asarray(Image.open(mask))
    annotations: list[dict[str, Any]] = []
    for label in range(1, int(labels.max()) + 1):
        encoded = rle.encode(np.asfortranarray(labels == label, np.uint8))
        encoded["counts"] = encoded["counts"].decode()
        annotations.append(
            dict(
                id=first_id + len(annotations),
                image_id=image_id,
                category_id=1,
                iscrowd=0,
                area=int(rle.area(encoded)),
                bbox=rle.toBbox(encoded).tolist(),
                segmentation=encoded,
            )
        )
    return annotations


def prepare(source: Path, out: Path) -> dict[str, int]:
    """Copy the images and write ``annotations/{train,val}.json``.

    Returns:
        Number of images of each split.

    Raises:
        UserError: The folder holds no images, or one has no mask.
    """
    images = sorted([*source.glob("images/*.jpg"), *source.glob("PNGImages/*.png")])
    if not images:
        raise UserError(f"{source} holds no images/*.jpg and no PNGImages/*.png.")
    for folder in ("images", "annotations"):
        (out / folder).mkdir(parents=True, exist_ok=True)
    splits: dict[str, dict[str, list]] = {
        name: dict(images=[], annotations=[]) for name in ("train", "val")
    }
    for number, image in enumerate(images):
        masks = [source / folder / f"{image.stem}_mask.png" for folder in ("masks", "PedMasks")]
        mask = next((path for path in masks if path.is_file()), None)
        if mask is None:
            raise UserError(f"{image} has no mask: {' or '.join(map(str, masks))} is missing.")
        split = splits["val" if number % 4 == 3 else "train"]
        width, height = Image.open(image).size
        split["images"].append(
            dict(id=number + 1, file_name=image.name, width=width, height=height)
        )
        split["annotations"] += annotate(mask, number + 1, len(split["annotations"]) + 1)
        if not (out / "images" / image.name).exists():
            shutil.copyfile(image, out / "images" / image.name)
    for name, content in splits.items():
        categories = [dict(id=1, name="pedestrian")]
        text = json.dumps(dict(content, categories=categories))
        write_atomically(text.encode(), out / "annotations" / f"{name}.json")
    return {name: len(content["images"]) for name, content in splits.items()}


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("source", type=Path, help="folder of Penn-Fudan")
    parser.add_argument("--out", type=Path, default=Path("data/pennfudan100"))
    args = parser.parse_args()
    with report_errors():
        for name, number in prepare(args.source, args.out).items():
            print(f"{args.out / 'annotations' / name}.json: {number} images")


if __name__ == "__main__":
    main()
