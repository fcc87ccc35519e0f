"""DAVIS 2017 layout: frames, palette masks of the objects, a list of sequences."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np

from .clips import LABELED_FRAMES, labeled_clip
from .files import make_images, save_jpeg, visible_objects
from .voc import save_mask


def _write_clip(folder: Path, seed: int, index: int) -> str:
    name = f"clip{index:02d}"
    _, frames = labeled_clip(seed, "davis", index, count=3)
    # Objects that are not in the first mask cannot be propagated: they become background.
    ids = np.zeros(256, np.uint8)
    for number, i in enumerate(visible_objects(frames[0]), start=1):
        ids[i + 1] = number
    images = folder / "JPEGImages/480p" / name
    masks = folder / "Annotations/480p" / name
    for path in (images, masks):
        path.mkdir(parents=True)
    for number, frame in enumerate(frames):
        save_jpeg(images / f"{number:05d}.jpg", frame.image)
        save_mask(masks / f"{number:05d}.png", ids[frame.instances])
    return name


def write(folder: Path, seed: int, num_train: int, num_val: int) -> None:
    """Write the layout into an empty folder.

    Args:
        folder: Folder of ``JPEGImages``, ``Annotations`` and ``ImageSets``.
        seed: Seed of the mini-world.
        num_train: Always 0.
        num_val: Number of sequences.
    """
    names = make_images(partial(_write_clip, folder, seed), num_val, LABELED_FRAMES)
    target = folder / "ImageSets/2017/val.txt"
    target.parent.mkdir(parents=True)
    target.write_text("".join(f"{name}\n" for name in names), encoding="utf-8")
