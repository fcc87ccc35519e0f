"""MATLAB's files, of version 5 and of version 7.3, which is HDF5."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .errors import UserError, explain


def read_mat(path: str | os.PathLike, names: Sequence[str]) -> dict[str, Any]:
    """Read variables as MATLAB shows them: arrays, and cells of texts as lists.

    Args:
        path: A ``.mat`` file; one of version 7.3 needs the extra ``zeroshot``.
        names: Variables that must be there; no other is read.

    Raises:
        UserError: The file or a variable is missing, it is damaged, or h5py is not installed.
    """
    from scipy.io import loadmat

    path = Path(path)
    if not path.is_file():
        raise UserError(f"There is no file {path}.")
    try:
        found = loadmat(os.fspath(path), variable_names=list(names))
        found = {name: _texts(found[name]) for name in names if name in found}
    except NotImplementedError:  # what scipy says of version 7.3
        found = _read_hdf5(path, names)
    except (ValueError, TypeError, OSError) as error:
        raise UserError(f"{path} cannot be read as a file of MATLAB: {explain(error)}") from error
    missing = [name for name in names if name not in found]
    if missing:
        raise UserError(f"{path} has no {', '.join(missing)}.")
    return found


def _texts(value: np.ndarray) -> Any:
    """A cell array of texts as a list; all else unchanged."""
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
    found: dict[str, Any] = {}
    with h5py.File(path, "r") as file:
        for name in names:
            if name not in file:
                continue
            value = file[name][()]
            if h5py.check_ref_dtype(value.dtype):
                codes = (file[reference][()].ravel() for reference in value.ravel())
                found[name] = ["".join(map(chr, text)) for text in codes]
            else:
                found[name] = np.asarray(value).T  # MATLAB counts columns first
    return found
