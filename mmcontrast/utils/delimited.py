"""Tables in text files: fields between commas, semicolons, tabs or blanks."""

import csv
import gzip
import io
import os
import warnings
import zlib
from collections.abc import Sequence, Set
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .errors import UserError
from .text import decode

SUFFIXES = (".csv", ".tsv", ".txt", ".edges", ".cites", ".content")
"""Suffixes of text tables, each also with ``.gz`` behind it."""

MISSING = ("", "nan", "NaN", "NA", "N/A", "<NA>", "null", "NULL", "None")
"""Fields that stand for a missing value, as pandas reads and writes them."""

_TRUTH = ("true", "false", "True", "False", "TRUE", "FALSE")
# From here on float64 does not tell neighboring integers apart, such as ids of 64 bits.
_LARGEST_EXACT = 2**53
# Rows that decide whether a first line holds names.
_NUM_EXAMINED = 1000


@dataclass
class TextTable:
    """The content of a text table.

    Attributes:
        columns: Columns by name. A column of numbers is int64 or float64 (rows,), with NaN for
            missing values; all others are texts (rows,). Without a line of names, the names are
            ``'0'``, ``'1'`` and so on.
        has_names: Whether the file has a line of names.
        lines: Line of each row in the file (rows,), counted from 1.
    """

    columns: dict[str, NDArray]
    has_names: bool
    lines: NDArray[np.int64]


def is_text_table(path: str | os.PathLike) -> bool:
    """Whether a file has a suffix of :data:`SUFFIXES`."""
    return Path(path).name.lower().removesuffix(".gz").endswith(SUFFIXES)


def read_text_table(
    path: str | os.PathLike,
    header: bool | None = None,
    names: Set[str] = frozenset(),
    values: Set[str] = frozenset(),
) -> TextTable:
    """Read a table from a text file.

    The delimiter is that of the first line. Empty lines, and lines that begin with ``#`` or ``%``
    in front of the table, are skipped; the last of these is the line of names if it fits.

    Args:
        path: File with a suffix of :data:`SUFFIXES`; with ``.gz`` it is compressed.
        header: Whether the first line holds the names of the columns; None decides by its content.
            Only with False a file may be empty.
        names: Names, normalized by :func:`normalized`, any of which marks a line of names.
        values: Values that are data, where a first line of texts could be either.

    Raises:
        UserError: The file is damaged; lines differ in their number of fields; two columns have
            the same name; or it cannot be told whether the first line holds names.
    """
    comments, content = _numbered_lines(Path(path))
    if not content:
        if header is False:
            return TextTable({}, False, np.zeros(0, np.int64))
        raise UserError(f"{path} is empty; it holds neither names nor rows.")
    delimiter = _delimiter(path, content[0][1])
    first = _split(content[0][1], delimiter)
    comment_fields = _split(comments[-1].lstrip().lstrip("#%"), delimiter) if comments else []
    if (
        header is None
        and len(comment_fields) == len(first)
        and not any(map(is_number, comment_fields))
    ):
        return _table(path, comment_fields, *_parse(path, content, delimiter))
    table = _numeric_table(path, content, delimiter, header, names)
    if table is not None:
        return table
    columns, rows = _parse(path, content, delimiter)
    below = [column[1:] for column in columns]
    if header is None:
        header = _is_header(path, first, list(map(_typed, below)), names, values)
    if header:
        return _table(path, first, below, rows[1:])
    return _table(path, None, columns, rows)


def _numbered_lines(path: Path) -> tuple[list[str], list[tuple[int, str]]]:
    """Return the comments in front of a table, and its lines that are not empty, with numbers."""
    content = path.read_bytes()
    if path.suffix == ".gz":
        try:
            content = gzip.decompress(content)
        except (OSError, EOFError, zlib.error) as error:
            raise UserError(f"{path} is damaged, or not compressed by gzip: {error}.") from error
    lines = enumerate(decode(content, path).split("\n"), start=1)
    numbered = [(number, line) for number, line in lines if line.strip()]
    is_comment = [line.lstrip()[0] in "#%" for _, line in numbered]
    count = is_comment.index(False) if False in is_comment else len(numbered)
    return [line for _, line in numbered[:count]], numbered[count:]


def normalized(name: str) -> str:
    """Return a name in lower case without blanks, hyphens and underscores."""
    return "".join(letter for letter in name.lower() if letter not in " -_")


def _delimiter(path: str | os.PathLike, line: str) -> str | None:
    """Return the delimiter of a table; None for any number of blanks."""
    present = [delimiter for delimiter in ("\t", ",", ";") if delimiter in line]
    if present:
        return present[0]
    return None if " " in line.strip() or ".csv" not in Path(path).suffixes else ","


def _split(line: str, delimiter: str | None) -> list[str]:
    if delimiter is None:
        return line.split()
    return [field.strip() for field in next(csv.reader([line], delimiter=delimiter), [""])]


def _parse(
    path: str | os.PathLike, content: Sequence[tuple[int, str]], delimiter: str | None
) -> tuple[list[NDArray[np.str_]], NDArray[np.int64]]:
    """Return the columns, as texts, and the line of each row."""
    numbers = np.array([number for number, _ in content])
    if delimiter is None:
        fields = [line.split() for _, line in content]
    else:
        text = io.StringIO("\n".join(line for _, line in content))
        reader = csv.reader(text, delimiter=delimiter)
        fields, places = [], []
        try:
            for row in reader:
                places.append(reader.line_num - 1)
                fields.append([field.strip() for field in row])
        except csv.Error as error:
            raise UserError(f"{path}, line {numbers[reader.line_num - 1]}: {error}.") from error
        numbers = numbers[places]
    for number, row in zip(numbers, fields, strict=True):
        if len(row) != len(fields[0]):
            raise UserError(
                f"{path}, line {number}: the number of fields is {len(row)}, and that of line "
                f"{numbers[0]} is {len(fields[0])}."
            )
    return [np.array(column, dtype=str) for column in zip(*fields, strict=True)], numbers


def _numeric_table(
    path: str | os.PathLike,
    content: Sequence[tuple[int, str]],
    delimiter: str | None,
    header: bool | None,
    names: Set[str],
) -> TextTable | None:
    """Read a table of numbers without missing values, which is much faster; None for others."""
    first = _split(content[0][1], delimiter)
    if header is not False:
        numbers = _parse_numbers(content[1:], delimiter, len(first))
        if numbers is not None and (header or _is_header(path, first, numbers[0], names, set())):
            return _table(path, first, *numbers)
    numbers = None if header else _parse_numbers(content, delimiter, len(first))
    return None if numbers is None else _table(path, None, *numbers)


def _parse_numbers(
    content: Sequence[tuple[int, str]], delimiter: str | None, num_columns: int
) -> tuple[list[NDArray[np.float64]], NDArray[np.int64]] | None:
    """Parse rows of numbers to columns and lines; None if a field is not a number."""
    if not content:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            rows = np.loadtxt(
                [line for _, line in content], delimiter=delimiter, comments=None, ndmin=2
            )
    except ValueError:
        return None
    if rows.shape != (len(content), num_columns) or (abs(rows) >= _LARGEST_EXACT).any():
        return None
    return list(rows.T), np.array([number for number, _ in content])


def _is_header(
    path: str | os.PathLike,
    first: Sequence[str],
    columns: Sequence[NDArray],
    names: Set[str],
    values: Set[str],
) -> bool:
    """Decide whether a first line holds names, by what stands below it."""
    texts = list(filter(_is_text, first))
    if not texts:
        # An index without a name, and columns that pandas numbers.
        return [*first] == ["", *map(str, range(len(first) - 1))] and len(first) > 1
    if all(field in values for field in texts):
        return False
    numeric = [field for field, column in zip(first, columns, strict=True) if _has_numbers(column)]
    if set(texts) & set(numeric) or not names.isdisjoint(map(normalized, texts)):
        return True
    below = {str(value) for column in columns for value in column} | set(values)
    if len(texts) < len(first) or not below.isdisjoint(first):
        return False
    if values or not below:
        return True
    raise UserError(
        f"{path}: the first line, {', '.join(first)!r}, may hold names or data. Set header=True or "
        "header=False."
    )


def _table(
    path: str | os.PathLike,
    names: Sequence[str] | None,
    fields: Sequence[NDArray],
    lines: NDArray[np.int64],
) -> TextTable:
    titles = [str(i) for i in range(len(fields))] if names is None else list(names)
    columns: dict[str, NDArray] = {}
    for title, column in zip(titles, fields, strict=True):
        if title == "" and column.dtype.kind == "U" and not np.any(column != ""):
            continue  # of a delimiter at the end of each line
        if title in columns:
            raise UserError(
                f"{path}: two columns have the same name, {title!r}, in {', '.join(titles)}."
            )
        columns[title] = _typed(column)
    return TextTable(columns, names is not None, lines)


def _typed(column: NDArray) -> NDArray:
    """Convert a column of texts to numbers where all of them are numbers or missing."""
    if column.dtype.kind != "U" or not len(column):
        return column if column.dtype.kind != "U" else np.zeros(0)
    try:
        return column.astype(np.int64)
    except (ValueError, OverflowError):
        missing = np.isin(column, MISSING)
    texts = np.where(missing, "nan", column)
    if np.isin(column[~missing][:1], _TRUTH).any() and np.isin(column[~missing], _TRUTH).all():
        return np.where(missing, np.nan, np.char.lower(column) == "true")
    try:
        return texts.astype(np.float64)
    except ValueError:
        return column


def _has_numbers(column: NDArray) -> bool:
    if column.dtype.kind != "U":
        return len(column) > 0 and not np.isnan(column).all()
    return any(map(is_number, column[:_NUM_EXAMINED].tolist()))


def _is_text(field: str) -> bool:
    return field not in MISSING and not is_number(field)


def is_number(field: str) -> bool:
    """Whether a field is a number; a missing value is none."""
    try:
        float(field)
    except ValueError:
        return False
    return field not in MISSING
