"""Clips with sound in the layout of UCF101: ``{train,val}/<class>/*.mp4``."""

from __future__ import annotations

import csv
from functools import partial
from pathlib import Path
from typing import NamedTuple

from ..categories import CATEGORIES
from ..performance import MOTIONS, sample_performance
from ..render import render
from .clips import save_video
from .files import SPLITS, image_rng, make_images

KINDS = CATEGORIES[:8]
"""The classes; more would need more clips than are written in a minute."""
FRAME_SIZE = 72
NUM_FRAMES = (24, 31)
"""Range of the lengths of clips; the end is exclusive."""
FPS = 12


class _Row(NamedTuple):
    """What ``clips.csv`` says about a clip: ``sound`` is the class that is heard."""

    path: str
    label: str
    motion: str
    sound: str


def _write_clip(folder: Path, seed: int, split: str, index: int) -> _Row:
    kind = KINDS[index % len(KINDS)]
    rng = image_rng(seed, "audiovisual", split, index)
    motion = MOTIONS[int(rng.integers(len(MOTIONS)))]
    num_frames = int(rng.integers(*NUM_FRAMES))
    clip = sample_performance(rng, kind, motion, FRAME_SIZE, num_frames, FPS)
    path = f"{split}/{kind.name}/{kind.name}_{index:05d}.mp4"
    images = (render(scene).image for scene in clip.scenes)
    save_video(folder / path, images, FPS, (FRAME_SIZE, FRAME_SIZE), clip.samples)
    return _Row(path, kind.name, motion.name, clip.voice.name)


def write(folder: Path, seed: int, num_train: int, num_val: int) -> None:
    """Write the layout into an empty folder.

    Args:
        folder: Folder of ``train`` and ``val``, and of the table ``clips.csv``.
        seed: Seed of the mini-world.
        num_train: Number of training clips, spread evenly over the classes.
        num_val: Number of validation clips, likewise.
    """
    rows: list[_Row] = []
    for split, count in zip(SPLITS, (num_train, num_val), strict=True):
        for kind in KINDS:
            (folder / split / kind.name).mkdir(parents=True)
        rows += make_images(partial(_write_clip, folder, seed, split), count, NUM_FRAMES[0])
    with (folder / "clips.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(_Row._fields)
        writer.writerows(rows)
