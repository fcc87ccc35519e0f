"""A contact sheet of the mini-world, for people to look at."""

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
    """The first images of every class of the ImageNet layout.

    Args:
        seed: Of the world.
        columns: Images a class.

    Returns:
        (H, W, 3) uint8 RGB; a class a row, the second half of the classes right of the first.
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
