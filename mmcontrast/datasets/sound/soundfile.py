"""Reader of WAVE, FLAC and Ogg Vorbis files with libsndfile, which seeks to each sample exactly."""

import os
import re
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from mmcontrast.datasets.errors import UnreadableSoundError
from mmcontrast.datasets.sound.downmix import default_channels
from mmcontrast.datasets.sound.reader import Samples, SoundInfo, SoundReader

try:
    import soundfile
except ImportError as error:  # pragma: no cover
    raise ImportError(
        "Reading WAVE, FLAC and Ogg files needs soundfile: pip install 'mmcontrast[audio]'."
    ) from error

START_COMMENT = "start_seconds={:.6f}"
"""Comment of a file whose sound begins at another time than 0, see ``write_flac``."""

_START = re.compile(r"start_seconds=(-?\d+(?:\.\d+)?)$")
_MAX_INT16 = 32767
_UNKNOWN_SIZES = (0, 0xFFFFFFFF)  # what programs write that cannot go back to the header
_RIFF_HEADER = 8


class SoundFileReader(SoundReader):
    """Reads samples with libsndfile.

    16-bit samples are divided by 32767, as CrissCross does. The first sample is at the time 0,
    unless the file's comment has another one.

    Raises:
        UnreadableSoundError: The file has no samples, or is shorter than its header says.
    """

    def __init__(self, path: str, file: Any):
        super().__init__(path)
        self._file = file
        start = _START.search(file.comment or "")
        self._start = round(float(start[1]) * file.samplerate) if start else 0
        _refuse_cut_wave(path)
        if file.frames == 0:
            raise UnreadableSoundError.of(path, "it has no samples")

    @classmethod
    def open(cls, path: str) -> Self | None:
        """Open a file; None if libsndfile does not read it, or it has unnamed channels."""
        try:
            file = soundfile.SoundFile(path)
        except soundfile.LibsndfileError:
            return None
        if file.channels > 2:  # libsndfile does not tell which channel is which
            file.close()
            return None
        return cls(path, file)

    def probe(self) -> SoundInfo:
        """Return what the header says."""
        rate = self._file.samplerate
        return SoundInfo(
            sample_rate=rate,
            channels=default_channels(self._file.channels),
            start=self._start / rate,
            duration=self._file.frames / rate,
            codec=self._file.subtype.lower(),
        )

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _read_native(self, first: int, count: int) -> tuple[Samples, NDArray[np.bool_]]:
        file = self._file
        samples = np.zeros((file.channels, count), np.float32)
        is_valid = np.zeros(count, bool)
        begin = max(first - self._start, 0)
        end = min(first - self._start + count, file.frames)
        if begin < end:
            is_int16 = file.subtype == "PCM_16"
            try:
                file.seek(begin)
                block = file.read(end - begin, "int16" if is_int16 else "float32", always_2d=True)
            except soundfile.LibsndfileError as error:
                raise UnreadableSoundError.of(self.path, f"it is damaged: {error}") from error
            target = begin + self._start - first
            part = slice(target, target + len(block))
            samples[:, part] = block.T / np.float32(_MAX_INT16) if is_int16 else block.T
            is_valid[part] = True
            self._check_end(
                (end + self._start) / file.samplerate,
                (begin + len(block) + self._start) / file.samplerate,
            )
        return samples, is_valid


def _refuse_cut_wave(path: str) -> None:
    """Raise an error for a WAVE file shorter than its header says; libsndfile reads what is left.

    RF64 files are not checked.
    """
    with open(path, "rb") as file:
        head = file.read(_RIFF_HEADER)
    stated = int.from_bytes(head[4:8], "little")
    size = os.path.getsize(path)
    # One byte of padding at the end is left out by some programs.
    if head[:4] == b"RIFF" and stated not in _UNKNOWN_SIZES and stated + _RIFF_HEADER > size + 1:
        raise UnreadableSoundError.of(
            path, f"it has {size:,} of the {stated + _RIFF_HEADER:,} bytes that its header says"
        )
