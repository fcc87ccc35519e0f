"""ImageNet layout: ``{train,val}/<class>/*.jpg``, one object per image."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from ..categories import CATEGORIES
from ..render import render
from ..sample import sample_portrait
from .files import SPLITS, image_rng, make_images, save_jpeg

IMAGE_SIZE = 96


def _write_image(folder: Path, seed: int, split: str, index: int) -> None:
    kind = CATEGORIES[index % len(CATEGORIES)]
    rng = image_rng(seed, "imagenet", split, index)
    image = render(sample_portrait(rng, kind, IMAGE_SIZE)).image
    save_jpeg(folder / split / kind.name / f"{kind.name}_{index:05d}.jpg", image)


def write(folder: Path, seed: int, num_train: int, num_val: int) -> None:
    """Write the layout into an empty folder.

    Args:
        folder: Folder of ``train`` and ``val``.
        seed: Seed of the mini-world.
        num_train: Number of training images, spread evenly over the classes.
        num_val: Number of validation images, likewise.
    """
    for split, count in zip(SPLITS, (num_train, num_val), strict=True):
        for kind in CATEGORIES:
            (folder / split / kind.name).mkdir(parents=True)
        make_images(partial(_write_image, folder, seed, split), count)
