"""Graphs of torch_geometric: ``Data`` objects, and files of them."""

import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse

from mmcontrast.datasets.labels import to_labels, to_masks
from mmcontrast.utils.errors import UserError
from mmcontrast.utils.file_kinds import kind_of_file
from mmcontrast.utils.pickles import describe_globals, holds_whole_pickle
from mmcontrast.weights.files import unsafe_globals

from .graph import Graph, check, undirected_weighted
from .npz import edge_weights

# What torch raises for a file that is cut off or is of another kind.
_READ_ERRORS = (RuntimeError, EOFError, KeyError, ValueError, AttributeError, IndexError)
_SPLITS = ("train", "val", "test")
_LABELS_REMEDY = "; labels=False leaves them out"


def load_pyg(path: str | os.PathLike) -> list[Any]:
    """Read a file of ``torch.save`` without executing anything in it.

    Args:
        path: File of a ``torch_geometric.data.Data``, of a list of them, or ``processed/*.pt`` of
            an ``InMemoryDataset``. It may hold tensors, plain values and torch_geometric's own
            classes of graphs.

    Returns:
        The ``Data`` objects.

    Raises:
        UserError: The file does not exist, is damaged, or holds something else; or torch_geometric
            is not installed.
    """
    path = Path(path)
    if not path.is_file():
        raise UserError(f"There is no file of graphs {path}.")
    try:
        from torch_geometric.data import Data, data, separate, storage
    except ImportError as error:
        raise UserError(
            f"{path} needs torch_geometric: pip install 'mmcontrast[graph]'."
        ) from error
    classes = [Data, data.DataEdgeAttr, data.DataTensorAttr]
    classes += [getattr(storage, f"{kind}Storage") for kind in ("Base", "Global", "Node", "Edge")]
    try:
        with torch.serialization.safe_globals(classes):
            content = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, *_READ_ERRORS) as error:
        raise _refusal(path, error, classes) from error
    if not isinstance(content, tuple) or len(content) < 2 or not isinstance(content[1], dict):
        return list(content) if isinstance(content, list | tuple) else [content]
    collated, slices = content[:2]
    collated = Data.from_dict(collated) if isinstance(collated, dict) else collated
    count = len(next(iter(slices.values()))) - 1
    return [
        separate.separate(type(collated), collated, index, slices, decrement=False)
        for index in range(count)
    ]


def from_pyg(
    data: Any,
    path: str = "a Data of torch_geometric",
    *,
    self_loops: bool = False,
    labels: bool = True,
    split: int = 0,
) -> Graph:
    """Convert a ``torch_geometric.data.Data`` to a graph.

    Args:
        data: Object with ``edge_index`` or ``adj_t``, a ``SparseTensor`` or a sparse tensor of
            torch; ``x``, dense or sparse; and optionally ``edge_weight`` or ``edge_attr``, see
            :func:`~mmcontrast.datasets.graph_files.npz.edge_weights`; ``y``, of the nodes or of
            the graph; and masks (V,), or (V, k) for k splits.
        path: Name of the graph in messages.
        self_loops: Whether to keep self-loops, each once.
        labels: Whether to read ``y``.
        split: Column of masks that have several.

    Raises:
        ValueError: ``data`` is no ``Data``, has no edges or features, or ``y`` is neither one
            class per node nor one of the graph.
    """
    _check_type(data, path)
    if data.x is None:
        raise ValueError(f"{path} has no x: torch_geometric.transforms.OneHotDegree makes one.")
    features = _features(data.x)
    num_nodes = features.shape[0]
    edges_E2, weights = _edges(data, path)
    edges, weights = undirected_weighted(edges_E2, weights, num_nodes, path, self_loops)
    columns = {name: _to_numpy(data[f"{name}_mask"]) for name in _SPLITS if f"{name}_mask" in data}
    masks, masks_from = to_masks(columns, split, path)
    node_labels, label = None, None
    if labels and data.y is not None:
        node_labels, label = _labels(data.y, num_nodes, path)
    return check(Graph(edges, features, path, node_labels, label, masks, masks_from, weights))


def _check_type(data: Any, path: str) -> None:
    types = getattr(data, "node_types", None)
    if types is not None and hasattr(data, "to_homogeneous"):
        raise ValueError(
            f"{path} is a HeteroData with nodes of the types {', '.join(map(str, types))}, and the "
            "methods take nodes of one type: convert it with data.to_homogeneous(), or choose the "
            "nodes and edges of one type."
        )
    if not all(hasattr(data, name) for name in ("edge_index", "x", "y")):
        raise ValueError(f"{path} is a {type(data).__name__}, not a Data of torch_geometric.")


def _labels(y: Any, num_nodes: int, path: str) -> tuple[NDArray[np.int64] | None, int | None]:
    values = _to_numpy(y)
    if values.size == 1:
        (label,), _ = to_labels(values.reshape(1), f"{path}: y", remedy=_LABELS_REMEDY)
        # NaN is no class, and a class may be negative.
        return None, None if values.dtype.kind == "f" and np.isnan(values).all() else int(label)
    if values.size == len(values) == num_nodes:
        return to_labels(values.reshape(-1), f"{path}: y", remedy=_LABELS_REMEDY)[0], None
    raise ValueError(
        f"{path}: y has the shape {values.shape}; it is one class for each of {num_nodes} nodes, "
        "or one for the graph. labels=False leaves it out."
    )


def _edges(data: Any, path: str) -> tuple[NDArray, NDArray[np.float64] | None]:
    """Return the edges (E, 2) and their weights (E,), if they have any."""
    if data.edge_index is not None:
        edges_E2 = _to_numpy(data.edge_index).T
        arrays = {
            name: _to_numpy(data[name])
            for name in ("edge_weight", "edge_attr")
            if name in data and data[name] is not None
        }
        return edges_E2, edge_weights(arrays, len(edges_E2), path)
    if "adj_t" not in data or data["adj_t"] is None:
        raise ValueError(f"{path} has no edge_index and no adj_t.")
    matrix = _to_scipy(data["adj_t"]).tocoo()
    edges_E2 = np.stack([matrix.col, matrix.row], axis=1)
    if (matrix.data == 1).all():  # also what a SparseTensor without values becomes
        return edges_E2, None
    return edges_E2, edge_weights(dict(edge_weight=matrix.data), len(edges_E2), path)


def _features(x: Any) -> NDArray[np.float32] | sparse.csr_array:
    if isinstance(x, torch.Tensor) and x.layout == torch.strided:
        return np.ascontiguousarray(x.float().numpy(force=True))
    return sparse.csr_array(_to_scipy(x), dtype=np.float32)


def _to_scipy(matrix: Any) -> sparse.csr_array:
    """Convert a sparse tensor of torch, a ``SparseTensor``, or a dense matrix."""
    if hasattr(matrix, "to_scipy"):  # SparseTensor
        return sparse.csr_array(matrix.to_scipy(layout="csr"))
    if matrix.layout == torch.strided:
        return sparse.csr_array(_to_numpy(matrix))
    coo = matrix.detach().cpu().to_sparse_coo().coalesce()
    values, places = coo.values(), coo.indices().numpy()
    return sparse.csr_array((_to_numpy(values), (places[0], places[1])), shape=tuple(coo.shape))


def _to_numpy(values: Any) -> NDArray:
    tensor = torch.as_tensor(values)
    return (tensor.float() if tensor.dtype == torch.bfloat16 else tensor).numpy(force=True)


def _refusal(path: Path, error: Exception, classes: list[type]) -> UserError:
    """Return why a file is not read after ``error``: it holds more than graphs, or is damaged."""
    unsafe = unsafe_globals(path, [f"{kind.__module__}.{kind.__qualname__}" for kind in classes])
    if unsafe or (isinstance(error, pickle.UnpicklingError) and holds_whole_pickle(path)):
        reason = describe_globals(unsafe) or str(error).splitlines()[0]
        return UserError(
            f"{path} holds more than graphs, and loading it would run code: {reason}. Save the "
            "Data objects alone with torch.save, or name a function that returns them: "
            "PyGGraphs(data=dict(type='my_module.my_graphs'))."
        )
    kind = kind_of_file(path)
    reason = f"it is {kind}" if kind else str(error).splitlines()[0]
    return UserError(f"{path} is damaged, or not a file of torch.save: {reason}")
