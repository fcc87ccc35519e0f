"""Parts of data sets that a seed determines."""

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np


def random_subset(total: int, num: int, seed: int = 0) -> list[int]:
    """Draw at most ``num`` of ``total`` samples without repetition.

    Returns:
        Their indices in rising order; all of them if there are fewer.
    """
    generator = np.random.default_rng(seed)
    return sorted(generator.permutation(total)[:num].tolist())


def balanced_subset(labels: Sequence[int], num: int, seed: int = 0) -> list[int]:
    """Draw equally many samples of each class.

    What ``num`` leaves over after division by the number of classes is given to classes drawn at
    random, one each. The 1% and 10% of ImageNet that SimCLR published are drawn in this way
    (12 or 13, and 128 or 129, images a class).

    Args:
        labels: The class of each sample.
        num: How many samples to draw.
        seed: Of the draw.

    Returns:
        Indices in rising order.

    Raises:
        ValueError: A class has fewer samples than its share.
    """
    generator = np.random.default_rng(seed)
    classes, counts = np.unique(labels, return_counts=True)
    share = np.full(len(classes), num // len(classes))
    share[generator.permutation(len(classes))[: num % len(classes)]] += 1
    if (counts < share).any():
        short = int(np.argmax(counts < share))
        raise ValueError(
            f"Class {classes[short]} has only {counts[short]} of the {share[short]} samples that "
            "each class is to give. Draw without balancing the classes instead."
        )
    chosen: list[int] = []
    for label, number in zip(classes, share, strict=True):
        members = np.flatnonzero(np.asarray(labels) == label)
        chosen += generator.permutation(members)[:number].tolist()
    return sorted(chosen)


def coco_subset(
    content: dict[str, Any], fraction: float, seed: int, there: Collection[str]
) -> dict[str, Any]:
    """Draw images of a COCO annotation file, with their annotations.

    Args:
        content: Of the file.
        fraction: Share of the images, in (0, 1]; of train2017, 0.1 gives 11,829 of 118,287.
        seed: Of the draw.
        there: Names of the images in the folder, with ``/`` where they lie in sub-folders.

    Returns:
        The content of the new file. Categories stay as they are; images and annotations keep their
        order.

    Raises:
        ValueError: It is no COCO file, it names images that are missing, or nothing is drawn.
    """
    try:
        images, annotations = content["images"], content["annotations"]
        missing = sorted({image["file_name"] for image in images} - set(there))
        image_ids = [entry["image_id"] for entry in annotations]
        all_ids = [image["id"] for image in images]
    except (KeyError, TypeError) as error:
        raise ValueError(
            "not a COCO file with lists 'images', of 'id' and 'file_name', and 'annotations', of "
            f"'image_id' ({type(error).__name__}: {error})"
        ) from error
    if missing:
        shown = ", ".join(missing[:10])
        raise ValueError(
            f"{len(missing)} of its {len(images)} images are missing in the folder: "
            f"{shown}{', ...' if len(missing) > 10 else ''}"
        )
    num = round(fraction * len(images))
    if num < 1:
        raise ValueError(f"a share of {fraction:g} of {len(images)} images is none at all")
    drawn = random_subset(len(images), num, seed)
    ids = {all_ids[i] for i in drawn}
    return {
        **content,
        "images": [images[i] for i in drawn],
        "annotations": [
            entry for entry, id in zip(annotations, image_ids, strict=True) if id in ids
        ],
    }
