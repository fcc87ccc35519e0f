"""Reader of the sound of containers that decodes with PyAV."""

import itertools
from collections.abc import Iterator
from contextlib import suppress
from functools import cached_property
from typing import Any, NamedTuple

import av
import numpy as np
from numpy.typing import NDArray

from mmcontrast.datasets.errors import UnreadableSoundError
from mmcontrast.datasets.sound.downmix import default_channels
from mmcontrast.datasets.sound.reader import Samples, SoundInfo, SoundReader
from mmcontrast.datasets.video.container import (
    decode_packets,
    ffmpeg_errors,
    open_container,
    prepare_decoder,
    stream_seconds,
)

# Demuxers that seek to wrong positions, or give wrong times behind a seek: the sound is decoded
# from the start. In the first group, times are byte counts too, and samples are counted.
_COUNTED = {"avi", "mp3", "aac", "ac3", "eac3", "mp2", "dts"}
_FROM_START = {"mpeg", "vob", "asf", *_COUNTED}
_STATES_NO_DURATION = {"mpeg", "vob", "mp3", "aac", "ac3", "eac3", "mp2", "dts"}
# Samples by which every decoder of MPEG layer 3 lags; other containers than AVI state it.
_MP3_DELAY = 529
# Codecs whose frames differ in length.
_VARIABLE_FRAMES = {"vorbis"}

_STEP_BACK_SECONDS = 0.3
_WARM_UP_SECONDS = 0.15
"""Sound that is decoded before a slice: codecs need up to 80 ms to reach the same samples."""
_TOLERANCE_SECONDS = 1.5e-3
"""Time stamps of whole milliseconds differ by less from the count of samples; more is a gap."""
_CUT_OFF_SECONDS = 0.5


class _Block(NamedTuple):
    """Decoded samples, and the index of the first one on the container's clock."""

    begin: int
    samples: Samples

    @property
    def end(self) -> int:
        return self.begin + self.samples.shape[1]


class _SeekError(Exception):
    """Where the container did seek to is of no use."""


class PyAVSoundReader(SoundReader):
    """Reads the first sound track of a file with PyAV.

    Samples are placed by the time stamps of their frames: sound that begins late or early, edit
    lists and the delay of encoders, which the container states, are followed. A frame that
    continues the one before it to 1.5 ms is joined to it, since many containers round times to
    milliseconds; a longer gap is filled with zeros. An AVI file states no delay: the one that every
    decoder of MP3 has is left out, and that of its encoder (LAME: 576 samples) remains.

    A slice is decoded from 0.3 s before it, where the container seeks reliably, and where the
    sample at which that decoding begins is certain, from its time stamp or as a multiple of the
    length of a frame; otherwise from the start of the file.

    Raises:
        UnreadableSoundError: The file cannot be opened or has no sound track, FFmpeg has no decoder
            for it or finds it damaged.
    """

    def __init__(self, path: str):
        super().__init__(path)
        self._rate = 0
        self._channels: tuple[str, ...] = ()
        self._open()
        self._head = list(itertools.islice(self._from_start(), 2))
        if not self._head:
            raise UnreadableSoundError.of(path, "its sound track has no samples")

    def probe(self) -> SoundInfo:
        """Return the information in the header; some containers are searched for their end."""
        return self._info

    def close(self) -> None:
        """Close the file."""
        self._container.close()

    @cached_property
    def _info(self) -> SoundInfo:
        rate, start = self._rate, self._head[0].begin / self._rate
        stream = self._stream
        if "avi" in self._formats:  # FFmpeg has shortened the duration of a file that is cut off
            seconds = float(stream.frames * stream.time_base)
        elif self._formats & _STATES_NO_DURATION:
            seconds = 0.0
        else:
            seconds = stream_seconds(self._container, stream)
        if seconds > 0:
            # The first packets may be of no sound, as those before an edit list's beginning.
            duration = seconds + float((stream.start_time or 0) * stream.time_base) - start
        else:
            duration = self._find_end() - start
        return SoundInfo(rate, self._channels, start, max(duration, 0.0), self._codec)

    @property
    def _formats(self) -> set[str]:
        return set(self._container.format.name.split(","))

    def _find_end(self) -> float:
        """Return the end of the last packet of sound in seconds.

        Raises:
            UnreadableSoundError: All streams end well before the container's header says.
        """
        end = last = 0.0
        self._open_again()
        self._is_fresh = False
        with ffmpeg_errors(self.path, UnreadableSoundError):
            for packet in self._container.demux():
                if packet.size and packet.pts is not None and packet.time_base is not None:
                    now = float((packet.pts + (packet.duration or 0)) * packet.time_base)
                    last = max(last, now)
                    end = max(end, now) if packet.stream.index == self._stream.index else end
        container = self._container
        whole = ((container.start_time or 0) + (container.duration or 0)) / av.time_base
        if "matroska" in self._formats and last < whole - _CUT_OFF_SECONDS:
            raise UnreadableSoundError.of(
                self.path,
                f"it ends at {last:.2f} s, and its header says {whole:.2f} s: it is cut off",
            )
        return end

    def _read_native(self, first: int, count: int) -> tuple[Samples, NDArray[np.bool_]]:
        info = self.probe()
        blocks: list[_Block] = []
        if (first + count) / info.sample_rate > info.start:
            blocks += self._blocks(first, first + count)
        if blocks:
            # Before memory is taken for a duration that a damaged header states.
            end = max(block.end for block in blocks)
            self._check_end((first + count) / info.sample_rate, end / info.sample_rate)
        result = np.zeros((len(info.channels), count), np.float32)
        is_valid = np.zeros(count, bool)
        for block in blocks:
            begin, end = (min(max(n - first, 0), count) for n in (block.begin, block.end))
            offset = first - block.begin
            result[:, begin:end] = block.samples[:, begin + offset : end + offset]
            is_valid[begin:end] = True
        return result, is_valid

    def _blocks(self, first: int, end: int) -> list[_Block]:
        """Return the blocks that hold the samples from ``first`` on to ``end``."""
        latest = first / self._rate - _WARM_UP_SECONDS
        is_late = latest > self._head[-1].end / self._rate + _STEP_BACK_SECONDS
        if is_late and not self._formats & _FROM_START:
            for by_track in (True, False):
                # An intact file may look damaged where decoding begins; the decoding from the
                # start of the file decides.
                with suppress(_SeekError, UnreadableSoundError):
                    target = latest - _STEP_BACK_SECONDS / 2
                    return _between(self._from_seek(target, latest, by_track), first, end)
        return _between(self._from_start(), first, end)

    def _from_seek(self, target: float, latest: float, by_track: bool) -> Iterator[_Block]:
        """Seek to ``target`` and yield what follows.

        Args:
            target: Time to seek to in seconds.
            latest: Time at which the first block has to begin at the latest.
            by_track: Whether to seek in the sound track's own index, or in that of the images.

        Raises:
            _SeekError: The container cannot seek, the first block begins too late, or its place is
                not certain.
        """
        self._is_fresh = False
        try:
            if by_track:
                ticks = int(target / self._stream.time_base)
                self._container.seek(ticks, stream=self._stream)
            else:
                self._container.seek(int(target * av.time_base))
        except (av.error.FFmpegError, OSError) as error:
            raise _SeekError from error
        frames = self._decode()
        frame = next(frames, None)
        if frame is None or frame.pts is None or frame.time > latest:
            raise _SeekError
        yield from self._place(itertools.chain([frame], frames), self._certain_end(frame))

    def _certain_end(self, frame: Any) -> int:
        """Return the index behind the last sample of a frame.

        Raises:
            _SeekError: The time stamp is too coarse, and frames differ in length.
        """
        end = float(frame.pts * frame.time_base) * self._rate + frame.samples
        first_end, length = self._head[0].end, self._head[-1].samples.shape[1]
        if self._codec not in _VARIABLE_FRAMES and frame.samples == length:
            on_grid = first_end + round((end - first_end) / length) * length
            if abs(end - on_grid) <= _TOLERANCE_SECONDS * self._rate:
                return on_grid
        if float(frame.time_base) * self._rate > 1.0:
            raise _SeekError
        return round(end)

    def _from_start(self) -> Iterator[_Block]:
        if not self._is_fresh:
            self._open_again()
        return self._place(self._decode(), None)

    def _place(self, frames: Iterator[Any], first_end: int | None) -> Iterator[_Block]:
        """Yield the samples of frames with their indices.

        Args:
            frames: Decoded frames.
            first_end: Index behind the last sample of the first frame; None to take its time stamp.
        """
        is_counted = bool(self._formats & _COUNTED)
        lag = _MP3_DELAY if self._codec.startswith("mp3") and "avi" in self._formats else 0
        tolerance = _TOLERANCE_SECONDS * self._rate
        expected = None
        for frame in frames:
            samples = self._samples(frame)
            if expected is None:
                samples = samples[:, lag:]
            length = samples.shape[1]
            if expected is None and first_end is not None:
                begin = first_end - length
            elif frame.pts is None or (is_counted and expected is not None):
                begin = expected or 0
            else:
                begin = round(float(frame.pts * frame.time_base) * self._rate)
                if expected is not None and abs(begin - expected) <= tolerance:
                    begin = expected
            expected = begin + length
            yield _Block(begin, samples)

    def _decode(self) -> Iterator[Any]:
        self._is_fresh = False
        packets = self._container.demux(self._stream)
        return decode_packets(packets, self.path, UnreadableSoundError)

    def _samples(self, frame: Any) -> Samples:
        """Return the samples (channels, samples) of a frame.

        Raises:
            UnreadableSoundError: Rate or channels differ from those of the first frame.
        """
        if self._rate == 0:
            self._rate, self._channels = frame.sample_rate, _channels(frame)
        if frame.sample_rate != self._rate or _channels(frame) != self._channels:
            raise UnreadableSoundError.of(
                self.path,
                f"its sound changes from {self._rate} Hz and {len(self._channels)} channels to "
                f"{frame.sample_rate} Hz and {frame.layout.nb_channels} at {frame.time or 0:.2f} s:"
                " re-encode it at one rate with 'ffmpeg -i INPUT -ar 16000 OUTPUT'",
            )
        samples = frame.to_ndarray()
        if not frame.format.is_planar:
            samples = samples.reshape(-1, len(self._channels)).T
        if samples.dtype.kind == "u":
            return (samples.astype(np.float32) - 128) / 128
        if samples.dtype.kind == "i":
            samples = samples / np.float64(np.iinfo(samples.dtype).max)
        return samples.astype(np.float32, copy=False)

    def _open_again(self) -> None:
        self.close()
        self._open()

    def _open(self) -> None:
        self._container = open_container(self.path, UnreadableSoundError)
        if not self._container.streams.audio:
            self.close()
            raise UnreadableSoundError.of(
                self.path,
                "there is no sound track in it (data sets with require_audio=True leave such "
                "files out)",
            )
        self._stream: Any = self._container.streams.audio[0]
        prepare_decoder(self._stream, self.path, UnreadableSoundError)
        self._codec = self._stream.codec_context.name
        self._is_fresh = True


def _between(blocks: Iterator[_Block], first: int, end: int) -> list[_Block]:
    """Take blocks up to the one that reaches ``end``; keep those behind ``first``, or the last."""
    kept: list[_Block] = []
    for block in blocks:
        if kept and kept[-1].end <= first:
            kept.pop()
        kept.append(block)
        if block.end >= end:
            break
    return kept


def _channels(frame: Any) -> tuple[str, ...]:
    names = tuple(channel.name for channel in frame.layout.channels)
    number = frame.layout.nb_channels
    is_named = len(names) == number and "NONE" not in names
    return names if is_named else default_channels(number)
