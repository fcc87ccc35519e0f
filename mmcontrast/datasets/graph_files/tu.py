"""Reader of small graphs in the text files of TU Dortmund (Morris et al., 2020)."""

import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from mmcontrast.datasets.labels import to_integers
from mmcontrast.utils.tables import Table

from .graph import Graph, check, notice, undirected

# Files of the format that no method uses.
_UNUSED = ("edge_labels", "edge_attributes", "graph_attributes")


def read_tu(
    folder: str | os.PathLike,
    name: str | None = None,
    *,
    degrees: bool = False,
    self_loops: bool = False,
    labels: bool = True,
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
        self_loops: Whether to keep self-loops, each once.
        labels: Whether to read the graphs' classes. Without them, the third file may be missing.

    Raises:
        FileNotFoundError: One of the three files is missing.
        UserError: A field is not a number, or lines differ in their number of fields.
        ValueError: A number is not whole where it stands for a node, a graph or a class, or the
            files do not match.
    """
    root = Path(folder)
    prefix = root / (name or root.name)
    edges = _integers(_read(prefix, "A"), 2) - 1
    graph_V = _integers(_read(prefix, "graph_indicator"), 1)[:, 0] - 1
    num_nodes = len(graph_V)
    if not num_nodes:
        raise ValueError(f"{prefix}_graph_indicator.txt has no node.")
    label_N = _graph_labels(prefix) if labels else [None] * (int(graph_V.max()) + 1)
    num_graphs = len(label_N)
    if (np.diff(graph_V) < 0).any() or graph_V[0] < 0 or graph_V[-1] >= num_graphs:
        raise ValueError(
            f"{prefix}_graph_indicator.txt must ascend from 1 to the {num_graphs} graphs of "
            f"{prefix.name}_graph_labels.txt."
        )
    for kind in _UNUSED:
        if Path(f"{prefix}_{kind}.txt").is_file():
            notice(f"{prefix}_{kind}.txt is not used.")
    size_N = np.bincount(graph_V, minlength=num_graphs)
    if not size_N.all():
        raise ValueError(f"{prefix}: graph {int((size_N == 0).argmax()) + 1} has no node.")
    edge_index = undirected(edges, num_nodes, f"{prefix}_A.txt", self_loops)
    if (graph_V[edge_index[0]] != graph_V[edge_index[1]]).any():
        raise ValueError(f"{prefix}_A.txt joins nodes of different graphs.")
    features = _features(prefix, edge_index, num_nodes, degrees)
    start_N = np.concatenate([[0], size_N.cumsum()])
    edge_start_N = np.searchsorted(edge_index[0], start_N)
    return [
        check(
            Graph(
                edge_index[:, edge_start_N[i] : edge_start_N[i + 1]] - start_N[i],
                features[start_N[i] : start_N[i + 1]],
                f"{prefix}, graph {i + 1}",
                label=label_N[i],
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
        labels = _integers(_read(prefix, "node_labels", num_nodes))
        parts += [one_hot(column) for column in labels.T]
    if Path(f"{prefix}_node_attributes.txt").is_file():
        table = _read(prefix, "node_attributes", num_nodes)
        values = np.stack([table.numbers(name) for name in table.columns], axis=1)
        parts.append(sparse.csr_array(values, dtype=np.float32))
    if degrees or not parts:
        degree = np.bincount(edge_index[0], minlength=num_nodes)
        shape = (num_nodes, int(degree.max()) + 1)
        ones = np.ones(num_nodes, np.float32)
        parts.append(sparse.csr_array((ones, (np.arange(num_nodes), degree)), shape=shape))
    return sparse.hstack(parts, format="csr", dtype=np.float32)


def _read(prefix: Path, kind: str, num_rows: int | None = None) -> Table:
    """Read one of the files as a table of numbers without names."""
    path = Path(f"{prefix}_{kind}.txt")
    if not path.is_file():
        raise FileNotFoundError(
            f"{path} is not there; a dataset of graphs has _A, _graph_indicator and _graph_labels."
        )
    table = Table.read(path, header=False)
    if num_rows is not None and table.num_rows != num_rows:
        raise ValueError(f"{path} has {table.num_rows} lines, and there are {num_rows} nodes.")
    return table


def _integers(table: Table, num_columns: int | None = None) -> NDArray[np.int64]:
    """Return the integers of a table (rows, columns); a file without lines has none."""
    names = list(table.columns)
    if num_columns is not None and names and len(names) != num_columns:
        raise ValueError(
            f"{table.path} has {len(names)} columns, and there should be {num_columns}."
        )
    columns = [
        to_integers(table.numbers(name), f"column {name}: the values", table.place)
        for name in names
    ]
    return np.stack(columns, axis=1) if columns else np.zeros((0, num_columns or 1), np.int64)


def _graph_labels(prefix: Path) -> list[int | None]:
    """Return the class of each graph, counted from 0 in ascending order; None for NaN."""
    table = _read(prefix, "graph_labels")
    if len(table.columns) != 1:
        raise ValueError(f"{table.path} has {len(table.columns)} columns: a graph has one class.")
    values = table.numbers("0")
    has_class_N = ~np.isnan(values)
    values_N = to_integers(
        np.where(has_class_N, values, 0), "the classes of graphs", table.place,
        "; labels=False leaves out targets of a regression",
    )  # fmt: skip
    classes = np.unique(values_N[has_class_N])
    return [
        int(np.searchsorted(classes, value)) if has_class else None
        for value, has_class in zip(values_N, has_class_N, strict=True)
    ]
