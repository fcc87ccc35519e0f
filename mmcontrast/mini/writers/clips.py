"""Shared parts of the layouts of videos, and training clips without labels: ``*.mp4`` files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..categories import CATEGORIES
from ..motion import sample_clip
from ..parts import Category
from ..render import Rendered, render
from ..sound import SAMPLE_RATE
from ..state import Scene
from .files import image_rng, make_images

FRAME_SIZE = (160, 120)
LABELED_FRAMES = 40
TRAINING_FRAMES = (30, 61)
"""Range of the lengths of training clips; the end is exclusive."""
FPS = 25


def labeled_clip(
    seed: int, layout: str, index: int, count: int, kinds: Sequence[Category] = CATEGORIES
) -> tuple[list[Scene], list[Rendered]]:
    """Draw and render a clip for validation: its scenes, and their images with ground truth."""
    rng = image_rng(seed, layout, "val", index)
    scenes = sample_clip(rng, FRAME_SIZE, count, LABELED_FRAMES, kinds)
    return scenes, [render(scene) for scene in scenes]


def save_video(
    path: Path,
    frames: Iterable[NDArray[np.uint8]],
    fps: int = FPS,
    size: tuple[int, int] = FRAME_SIZE,
    sound: NDArray[np.float32] | None = None,
) -> None:
    """Encode RGB frames (H, W, 3) of even sides as H.264 in mp4, the same bytes every time.

    Args:
        path: Path of the file.
        frames: Frames.
        fps: Frames per second.
        size: Width and height of the frames.
        sound: Samples (1, samples) in [-1, 1] at 16 kHz, which are encoded as AAC; None for a
            video without sound.

    Raises:
        ImportError: PyAV is not installed.
    """
    try:
        import av
    except ImportError as error:
        raise ImportError("Writing videos needs PyAV: pip install 'mmcontrast[video]'.") from error
    # The routines that x264 chooses for a processor give other bytes from call to call.
    options = {"crf": "20", "g": "12", "x264-params": "cpu-independent=1"}
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=fps, options=options)
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        stream.codec_context.thread_count = 1  # there is one process per core already
        track = None if sound is None else file.add_stream("aac", rate=SAMPLE_RATE, layout="mono")
        for number, image in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame = frame.reformat(format="yuv420p", threads=1)  # one process per core here too
            frame.pts, frame.time_base = number, Fraction(1, fps)
            file.mux(stream.encode(frame))
        file.mux(stream.encode())
        if sound is not None and track is not None:
            samples = av.AudioFrame.from_ndarray(sound, format="fltp", layout="mono")
            samples.sample_rate, samples.pts = SAMPLE_RATE, 0
            file.mux(track.encode(samples))
            file.mux(track.encode())


def _write_clip(folder: Path, seed: int, index: int) -> None:
    rng = image_rng(seed, "videos", "train", index)
    length, count = int(rng.integers(*TRAINING_FRAMES)), int(rng.integers(2, 5))
    scenes = sample_clip(rng, FRAME_SIZE, count, length)
    save_video(folder / f"{index:05d}.mp4", (render(scene).image for scene in scenes))


def write(folder: Path, seed: int, num_train: int, num_val: int) -> None:
    """Write the layout into an empty folder.

    Args:
        folder: Folder of the clips.
        seed: Seed of the mini-world.
        num_train: Number of clips.
        num_val: Always 0; labeled clips are in the other layouts.
    """
    make_images(partial(_write_clip, folder, seed), num_train, TRAINING_FRAMES[0])
