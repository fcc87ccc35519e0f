"""The raw files of Planetoid (Yang et al., ICML 2016), which are pickles of Python 2.

A pickle may name any function and have it called. Here only dictionaries and stand-ins for arrays
and SciPy matrices are found; all else is refused before anything happens. NumPy's own classes are
not among them: their state may come with flags that have numbers taken for addresses.
"""

import collections
import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from .graph import UNLABELED, Graph, check, undirected

_PARTS = ("x", "y", "tx", "ty", "allx", "ally", "graph")
_NUM_VALIDATION = 500


class _DType:
    """Takes a pickled type of numbers: a name such as 'f4', and the order of bytes."""

    def __init__(self, name: str, *_: Any):
        self.name, self.order = name, "|"

    def __setstate__(self, state: tuple) -> None:
        self.order = state[1]

    def build(self) -> np.dtype:
        if self.name[:1] not in tuple("iuf"):
            raise pickle.UnpicklingError(f"it has an array of {self.name}")
        return np.dtype(self.order + self.name)


class _Array:
    """Takes the shape, type and bytes of a pickled array."""

    def __init__(self, *_: Any):
        self.value = np.zeros(0)

    def __setstate__(self, state: tuple) -> None:
        _, shape, dtype, by_columns, content = state
        # Strings of Python 2 are bytes that were read as text.
        content = content.encode("latin1") if isinstance(content, str) else content
        flat = np.frombuffer(content, dtype.build())
        self.value = flat.reshape(shape, order="F" if by_columns else "C")


class _CSR:
    """Takes the parts of a pickled CSR matrix."""

    def __setstate__(self, state: dict[str, Any]) -> None:
        parts = tuple(state[name].value for name in ("data", "indices", "indptr"))
        self.value = sparse.csr_array(parts, shape=state.get("_shape", state.get("shape")))
        self.value.check_format()


# The names of the published files, and those of the same after a newer Python wrote them again.
_ALLOWED: dict[tuple[str, str], Any] = {
    ("numpy.core.multiarray", "_reconstruct"): _Array,
    ("numpy._core.multiarray", "_reconstruct"): _Array,
    ("numpy", "ndarray"): _Array,
    ("numpy", "dtype"): _DType,
    ("scipy.sparse.csr", "csr_matrix"): _CSR,
    ("scipy.sparse._csr", "csr_matrix"): _CSR,
    ("collections", "defaultdict"): collections.defaultdict,
    ("__builtin__", "list"): list,
    ("builtins", "list"): list,
}


class _RestrictedUnpickler(pickle.Unpickler):
    """Finds what is in the table above, and nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ALLOWED:
            raise pickle.UnpicklingError(f"it wants to run {module}.{name}")
        return _ALLOWED[module, name]


def _load(path: Path) -> Any:
    """Read one of the files: a dictionary of neighbors, or a matrix, dense or sparse.

    Raises:
        ValueError: It holds anything else, or is damaged.
    """
    refused = f"{path} is not a file of Planetoid's arrays and dictionaries"
    with path.open("rb") as file:
        try:
            found = _RestrictedUnpickler(file, encoding="latin1").load()
            found = found.value if isinstance(found, _CSR | _Array) else found
        except Exception as error:  # damaged pickles raise almost anything
            raise ValueError(f"{refused}: {error}.") from error
    is_graph = path.suffix == ".graph"
    if is_graph and isinstance(found, dict):
        return found
    is_matrix = sparse.issparse(found) or (isinstance(found, np.ndarray) and found.ndim == 2)
    if is_matrix and not is_graph:
        return found
    raise ValueError(f"{refused}: it holds {found!r:.40}.")


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
    listed = np.loadtxt(paths["test.index"], dtype=np.int64, ndmin=1)
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
    features = sparse.vstack(
        [sparse.csr_array(part["allx"]), sparse.csr_array(place @ part["tx"])], format="csr"
    ).astype(np.float32)
    one_hot = np.concatenate([part["ally"], place @ part["ty"]])
    labels = np.where(one_hot.any(axis=1), one_hot.argmax(axis=1), UNLABELED)
    pairs = [(i, j) for i, neighbors in part["graph"].items() for j in neighbors]
    edges = undirected(np.array(pairs).reshape(-1, 2), num_nodes, str(paths["graph"]))
    num_train = len(part["y"])
    node = np.arange(num_nodes)
    masks = dict(
        train=node < num_train,
        val=(node >= num_train) & (node < min(num_train + _NUM_VALIDATION, num_known)),
        test=np.isin(node, listed),
    )
    graph = Graph(
        edges, features, f"{root}/ind.{name}", labels, masks=masks, masks_from="public split"
    )
    return check(graph)
