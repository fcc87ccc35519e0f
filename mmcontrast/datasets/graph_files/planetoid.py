"""The raw files of Planetoid (Yang et al., ICML 2016), which are pickles of Python 2.

A pickle may name any function and have it called. Here only what builds arrays, SciPy matrices and
dictionaries is found; all else is refused before anything happens.
"""

import collections
import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from .graph import UNLABELLED, Graph, check, undirected

_PARTS = ("x", "y", "tx", "ty", "allx", "ally", "graph")
_NUM_VALIDATION = 500


class _CSR:
    """Takes the state of a pickled CSR matrix, whose class has moved since."""

    def __setstate__(self, state: dict[str, Any]) -> None:
        parts = (state["data"], state["indices"], state["indptr"])
        self.matrix = sparse.csr_array(parts, shape=state.get("_shape", state.get("shape")))
        self.matrix.check_format()


def _empty_array(_: Any, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """Make an array as NumPy's own function does; its state follows."""
    return np.ndarray.__new__(np.ndarray, shape, dtype)


_ALLOWED: dict[tuple[str, str], Any] = {
    ("numpy.core.multiarray", "_reconstruct"): _empty_array,
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
    ("scipy.sparse.csr", "csr_matrix"): _CSR,
    ("collections", "defaultdict"): collections.defaultdict,
    ("__builtin__", "list"): list,
}


class _RestrictedUnpickler(pickle.Unpickler):
    """Finds what is in the table above, and nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ALLOWED:
            raise pickle.UnpicklingError(f"it wants to run {module}.{name}")
        return _ALLOWED[module, name]


def _load(path: Path) -> Any:
    """Read one of the files.

    Raises:
        ValueError: It holds more than data, or is damaged.
    """
    with path.open("rb") as file:
        try:
            found = _RestrictedUnpickler(file, encoding="latin1").load()
        except (pickle.UnpicklingError, EOFError, AttributeError, TypeError, KeyError) as error:
            raise ValueError(
                f"{path} is not a file of Planetoid's arrays and dictionaries: {error}."
            ) from error
    if isinstance(found, _CSR):
        return found.matrix
    if not isinstance(found, np.ndarray | dict):
        raise ValueError(
            f"{path} is not a file of Planetoid's arrays and dictionaries: it holds {found!r:.40}."
        )
    return found


def read_planetoid(folder: str | os.PathLike, name: str) -> Graph:
    """Read Cora, Citeseer or Pubmed with the public split.

    Args:
        folder: Where ``ind.<name>.x`` and the others are.
        name: ``'cora'``, ``'citeseer'`` or ``'pubmed'``.

    Returns:
        The graph; nodes of Citeseer that no file describes have features of 0 and no label.

    Raises:
        FileNotFoundError: A file is missing.
        ValueError: One holds more than data, or they do not fit together.
    """
    root = Path(folder)
    paths = {part: root / f"ind.{name}.{part}" for part in (*_PARTS, "test.index")}
    for path in paths.values():
        if not path.is_file():
            raise FileNotFoundError(f"Planetoid's {name} needs {path}, which is not there.")
    part = {key: _load(path) for key, path in paths.items() if key in _PARTS}
    listed = np.loadtxt(paths["test.index"], dtype=np.int64)
    num_known, first = part["allx"].shape[0], int(listed.min())
    if first != num_known or len(listed) != part["tx"].shape[0]:
        raise ValueError(
            f"{paths['test.index']} begins at node {first} and has {len(listed)}, but there are "
            f"{num_known} nodes in ind.{name}.allx and {part['tx'].shape[0]} in ind.{name}.tx."
        )
    num_nodes = int(listed.max()) + 1
    # Row i of tx and ty is the node listed[i]; in Citeseer some numbers between are not listed.
    place = sparse.csr_array(
        (np.ones(len(listed)), (listed - first, np.arange(len(listed)))),
        shape=(num_nodes - first, len(listed)),
    )
    features = sparse.vstack([part["allx"], place @ part["tx"]], format="csr").astype(np.float32)
    one_hot = np.concatenate([part["ally"], place @ part["ty"]])
    labels = np.where(one_hot.any(axis=1), one_hot.argmax(axis=1), UNLABELLED)
    pairs = [(i, j) for i, neighbours in part["graph"].items() for j in neighbours]
    edges = undirected(np.array(pairs, dtype=np.int64), num_nodes, str(paths["graph"]))
    num_train = len(part["y"])
    node = np.arange(num_nodes)
    masks = dict(
        train=node < num_train,
        val=(node >= num_train) & (node < num_train + _NUM_VALIDATION),
        test=np.isin(node, listed),
    )
    return check(Graph(edges, features, f"{root}/ind.{name}", labels, masks=masks))
