"""FLAC files that keep the time at which the sound of a video begins."""

import os

import numpy as np
from numpy.typing import NDArray


def write_flac(
    path: str | os.PathLike[str], samples: NDArray, sample_rate: int, start: float = 0.0
) -> None:
    """Write a sound as a FLAC file of 16 bits, which ``open_sound`` reads with its start.

    Args:
        path: Path of the file.
        samples: (channels, samples) in [-1, 1]; what lies outside is clipped.
        sample_rate: Samples per second.
        start: Time of the first sample in seconds, on the clock of the video that it belongs to.
    """
    from mmcontrast.datasets.sound.soundfile import START_COMMENT, soundfile

    integers = np.rint(np.clip(samples, -1, 1) * 32767).astype(np.int16)
    with soundfile.SoundFile(
        os.fspath(path), "w", sample_rate, len(integers), "PCM_16", format="FLAC"
    ) as file:
        if start:
            file.comment = START_COMMENT.format(start)
        file.write(integers.T)
