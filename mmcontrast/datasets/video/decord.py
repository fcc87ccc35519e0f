"""Video reader that decodes with decord."""

from collections.abc import Iterator, Sequence

import numpy as np

from mmcontrast.datasets.errors import UnreadableVideoError
from mmcontrast.datasets.video.orientation import refuse_mirrored
from mmcontrast.datasets.video.reader import Image, VideoInfo, VideoReader

try:
    import decord
except ImportError as error:  # pragma: no cover
    raise ImportError(
        "backend='decord' needs decord: pip install 'mmcontrast[video]', or take backend='auto'."
    ) from error

# decord's own error is not a RuntimeError, but failures to open a file are.
_ERRORS = (RuntimeError, decord.DECORDError, IndexError)


class DecordReader(VideoReader):
    """Reads frames with decord in one thread, from files whose time stamps begin at or after 0.

    decord applies the rotation of a display matrix, but no flip.

    Raises:
        UnreadableVideoError: The file cannot be opened, or decord would return wrong frames,
            because it has no time stamps, has frames before its start (an edit list), is an MPEG
            transport stream, or has a display matrix that flips.
    """

    def __init__(self, path: str):
        super().__init__(path)
        try:
            self._video = decord.VideoReader(path, ctx=decord.cpu(0), num_threads=1)
            self._starts = self._video.get_frame_timestamp(range(len(self._video)))[:, 0]
        except _ERRORS as error:
            raise UnreadableVideoError.of(path, _reason(error)) from error
        if len(self._starts) == 0:
            raise UnreadableVideoError.of(path, "it has no frames")
        if self._starts[0] < 0 or _is_transport_stream(path):
            raise UnreadableVideoError.of(
                path, "decord would return wrong frames of it, backend='auto' does not"
            )
        refuse_mirrored(path)

    def probe(self) -> VideoInfo:
        """Return the information in the header."""
        fps, num_frames = float(self._video.get_avg_fps()), len(self._video)
        return VideoInfo(num_frames, fps, float(self._starts[0]), num_frames / fps, has_pts=True)

    def frames(self) -> Iterator[Image]:
        """Yield all frames."""
        for index in range(len(self._video)):
            yield self._frame(index)

    def close(self) -> None:
        """Close the file."""
        self._video = None

    def _read_sorted(self, times: Sequence[float]) -> list[Image]:
        fps = self.probe().fps
        begins = self._starts - self._starts[0]
        self._check_end(times[-1], begins[-1] + 1 / fps, fps)
        indices = np.searchsorted(begins, np.asarray(times) + 1e-3 / fps, side="right") - 1
        return [self._frame(int(index)) for index in indices]

    def _frame(self, index: int) -> Image:
        try:
            return self._video[index].asnumpy()
        except _ERRORS as error:
            raise UnreadableVideoError.of(self.path, _reason(error)) from error


def _reason(error: Exception) -> str:
    """Return the first line of decord's message; the others are a stack trace."""
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__


def _is_transport_stream(path: str) -> bool:
    """Return whether a file is MPEG-TS, also with time codes, of which decord mixes up the frames.

    Each packet of 188 bytes begins with the byte 0x47; a time code of 4 bytes may precede it. The
    file may begin within a packet.
    """
    with open(path, "rb") as file:
        head = file.read(5 * 192)
    return any(
        head[offset::step][:4] == b"\x47" * 4 for step in (188, 192) for offset in range(step)
    )
