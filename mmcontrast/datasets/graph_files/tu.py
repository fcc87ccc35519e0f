"""Reader of small graphs in the text files of TU Dortmund (Morris et al., 2020)."""

import os
import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from .graph import Graph, check, undirected


def read_tu(
    folder: str | os.PathLike, name: str | None = None, *, degrees: bool = False
) -> list[Graph]:
    """Read ``<name>_A.txt``, ``<name>_graph_indicator.txt`` and ``<name>_graph_labels.txt``.

    The features of a node are its one-hot label from ``<name>_node_labels.txt``, followed by its
    row of ``<name>_node_attributes.txt``; without both files, its one-hot degree (Hassani and
    Khasahmadi, ICML 2020, section 4.1). Nodes without an edge are kept.

    Args:
        folder: Folder of the files.
        name: Common prefix of the files; the folder's name by default.
        degrees: Whether to append the one-hot degree to labels and attributes as well. The authors'
            code does so if nodes have labels but no attributes.

    Raises:
        FileNotFoundError: One of the three files is missing.
        ValueError: A line is not a number, or the files do not match.
    """
    root = Path(folder)
    prefix = root / (name or root.name)
    edges = _read(prefix, "A", np.int64).reshape(-1, 2) - 1
    graph_V = _read(prefix, "graph_indicator", np.int64)[:, 0] - 1
    label_N = _read(prefix, "graph_labels", np.int64)[:, 0]
    num_nodes, num_graphs = len(graph_V), len(label_N)
    if not num_nodes:
        raise ValueError(f"{prefix}_graph_indicator.txt has no node.")
    if (np.diff(graph_V) < 0).any() or graph_V[0] < 0 or graph_V[-1] >= num_graphs:
        raise ValueError(
            f"{prefix}_graph_indicator.txt must ascend from 1 to the {num_graphs} graphs of "
            f"{prefix.name}_graph_labels.txt."
        )
    size_N = np.bincount(graph_V, minlength=num_graphs)
    if not size_N.all():
        raise ValueError(f"{prefix}: graph {int((size_N == 0).argmax()) + 1} has no node.")
    edge_index = undirected(edges, num_nodes, f"{prefix}_A.txt")
    if (graph_V[edge_index[0]] != graph_V[edge_index[1]]).any():
        raise ValueError(f"{prefix}_A.txt joins nodes of different graphs.")
    features = _features(prefix, edge_index, num_nodes, degrees)
    _, labels = np.unique(label_N, return_inverse=True)
    start_N = np.concatenate([[0], size_N.cumsum()])
    edge_start_N = np.searchsorted(edge_index[0], start_N)
    return [
        check(
            Graph(
                edge_index[:, edge_start_N[i] : edge_start_N[i + 1]] - start_N[i],
                features[start_N[i] : start_N[i + 1]],
                f"{prefix}, graph {i + 1}",
                label=int(labels[i]),
            )
        )
        for i in range(num_graphs)
    ]


def one_hot(values: NDArray[np.integer]) -> sparse.csr_array:
    """One-hot encode values as (V, number of different values), with columns in ascending order."""
    _, column = np.unique(values, return_inverse=True)
    ones = np.ones(len(column), np.float32)
    return sparse.csr_array((ones, (np.arange(len(column)), column)))


def _features(
    prefix: Path, edge_index: NDArray[np.int64], num_nodes: int, degrees: bool
) -> sparse.csr_array:
    parts = []
    if Path(f"{prefix}_node_labels.txt").is_file():
        labels = _read(prefix, "node_labels", np.int64, num_nodes)
        parts += [one_hot(column) for column in labels.T]
    if Path(f"{prefix}_node_attributes.txt").is_file():
        values = _read(prefix, "node_attributes", np.float32, num_nodes)
        parts.append(sparse.csr_array(values))
    if degrees or not parts:
        degree = np.bincount(edge_index[0], minlength=num_nodes)
        shape = (num_nodes, int(degree.max()) + 1)
        ones = np.ones(num_nodes, np.float32)
        parts.append(sparse.csr_array((ones, (np.arange(num_nodes), degree)), shape=shape))
    return sparse.hstack(parts, format="csr", dtype=np.float32)


def _read(prefix: Path, kind: str, dtype: type, num_rows: int | None = None) -> NDArray:
    """Read one of the files as a table (rows, columns)."""
    path = Path(f"{prefix}_{kind}.txt")
    if not path.is_file():
        raise FileNotFoundError(
            f"{path} is not there; a dataset of graphs has _A, _graph_indicator and _graph_labels."
        )
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "loadtxt: input contained no data")
            table: NDArray = np.loadtxt(path, dtype=dtype, delimiter=",", ndmin=2)
    except ValueError as error:
        raise ValueError(f"{path}: {error}.") from error
    if num_rows is not None and len(table) != num_rows:
        raise ValueError(f"{path} has {len(table)} lines, and there are {num_rows} nodes.")
    return table
