"""Media files as FFmpeg opens and decodes them, with the damage that FFmpeg detects as an error.

Nothing here is about images alone: a stream of sound is opened and decoded in the same way.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from mmcontrast.datasets.errors import UnreadableVideoError

try:
    import av
except ImportError as error:  # pragma: no cover
    raise ImportError("Decoding videos needs PyAV: pip install 'mmcontrast[video]'.") from error

# By default FFmpeg conceals damage and returns a frame of guessed pixels. The two further kinds,
# 'compliant' and 'aggressive', refuse intact files of common encoders.
_DECODER_OPTIONS = {"err_detect": "crccheck+bitstream+buffer+careful+explode"}


@contextmanager
def ffmpeg_errors(path: str) -> Iterator[None]:
    """Turn what FFmpeg raises inside the context into an error that names the file.

    Raises:
        UnreadableVideoError: FFmpeg could not open, read or decode the file.
    """
    try:
        yield
    except UnreadableVideoError:
        raise
    except (av.error.FFmpegError, OSError) as error:
        raise UnreadableVideoError.of(path, error.strerror or str(error)) from error


def open_container(path: str) -> Any:
    """Open a file; tags that are no text are kept as far as they are.

    Raises:
        UnreadableVideoError: The file is missing, or FFmpeg does not know its format.
    """
    with ffmpeg_errors(path):
        return av.open(path, metadata_errors="replace")


def prepare_decoder(stream: Any, path: str) -> None:
    """Let the decoder of a stream use one thread, and report damage instead of concealing it.

    Raises:
        UnreadableVideoError: FFmpeg has no decoder for the codec of the stream.
    """
    decoder = stream.codec_context
    if decoder is None:
        raise UnreadableVideoError.of(
            path, f"this FFmpeg has no decoder for the codec of its {stream.type} stream"
        )
    decoder.thread_count = 1  # the workers share the cores
    decoder.options = _DECODER_OPTIONS


def decode_packets(packets: Iterator[av.Packet], path: str) -> Iterator[Any]:
    """Decode packets, the first of which can be decoded without those before it.

    Frames that are shown before the first packet may be incomplete in an intact file, since they
    may need packets before it; they are yielded as the decoder returns them.

    Raises:
        UnreadableVideoError: FFmpeg cannot decode a packet, or marks it or a frame as corrupt.
    """
    start = None
    with ffmpeg_errors(path):
        for packet in packets:
            start = packet.pts if start is None else start
            _refuse_corrupt(packet, path)
            for frame in packet.decode():
                if start is None or frame.pts is None or frame.pts >= start:
                    _refuse_corrupt(frame, path)
                yield frame


def _refuse_corrupt(part: Any, path: str) -> None:
    if part.is_corrupt:
        time = None if part.pts is None else float(part.pts * (part.time_base or 0))
        place = "" if time is None else f" at {time:.2f} s"
        raise UnreadableVideoError.of(path, f"it is damaged{place}")
