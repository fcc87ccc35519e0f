"""Text files as editors and spreadsheets write them: UTF-8 or UTF-16, with or without a BOM."""

import codecs
import os
from pathlib import Path

from .errors import UserError
from .file_kinds import kind_of_file

_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def decode(content: bytes, path: str | os.PathLike) -> str:
    r"""Decode the content of a text file, without its byte order mark (BOM).

    Args:
        content: UTF-8 with or without a BOM, or UTF-16 with a BOM.
        path: Path of the file, for the message.

    Returns:
        The text, in which every line ends with ``\n``.

    Raises:
        UserError: It has another encoding; the message has the line.
    """
    encoding = "utf-16" if content.startswith(_UTF16) else "utf-8-sig"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UserError(
            f"{os.fspath(path)}, line {line}: this is not UTF-8 ({error.reason}). Save the file as "
            "UTF-8."
        ) from error
    return text.replace("\r\n", "\n").replace("\r", "\n")


def read_text(path: str | os.PathLike) -> str:
    """Read a text file, see :func:`decode`; one of another kind, such as a pickle, is named so."""
    try:
        return decode(Path(path).read_bytes(), path)
    except UserError as error:
        if kind := kind_of_file(path):
            raise UserError(f"{os.fspath(path)} is {kind}, and not a text file.") from error
        raise


def read_lines(path: str | os.PathLike) -> list[str]:
    """Read the lines of a text file, see :func:`decode`; an empty file has none."""
    text = read_text(path)
    return text.removesuffix("\n").split("\n") if text else []
