"""Reading MATLAB's files, of version 5 and of version 7.3, which is HDF5."""

import os
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .errors import UserError, explain
from .file_kinds import kind_of_file

# What scipy and h5py raise for a file that is cut off or is of another kind.
_DAMAGED = (ValueError, TypeError, LookupError, OSError, zlib.error)


def read_mat(
    path: str | os.PathLike, names: Sequence[str], optional: Sequence[str] = ()
) -> dict[str, Any]:
    """Read variables as MATLAB shows them: arrays, and cells of texts as lists.

    Args:
        path: A ``.mat`` file; one of version 7.3 needs the extra ``zeroshot``.
        names: Variables that must exist.
        optional: Variables that are read if they exist. All others are skipped.

    Raises:
        UserError: The file or a variable is missing, it is damaged, or h5py is not installed.
    """
    from scipy.io import loadmat
    from scipy.io.matlab import MatReadError

    path, all_names = Path(path), [*names, *optional]
    if not path.is_file():
        raise UserError(f"There is no file {path}.")
    try:
        content = loadmat(os.fspath(path), variable_names=all_names)
        variables = {name: _texts(content[name]) for name in all_names if name in content}
    except NotImplementedError:  # what scipy raises for version 7.3
        variables = _read_hdf5(path, all_names)
    except (*_DAMAGED, MatReadError) as error:
        raise _unreadable(path, error) from error
    missing = [name for name in names if name not in variables]
    if missing:
        raise UserError(f"{path} has no {', '.join(missing)}.")
    return variables


def _texts(value: np.ndarray) -> Any:
    """Return a cell array of texts as a list, and everything else unchanged."""
    if value.dtype != object:
        return value
    return [str(np.asarray(cell).ravel()[0]) if np.size(cell) else "" for cell in value.ravel()]


def _read_hdf5(path: Path, names: Sequence[str]) -> dict[str, Any]:
    try:
        import h5py
    except ImportError as error:
        raise UserError(
            f"{path} is a file of MATLAB 7.3, which needs h5py: pip install "
            "'mmcontrast[zeroshot]', or save it with -v7."
        ) from error
    try:
        with h5py.File(path, "r") as file:
            return {name: _of_hdf5(file, name) for name in names if name in file}
    except _DAMAGED as error:
        raise _unreadable(path, error) from error


def _of_hdf5(file: Any, name: str) -> Any:
    """Read one variable as MATLAB shows it: it counts columns first, and cells are references."""
    value = file[name][()]
    if value.dtype != object:
        return np.asarray(value).T
    codes = (file[reference][()].ravel() for reference in value.ravel())
    return ["".join(map(chr, text)) for text in codes]


def _unreadable(path: Path, error: Exception) -> UserError:
    kind = kind_of_file(path)
    reason = f"it is {kind}. Write the variables with scipy.io.savemat." if kind else explain(error)
    return UserError(f"{path} cannot be read as a file of MATLAB: {reason}")
