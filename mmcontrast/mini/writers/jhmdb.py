"""JHMDB layout: frames, keypoints of one person in MATLAB files, UVC's list of test videos."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..categories import category
from .clips import LABELED_FRAMES, labeled_clip
from .files import make_images, save_mat

ACTION = "move"


def _save_joints(path: Path, joints: NDArray[np.float64]) -> None:
    """Write keypoints (T, J, 2), counted from 0, as ``pos_img`` (2, J, T), counted from 1."""
    save_mat(path, {"pos_img": joints.transpose(2, 1, 0) + 1})


def _write_clip(folder: Path, seed: int, index: int) -> str:
    name = f"{ACTION}/clip{index:02d}"
    _, frames = labeled_clip(seed, "jhmdb", index, count=2, kinds=[category("person")])
    images, joints = folder / "Rename_Images" / name, folder / "joint_positions" / name
    for path in (images, joints):
        path.mkdir(parents=True)
    for number, frame in enumerate(frames, start=1):
        Image.fromarray(frame.image).save(images / f"{number:05d}.png")
    # The last person is in front, so its keypoints are visible unless they occlude each other.
    keypoints_TJ2 = np.stack([frame.keypoints[-1][:, :2] for frame in frames])
    _save_joints(joints / "joint_positions.mat", keypoints_TJ2)
    return name


def write(folder: Path, seed: int, num_train: int, num_val: int) -> None:
    """Write the layout into an empty folder.

    Args:
        folder: Folder of ``Rename_Images``, ``joint_positions`` and the list.
        seed: Seed of the mini-world.
        num_train: Always 0.
        num_val: Number of videos.
    """
    names = make_images(partial(_write_clip, folder, seed), num_val, LABELED_FRAMES)
    lines = (f"joint_positions/{name}/joint_positions.mat Rename_Images/{name}\n" for name in names)
    (folder / "testlist_split1.txt").write_text("".join(lines), encoding="utf-8")
