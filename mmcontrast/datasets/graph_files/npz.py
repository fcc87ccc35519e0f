"""Reader of graphs in NumPy's ``.npz`` archives."""

import os

import numpy as np
from scipy import sparse

from mmcontrast.utils.tables import read_arrays

from .graph import UNLABELED, Graph, check, to_integers, undirected

# Files of earlier versions have the second spelling.
_UNLABELED_MASKS = ("unlabeled", "unlabelled")
_CSR = ("x_data", "x_indices", "x_indptr", "x_shape")


def read_npz(path: str | os.PathLike) -> Graph:
    """Read one graph.

    Args:
        path: Archive of ``edge_index`` (2, E); features ``x`` (V, D), or as sparse CSR
            ``x_data``, ``x_indices``, ``x_indptr`` and ``x_shape``; and optionally ``y`` (V,),
            ``train_mask``, ``val_mask``, ``test_mask`` and ``unlabeled_mask``, or
            ``unlabelled_mask`` as in the files of earlier versions. Archives that contain pickled
            objects are refused.

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
    if "edge_index" not in arrays or arrays["edge_index"].shape[:1] != (2,):
        raise ValueError(f"{path} has no edge_index of two rows; it has {', '.join(arrays)}.")
    labels = to_integers(arrays["y"], f"{path}: labels") if "y" in arrays else None
    masks = {
        name: arrays[f"{name}_mask"].astype(bool)
        for name in ("train", "val", "test", *_UNLABELED_MASKS)
        if f"{name}_mask" in arrays
    }
    edges = undirected(arrays["edge_index"].T, num_nodes, path)
    graph = check(Graph(edges, features, path, labels, masks=masks))
    for name in _UNLABELED_MASKS:
        mask_V = masks.pop(name, None)
        if labels is not None and mask_V is not None:
            labels[mask_V] = UNLABELED
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
