"""Reader of graphs in NumPy's ``.npz`` archives."""

import os

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from mmcontrast.datasets.labels import UNLABELED, to_labels, to_masks
from mmcontrast.utils.tables import read_arrays

from .graph import Graph, check, check_weights, notice, undirected_weighted

# Files of earlier versions have the second spelling.
_UNLABELED_MASKS = ("unlabeled_mask", "unlabelled_mask")
_SPLITS = ("train", "val", "test")
_CSR = ("x_data", "x_indices", "x_indptr", "x_shape")


def read_npz(
    path: str | os.PathLike, *, self_loops: bool = False, labels: bool = True, split: int = 0
) -> Graph:
    """Read one graph.

    Args:
        path: Archive of ``edge_index`` (2, E), or (E, 2); features ``x`` (V, D), or as sparse CSR
            ``x_data``, ``x_indices``, ``x_indptr`` and ``x_shape``; and optionally weights
            ``edge_weight`` (E,), which may be named ``edge_attr``; classes ``y`` (V,) or (V, 1),
            see :func:`~mmcontrast.datasets.labels.to_labels`; ``train_mask``,
            ``val_mask`` and ``test_mask``, (V,) or (V, k) for k splits; and ``unlabeled_mask``, or
            ``unlabelled_mask`` as in the files of earlier versions. Other arrays are logged as
            unused. Archives that contain pickled objects are refused.
        self_loops: Whether to keep self-loops, each once.
        labels: Whether to read ``y``.
        split: Column of masks that have several.

    Raises:
        UserError: The file is not such an archive.
        ValueError: An array is missing, or the arrays' shapes do not match.
    """
    path = os.fspath(path)
    arrays = read_arrays(path)
    try:
        features = _features(arrays, path)
    except ValueError as error:
        raise ValueError(f"{path}: features: {error}.") from error
    num_nodes = features.shape[0]
    edges_E2 = _edges(arrays, path)
    weights = edge_weights(arrays, len(edges_E2), path)
    edges, weights = undirected_weighted(edges_E2, weights, num_nodes, path, self_loops)
    node_labels, classes = None, tuple[str, ...]()
    if labels and "y" in arrays:
        node_labels, classes = to_labels(
            arrays["y"], f"{path}: labels", remedy="; labels=False leaves them out"
        )
    names = [name for name in _SPLITS if f"{name}_mask" in arrays]
    masks, masks_from = to_masks({name: arrays[f"{name}_mask"] for name in names}, split, path)
    used = {"edge_index", "edge_weight", "edge_attr", "x", "y", *_CSR, *_UNLABELED_MASKS}
    unused = sorted(set(arrays) - used - {f"{name}_mask" for name in names})
    if unused:
        notice(f"{path}: the arrays {', '.join(unused)} are not used.")
    graph = Graph(edges, features, path, node_labels, None, masks, masks_from, weights, classes)
    check(graph)
    for name in _UNLABELED_MASKS:
        if name in arrays and node_labels is not None:
            (unlabeled_V,) = to_masks({name: arrays[name]}, split, path)[0].values()
            node_labels[unlabeled_V] = UNLABELED
    return graph


def edge_weights(
    arrays: dict[str, np.ndarray], num_edges: int, path: str
) -> NDArray[np.float64] | None:
    """Return the weights of edges, which are named as torch_geometric names them.

    Args:
        arrays: Arrays, of which ``edge_weight`` holds weights. One column of real numbers from 0
            in ``edge_attr`` does as well; any other ``edge_attr`` is logged as unused.
        num_edges: Number of edges E.
        path: Name of the graph in messages.

    Returns:
        Weights (E,), or None if there are none.

    Raises:
        ValueError: There is not one weight for each edge, or one is negative or not finite.
    """
    if "edge_weight" in arrays:
        weights = np.asarray(arrays["edge_weight"])
        if weights.size != num_edges or len(weights) != num_edges:
            raise ValueError(
                f"{path}: edge_weight has the shape {weights.shape}, and there are {num_edges} "
                "edges."
            )
        return check_weights(weights, lambda row: f"{path}, edge {row}")
    if "edge_attr" not in arrays:
        return None
    attributes = np.asarray(arrays["edge_attr"])
    is_column = attributes.shape in ((num_edges,), (num_edges, 1))
    is_real = attributes.dtype.kind == "f" and np.isfinite(attributes).all()
    if is_column and is_real and (attributes >= 0).all():
        notice(
            "edge_attr, one real number for each edge, is taken for the edges' weights; "
            "GraphViews(weighted=False) does without."
        )
        return attributes.reshape(num_edges).astype(np.float64)
    columns = "" if attributes.ndim < 2 else f" with {attributes.shape[1]} columns"
    notice(
        f"edge_attr ({attributes.dtype}{columns}) is not used: the views of a graph take a weight, "
        "one real number from 0, for each edge."
    )
    return None


def _edges(arrays: dict[str, np.ndarray], path: str) -> np.ndarray:
    edges = arrays.get("edge_index")
    if edges is None or (edges.shape[:1] != (2,) and edges.shape[1:] != (2,)):
        raise ValueError(f"{path} has no edge_index of two rows; it has {', '.join(arrays)}.")
    return edges.T if edges.shape[0] == 2 else edges


def _features(arrays: dict[str, np.ndarray], path: str) -> np.ndarray | sparse.csr_array:
    if "x" in arrays:
        return np.ascontiguousarray(arrays["x"], dtype=np.float32)
    missing = [name for name in _CSR if name not in arrays]
    if missing:
        raise ValueError(
            f"{path} has no features: neither x nor {', '.join(missing)}. It has "
            f"{', '.join(arrays)}."
        )
    data, indices, indptr, shape = (arrays[name] for name in _CSR)
    matrix = sparse.csr_array((data, indices, indptr), shape=tuple(shape), dtype=np.float32)
    matrix.check_format()
    return matrix
