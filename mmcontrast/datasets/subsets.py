"""Random subsets of datasets, as a function of a seed."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np


def random_subset(total: int, num: int, seed: int = 0) -> list[int]:
    """Draw at most ``num`` of ``total`` samples without repetition.

    Returns:
        Indices in ascending order; all indices if ``total`` is at most ``num``.
    """
    generator = np.random.default_rng(seed)
    return sorted(generator.permutation(total)[:num].tolist())


def balanced_subset(labels: Sequence[int], num: int, seed: int = 0) -> list[int]:
    """Draw the same number of samples from each class.

    If ``num`` is not a multiple of the number of classes, random classes get one more sample. The
    1% and 10% of ImageNet that SimCLR published are drawn in this way (12 or 13, and 128 or 129,
    images per class).

    Args:
        labels: Class of each sample.
        num: Number of samples to draw.
        seed: Seed of the random draw.

    Returns:
        Indices in ascending order.

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
    subset: list[int] = []
    for label, number in zip(classes, share, strict=True):
        members = np.flatnonzero(np.asarray(labels) == label)
        subset += generator.permutation(members)[:number].tolist()
    return sorted(subset)


def coco_subset(
    content: dict[str, Any], fraction: float, seed: int, files: Iterable[str]
) -> dict[str, Any]:
    """Draw images of a COCO annotation file, with their annotations.

    Args:
        content: Content of the annotation file.
        fraction: Share of the images to draw, in (0, 1]; 0.1 gives 11,829 of train2017's 118,287.
        seed: Seed of the random draw.
        files: Names of the image files, relative to their folder, with ``/`` as separator.

    Returns:
        The content of the new annotation file. Categories are unchanged; images and annotations
        keep their order.

    Raises:
        ValueError: ``content`` is not that of a COCO file, images are missing, or the subset is
            empty.
    """
    try:
        images, annotations = content["images"], content["annotations"]
        missing = sorted({image["file_name"] for image in images} - set(files))
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
    subset = random_subset(len(images), num, seed)
    ids = {all_ids[i] for i in subset}
    return {
        **content,
        "images": [images[i] for i in subset],
        "annotations": [
            entry for entry, id in zip(annotations, image_ids, strict=True) if id in ids
        ],
    }
