"""Any graph as a list of edges and a table of nodes, and graphs of torch_geometric."""

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmcontrast.utils.tables import read_numbers

from .graph import UNLABELLED, Graph, check, undirected


def read_edge_list(
    edges: str | os.PathLike, nodes: str | os.PathLike, label: str | None = None
) -> Graph:
    """Read a graph from two tables.

    Args:
        edges: ``.csv``, ``.parquet`` or ``.npz``: the first two columns are the nodes that an edge
            joins, counted from 0.
        nodes: The same: one row of numbers a node, its features.
        label: Name of the column that is none of the features but the nodes' classes, from 0, with
            -1 or nothing where they are unknown; None if there is none.

    Raises:
        ValueError: The tables do not fit together.
    """
    ends = list(read_numbers(edges).values())[:2]
    if len(ends) < 2:
        raise ValueError(f"{edges} has {len(ends)} column, and an edge joins two nodes.")
    columns = dict(read_numbers(nodes))
    labels = None
    if label is not None:
        if label not in columns:
            raise ValueError(f"{nodes} has no column {label!r}; it has {', '.join(columns)}.")
        labels = np.nan_to_num(columns.pop(label), nan=UNLABELLED).astype(np.int64)
    parts = [np.atleast_2d(column.T).T for column in columns.values()]
    features = np.concatenate(parts, axis=1).astype(np.float32)
    pairs = np.stack([_whole(end, Path(edges)) for end in ends], axis=1)
    edge_index = undirected(pairs, len(features), str(edges))
    return check(Graph(edge_index, features, str(nodes), labels))


def _whole(values: NDArray, path: Path) -> NDArray[np.int64]:
    if not (np.isfinite(values).all() and (values == np.round(values)).all()):
        raise ValueError(f"{path}: edges are pairs of whole numbers.")
    return values.astype(np.int64)


def from_pyg(data: Any, path: str = "a Data of torch_geometric") -> Graph:
    """Take the graph out of a ``torch_geometric.data.Data``.

    Args:
        data: With ``edge_index`` and ``x``; ``y`` and the masks where it has them.
        path: A name for messages.

    Raises:
        ValueError: It has no features.
    """
    if data.x is None:
        raise ValueError(f"{path} has no x: torch_geometric.transforms.OneHotDegree makes one.")
    features = np.ascontiguousarray(data.x.numpy(force=True), dtype=np.float32)
    edges = undirected(data.edge_index.numpy(force=True).T, len(features), path)
    masks = {
        split: data[f"{split}_mask"].numpy(force=True)
        for split in ("train", "val", "test")
        if f"{split}_mask" in data
    }
    node_labels, label = None, None
    if data.y is not None:
        labels = data.y.numpy(force=True)
        if labels.shape == (len(features),) and len(labels) > 1:
            node_labels = labels.astype(np.int64)
        else:
            label = int(labels.reshape(-1)[0])
    return check(Graph(edges, features, path, node_labels, label, masks))
