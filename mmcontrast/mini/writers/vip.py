"""VIP layout: frames of several people, maps of their parts, a list of videos."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from ..categories import category
from .clips import LABELED_FRAMES, labeled_clip
from .files import make_images, save_jpeg
from .voc import save_mask


def _write_clip(folder: Path, seed: int, index: int) -> str:
    name = f"videos{index + 1}"
    # Only persons, so that each number is one kind of part: 1 to 12 of VIP's 19.
    _, frames = labeled_clip(seed, "vip", index, count=3, kinds=[category("person")])
    images = folder / "Images" / name
    masks = folder / "Annotations/Category_ids" / name
    for path in (images, masks):
        path.mkdir(parents=True)
    for number, frame in enumerate(frames, start=1):
        save_jpeg(images / f"{number:012d}.jpg", frame.image)
        save_mask(masks / f"{number:012d}.png", frame.parts)
    return name


def write(folder: Path, seed: int, num_train: int, num_val: int) -> None:
    """Write the layout into an empty folder.

    Args:
        folder: Folder of ``Images``, ``Annotations`` and ``lists``.
        seed: Seed of the mini-world.
        num_train: Always 0.
        num_val: Number of videos.
    """
    names = make_images(partial(_write_clip, folder, seed), num_val, LABELED_FRAMES)
    target = folder / "lists/val_videos.txt"
    target.parent.mkdir()
    target.write_text("".join(f"{name}\n" for name in names), encoding="utf-8")
