"""Tables: ``.npz`` and ``.parquet``, written piece by piece and atomically; all kinds are read."""

import os
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .atomic import open_atomically, temporary_folder
from .delimited import MISSING, is_number, is_text_table, read_text_table
from .errors import UserError
from .file_kinds import NPZ, PICKLED_OBJECTS, kind_of_file

Columns: TypeAlias = dict[str, np.ndarray | list[str]]
"""Rows by column: numbers as arrays (rows, ...), texts as lists. All pieces have the same names."""

Write: TypeAlias = Callable[[Columns], None]

# Rows that are read at once from a parquet file.
_GROUP_ROWS = 4096


def open_table(path: str | Path) -> AbstractContextManager[Write]:
    """Open a table that is written piece by piece.

    ``with open_table('a.npz') as write: write(dict(x=...))``, any number of times.

    The rows are kept on the disk and not in memory, apart from the texts of ``.npz``. The file gets
    its name at the end of the block; an exception in it leaves an older file as it was.

    Args:
        path: The file. ``.npz`` holds one array per column; ``.parquet`` holds rows whose arrays
            are lists of fixed length (of one dimension per row at most).

    Raises:
        UserError: The suffix is another one, or pyarrow is missing for ``.parquet``. On writing to
            ``.npz``: the rows of an array have another shape or type than those before.
    """
    path = Path(path)
    if path.suffix == ".npz":
        return _open_npz(path)
    if path.suffix != ".parquet":
        raise UserError(f"A table is written as .npz or .parquet, got {path}.")
    try:
        import pyarrow  # noqa: F401
    except ImportError as error:
        raise UserError(
            "A .parquet file needs pyarrow: pip install 'mmcontrast[parquet]', or write .npz."
        ) from error
    return _open_parquet(path)


@dataclass
class Table:
    """A table that was read, with the place of each row for messages.

    Attributes:
        path: Path of the file.
        columns: Columns by name: numbers (rows, ...), with NaN for missing values, or texts
            (rows,). Without names they are ``'0'``, ``'1'`` and so on.
        has_names: Whether the columns have names in the file.
        lines: Line of each row in a text file, counted from 1; None for other files.
    """

    path: str
    columns: dict[str, np.ndarray]
    has_names: bool = True
    lines: NDArray[np.int64] | None = None

    @property
    def num_rows(self) -> int:
        """Number of rows."""
        return len(next(iter(self.columns.values()), ()))

    @classmethod
    def read(cls, path: str | os.PathLike, **settings: Any) -> "Table":
        """Read a table.

        Args:
            path: An ``.npz`` without pickled objects; a ``.parquet``, whose lists of equal length
                become arrays (rows, n); or a text file, see
                :func:`~mmcontrast.utils.delimited.read_text_table`.
            **settings: Further arguments of that function, for text files.

        Raises:
            UserError: The file does not exist, is damaged, has another suffix or columns of
                different lengths, or pyarrow is missing for ``.parquet``.
        """
        name, suffix = os.fspath(path), Path(path).suffix
        if suffix not in (".npz", ".parquet") and not is_text_table(path):
            raise UserError(
                f"A table is read from .npz, .parquet, .csv, .tsv or .txt (.gz), got {path}."
            )
        if not os.path.isfile(path):
            raise UserError(f"There is no table {path}.")
        if suffix not in (".npz", ".parquet"):
            content = read_text_table(path, **settings)
            return cls(name, content.columns, content.has_names, content.lines)
        columns = read_arrays(path) if suffix == ".npz" else _read_parquet(Path(path))
        lengths = {name: len(np.atleast_1d(values)) for name, values in columns.items()}
        if len(set(lengths.values())) > 1:
            raise UserError(f"{path}: columns of different lengths: {lengths}.")
        return cls(name, columns)

    def place(self, row: int) -> str:
        """Return the file, and the line or the row in it."""
        if self.lines is None:
            return f"{self.path}, row {row}"
        return f"{self.path}, line {self.lines[row]}"

    def find(self, column: str | int, option: str) -> str:
        """Return the name of a column.

        Args:
            column: Name or number of the column. Numbers count from 0, negative ones from behind.
            option: Option that names the column, for the message.

        Raises:
            ValueError: There is no such column.
        """
        names = list(self.columns)
        if isinstance(column, int) and -len(names) <= column < len(names):
            return names[column]
        if column not in names:
            raise ValueError(
                f"{option}: {self.path} has no column {column!r}; it has {', '.join(names)}."
            )
        return str(column)

    def numbers(self, name: str) -> np.ndarray:
        """Return a column of numbers, with NaN for missing ones.

        Raises:
            UserError: A field is no number; the message has its place.
        """
        values = self.columns[name]
        if values.dtype.kind in "iufb":
            return values
        for row, value in enumerate(values):
            if value not in MISSING and not is_number(value):
                raise UserError(
                    f"{self.place(row)}, column {name!r}: a number is expected, got {str(value)!r}."
                )
        raise UserError(f"{self.path}: the column {name!r} holds no numbers ({values.dtype}).")

    def matrix(self, names: Sequence[str], what: str) -> NDArray[np.float32]:
        """Return columns side by side (rows, n); one of several dimensions is several columns.

        Args:
            names: Names of the columns.
            what: What a value is, for the message.

        Raises:
            UserError: A value is no number, missing, or not finite; the message has its place.
        """
        parts = [np.atleast_2d(self.numbers(name).T).T for name in names]
        for name, part in zip(names, parts, strict=True):
            wrong = np.flatnonzero(~np.isfinite(part).all(axis=1))
            if len(wrong):
                raise UserError(
                    f"{self.place(int(wrong[0]))}, column {name!r}: the {what} is missing or not "
                    "finite."
                )
        return np.concatenate(parts, axis=1).astype(np.float32)


def as_keys(column: np.ndarray) -> list[str]:
    """Return ids or names as texts; whole numbers are the same as numbers and as texts."""
    if column.dtype.kind == "f" and (np.isfinite(column) & (column == np.trunc(column))).all():
        column = column.astype(np.int64)
    return [str(value) for value in column.tolist()]


def read_table(path: str | os.PathLike) -> dict[str, np.ndarray]:
    """Read a table, column by column, see :meth:`Table.read`."""
    return Table.read(path).columns


def read_arrays(path: str | os.PathLike) -> dict[str, np.ndarray]:
    """Read all arrays of an ``.npz`` file.

    Raises:
        UserError: It is no such file, is damaged, or holds pickled objects, which might run code.
    """
    name = ""
    try:
        with zipfile.ZipFile(path), np.load(path, allow_pickle=False) as archive:
            arrays = {}
            for name in archive.files:
                arrays[name] = archive[name]
            return arrays
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError) as error:
        reason = str(error)
        if "allow_pickle" in reason:
            reason = f"{name!r} holds {PICKLED_OBJECTS}; save numbers or texts"
        elif (kind := kind_of_file(path)) not in ("", NPZ):
            reason = f"it is {kind}; write the arrays with numpy.savez"
        raise UserError(f"{os.fspath(path)} is no archive of arrays: {reason}.") from error


def _read_parquet(path: Path) -> dict[str, np.ndarray]:
    try:
        import pyarrow.compute as pc
        import pyarrow.parquet as pq
    except ImportError as error:
        raise UserError(
            "A .parquet file needs pyarrow: pip install 'mmcontrast[parquet]'."
        ) from error
    try:
        table = pq.read_table(path)
    except ValueError as error:
        raise UserError(f"{path} is no table: {error}") from error
    columns = {}
    for name, column in zip(table.column_names, table.columns, strict=True):
        values = column.combine_chunks()
        if "list" in str(values.type):
            lengths = pc.unique(pc.list_value_length(values)).to_pylist()
            if len(lengths) > 1 or None in lengths:
                raise UserError(f"{path}: the lists of the column {name!r} differ in length.")
            values, shape = values.flatten(), (len(values), *lengths)
        else:
            shape = (len(values),)
        array = values.to_numpy(zero_copy_only=False).reshape(shape)
        # Texts and missing values are objects; missing texts are empty.
        columns[name] = array if array.dtype != object else _without_objects(array)
    return columns


def _without_objects(values: np.ndarray) -> np.ndarray:
    texts = any(isinstance(value, str) for value in values.flat)
    missing = "" if texts else np.nan
    plain = [missing if value is None else value for value in values.flat]
    return np.array(plain, dtype=str if texts else None).reshape(values.shape)


@contextmanager
def _open_npz(path: Path) -> Iterator[Write]:
    texts: dict[str, list[str]] = {}
    arrays: dict[str, tuple[np.dtype, tuple[int, ...]]] = {}
    with temporary_folder(path) as folder:

        def spool(name: str) -> Path:
            return folder / str(list(arrays).index(name))

        def write(columns: Columns) -> None:
            for name, values in columns.items():
                if isinstance(values, list):
                    texts.setdefault(name, []).extend(values)
                else:
                    form = arrays.setdefault(name, (values.dtype, values.shape[1:]))
                    if form != (values.dtype, values.shape[1:]):
                        # Written one behind the other, they would be read in the first one's shape.
                        raise UserError(
                            f"The rows of {name!r} differ: {form[1]} {form[0]}, then "
                            f"{values.shape[1:]} {values.dtype}. A column of {path.name} has rows "
                            "of one shape; images get one size from a CenterCrop."
                        )
                    with spool(name).open("ab") as file:
                        # tofile() tells no cause of an error.
                        file.write(values.tobytes())

        yield write
        whole: dict[str, np.ndarray] = {name: np.array(rows) for name, rows in texts.items()}
        for name, (dtype, shape) in arrays.items():
            whole[name] = np.memmap(spool(name), dtype, mode="r").reshape(-1, *shape)
        with open_atomically(path) as file:
            np.savez(file, **whole)  # type: ignore[arg-type]


@contextmanager
def _open_parquet(path: Path) -> Iterator[Write]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    def to_column(values: np.ndarray | list[str]) -> Any:
        if isinstance(values, list) or values.ndim == 1:
            return pa.array(values)
        return pa.FixedSizeListArray.from_arrays(pa.array(values.ravel()), values.shape[1])

    waiting: list[Any] = []
    writer: Any = None

    def flush() -> None:
        nonlocal writer
        if waiting:
            rows = pa.concat_tables(waiting)
            writer = writer or pq.ParquetWriter(file, rows.schema)
            writer.write_table(rows)
            waiting.clear()

    def write(columns: Columns) -> None:
        waiting.append(pa.table({name: to_column(values) for name, values in columns.items()}))
        if sum(len(rows) for rows in waiting) >= _GROUP_ROWS:
            flush()

    with open_atomically(path) as file:
        yield write
        flush()
        if writer is not None:
            writer.close()
