"""Draw seeded parts of data sets on the disk."""

import json
import os
from pathlib import Path
from typing import Any

from mmcontrast.datasets.files import find_missing
from mmcontrast.datasets.images import ImageFolder
from mmcontrast.datasets.subsets import balanced_subset, coco_subset, random_subset
from mmcontrast.utils.text import read_text


def subset_of_images(
    folder: str | Path, fraction: float, seed: int = 0, plain: bool = False
) -> list[str]:
    """Draw images of an image folder with one sub-folder a class.

    Args:
        folder: The folder that holds the sub-folders.
        fraction: Share of the images; the number is rounded down, so that 1% and 10% of ImageNet
            are 12,811 and 128,116.
        seed: Seed of the random draw.
        plain: Whether to draw from all images alike instead of equally many from each class.

    Returns:
        Lines ``<class>/<image> <label>``, for ``ImageFolder(ann_file=...)``.

    Raises:
        ValueError: A class would have no image, or has fewer than its share.
    """
    dataset = ImageFolder(folder)
    samples = [dataset.get_data_info(i) for i in range(len(dataset))]
    classes = dataset.metainfo["classes"]
    labels = [sample["label"] for sample in samples]
    num = int(fraction * len(samples))
    draw = random_subset(len(labels), num, seed) if plain else balanced_subset(labels, num, seed)
    empty = [classes[label] for label in sorted(set(labels) - {labels[i] for i in draw})]
    if empty:
        raise ValueError(
            f"{num} of {len(samples)} images leave {len(empty)} of {len(classes)} classes "
            f"without any: {', '.join(empty[:10])}{', ...' if len(empty) > 10 else ''}. Draw more."
        )
    return [f"{os.path.relpath(samples[i]['path'], folder)} {labels[i]}" for i in draw]


def subset_of_coco(
    ann_file: str | Path, images: str | Path, fraction: float, seed: int = 0
) -> dict[str, Any]:
    """Draw images of a COCO annotation file, with their annotations.

    Args:
        ann_file: The JSON file.
        images: Folder of the images.
        fraction: Share of the images.
        seed: Seed of the random draw.

    Returns:
        The content of the smaller file.

    Raises:
        ValueError: The file is not a COCO file, or names images that are not in the folder.
        OSError: The file or the folder is missing.
    """
    if not os.path.isdir(images):
        raise FileNotFoundError(f"there is no folder {images}")
    content = json.loads(read_text(ann_file))
    try:
        paths = {os.path.join(images, i["file_name"]): i["file_name"] for i in content["images"]}
    except (KeyError, TypeError):
        paths = {}  # No COCO file, as coco_subset says.
    for path in find_missing(paths):
        del paths[path]
    return coco_subset(content, fraction, seed, paths.values())
