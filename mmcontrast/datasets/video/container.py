"""Media files as FFmpeg opens and decodes them, with the damage that FFmpeg detects as an error.

Nothing here is about images alone: a stream of sound is opened and decoded in the same way.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from mmcontrast.datasets.errors import UnreadableFileError, UnreadableVideoError

try:
    import av
except ImportError as error:  # pragma: no cover
    raise ImportError("Decoding videos needs PyAV: pip install 'mmcontrast[video]'.") from error

# By default FFmpeg conceals damage and returns a frame of guessed pixels. The two further kinds,
# 'compliant' and 'aggressive', refuse intact files of common encoders.
_DECODER_OPTIONS = {"err_detect": "crccheck+bitstream+buffer+careful+explode"}
_MATROSKA_TIME = re.compile(r"(\d+):(\d+):(\d+(?:\.\d+)?)")

Unreadable = type[UnreadableFileError]


@contextmanager
def ffmpeg_errors(path: str, unreadable: Unreadable = UnreadableVideoError) -> Iterator[None]:
    """Turn what FFmpeg raises inside the context into an error that names the file.

    Args:
        path: Path of the file.
        unreadable: Type of the error.

    Raises:
        UnreadableFileError: FFmpeg could not open, read or decode the file.
    """
    try:
        yield
    except UnreadableFileError:
        raise
    except (av.error.FFmpegError, OSError) as error:
        raise unreadable.of(path, error.strerror or str(error)) from error


def open_container(path: str, unreadable: Unreadable = UnreadableVideoError) -> Any:
    """Open a file; tags that are no text are kept as far as they are.

    Raises:
        UnreadableFileError: The file is missing, or FFmpeg does not know its format.
    """
    with ffmpeg_errors(path, unreadable):
        return av.open(path, metadata_errors="replace")


def stream_seconds(container: Any, stream: Any) -> float:
    """Return the duration of one stream; 0 if the header has only that of the whole file."""
    if stream.duration:
        return float(stream.duration * stream.time_base)
    if end := _MATROSKA_TIME.match(stream.metadata.get("DURATION", "")):
        hours, minutes, seconds = map(float, end.groups())
        # FFmpeg writes the end of the track; mkvmerge, which marks its tags, its length.
        is_length = "_STATISTICS_TAGS" in stream.metadata
        start = 0.0 if is_length else float((stream.start_time or 0) * stream.time_base)
        return max(3600 * hours + 60 * minutes + seconds - start, 0.0)
    is_single = len(container.streams) == 1
    return container.duration / av.time_base if is_single and container.duration else 0.0


def prepare_decoder(stream: Any, path: str, unreadable: Unreadable = UnreadableVideoError) -> None:
    """Let the decoder of a stream use one thread, and report damage instead of concealing it.

    Raises:
        UnreadableFileError: FFmpeg has no decoder for the codec of the stream.
    """
    decoder = stream.codec_context
    if decoder is None:
        raise unreadable.of(
            path, f"this FFmpeg has no decoder for the codec of its {stream.type} stream"
        )
    decoder.thread_count = 1  # the workers share the cores
    decoder.options = _DECODER_OPTIONS


def decode_packets(
    packets: Iterator[av.Packet], path: str, unreadable: Unreadable = UnreadableVideoError
) -> Iterator[Any]:
    """Decode packets, the first of which can be decoded without those before it.

    Frames that are shown before the first packet may be incomplete in an intact file, since they
    may need packets before it; they are yielded as the decoder returns them.

    Raises:
        UnreadableFileError: FFmpeg cannot decode a packet, or marks it or a frame as corrupt.
    """
    start = None
    with ffmpeg_errors(path, unreadable):
        for packet in packets:
            start = packet.pts if start is None else start
            _refuse_corrupt(packet, path, unreadable)
            for frame in packet.decode():
                if start is None or frame.pts is None or frame.pts >= start:
                    _refuse_corrupt(frame, path, unreadable)
                yield frame


def _refuse_corrupt(part: Any, path: str, unreadable: Unreadable) -> None:
    if part.is_corrupt:
        time = None if part.pts is None else float(part.pts * (part.time_base or 0))
        place = "" if time is None else f" at {time:.2f} s"
        raise unreadable.of(path, f"it is damaged{place}")
