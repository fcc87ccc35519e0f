"""Random clips out of videos: jumping to them with decord and PyAV, beside decoding everything.

    python benchmarks/video_decode.py
    python benchmarks/video_decode.py --videos /my/videos --rounds 5

A clip is 8 frames, every second one, from a random place; each is read from a file that was opened
for it, as a data loader does. The plain way decodes all frames with decord and keeps the 8. All
three take the same clips in turn, with one thread, and must return the same frames. Time is CPU
time.

Needs the extra ``bench``: ``pip install 'mmcontrast[bench]'``.
"""

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from fractions import Fraction
from functools import partial
from pathlib import Path

import av
import cv2
import numpy as np

from mmcontrast.datasets.files import find_videos
from mmcontrast.datasets.video import open_video

Clip = tuple[str, list[int]]
"""Path of a file and numbers of its frames."""
FRAMES, STRIDE = 8, 2


def write_videos(folder: Path, count: int, length: int = 300, gop: int = 250) -> None:
    """Moving noise, 340x256 pixels, 25 frames a second, H.264 as x264 writes it by default."""
    rng = np.random.default_rng(0)
    for index in range(count):
        world = cv2.resize(rng.integers(0, 256, (40, 90, 3), np.uint8), (960, 426))
        with av.open(str(folder / f"{index}.mp4"), "w") as file:
            stream = file.add_stream("libx264", rate=25, options={"g": str(gop)})
            stream.width, stream.height, stream.pix_fmt = 340, 256, "yuv420p"
            for number in range(length):
                left, top = 2 * number, number // 2
                image = np.ascontiguousarray(world[top : top + 256, left : left + 340])
                frame = av.VideoFrame.from_ndarray(image, format="rgb24")
                frame.pts, frame.time_base = number, Fraction(1, 25)
                file.mux(stream.encode(frame))
            file.mux(stream.encode())


def jump(backend: str, clip: Clip) -> np.ndarray:
    """Read a clip's frames alone."""
    path, numbers = clip
    with open_video(path, backend) as video:
        fps = video.probe().fps
        return video.read_times([number / fps for number in numbers])


def decode_all(clip: Clip) -> np.ndarray:
    """Decode the whole video and keep the clip."""
    path, numbers = clip
    with open_video(path, "decord") as video:
        return video.read_all()[numbers]


def sample_clips(paths: list[str], count: int) -> list[Clip]:
    """Random clips of random files."""
    clips = []
    for path in random.choices(paths, k=count):
        with open_video(path) as video:
            last = video.probe().num_frames - FRAMES * STRIDE
        start = random.randint(0, max(0, last))
        clips.append((path, list(range(start, start + FRAMES * STRIDE, STRIDE))))
    return clips


def measure(paths: list[str], rounds: int, count: int) -> dict[str, list[float]]:
    """Clips a second of each way in each round; the first round warms up."""
    ways: dict[str, Callable[[Clip], np.ndarray]] = {
        "decord": partial(jump, "decord"), "pyav": partial(jump, "pyav"), "all": decode_all,
    }  # fmt: skip
    rates: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(rounds + 1):
        clips = sample_clips(paths, count)
        results: dict[str, list[np.ndarray]] = {}
        for name, way in ways.items():
            start = time.process_time()
            results[name] = [way(clip) for clip in clips]
            if turn:
                rates[name].append(count / (time.process_time() - start))
        for name in ("decord", "pyav"):
            for ours, plain in zip(results[name], results["all"], strict=True):
                # Two conversions from YUV may round differently; another frame differs by far.
                if np.abs(ours.astype(int) - plain).mean() > 1.5:
                    raise SystemExit(f"{name} returned other frames than decoding all of them.")
    return rates


def main() -> None:
    """Measure, print a table, and end with the figures."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--videos", help="folder of longer videos (default: written here)")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--clips", type=int, default=8, help="a round")
    args = parser.parse_args()
    random.seed(0)
    with tempfile.TemporaryDirectory() as folder:
        if not args.videos:
            write_videos(Path(folder), count=4)
        paths = list(find_videos(args.videos or folder))
        rates = measure(paths, args.rounds, args.clips)
    print(f"{len(paths)} videos, {args.rounds} rounds of {args.clips} clips of {FRAMES} frames")
    for name, values in rates.items():
        print(f"{name:8} {statistics.median(values):8.1f} clips/s of CPU time")
    for figure, ours, theirs in (
        ("decord_over_all", "decord", "all"), ("pyav_over_decord", "pyav", "decord"),
    ):  # fmt: skip
        ratios = [a / b for a, b in zip(rates[ours], rates[theirs], strict=True)]
        print(f"figure {figure} {statistics.median(ratios):.3f} ratio")


if __name__ == "__main__":
    main()
