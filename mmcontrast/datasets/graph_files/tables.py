"""Any graph as a list of edges and a table of nodes, and graphs of torch_geometric."""

import os
from typing import Any

import numpy as np

from mmcontrast.utils.tables import read_numbers

from .graph import UNLABELED, Graph, check, undirected, whole


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
        labels = np.nan_to_num(columns.pop(label), nan=UNLABELED)
        labels = whole(labels, f"{nodes}: labels, in the column {label!r},")
    if not columns:
        raise ValueError(f"{nodes} has no column of features.")
    parts = [np.atleast_2d(column.T).T for column in columns.values()]
    features = np.concatenate(parts, axis=1).astype(np.float32)
    edge_index = undirected(np.stack(ends, axis=1), len(features), str(edges))
    return check(Graph(edge_index, features, str(nodes), labels))


def from_pyg(data: Any, path: str = "a Data of torch_geometric") -> Graph:
    """Take the graph out of a ``torch_geometric.data.Data``.

    Args:
        data: With ``edge_index`` and ``x``; ``y``, of the nodes or of the graph, and the masks
            where it has them. Weights of edges are left out.
        path: A name for messages.

    Raises:
        ValueError: It has no edges or features, or ``y`` is neither one number a node nor one.
    """
    if data.edge_index is None:
        raise ValueError(f"{path} has no edge_index.")
    if data.x is None:
        raise ValueError(f"{path} has no x: torch_geometric.transforms.OneHotDegree makes one.")
    features = np.ascontiguousarray(data.x.numpy(force=True), dtype=np.float32)
    num_nodes = features.shape[0]
    edges = undirected(data.edge_index.numpy(force=True).T, num_nodes, path)
    masks = {
        split: data[f"{split}_mask"].numpy(force=True)
        for split in ("train", "val", "test")
        if f"{split}_mask" in data
    }
    node_labels, label = None, None
    if data.y is not None:
        labels = whole(data.y.numpy(force=True), f"{path}: y")
        if labels.size == 1:
            label = int(labels.item())
        elif labels.size == len(labels) == num_nodes:
            node_labels = labels.reshape(num_nodes)
        else:
            raise ValueError(
                f"{path}: y has the shape {labels.shape}; it is one class for each of "
                f"{num_nodes} nodes, or one for the graph."
            )
    return check(Graph(edges, features, path, node_labels, label, masks))
