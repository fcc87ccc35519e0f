"""Checksums of PNG files."""

import zlib

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_ANCILLARY = 0x20  # bit of the first letter of a chunk's name, which says that it is no pixels


def check_png(data: bytes) -> None:
    """Verify the checksum of each chunk that the pixels of a PNG file need.

    Pillow stops as soon as it has as many pixels as the image, before the checksum behind them, so
    that it does not notice all damage.

    Args:
        data: The whole file; files of other formats are not checked.

    Raises:
        ValueError: A chunk is damaged or cut off.
    """
    if not data.startswith(SIGNATURE):
        return
    view, begin = memoryview(data), len(SIGNATURE)
    while begin + 8 <= len(data):
        end = begin + 8 + int.from_bytes(view[begin : begin + 4], "big")
        is_needed = not view[begin + 4] & _ANCILLARY
        checksum = int.from_bytes(view[end : end + 4], "big")
        if is_needed and zlib.crc32(view[begin + 4 : end]) != checksum:
            raise ValueError(f"its block at byte {begin} is damaged")
        if view[begin + 4 : begin + 8] == b"IEND":
            return
        begin = end + 4
