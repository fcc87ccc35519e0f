"""Graphs in NumPy's archives."""

import os

import numpy as np
from scipy import sparse

from mmcontrast.utils.tables import read_arrays

from .graph import UNLABELED, Graph, check, undirected, whole

_CSR = ("x_data", "x_indices", "x_indptr", "x_shape")


def read_npz(path: str | os.PathLike) -> Graph:
    """Read one graph.

    Args:
        path: Archive of ``edge_index`` (2, E); features ``x`` (V, D), or as sparse CSR
            ``x_data``, ``x_indices``, ``x_indptr`` and ``x_shape``; and, where they are known,
            ``y`` (V,), ``train_mask``, ``val_mask``, ``test_mask`` and ``unlabeled_mask``.
            Archives that hold pickled objects are refused.

    Raises:
        UserError: It is no such archive.
        ValueError: An array is missing, or they do not fit together.
    """
    path = os.fspath(path)
    arrays = read_arrays(path)
    try:
        features = _features(arrays, path)
    except ValueError as error:
        raise ValueError(f"{path}: features: {error}.") from error
    num_nodes = features.shape[0]
    if "edge_index" not in arrays or arrays["edge_index"].shape[:1] != (2,):
        raise ValueError(f"{path} has no edge_index of two rows; it has {', '.join(arrays)}.")
    labels = whole(arrays["y"], f"{path}: labels") if "y" in arrays else None
    masks = {
        name: arrays[f"{name}_mask"].astype(bool)
        for name in ("train", "val", "test", "unlabeled")
        if f"{name}_mask" in arrays
    }
    edges = undirected(arrays["edge_index"].T, num_nodes, path)
    graph = check(Graph(edges, features, path, labels, masks=masks))
    unlabeled = masks.pop("unlabeled", None)
    if labels is not None and unlabeled is not None:
        labels[unlabeled] = UNLABELED
    return graph


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
