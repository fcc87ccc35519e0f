"""A contact sheet of the mini-world's classes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .categories import CATEGORIES
from .render import render
from .sample import sample_portrait
from .writers.files import image_rng
from .writers.imagenet import IMAGE_SIZE

_BLOCKS = 2


def contact_sheet(seed: int = 0, columns: int = 6) -> NDArray[np.uint8]:
    """Render the first images of every class of the ImageNet layout.

    Args:
        seed: Seed of the mini-world.
        columns: Number of images per class.

    Returns:
        RGB image (H, W, 3), uint8, with one class per row, and the second half of the classes to
        the right of the first.
    """

    def image(label: int, column: int) -> NDArray[np.uint8]:
        index = column * len(CATEGORIES) + label
        rng = image_rng(seed, "imagenet", "train", index)
        return render(sample_portrait(rng, CATEGORIES[label], IMAGE_SIZE)).image

    rows = [
        np.concatenate([image(label, column) for column in range(columns)], 1)
        for label in range(len(CATEGORIES))
    ]
    half = len(rows) // _BLOCKS
    return np.concatenate([np.concatenate(rows[:half]), np.concatenate(rows[half:])], 1)
