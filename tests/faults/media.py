"""Small media files of many formats, and two ways to read each: the package's, and another one.

A new format is one line in ``MEDIA``.
"""

import io
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import av
import numpy as np
import soundfile
from PIL import Image

from mmcontrast.datasets import TarShards
from mmcontrast.datasets.masks import read_mask, write_mask
from mmcontrast.datasets.sampling.seeding import seeded
from mmcontrast.datasets.sound import open_sound
from mmcontrast.datasets.transforms import LoadFrames, LoadImage
from mmcontrast.datasets.video import open_video
from tests.datasets.conftest import photo
from tests.datasets.video.files import RATE, scene, write_video

SIZE = (48, 64)
TIMES = (0.3, 0.78)
"""Seconds at which single frames are read too, behind a seek where the container has one."""
SAMPLE_RATE = 8000
SLICE = (0.6, 0.8)  # of a sound, in seconds

Parts = dict[Any, np.ndarray]
"""What a file holds: an image, frames, sound, or the samples of a shard."""
Readings = dict[Any, list[np.ndarray]]
"""What may be read of each part of a file."""


@dataclass
class Media:
    """A kind of file.

    Attributes:
        suffix: Extension of the file.
        other: The wrong extension that a mutation gives it.
        write: Writes an intact file to a path.
        read: Reads a file by the package.
        reference: Reads it without the package; None where the decoder tells that it is damaged.
        tolerance: How much two decoders may differ, in the units of the arrays.
        is_determined: Whether a decoder gives the same pixels of a damaged file each time, which
            those that guess from earlier frames do not.
    """

    suffix: str
    other: str
    write: Callable[[Path], Any]
    read: Callable[[str], Parts]
    reference: Callable[[str], Readings | None]
    tolerance: float = 0
    is_determined: bool = True


def told(read: Callable[[str], Readings | None]) -> Callable[[str], Readings | None]:
    """Return None where a decoder raises an error of any type."""

    def decode(path: str) -> Readings | None:
        try:
            return read(path)
        except Exception:
            return None

    return decode


def write_image(path: Path, mode: str = "RGB", **options: Any) -> None:
    """Write a photo by Pillow."""
    Image.fromarray(photo(SIZE[1], SIZE[0])).convert(mode).save(path, **options)


def read_image(path: str, channels: int = 3) -> Parts:
    """Read an image as every image pipeline does."""
    return dict(image=LoadImage(in_channels=channels)(dict(path=path))["image"])


@told
def decode_image(path: str) -> Readings:
    """Decode an image by Pillow."""
    with Image.open(path) as image:
        return dict(image=[np.array(image.convert("RGB"))])


def read_video(path: str) -> Parts:
    """Read all frames, and single ones and a clip of the file opened anew."""
    with open_video(path) as video:
        frames: Parts = dict(enumerate(video.read_all()))
    for time in TIMES:
        with open_video(path) as video:
            frames[f"{time} s"] = video.read_times([time])[0]
    with seeded(0):
        LoadFrames(dict(type="segments", num_segments=4))(dict(path=path))
    return frames


@told
def decode_video(path: str) -> Readings | None:
    """Decode all frames by FFmpeg, which is asked to tell any damage."""
    frames: list[np.ndarray] = []
    times: list[float | None] = []
    with av.open(path, metadata_errors="replace") as file:
        stream = file.streams.video[0]
        _be_strict(stream)
        for packet in file.demux(stream):
            for frame in [] if packet.is_corrupt else packet.decode():
                frames.append(frame.to_ndarray(format="rgb24"))
                times.append(frame.time)
                if frame.is_corrupt:
                    return None
            if packet.is_corrupt:
                return None
    readings = {number: [frame] for number, frame in enumerate(frames)}
    # By time stamps, and by number.
    for time in TIMES:
        shown = [_shown(times, time), min(int(time * RATE), len(frames) - 1)]
        readings[f"{time} s"] = [frames[number] for number in shown]
    return readings


def _be_strict(stream: Any) -> None:
    stream.codec_context.options = {"err_detect": "crccheck+bitstream+buffer+careful+explode"}
    stream.codec_context.thread_count = 1


def _shown(times: list[float | None], time: float) -> int:
    """Number of the frame before the first one that begins after ``time``."""
    start = times[0] or 0.0
    later = [number for number, begin in enumerate(times) if (begin or 0.0) - start > time]
    return later[0] - 1 if later else len(times) - 1


def tones() -> np.ndarray:
    """A second of tones and noise of two channels: (2, samples)."""
    time = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    noise = np.random.default_rng(0).normal(0, 0.05, (2, SAMPLE_RATE))
    return 0.3 * np.sin(2 * np.pi * np.array([[300], [440]]) * time * (1 + time)) + noise


def write_file(path: Path) -> None:
    """Write a sound by libsndfile."""
    soundfile.write(path, tones().T, SAMPLE_RATE)


def write_track(path: Path, codec: str) -> None:
    """Write a sound by FFmpeg."""
    with av.open(str(path), "w") as file:
        stream = file.add_stream(codec, rate=SAMPLE_RATE, layout="stereo")
        frame = av.AudioFrame.from_ndarray(tones().astype(np.float32), "fltp", "stereo")
        frame.rate, frame.pts = SAMPLE_RATE, 0
        for part in (frame, None):
            file.mux(stream.encode(part))


def read_sound(path: str) -> Parts:
    """Read a whole sound, and a slice of the file opened anew, as far as the file has them."""
    parts = {}
    with open_sound(path) as sound:
        parts["whole"] = sound.read_all(mono=False)
        start = sound.probe().start
    with open_sound(path) as sound:
        parts["slice"] = sound.read(start + SLICE[0], SLICE[1] - SLICE[0], mono=False)
    return {
        name: samples[:, : min(round(valid_seconds * rate), SAMPLE_RATE)]
        for name, (samples, rate, valid_seconds) in parts.items()
    }


@told
def decode_sound(path: str) -> Readings | None:
    """Decode a sound by FFmpeg, which is asked to tell any damage."""
    blocks = []
    with av.open(path, metadata_errors="replace") as file:
        stream = file.streams.audio[0]
        _be_strict(stream)
        for packet in file.demux(stream):
            for frame in [] if packet.is_corrupt else packet.decode():
                if frame.is_corrupt:
                    return None
                blocks.append(_to_float(frame))
            if packet.is_corrupt:
                return None
    samples = np.concatenate(blocks, axis=1)
    first, last = (round(time * stream.rate) for time in SLICE)
    return dict(whole=[samples[:, :SAMPLE_RATE]], slice=[samples[:, first:last]])


def _to_float(frame: Any) -> np.ndarray:
    samples = frame.to_ndarray()
    if not frame.format.is_planar:
        samples = samples.reshape(-1, frame.layout.nb_channels).T
    return samples if samples.dtype.kind == "f" else samples / np.iinfo(samples.dtype).max


def write_shard(path: Path) -> None:
    """Write a shard of six labeled images."""
    with tarfile.open(path, "w:gz" if path.suffix == ".gz" else "w") as tar:
        for number in range(6):
            image = io.BytesIO()
            Image.fromarray(photo(32, 24, number)).save(image, "PNG")
            for suffix, data in ((".png", image.getvalue()), (".cls", str(number).encode())):
                member = tarfile.TarInfo(f"{number}{suffix}")
                member.size = len(data)
                tar.addfile(member, io.BytesIO(data))


def read_shard(path: str) -> Parts:
    """Read an epoch of a data set of one shard."""
    data = TarShards(path, [LoadImage()], batch_size=1, shuffle_buffer=1)
    return {
        (sample["path"].rsplit("/", 1)[-1], sample.get("label")): sample["image"] for sample in data
    }


@told
def decode_shard(path: str) -> Readings | None:
    """Read a shard by tarfile and Pillow."""
    images, labels = {}, {}
    with tarfile.open(path) as tar:
        for member in tar:
            name, suffix = member.name.split(".")
            data = tar.extractfile(member).read()
            if suffix == "cls":
                labels[name] = int(data)
                continue
            with Image.open(io.BytesIO(data)) as image:
                images[name] = np.array(image.convert("RGB"))
        tar.fileobj.seek(tar.offset)
        if any(tar.fileobj.read(2 * tarfile.BLOCKSIZE)):  # no mark of the end
            return None
    return {(f"{name}.png", labels.get(name)): [image] for name, image in images.items()}


def write_ids(path: Path) -> None:
    """Write a mask of three objects."""
    ids = np.zeros(SIZE, np.uint8)
    for number in range(3):
        ids[10 * number : 10 * number + 9, 16 * number : 16 * number + 15] = number + 1
    write_mask(path, ids)


@told
def decode_ids(path: str) -> Readings:
    """Read the indices of a palette image by Pillow."""
    with Image.open(path) as image:
        return dict(ids=[np.array(image)])


def write_bands(path: Path) -> None:
    """Write an array of four bands."""
    np.save(path, np.dstack([photo(SIZE[1], SIZE[0]), photo(SIZE[1], SIZE[0], 1)[..., :1]]))


def _image(suffix: str, other: str = ".png", is_determined: bool = True, **options: Any) -> Media:
    write = partial(write_image, **options)
    return Media(suffix, other, write, read_image, decode_image, is_determined=is_determined)


def _video(suffix: str, codec: str, other: str = ".mp4", **options: Any) -> Media:
    write = partial(write_video, codec=codec, length=RATE, image=scene, g="8", **options)
    return Media(suffix, other, write, read_video, decode_video, is_determined=False)


def _file(suffix: str) -> Media:
    return Media(suffix, ".mp4", write_file, read_sound, decode_sound, 1e-3)


def _track(suffix: str, codec: str) -> Media:
    write = partial(write_track, codec=codec)
    return Media(suffix, ".mp4", write, read_sound, decode_sound, 1e-3)


_FAST = {"cpu-used": "8", "deadline": "realtime"}
MEDIA: dict[str, Media] = {
    "jpeg": _image(".jpg", quality=90),
    # Builds of libjpeg smooth the blocks of incomplete scans in different ways.
    "jpeg progressive": _image(".jpg", is_determined=False, progressive=True),
    "png": _image(".png", ".jpg"),
    "webp": _image(".webp"),
    "webp lossless": _image(".webp", lossless=True),
    "gif": _image(".gif"),
    "bmp": _image(".bmp"),
    "tiff": _image(".tif"),
    "tiff lzw": _image(".tif", compression="tiff_lzw"),
    "npy of 4 bands": Media(
        ".npy", ".png", write_bands, partial(read_image, channels=4),
        told(lambda path: dict(image=[np.load(path)])),
    ),
    "png mask": Media(
        ".png", ".bmp", write_ids, lambda path: dict(ids=read_mask(path)), decode_ids
    ),
    "mp4 h264": _video(".mp4", "libx264", ".avi"),
    "mp4 hevc": _video(".mp4", "libx265", ".mkv", **{"x265-params": "log-level=none"}),
    "mp4 mpeg4": _video(".mp4", "mpeg4", ".mkv"),
    "mov mjpeg": _video(".mov", "mjpeg", strict="-1"),
    "avi mjpeg": _video(".avi", "mjpeg", strict="-1"),
    "avi mpeg4": _video(".avi", "mpeg4"),
    "mkv h264": _video(".mkv", "libx264"),
    "mkv ffv1": _video(".mkv", "ffv1", level="3", slicecrc="1"),
    "webm vp8": _video(".webm", "libvpx", **_FAST),
    "webm vp9": _video(".webm", "libvpx-vp9", **_FAST),
    "mpg mpeg2": _video(".mpg", "mpeg2video"),
    "ts h264": _video(".ts", "libx264"),
    "flv": _video(".flv", "flv"),
    "wmv": _video(".wmv", "wmv2"),
    "wav": _file(".wav"),
    "flac": _file(".flac"),
    "ogg vorbis": _file(".ogg"),
    "mp3": _track(".mp3", "libmp3lame"),
    "m4a aac": _track(".m4a", "aac"),
    "tar": Media(".tar", ".zip", write_shard, read_shard, decode_shard),
    "tar gz": Media(".tar.gz", ".tar", write_shard, read_shard, decode_shard),
}  # fmt: skip
