"""OTB layout: ``<sequence>/img/*.jpg`` and the box of one target in every frame."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np

from .clips import FRAME_SIZE, LABELED_FRAMES, labeled_clip
from .files import make_images, save_jpeg


def _write_clip(folder: Path, seed: int, index: int) -> None:
    _, frames = labeled_clip(seed, "otb", index, count=3)
    images = folder / f"Clip{index:02d}" / "img"
    images.mkdir(parents=True)
    # The object closest to a square: a tracker's square window shows little of a thin one.
    x0, y0, x1, y1 = frames[0].full_boxes.T
    target = int(np.argmin(np.abs(np.log((x1 - x0) / (y1 - y0)))))
    lines = []
    for number, frame in enumerate(frames, start=1):
        save_jpeg(images / f"{number:04d}.jpg", frame.image)
        corners = np.clip(frame.full_boxes[target].reshape(2, 2), 0, FRAME_SIZE)
        (left, top), (right, bottom) = np.rint(corners).astype(int).tolist()
        lines.append(f"{left + 1},{top + 1},{right - left},{bottom - top}\n")
    (images.parent / "groundtruth_rect.txt").write_text("".join(lines), encoding="utf-8")


def write(folder: Path, seed: int, num_train: int, num_val: int) -> None:
    """Write the layout into an empty folder; boxes count pixels from 1.

    Args:
        folder: Folder of the sequences.
        seed: Seed of the mini-world.
        num_train: Always 0.
        num_val: Number of sequences.
    """
    make_images(partial(_write_clip, folder, seed), num_val, LABELED_FRAMES)
