"""A graph in memory."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

UNLABELLED = -1


@dataclass
class Graph:
    """An undirected graph with features of its nodes.

    Attributes:
        edge_index: (2, E) int64, each edge in both directions, once, without self-loops.
        features: (V, D) float32, dense or sparse CSR.
        path: Where it was read, for messages.
        node_labels: (V,) int64 from 0, -1 where there is none; None if no node has one.
        label: Of the graph, from 0; None if it has none.
        masks: (V,) bool by name: ``train``, ``val``, ``test``.
    """

    edge_index: NDArray[np.int64]
    features: NDArray[np.float32] | sparse.csr_array
    path: str
    node_labels: NDArray[np.int64] | None = None
    label: int | None = None
    masks: Mapping[str, NDArray[np.bool_]] = field(default_factory=dict)

    @property
    def num_nodes(self) -> int:
        """V."""
        return self.features.shape[0]

    def adjacency(self) -> sparse.csr_array:
        """(V, V) of ones."""
        values = np.ones(self.edge_index.shape[1])
        return sparse.csr_array((values, tuple(self.edge_index)), (self.num_nodes,) * 2)


def undirected(edges_E2: NDArray[np.integer], num_nodes: int, path: str) -> NDArray[np.int64]:
    """Each edge in both directions, once, sorted, without self-loops: (2, E).

    Args:
        edges_E2: Pairs of nodes, counted from 0, in one direction or both.
        num_nodes: V.
        path: Named in errors.

    Raises:
        ValueError: An edge names a node that is not there.
    """
    edges = np.asarray(edges_E2)
    if edges.size and edges.dtype.kind not in "iu":
        raise ValueError(f"{path}: edges are pairs of whole numbers, got {edges.dtype}.")
    edges = edges.astype(np.int64).reshape(-1, 2)
    wrong = np.flatnonzero((edges < 0).any(1) | (edges >= num_nodes).any(1))
    if len(wrong):
        raise ValueError(
            f"{path}: edge {wrong[0]} joins the nodes {edges[wrong[0]].tolist()}, but there are "
            f"{num_nodes}, counted from 0."
        )
    edges = edges[edges[:, 0] != edges[:, 1]]
    return np.unique(np.concatenate([edges, edges[:, ::-1]]), axis=0).T


def check(graph: Graph) -> Graph:
    """Return a graph that can be trained on.

    Raises:
        ValueError: It has no node, its features are not finite, or labels or masks do not have one
            entry a node.
    """
    if not graph.num_nodes:
        raise ValueError(f"{graph.path} has no node.")
    if not graph.features.shape[1]:
        raise ValueError(f"The nodes of {graph.path} have no features.")
    values = graph.features.data if sparse.issparse(graph.features) else graph.features
    if not np.isfinite(values).all():
        raise ValueError(f"{graph.path}: features that are not finite numbers.")
    rows = {"node_labels": graph.node_labels, **graph.masks}
    for name, row in rows.items():
        if row is not None and row.shape != (graph.num_nodes,):
            raise ValueError(
                f"{graph.path}: {name} has the shape {row.shape}, and there are "
                f"{graph.num_nodes} nodes."
            )
    return graph
