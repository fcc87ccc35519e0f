"""Video reader that decodes with PyAV, FFmpeg's interface to packets, frames and time stamps."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import cached_property
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmcontrast.datasets.errors import UnreadableVideoError
from mmcontrast.datasets.video.container import (
    decode_packets,
    ffmpeg_errors,
    open_container,
    prepare_decoder,
    stream_seconds,
)
from mmcontrast.datasets.video.orientation import apply_display_matrix
from mmcontrast.datasets.video.reader import Image, VideoInfo, VideoReader

try:
    import av
    from av.sidedata.sidedata import Type as SideDataType
except ImportError as error:  # pragma: no cover
    raise ImportError("Decoding videos needs PyAV: pip install 'mmcontrast[video]'.") from error

# Containers of these demuxers have no presentation time stamps, or seek to wrong positions: their
# frames are decoded from the start and counted.
_COUNTED = {"avi", "mpeg", "mpegvideo", "vob", "asf", "h264", "hevc", "m4v"}
_STEP_BACK_SECONDS = 0.5
_WALK_SECONDS = 1.0
"""Up to this distance, decoding on is cheaper than a seek."""


class PyAVReader(VideoReader):
    """Seeks to a key frame that is shown before the requested time, and verifies that it is.

    A seek may end between two key frames (MPEG-TS has no index of them). Decoding starts at the
    next key frame if it is shown before the requested time, else an earlier position is tried, and
    at last the beginning of the file. Frames that are shown before the key frame where decoding
    started are discarded: in an open group of pictures their reference frames are missing. Where
    there are no time stamps, frames are counted from the beginning of the file.

    Raises:
        UnreadableVideoError: The file cannot be opened, or has no images, FFmpeg has no decoder for
            them or finds them damaged, or their display matrix is neither a flip nor a rotation by
            a multiple of 90 degrees.
    """

    def __init__(self, path: str):
        super().__init__(path)
        self._open()

    def probe(self) -> VideoInfo:
        """Return the information in the header."""
        return self._info

    @cached_property
    def _info(self) -> VideoInfo:
        start = self._first_time()
        stream = self._stream
        fps = float(stream.average_rate or stream.guessed_rate or 0)
        if fps <= 0:
            raise UnreadableVideoError.of(self.path, "its header has no frame rate")
        if self._is_counted:
            num_frames = stream.frames or self._count_packets(fps, start)[0]
            duration = num_frames / fps
        elif (whole := stream_seconds(self._container, stream)) > 0:
            duration = max(whole - (start - self._seconds(stream.start_time)), 0.0)
            # A cut by an edit list leaves frames in the file that are not shown.
            num_frames = min(filter(None, (stream.frames, round(duration * fps))), default=0)
        else:
            num_frames, end = self._count_packets(fps, start)
            duration = end - start
            fps = num_frames / duration if duration > 0 else fps
        stream = self._stream  # counting opens the file again
        return VideoInfo(
            num_frames=num_frames,
            fps=fps,
            start=start,
            duration=duration,
            has_pts=not self._is_counted,
            codec=stream.codec_context.name,
            has_audio=bool(self._container.streams.audio),
        )

    def _seconds(self, ticks: int | None) -> float:
        """Convert ticks of the stream to seconds; 0 for None."""
        return float((ticks or 0) * (self._stream.time_base or 0))

    def _first_time(self) -> float:
        """Return the time of the first frame that can be decoded.

        A recording that begins within a group of pictures, or with an open one, has packets that
        are shown earlier.
        """
        start = self._stream.start_time
        if "avi" in self._container.format.name:
            # Frames are counted from the start on: the delay by which FFmpeg places the first one
            # of a stream with B-frames is that of its decoder.
            return self._seconds(start)
        self._rewind()
        self._is_fresh = False
        with ffmpeg_errors(self.path):
            packet = next(self._container.demux(self._stream), None)
        if packet is None or start is None or packet.pts is None:
            return self._seconds(start)
        if packet.is_keyframe and packet.pts <= start:
            return self._seconds(start)
        frame = next(self._decode_from_start(), None)
        return self._seconds(start) if frame is None or frame.time is None else float(frame.time)

    def _count_packets(self, fps: float, start: float) -> tuple[int, float]:
        """Count the frames from ``start`` on, and return the end of the last one.

        Both times are on the container's clock.
        """
        count, end = 0, start
        self._rewind()
        self._is_fresh = False
        with ffmpeg_errors(self.path):
            for packet in self._container.demux(self._stream):
                if packet.size and (packet.pts is None or self._seconds(packet.pts) >= start):
                    count += 1
                    length = max(self._seconds(packet.duration), 1 / fps)
                    end = max(end, self._seconds(packet.pts) + length)
        self._rewind()
        return count, end

    def frames(self) -> Iterator[Image]:
        """Yield all frames in display order; raise an error at the end if some are missing."""
        return (image for _, image in self.timed_frames())

    def timed_frames(self) -> Iterator[tuple[float, Image]]:
        """Yield all frames with their times; raise an error at the end if some are missing."""
        info = self.probe()
        end = None
        for number, frame in enumerate(self._decode_from_start()):
            begin = number / info.fps if self._is_counted else (frame.time or 0.0) - info.start
            yield begin, self._to_rgb(frame)
            end = begin + _length(frame, info.fps)
        if end is not None:
            # A dropped frame has an entry in an AVI file, but no image.
            last = self._seconds(self._last_dts) + 1 / info.fps if self._is_counted else 0.0
            self._check_end(info.duration, max(end, last), info.fps)

    def close(self) -> None:
        """Close the file."""
        self._container.close()

    @property
    def _is_counted(self) -> bool:
        return bool(_COUNTED & set(self._container.format.name.split(",")))

    def _read_sorted(self, times: Sequence[float]) -> list[Image]:
        if self._is_counted:
            return self._read_counted(times)
        info = self.probe()
        frames: list[Image] = []
        for start, end in _runs(times):
            run = self._read_run(times[start:end], info)
            if run is None:  # the time stamps are missing
                return self._read_counted(times)
            frames += run
        return frames

    def _read_counted(self, times: Sequence[float]) -> list[Image]:
        fps = self.probe().fps
        decoded = ((number / fps, frame) for number, frame in enumerate(self._decode_from_start()))
        try:
            return self._pick(times, decoded, fps)
        except _NoTimeError:
            raise UnreadableVideoError.of(self.path, "it has no frames") from None

    def _read_run(self, times: Sequence[float], info: VideoInfo) -> list[Image] | None:
        """Read frames at close times after one seek; None if time stamps are missing or descend."""
        back = _STEP_BACK_SECONDS
        while times[0] - back >= _STEP_BACK_SECONDS:
            target = self._seek(info.start + times[0], back)
            if target is not None:
                key, decoded = target
                # An intact file may look damaged where decoding starts; the decoding from the
                # start of the file decides.
                with suppress(_NoTimeError, UnreadableVideoError):
                    return self._pick(times, _timed(decoded, key, info.start), info.fps)
            back *= 2
        decoded = self._decode_from_start()
        try:
            return self._pick(times, _timed(decoded, info.start, info.start), info.fps)
        except _NoTimeError:
            return None

    def _seek(self, time: float, back: float) -> tuple[float, Iterator[av.VideoFrame]] | None:
        """Seek to a position ``back`` seconds before ``time``, and go on to the next key frame.

        Returns:
            Time of the key frame and the frames from it on; None if the container cannot seek or
            there is no key frame between the position and ``time``.
        """
        self._is_fresh = False
        try:
            ticks = int((time - back) / self._seconds(1))
            self._container.seek(ticks, stream=self._stream)
            for packet in self._container.demux(self._stream):
                if packet.pts is not None and packet.is_keyframe:
                    key = self._seconds(packet.pts)
                    return (key, self._decode(packet, has_key=True)) if key <= time else None
                if packet.dts is not None and self._seconds(packet.dts) > time:
                    return None
        except (av.error.FFmpegError, OSError):  # decoding from the start finds what is damaged
            return None
        return None

    def _decode_from_start(self) -> Iterator[av.VideoFrame]:
        self._rewind()
        return self._decode()

    def _rewind(self) -> None:
        if not self._is_fresh:  # some demuxers cannot go back to their very beginning
            self.close()
            self._open()

    def _open(self) -> None:
        self._container = open_container(self.path)
        if not self._container.streams.video:
            self.close()
            raise UnreadableVideoError.of(self.path, "there is no video stream in it")
        self._stream = self._container.streams.video[0]
        prepare_decoder(self._stream, self.path)
        self._is_fresh = True
        self._last_dts: int | None = None

    def _decode(self, *first: av.Packet, has_key: bool = False) -> Iterator[av.VideoFrame]:
        """Decode the packets ``first`` and the following ones, see :meth:`_packets`."""
        self._is_fresh = False
        return decode_packets(self._packets(*first, has_key=has_key), self.path)

    def _packets(self, *first: av.Packet, has_key: bool = False) -> Iterator[av.Packet]:
        """Yield the packets ``first`` and the following ones.

        Unless ``has_key``, the packets before the first key frame are left out: some decoders
        return wrong frames for them. Where no packet is marked as a key frame, all are yielded.
        """
        for packet in chain(first, self._container.demux(self._stream)):
            has_key = has_key or packet.is_keyframe
            if packet.size:
                self._last_dts = packet.dts
            if has_key:
                yield packet
        if not has_key:
            self._rewind()
            self._is_fresh = False
            yield from self._packets(has_key=True)

    def _to_rgb(self, frame: av.VideoFrame) -> Image:
        """Convert a frame to upright RGB pixels (H, W, 3)."""
        # Threads of a conversion would be awaited for ever in a forked worker that frees the frame.
        pixels = frame.to_ndarray(format="rgb24", threads=1)
        image: Image = pixels.astype(np.uint8, copy=False)
        matrix = _matrix(frame)
        return image if matrix is None else apply_display_matrix(image, matrix, self.path)

    def _pick(
        self, times: Sequence[float], decoded: Iterator[tuple[float, av.VideoFrame]], fps: float
    ) -> list[Image]:
        """Return, for each time, the last frame that started before it."""
        tolerance = 1e-3 / fps
        images: list[Image] = []
        before: tuple[float, av.VideoFrame] | None = None
        for now, frame in decoded:
            if before is None and times[0] + tolerance < now and now > 1 / fps:
                raise _NoTimeError  # the decoder did not return the frame shown at that time
            while before and len(images) < len(times) and times[len(images)] + tolerance < now:
                images.append(self._to_rgb(before[1]))
            if len(images) == len(times):
                return images
            before = now, frame
        if before is None:
            raise _NoTimeError
        for time in times[len(images) :]:
            self._check_end(time, before[0] + _length(before[1], fps), fps)
            images.append(self._to_rgb(before[1]))
        return images


class _NoTimeError(Exception):
    """A frame is missing, has no time stamp, or an earlier one than the previous frame."""


def _timed(
    decoded: Iterator[av.VideoFrame], key: float, start: float
) -> Iterator[tuple[float, av.VideoFrame]]:
    """Yield the frames from ``key`` on with their times relative to ``start``."""
    last = -np.inf
    for frame in decoded:
        if frame.pts is None or frame.time <= last:
            raise _NoTimeError
        last = frame.time
        if last >= key:
            yield last - start, frame


def _length(frame: av.VideoFrame, fps: float) -> float:
    """Return the display duration of a frame in seconds, at least 1 / ``fps``."""
    return max(float((frame.duration or 0) * (frame.time_base or 0)), 1 / fps)


def _runs(times: Sequence[float]) -> Iterator[tuple[int, int]]:
    """Split ascending times where a seek may be cheaper than decoding on."""
    begin = 0
    for index in range(1, len(times)):
        if times[index] - times[index - 1] > _WALK_SECONDS:
            yield begin, index
            begin = index
    yield begin, len(times)


def display_matrix(path: str) -> NDArray[np.int32] | None:
    """Return the display matrix (3, 3) of the first frame of a file; None if it has none.

    Raises:
        UnreadableVideoError: The file cannot be opened or decoded.
    """
    with PyAVReader(path) as video:
        frame = next(video._decode_from_start(), None)
    return None if frame is None else _matrix(frame)


def _matrix(frame: av.VideoFrame) -> NDArray[np.int32] | None:
    side_data: Any = frame.side_data  # PyAV's annotation has no key of its own enumeration
    data = side_data.get(SideDataType.DISPLAYMATRIX)
    return None if data is None else np.frombuffer(bytes(data), np.int32).reshape(3, 3)
