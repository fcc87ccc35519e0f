"""The interface of all readers of sound, and the resampling of slices."""

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from mmcontrast.datasets.errors import UnreadableSoundError
from mmcontrast.datasets.sound.downmix import downmix_weights

Samples = NDArray[np.float32]

_MARGIN_SECONDS = 0.05
"""Sound on both sides of a slice that is resampled with it: more than half of soxr's filter."""

_TOGETHER_SECONDS = 1.0
"""Up to this distance of two slices, decoding on is cheaper than a seek."""

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
        return self.read_many([start], seconds, sample_rate, mono)[0]

    def read_many(
        self,
        starts: Sequence[float],
        seconds: float,
        sample_rate: int | None = None,
        mono: bool = True,
    ) -> list[Sound]:
        """Read several slices of one length; those near each other are decoded together.

        The slices are those of :meth:`read`, in the order of ``starts``.
        """
        rate = self.probe().sample_rate
        target = rate if sample_rate is None else sample_rate
        if target <= 0 or not seconds > 0:
            raise ValueError(
                f"seconds and sample_rate are positive, got {seconds} s at {sample_rate} Hz."
            )
        count = max(round(seconds * target), 1)
        slices = [_Slice.at(round(start * target), count, rate, target) for start in starts]
        order = sorted(range(len(slices)), key=lambda number: slices[number].begin)
        sounds: dict[int, Sound] = {}
        while order:
            group = [order.pop(0)]
            end = slices[group[0]].end
            while order and slices[order[0]].begin <= end + _TOGETHER_SECONDS * rate:
                group.append(order.pop(0))
                end = max(end, slices[group[-1]].end)
            begin = slices[group[0]].begin
            samples, is_valid = self._read_native(begin, end - begin)
            if mono and len(samples) > 1:
                samples = downmix_weights(self.probe().channels)[None] @ samples
            for number in group:
                sounds[number] = slices[number].cut(samples, is_valid, begin)
        return [sounds[number] for number in range(len(slices))]

    def read_all(self, sample_rate: int | None = None, mono: bool = True) -> Sound:
        """Read the whole sound from its first sample on, see :meth:`read`.

        Raises:
            UnreadableSoundError: The file is damaged, or ends well before its header says.
        """
        info = self.probe()
        return self.read(info.start, info.duration, sample_rate, mono)

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


class _Slice(NamedTuple):
    """A slice of the result, and the samples of the file that it is computed from.

    Attributes:
        rate: Sample rate of the file.
        target: Sample rate of the result.
        first: Index of the slice's first sample, at the rate of the result.
        length: Number of its samples.
        begin: Index of the first sample of the file, which has the same time as one of the result.
        end: Index behind the last sample of the file.
    """

    rate: int
    target: int
    first: int
    length: int
    begin: int
    end: int

    @classmethod
    def at(cls, first: int, length: int, rate: int, target: int) -> Self:
        if rate == target:
            return cls(rate, target, first, length, first, first + length)
        step = rate // math.gcd(rate, target)
        margin = math.ceil(_MARGIN_SECONDS * rate)
        begin = (first * rate // target - margin) // step * step
        return cls(
            rate, target, first, length, begin, _ceil((first + length) * rate, target) + margin
        )

    def cut(self, samples: Samples, is_valid: NDArray[np.bool_], origin: int) -> Sound:
        """Cut the slice out of samples of the file, of which the first has the index ``origin``."""
        rate, target = self.rate, self.target
        part = samples[:, self.begin - origin : self.end - origin]
        if rate != target:
            skipped = self.first - self.begin * target // rate
            part = _resample(part, rate, target)[:, skipped : skipped + self.length]
        inside = slice(
            self.first * rate // target - origin,
            _ceil((self.first + self.length) * rate, target) - origin,
        )
        valid_seconds = min(float(is_valid[inside].sum()) / rate, self.length / target)
        return Sound(np.ascontiguousarray(part), target, valid_seconds)


def _ceil(numerator: int, denominator: int) -> int:
    return -(-numerator // denominator)


def _resample(samples: Samples, rate: int, target: int) -> Samples:
    try:
        import soxr
    except ImportError as error:  # pragma: no cover
        raise ImportError(
            "Resampling sound needs soxr: pip install 'mmcontrast[audio]'."
        ) from error
    return soxr.resample(samples.T, rate, target, quality="HQ").T
