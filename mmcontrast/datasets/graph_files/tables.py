"""Readers of graphs in tables of edges and nodes, and of torch_geometric's graphs."""

import os
from typing import Any

import numpy as np

from mmcontrast.utils.tables import read_numbers

from .graph import UNLABELED, Graph, check, to_integers, undirected


def read_edge_list(
    edges: str | os.PathLike, nodes: str | os.PathLike, label: str | None = None
) -> Graph:
    """Read a graph from two tables.

    Args:
        edges: Table (``.csv``, ``.parquet`` or ``.npz``) whose first two columns are the nodes that
            an edge joins, counted from 0.
        nodes: Table of the same formats with one row per node, the node's features.
        label: Name of the column in ``nodes`` that has the nodes' classes, from 0; -1 or an empty
            field means unlabeled. None if there is no such column.

    Raises:
        ValueError: The tables do not match.
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
        labels = to_integers(labels, f"{nodes}: labels, in the column {label!r},")
    if not columns:
        raise ValueError(f"{nodes} has no column of features.")
    parts = [np.atleast_2d(column.T).T for column in columns.values()]
    features = np.concatenate(parts, axis=1).astype(np.float32)
    edge_index = undirected(np.stack(ends, axis=1), len(features), str(edges))
    return check(Graph(edge_index, features, str(nodes), labels))


def from_pyg(data: Any, path: str = "a Data of torch_geometric") -> Graph:
    """Convert a ``torch_geometric.data.Data`` to a graph.

    Args:
        data: Object with ``edge_index`` and ``x``, and optionally ``y``, of the nodes or of the
            graph, and masks. Edge weights are ignored.
        path: Name of the graph in messages.

    Raises:
        ValueError: ``data`` has no edges or features, or ``y`` is neither one number per node nor
            a single number.
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
        labels = to_integers(data.y.numpy(force=True), f"{path}: y")
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
