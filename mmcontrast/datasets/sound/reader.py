"""The interface of all readers of sound, and the resampling of slices."""

import math
from abc import ABC, abstractmethod
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from mmcontrast.datasets.errors import UnreadableSoundError
from mmcontrast.datasets.sound.downmix import downmix_weights

try:
    import soxr
except ImportError as error:  # pragma: no cover
    raise ImportError("Reading sound needs soxr: pip install 'mmcontrast[audio]'.") from error

Samples = NDArray[np.float32]

_MARGIN_SECONDS = 0.05
"""Sound on both sides of a slice that is resampled with it: more than half of soxr's filter."""

_END_SECONDS = 0.1
"""Sound at the end that may be missing although the header promises it."""


class SoundInfo(NamedTuple):
    """What is known about the sound of a file without decoding all of it.

    Attributes:
        sample_rate: Number of samples per second of each channel.
        channels: Name of each channel, such as ``('FL', 'FR')``.
        start: Time of the first sample in seconds, on the container's clock.
        duration: Seconds from the first sample to the end, gaps included.
        codec: Short name of the codec, such as ``'aac'``.
    """

    sample_rate: int
    channels: tuple[str, ...]
    start: float
    duration: float
    codec: str


class Sound(NamedTuple):
    """A slice of a sound.

    Attributes:
        samples: (channels, samples), float32 in [-1, 1]; 0 where the file has no sound.
        sample_rate: Samples per second.
        valid_seconds: How much of the slice is sound of the file: what lies before its first and
            after its last sample, and in gaps of the track, does not count.
    """

    samples: Samples
    sample_rate: int
    valid_seconds: float


class SoundReader(ABC):
    """An open file with sound; a context manager that closes it."""

    def __init__(self, path: str):
        self.path = path

    @abstractmethod
    def probe(self) -> SoundInfo:
        """Return what is known about the sound."""

    @abstractmethod
    def close(self) -> None:
        """Close the file."""

    @abstractmethod
    def _read_native(self, first: int, count: int) -> tuple[Samples, NDArray[np.bool_]]:
        """Read samples in the file's own rate.

        Args:
            first: Index of the first one; index 0 is at the time 0 of the container's clock.
            count: Number of samples.

        Returns:
            Samples (channels, count), with 0 where there is no sound, and where there is (count,).
        """

    def read(
        self, start: float, seconds: float, sample_rate: int | None = None, mono: bool = True
    ) -> Sound:
        """Read a slice, which is equal to the same slice of the whole sound.

        Args:
            start: Time of the first sample, on the container's clock. Both times are rounded to the
                samples of ``sample_rate``.
            seconds: Length of the slice. What the file lacks of it is filled with zeros.
            sample_rate: Samples per second; None for the file's own rate. The sound is resampled by
                soxr in its high quality, after mixing.
            mono: Whether the channels are mixed to one, see :func:`downmix_weights`.

        Raises:
            UnreadableSoundError: The file is damaged, or ends well before its header says.
            ValueError: ``seconds`` or ``sample_rate`` is not positive.
        """
        info = self.probe()
        rate = info.sample_rate
        target = rate if sample_rate is None else sample_rate
        if target <= 0 or not seconds > 0:
            raise ValueError(
                f"seconds and sample_rate are positive, got {seconds} s at {sample_rate} Hz."
            )
        first, count = round(start * target), max(round(seconds * target), 1)
        begin = first * rate // target  # the slice in samples of the file
        end = -(-(first + count) * rate // target)
        if target == rate:
            samples, is_valid = self._read_mixed(begin, end - begin, mono)
        else:
            # Where a sample of the file and one of the result have the same time.
            step = rate // math.gcd(rate, target)
            margin = math.ceil(_MARGIN_SECONDS * rate)
            origin = (begin - margin) // step * step
            samples, is_valid = self._read_mixed(origin, end + margin - origin, mono)
            skipped = first - origin // step * (target // math.gcd(rate, target))
            samples = _resample(samples, rate, target)[:, skipped : skipped + count]
            is_valid = is_valid[begin - origin : end - origin]
        valid_seconds = min(float(is_valid.sum()) / rate, count / target)
        return Sound(np.ascontiguousarray(samples), target, valid_seconds)

    def read_all(self, sample_rate: int | None = None, mono: bool = True) -> Sound:
        """Read the whole sound from its first sample on, see :meth:`read`.

        Raises:
            UnreadableSoundError: The file is damaged, or ends well before its header says.
        """
        info = self.probe()
        return self.read(info.start, info.duration, sample_rate, mono)

    def _read_mixed(self, first: int, count: int, mono: bool) -> tuple[Samples, NDArray[np.bool_]]:
        samples, is_valid = self._read_native(first, count)
        if mono and len(samples) > 1:
            samples = downmix_weights(self.probe().channels)[None] @ samples
        return samples, is_valid

    def _check_end(self, asked: float, end: float) -> None:
        """Raise an error if sound that the header promises is missing.

        Args:
            asked: End of the slice, in seconds on the container's clock.
            end: End of the sound that could be decoded.
        """
        info = self.probe()
        stated = info.start + info.duration
        if end < min(asked, stated) - _END_SECONDS:
            raise UnreadableSoundError.of(
                self.path,
                f"its sound ends at {end:.2f} s, and its header says {stated:.2f} s: it is cut off",
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _resample(samples: Samples, rate: int, target: int) -> Samples:
    return soxr.resample(samples.T, rate, target, quality="HQ").T
