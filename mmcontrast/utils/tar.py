"""Tar files read past damage.

A tar file is a sequence of blocks of 512 bytes. Each member is a header with a checksum and the
blocks of its data, and blocks of zeros mark the end. Where a header is damaged, the place of the
next one is unknown, so reading continues at the next block that is a header with a right checksum.
Data have no checksum: changes of them are not detected here.
"""

import bz2
import gzip
import io
import lzma
import tarfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeAlias

_COMPRESSIONS: dict[bytes, Callable[..., Any]] = {
    b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ\x00": lzma.open
}  # fmt: skip
_COMPRESSION_ERRORS = (EOFError, zlib.error, lzma.LZMAError)
# A header with a right checksum may still have settings of extended formats that cannot be parsed.
_HEADER_ERRORS = (tarfile.HeaderError, ValueError, LookupError)
_END_BLOCKS = 2
_SKIP_BYTES = 1 << 20

OpenStream: TypeAlias = Callable[[], Any]
"""Opens a stream of bytes with ``read`` and ``close``; it need not be seekable."""


class Damage(str):
    """A part of a tar file that cannot be read, as words that name the file and the byte."""


def read_members(
    open_stream: OpenStream, path: str, contents: bool = True
) -> Iterator[tuple[str, bytes] | Damage]:
    """Read the regular files in a tar file.

    Args:
        open_stream: Opens the tar file, which may be compressed (gzip, bzip2, xz).
        path: Name of the file in messages.
        contents: Whether to read the contents of the files; otherwise only headers are read.

    Yields:
        Names with contents, and what is damaged.
    """
    reader = _Reader(path, contents)
    try:
        with _opened(open_stream) as file:
            yield from reader.read(file)
    except (OSError, *_COMPRESSION_ERRORS) as error:
        if not reader.has_end:  # otherwise it concerns what follows the tar file
            reason = getattr(error, "strerror", None) or str(error)
            where = f" from byte {reader.offset} on" if reader.offset else ""
            yield Damage(f"{path} cannot be read{where} ({reason})")


class _Reader:
    """Reads the members of one tar file.

    Attributes:
        offset: Position in bytes of the header that is being read, in the uncompressed file.
        has_end: Whether the mark of the end has been read.
    """

    def __init__(self, path: str, contents: bool):
        self.path, self.contents = path, contents
        self.offset = 0
        self._num_headers = 0
        self._end_gap()

    def _end_gap(self) -> None:
        """Start again with the blocks between members that are no headers."""
        self._gap: int | None = None
        self._zeros = 0  # number of blocks of zeros that the gap begins with
        self._broken = False  # whether it has other blocks

    @property
    def has_end(self) -> bool:
        return self._zeros >= _END_BLOCKS

    def read(self, file: Any) -> Iterator[tuple[str, bytes] | Damage]:
        tar = tarfile.TarFile(fileobj=io.BytesIO(bytes(_END_BLOCKS * tarfile.BLOCKSIZE)))
        tar.fileobj = file  # not to the constructor, which would read the first header
        while True:
            self.offset = file.tell()
            block = file.peek(tarfile.BLOCKSIZE)
            if not block:
                break
            if not any(block):
                file.read(tarfile.BLOCKSIZE)
                self._lengthen_gap(is_zero=True)
                continue
            try:
                member = tarfile.TarInfo.fromtarfile(tar)
            except _HEADER_ERRORS:
                self._lengthen_gap(is_zero=False)
                continue
            if self._gap is not None:
                yield self._describe_gap(f"reading continues at byte {self.offset}")
                self._end_gap()
            self._num_headers += 1
            content = self._content(tar, member)
            if content is None:
                yield Damage(
                    f"{self.path} ends within {member.name}, whose header is at byte {self.offset}"
                )
                return
            if member.isreg():
                yield member.name, content
        if self._num_headers == 0:
            yield Damage(f"{self.path} {self._without_headers()}")
        elif self._broken and not self.has_end:
            yield self._describe_gap("no other follows")

    def _lengthen_gap(self, is_zero: bool) -> None:
        if self._gap is None:
            self._gap = self.offset
        if not is_zero:
            self._broken = True
        elif not self._broken:
            self._zeros += 1

    def _describe_gap(self, rest: str) -> Damage:
        if self._zeros:
            return Damage(f"there are zeros at byte {self._gap} of {self.path}, and {rest}")
        return Damage(f"the header at byte {self._gap} of {self.path} is damaged, and {rest}")

    def _without_headers(self) -> str:
        if self._gap is None:
            return "is empty"
        return "is not a complete tar file (it has no header)" if self._broken else "has no members"

    def _content(self, tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes | None:
        """Read a member and go to the next header; return None where the file ends before it."""
        file: Any = tar.fileobj
        content = b""
        try:
            if self.contents and member.isreg():
                content = tar.extractfile(member).read()  # type: ignore[union-attr]
        except tarfile.ReadError:
            return None
        if file.tell() != tar.offset:
            file.seek(tar.offset - 1)
            if not file.read(1):
                return None
        return content


class _Stream:
    """A stream with ``peek``, ``tell`` and a ``seek`` that may only go on, by reading."""

    def __init__(self, stream: Any):
        self._stream = stream
        self._goes_anywhere = hasattr(stream, "seekable") and stream.seekable()
        self._head = b""
        self._position = 0

    def peek(self, size: int) -> bytes:
        """Return the next bytes without moving on; fewer at the end."""
        while len(self._head) < size and (piece := self._stream.read(size - len(self._head))):
            self._head += piece
        return self._head[:size]

    def read(self, size: int) -> bytes:
        """Read as many bytes; fewer at the end only, though a pipe gives what it has."""
        pieces = [self._head[:size]]
        self._head = self._head[size:]
        missing = size - len(pieces[0])
        while missing and (piece := self._stream.read(missing)):
            pieces.append(piece)
            missing -= len(piece)
        self._position += size - missing
        return b"".join(pieces)

    def seekable(self) -> bool:
        """Return False, so that a decompressor that reads this stream only goes on."""
        return False

    def tell(self) -> int:
        """Return the position in bytes."""
        return self._position

    def seek(self, position: int) -> None:
        """Go to a position, or to the end where a pipe has it before."""
        if self._goes_anywhere:
            self._head = b""
            self._position = self._stream.seek(position)
        while self._position < position:
            if not self.read(min(position - self._position, _SKIP_BYTES)):
                return


@contextmanager
def _opened(open_stream: OpenStream) -> Iterator[Any]:
    """Open a tar file and remove its compression."""
    stream = open_stream()
    try:
        file = _Stream(stream)
        head = file.peek(max(map(len, _COMPRESSIONS)))
        openers = [opener for magic, opener in _COMPRESSIONS.items() if head.startswith(magic)]
        yield _Stream(openers[0](file)) if openers else file
    except BaseException:
        with suppress(OSError):
            stream.close()
        raise
    stream.close()  # raises an error if the command of a pipe has failed
