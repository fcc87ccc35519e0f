"""The in-memory representation of a graph."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from mmengine.logging import print_log
from numpy.typing import NDArray
from scipy import sparse

from mmcontrast.datasets.labels import UNLABELED, Place, to_integers


@dataclass
class Graph:
    """An undirected graph with node features.

    Attributes:
        edge_index: Edges (2, E), int64, sorted, each edge once in both directions. A self-loop is
            there once, and only where the reader was told to keep self-loops.
        features: Features of the nodes (V, D), float32, dense or sparse CSR.
        path: Path that the graph was read from, for messages.
        node_labels: Classes of the nodes (V,), int64 from 0, -1 for unlabeled nodes; None if no
            node is labeled.
        label: Class of the graph, from 0; None if it has none.
        masks: Masks (V,), bool, by name: ``train``, ``val``, ``test``.
        masks_from: Description of the split, which is reported beside results.
        edge_weight: Weights of the edges (E,), float64, above 0 and the same in both directions;
            None if the edges have no weights.
        classes: Names of the classes by label; empty if the classes are numbers.
    """

    edge_index: NDArray[np.int64]
    features: NDArray[np.float32] | sparse.csr_array
    path: str
    node_labels: NDArray[np.int64] | None = None
    label: int | None = None
    masks: Mapping[str, NDArray[np.bool_]] = field(default_factory=dict)
    masks_from: str = "split of the file"
    edge_weight: NDArray[np.float64] | None = None
    classes: tuple[str, ...] = ()

    @property
    def num_nodes(self) -> int:
        """Number of nodes V."""
        return self.features.shape[0]

    def adjacency(self, weighted: bool = True) -> sparse.csr_array:
        """Return the adjacency (V, V), float64, symmetric.

        Args:
            weighted: Whether an entry is the weight of its edge, if the edges have weights.
                Otherwise it is 1.
        """
        values = self.edge_weight if weighted else None
        if values is None:
            values = np.ones(self.edge_index.shape[1])
        return sparse.csr_array((values, tuple(self.edge_index)), (self.num_nodes,) * 2)


def undirected(
    edges_E2: NDArray[np.integer], num_nodes: int, path: str, self_loops: bool = False
) -> NDArray[np.int64]:
    """Make edges undirected: both directions of each edge, once, sorted.

    Args:
        edges_E2: Pairs of nodes, counted from 0, in one direction or both.
        num_nodes: Number of nodes V.
        path: Path of the edges, for error messages.
        self_loops: Whether to keep self-loops, each once.

    Returns:
        Edges (2, E).

    Raises:
        ValueError: An edge refers to a missing node, or is not a pair of integers.
    """
    edges = _pairs(edges_E2, num_nodes, path)
    if not self_loops:
        edges = edges[edges[:, 0] != edges[:, 1]]
    # Pairs as single numbers have the same order and are sorted ten times faster.
    source, target = np.concatenate([edges, edges[:, ::-1]]).T
    return np.stack(np.divmod(np.unique(source * num_nodes + target), max(num_nodes, 1)))


def undirected_weighted(
    edges_E2: NDArray[np.integer],
    weight_E: NDArray[np.floating] | None,
    num_nodes: int,
    path: str,
    self_loops: bool = False,
) -> tuple[NDArray[np.int64], NDArray[np.float64] | None]:
    """Make edges with weights undirected, as :func:`undirected` does.

    An edge that is listed several times, or in both directions, has the mean of its weights, which
    is logged where they differ. Edges of weight 0 are no edges.

    Args:
        edges_E2: Pairs of nodes, counted from 0, in one direction or both.
        weight_E: Weights of the edges, finite and not negative; None if they have none.
        num_nodes: Number of nodes V.
        path: Path of the edges, for messages.
        self_loops: Whether to keep self-loops, each once.

    Returns:
        Edges (2, E) and their weights (E,), or None.

    Raises:
        ValueError: An edge refers to a missing node, or is not a pair of integers.
    """
    if weight_E is None:
        return undirected(edges_E2, num_nodes, path, self_loops), None
    edges = _pairs(edges_E2, num_nodes, path)
    kept = weight_E > 0
    if not self_loops:
        kept &= edges[:, 0] != edges[:, 1]
    low, high = np.sort(edges[kept], axis=1).T
    pair, place = np.unique(low * num_nodes + high, return_inverse=True)
    weight = weight_E[kept].astype(np.float64)
    mean = np.bincount(place, weight, len(pair)) / np.bincount(place, minlength=len(pair))
    unequal = np.unique(place[~np.isclose(weight, mean[place])])
    if len(unequal):
        notice(
            f"{path}: {len(unequal)} edges are listed with several weights, in one direction or "
            "both. An edge has their mean, since the views of a graph are undirected."
        )
    low, high = np.divmod(pair, max(num_nodes, 1))
    both = low != high
    source, target = np.concatenate([low, high[both]]), np.concatenate([high, low[both]])
    order = np.argsort(source * num_nodes + target)
    return np.stack([source, target])[:, order], np.concatenate([mean, mean[both]])[order]


def _pairs(edges_E2: NDArray, num_nodes: int, path: str) -> NDArray[np.int64]:
    edges = to_integers(edges_E2, f"{path}: edges")
    if edges.ndim != 2 or edges.shape[1] != 2:
        raise ValueError(f"{path}: edges are pairs of nodes, got an array of {edges.shape}.")
    wrong = np.flatnonzero((edges < 0).any(1) | (edges >= num_nodes).any(1))
    if len(wrong):
        raise ValueError(
            f"{path}: edge {wrong[0]} joins the nodes {edges[wrong[0]].tolist()}, but there are "
            f"{num_nodes}, counted from 0."
        )
    return edges


def check_weights(weight_E: NDArray, place: Place) -> NDArray[np.float64]:
    """Check that weights of edges can be used in a normalized adjacency, and return them.

    Args:
        weight_E: Weights (E,) or (E, 1).
        place: Function from the number of an edge to the start of a message.

    Raises:
        ValueError: A weight is negative or not a finite number.
    """
    weights = np.asarray(weight_E, dtype=np.float64).reshape(len(weight_E))
    wrong = np.flatnonzero(~(np.isfinite(weights) & (weights >= 0)))
    if len(wrong):
        raise ValueError(
            f"{place(int(wrong[0]))}: the weight of an edge is a number from 0, got "
            f"{weights[wrong[0]]}."
        )
    return weights


def notice(message: str) -> None:
    """Log a warning, which MMEngine's logger shows once however often it is repeated."""
    print_log(message, logger="current", level=logging.WARNING)


def check(graph: Graph) -> Graph:
    """Check that a graph can be trained on, and return it.

    Raises:
        ValueError: The graph has no node, its features are not a finite table, labels or masks do
            not have one entry per node, or a label is below -1.
    """
    if graph.features.ndim != 2:
        raise ValueError(
            f"{graph.path}: features are a table with a row for each node, got an array of "
            f"{graph.features.shape}."
        )
    if not graph.num_nodes:
        raise ValueError(f"{graph.path} has no node.")
    if not graph.features.shape[1]:
        raise ValueError(f"The nodes of {graph.path} have no features.")
    values = graph.features.data if sparse.issparse(graph.features) else graph.features
    if not np.isfinite(values).all():
        raise ValueError(f"{graph.path}: features that are not finite numbers.")
    weights, num_edges = graph.edge_weight, graph.edge_index.shape[1]
    if weights is not None and weights.shape != (num_edges,):
        raise ValueError(f"{graph.path}: {len(weights)} weights of {num_edges} edges.")
    rows = {"node_labels": graph.node_labels, **graph.masks}
    for name, row in rows.items():
        if row is not None and row.shape != (graph.num_nodes,):
            raise ValueError(
                f"{graph.path}: {name} has the shape {row.shape}, and there are "
                f"{graph.num_nodes} nodes."
            )
    if graph.node_labels is not None and (graph.node_labels < UNLABELED).any():
        raise ValueError(
            f"{graph.path}: labels count from 0, with {UNLABELED} for none, got "
            f"{graph.node_labels.min()}."
        )
    return graph
