"""Small labeled videos: a square of one color that moves over noise."""

import av
import numpy as np
from PIL import Image
from scipy.io import savemat

from mmcontrast.datasets.masks import write_mask

SIZE, SIDE = (48, 72), 16  # rows and columns, side of the square


def frame(t, step=2, size=SIZE):
    """Pixels, mask and corner (x, y) of frame ``t``."""
    pixels = np.random.default_rng(7).integers(90, 130, (*size, 3), dtype=np.uint8)
    left, top = 8 + step * t, 12 + t
    pixels[top : top + SIDE, left : left + SIDE] = (250, 30, 20)
    mask = np.zeros(size, np.uint8)
    mask[top : top + SIDE, left : left + SIDE] = 1
    return pixels, mask, (left, top)


def write_davis(root, names=("one", "two"), length=6, frames="JPEGImages/480p/{}",
                masks="Annotations/480p/{}", scale=1, annotated=None):  # fmt: skip
    """DAVIS' folders and list; ``scale`` multiplies the masks' ids, ``annotated`` counts masks."""
    for name in names:
        for t in range(length):
            pixels, mask, _ = frame(t)
            path = root / frames.format(name) / f"{t:05d}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(path)
            if annotated is None or t < annotated:
                write_mask(root / masks.format(name) / f"{t:05d}.png", mask * scale)
    (root / "ImageSets/2017").mkdir(parents=True, exist_ok=True)
    (root / "ImageSets/2017/val.txt").write_text("".join(f"{name}\n" for name in names))
    return root


def joints(t):
    """The corners of the square."""
    _, _, (left, top) = frame(t)
    return np.array([[left + dx, top + dy] for dy in (0, SIDE) for dx in (0, SIDE)], dtype=float)


def write_jhmdb(root, length=5, annotated=5):
    """One video of JHMDB with the square's four corners as joints."""
    folder = root / "Rename_Images/run/clip"
    folder.mkdir(parents=True)
    for t in range(length):
        Image.fromarray(frame(t)[0]).save(folder / f"{t + 1:05d}.png")
    positions = np.stack([joints(t) + 1 for t in range(annotated)], 2).transpose(1, 0, 2)
    (root / "joint_positions/run/clip").mkdir(parents=True)
    savemat(root / "joint_positions/run/clip/joint_positions.mat", dict(pos_img=positions))
    (root / "list.txt").write_text(
        "joint_positions/run/clip/joint_positions.mat Rename_Images/run/clip\n"
    )
    return root


def write_otb(root, names=("one",), length=6, annotated=None):
    """Sequences of OTB: a red square of 24 pixels that moves to the right."""
    background = np.random.default_rng(3).integers(90, 130, (140, 180, 3), dtype=np.uint8)
    for name in names:
        (root / name / "img").mkdir(parents=True)
        lines = []
        for t in range(length):
            left, top = 60 + 2 * min(t, 20), 50
            pixels = background.copy()
            pixels[top : top + 24, left : left + 24] = (250, 30, 20)
            Image.fromarray(pixels).save(root / name / f"img/{t + 1:04d}.png", compress_level=0)
            lines.append(f"{left + 1},{top + 1},24,24")
        (root / name / "groundtruth_rect.txt").write_text("\n".join(lines[:annotated]))
    return root


def write_mp4(path, length=24, size=(48, 64), fps=24, codec="mpeg4"):
    """A video whose frame ``t`` is all of the gray level ``t * 240 / length``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=fps)
        stream.height, stream.width = size
        stream.pix_fmt = "yuv420p"
        for t in range(length):
            level = round(t * 240 / length)
            pixels = np.full((*size, 3), level, np.uint8)
            for packet in stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    return path


def write_frames(folder, numbers, name="{:05d}.png", size=(48, 64)):
    """A folder whose image of number t is all of the gray level t."""
    folder.mkdir(parents=True, exist_ok=True)
    for t in numbers:
        Image.fromarray(np.full((*size, 3), t, np.uint8)).save(folder / name.format(t))
    return folder
