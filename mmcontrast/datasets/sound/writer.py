"""FLAC files that keep the time at which the sound of a video begins."""

from collections.abc import Iterable
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray


def write_flac(
    file: str | BinaryIO, pieces: Iterable[NDArray], sample_rate: int, start: float = 0.0
) -> None:
    """Write a sound as a FLAC file of 16 bits, which ``open_sound`` reads with its start.

    Args:
        file: Path, or a binary file that can be sought.
        pieces: Parts of the sound one after the other, (channels, samples) in [-1, 1]; what lies
            outside is clipped.
        sample_rate: Samples per second.
        start: Time of the first sample in seconds, on the clock of the video that it belongs to.

    Raises:
        ValueError: There is no piece.
    """
    from mmcontrast.datasets.sound.soundfile import START_COMMENT, soundfile

    rest = iter(pieces)
    first = next(rest, None)
    if first is None:
        raise ValueError("write_flac: there is no piece to write.")
    with soundfile.SoundFile(file, "w", sample_rate, len(first), "PCM_16", format="FLAC") as flac:
        if start:
            flac.comment = START_COMMENT.format(start)
        flac.write(_integers(first))
        for piece in rest:
            flac.write(_integers(piece))


def _integers(samples: NDArray) -> NDArray[np.int16]:
    return np.rint(np.clip(samples, -1, 1) * 32767).astype(np.int16).T
