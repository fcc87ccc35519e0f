"""Reader of the raw files of Planetoid (Yang et al., ICML 2016), which are pickles of Python 2.

A pickle can call any function. This reader allows only dictionaries and its own placeholders for
arrays and SciPy matrices, and refuses everything else before it is executed. NumPy's own classes
are not allowed: a crafted array state can make NumPy interpret numbers as addresses.
"""

import collections
import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from mmcontrast.datasets.labels import UNLABELED

from .graph import Graph, check, undirected

_PARTS = ("x", "y", "tx", "ty", "allx", "ally", "graph")
_NUM_VALIDATION = 500


class _DType:
    """Placeholder of a pickled dtype: a name such as 'f4', and the byte order."""

    def __init__(self, name: str, *_: Any):
        self.name, self.order = name, "|"

    def __setstate__(self, state: tuple) -> None:
        self.order = state[1]

    def build(self) -> np.dtype:
        if self.name[:1] not in tuple("iuf"):
            raise pickle.UnpicklingError(f"it has an array of {self.name}")
        return np.dtype(self.order + self.name)


class _Array:
    """Placeholder of a pickled array: its shape, dtype and bytes."""

    def __init__(self, *_: Any):
        self.value = np.zeros(0)

    def __setstate__(self, state: tuple) -> None:
        _, shape, dtype, by_columns, content = state
        # Python 2 pickles bytes as strings, which are decoded as Latin-1.
        content = content.encode("latin1") if isinstance(content, str) else content
        flat = np.frombuffer(content, dtype.build())
        self.value = flat.reshape(shape, order="F" if by_columns else "C")


class _CSR:
    """Placeholder of a pickled CSR matrix."""

    def __setstate__(self, state: dict[str, Any]) -> None:
        arrays = tuple(state[name].value for name in ("data", "indices", "indptr"))
        self.value = sparse.csr_array(arrays, shape=state.get("_shape", state.get("shape")))
        self.value.check_format()


# The names in the published files, and in copies that were written again by a newer Python.
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
    """Unpickler that allows the names in the table above, and no others."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ALLOWED:
            raise pickle.UnpicklingError(f"it wants to run {module}.{name}")
        return _ALLOWED[module, name]


def _load(path: Path) -> Any:
    """Read one of the files: a dictionary of neighbors, or a dense or sparse matrix.

    Raises:
        ValueError: The file has any other content, or is damaged.
    """
    problem = f"{path} is not a file of Planetoid's arrays and dictionaries"
    with path.open("rb") as file:
        try:
            content = _RestrictedUnpickler(file, encoding="latin1").load()
            content = content.value if isinstance(content, _CSR | _Array) else content
        except Exception as error:  # damaged pickles raise almost any exception
            raise ValueError(f"{problem}: {error}.") from error
    is_graph = path.suffix == ".graph"
    if is_graph and isinstance(content, dict):
        return content
    is_matrix = sparse.issparse(content) or (isinstance(content, np.ndarray) and content.ndim == 2)
    if is_matrix and not is_graph:
        return content
    raise ValueError(f"{problem}: it holds {content!r:.40}.")


def read_planetoid(folder: str | os.PathLike, name: str, *, self_loops: bool = False) -> Graph:
    """Read Cora, Citeseer or Pubmed with the public split.

    Args:
        folder: Folder of ``ind.<name>.x`` and the other files.
        name: ``'cora'``, ``'citeseer'`` or ``'pubmed'``.
        self_loops: Whether to keep the papers' citations of themselves, each once: 124 in Citeseer,
            3 in Pubmed, none in Cora. MVGRL's authors keep them.

    Returns:
        The graph. Nodes of Citeseer that are in no file have features of 0 and no label.

    Raises:
        FileNotFoundError: A file is missing.
        ValueError: A file contains more than data, or the files do not match.
    """
    root = Path(folder)
    paths = {part: root / f"ind.{name}.{part}" for part in (*_PARTS, "test.index")}
    for path in paths.values():
        if not path.is_file():
            raise FileNotFoundError(f"Planetoid's {name} needs {path}, which is not there.")
    part = {key: _load(path) for key, path in paths.items() if key in _PARTS}
    test_nodes = np.loadtxt(paths["test.index"], dtype=np.int64, ndmin=1)
    num_others, first = part["allx"].shape[0], int(test_nodes.min())
    if first != num_others or len(test_nodes) != part["tx"].shape[0]:
        raise ValueError(
            f"{paths['test.index']} begins at node {first} and has {len(test_nodes)}, but there "
            f"are {num_others} nodes in ind.{name}.allx and {part['tx'].shape[0]} in ind.{name}.tx."
        )
    num_nodes = int(test_nodes.max()) + 1
    # Row i of tx and ty is the node test_nodes[i]; Citeseer's test_nodes has gaps.
    permutation = sparse.csr_array(
        (np.ones(len(test_nodes)), (test_nodes - first, np.arange(len(test_nodes)))),
        shape=(num_nodes - first, len(test_nodes)),
    )
    features = sparse.vstack(
        [sparse.csr_array(part["allx"]), sparse.csr_array(permutation @ part["tx"])], format="csr"
    ).astype(np.float32)
    one_hot = np.concatenate([part["ally"], permutation @ part["ty"]])
    labels = np.where(one_hot.any(axis=1), one_hot.argmax(axis=1), UNLABELED)
    pairs = [(i, j) for i, neighbors in part["graph"].items() for j in neighbors]
    edges = undirected(np.array(pairs).reshape(-1, 2), num_nodes, str(paths["graph"]), self_loops)
    num_train = len(part["y"])
    node = np.arange(num_nodes)
    masks = dict(
        train=node < num_train,
        val=(node >= num_train) & (node < min(num_train + _NUM_VALIDATION, num_others)),
        test=np.isin(node, test_nodes),
    )
    graph = Graph(
        edges, features, f"{root}/ind.{name}", labels, masks=masks, masks_from="public split"
    )
    return check(graph)
