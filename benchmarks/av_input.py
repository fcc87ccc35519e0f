"""Clips with sound out of videos, and log-mel spectrograms, beside the plain ways.

    python benchmarks/av_input.py --rounds 5

A clip is 8 frames of half a second and 2 s of sound at 16 kHz and random times, of a file that was
opened for it, as a data loader does. decord's ``AVReader`` decodes the whole sound when it opens
the file; it is asked for the same 8 frames, with which it returns the sound of these frames alone.
The other plain way decodes all images and all sound, and cuts. The spectrograms are those of 32
sounds of 2 s: ours in one batch, librosa's in a loop, with the same padding. All ways take the same
clips in turn, with one thread, and must return the same. Time is CPU time.

Needs the extra ``bench``: ``pip install 'mmcontrast[bench]'``.
"""

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import av
import cv2
import decord
import librosa
import numpy as np
import torch

from mmcontrast.datasets.files import find_videos
from mmcontrast.datasets.sampling.seeding import seeded
from mmcontrast.datasets.sound import open_sound
from mmcontrast.datasets.transforms import LoadClip
from mmcontrast.datasets.video import open_video
from mmcontrast.ops.log_mel import FRONT_ENDS, LogMel

FPS, FRAMES, SECONDS, RATE = 25, 8, 2.0, 16000
NUM_SOUNDS = 32
LOAD = LoadClip(
    dict(type="random_clips"),
    video=dict(seconds=FRAMES / 16, fps=16),
    audio=dict(seconds=SECONDS, sample_rate=RATE),
)


class Clip(NamedTuple):
    """What one way returned: frames (T, H, W, 3) and samples."""

    frames: np.ndarray
    samples: np.ndarray


class Times(NamedTuple):
    """A clip to read: its file, the numbers of its frames, and where its sound begins."""

    path: str
    seed: int
    numbers: list[int]
    start: float


def write_videos(folder: Path, count: int, seconds: int = 10, gop: int = 250) -> None:
    """Moving noise of 340x256 pixels, H.264 as x264 writes it by default, and noise as AAC."""
    rng = np.random.default_rng(0)
    for index in range(count):
        world = cv2.resize(rng.integers(0, 256, (40, 90, 3), np.uint8), (960, 426))
        sound = rng.normal(0, 0.1, (2, seconds * 44100)).astype(np.float32)
        with av.open(str(folder / f"{index}.mp4"), "w") as file:
            images = file.add_stream("libx264", rate=FPS, options={"g": str(gop)})
            images.width, images.height, images.pix_fmt = 340, 256, "yuv420p"
            # Otherwise the encoder replaces bands by noise that each decoding draws again.
            options = {"aac_pns": "0"}
            tone = file.add_stream("aac", rate=44100, layout="stereo", options=options)
            for number in range(seconds * FPS):
                left, top = 2 * number, number // 2
                image = np.ascontiguousarray(world[top : top + 256, left : left + 340])
                frame = av.VideoFrame.from_ndarray(image, format="rgb24")
                frame.pts, frame.time_base = number, Fraction(1, FPS)
                file.mux(images.encode(frame))
                begin = number * 44100 // FPS
                part = np.ascontiguousarray(sound[:, begin : begin + 44100 // FPS])
                samples = av.AudioFrame.from_ndarray(part, "fltp", "stereo")
                samples.sample_rate, samples.pts = 44100, begin
                samples.time_base = Fraction(1, 44100)
                file.mux(tone.encode(samples))
            file.mux(images.encode())
            file.mux(tone.encode())


def ours(times: Times) -> Clip:
    """Read the clip alone."""
    with seeded(times.seed):
        view = LOAD(dict(path=times.path))["views"][0]
    return Clip(np.stack([frame["image"] for frame in view["frames"]]), view["audio"])


def by_decord(times: Times) -> Clip:
    """Read the frames, and the sound of each of them, with decord's reader of both."""
    sounds, frames = decord.AVReader(times.path, sample_rate=RATE, mono=True).get_batch(
        times.numbers
    )
    return Clip(frames.asnumpy(), np.concatenate([part.asnumpy() for part in sounds], axis=1))


def decode_all(times: Times) -> Clip:
    """Decode all images and all sound, and cut."""
    with open_video(times.path) as video:
        frames = video.read_all()[times.numbers]
    with open_sound(times.path) as sound:
        samples = sound.read_all(RATE).samples
    begin = round(times.start * RATE)
    return Clip(frames, samples[:, begin : begin + round(SECONDS * RATE)])


def sample_times(paths: list[str], count: int) -> list[Times]:
    """Draw clips of random files."""
    result = []
    for path in random.choices(paths, k=count):
        seed = random.getrandbits(32)
        with seeded(seed):
            view = LOAD(dict(path=path))["views"][0]
        numbers = [frame["number"] for frame in view["frames"]]
        result.append(Times(path, seed, numbers, view["audio_start"]))
    return result


def measure_clips(paths: list[str], rounds: int, count: int) -> dict[str, list[float]]:
    """Clips a second of each way in each round; the first round warms up."""
    ways: dict[str, Callable[[Times], Clip]] = {
        "ours": ours, "decord AVReader": by_decord, "decoding all": decode_all,
    }  # fmt: skip
    rates: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(rounds + 1):
        clips = sample_times(paths, count)
        results: dict[str, list[Clip]] = {}
        for name, way in ways.items():
            start = time.process_time()
            results[name] = [way(clip) for clip in clips]
            if turn:
                rates[name].append(count / (time.process_time() - start))
        for one, other, plain in zip(*results.values(), strict=True):
            # Two conversions from YUV may round differently; another frame differs by far.
            for frames in (one.frames, other.frames):
                if np.abs(frames.astype(int) - plain.frames).mean() > 1.5:
                    raise SystemExit("The ways return different frames.")
            if not np.allclose(one.samples, plain.samples, atol=1e-4):
                raise SystemExit("A slice of sound differs from the cut of the whole.")
    return rates


def measure_mel(rounds: int) -> dict[str, list[float]]:
    """Spectrograms a second of each way in each round; the first round warms up."""
    sounds = np.random.default_rng(0).normal(0, 0.1, (NUM_SOUNDS, round(SECONDS * RATE)))
    sounds = sounds.astype(np.float32)
    settings, log_mel = FRONT_ENDS["crisscross"], LogMel("crisscross")

    def batched() -> np.ndarray:
        return log_mel(torch.from_numpy(sounds)).numpy()

    def by_librosa() -> np.ndarray:
        mels = [
            librosa.feature.melspectrogram(
                y=sound, sr=RATE, n_fft=settings.n_fft, hop_length=settings.hop_length,
                n_mels=settings.n_mels, fmax=settings.fmax, pad_mode="reflect",
            )
            for sound in sounds
        ]  # fmt: skip
        return (np.log(np.stack(mels) + settings.offset) - settings.mean) / settings.std

    rates: dict[str, list[float]] = {"ours, batched": [], "librosa": []}
    for turn in range(rounds + 1):
        results = []
        for name, way in (("ours, batched", batched), ("librosa", by_librosa)):
            start = time.process_time()
            results.append(way())
            if turn:
                rates[name].append(NUM_SOUNDS / (time.process_time() - start))
        if not np.allclose(*results, atol=1e-3):
            raise SystemExit("The spectrograms differ.")
    return rates


def main() -> None:
    """Measure, print a table, and end with the figures."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--clips", type=int, default=8, help="a round")
    args = parser.parse_args()
    random.seed(0)
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        write_videos(Path(folder), count=4)
        paths = list(find_videos(folder))
        clips = measure_clips(paths, args.rounds, args.clips)
    mels = measure_mel(args.rounds)
    print(f"{len(paths)} videos, {args.rounds} rounds of {args.clips} clips")
    for unit, rates in (("clips", clips), ("spectrograms", mels)):
        for name, values in rates.items():
            print(f"{name:16} {statistics.median(values):8.1f} {unit}/s of CPU time")
    for figure, ours_, plain in (
        ("av_over_decord", clips["ours"], clips["decord AVReader"]),
        ("av_over_all", clips["ours"], clips["decoding all"]),
        ("mel_over_librosa", mels["ours, batched"], mels["librosa"]),
    ):
        ratios = [a / b for a, b in zip(ours_, plain, strict=True)]
        print(f"figure {figure} {statistics.median(ratios):.3f} ratio")


if __name__ == "__main__":
    main()
