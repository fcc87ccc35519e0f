"""Datasets of one large graph or of many small graphs, and their batches.

A dataset reads its graphs at construction. It applies ``prepare`` once to each graph, for views and
diffusions, and ``pipeline`` at each access, for random transforms. A batch is one graph whose
matrices are block-diagonal::

    inputs = dict(
        features=(V, D) float32, dense or sparse CSR,
        adjacency=(V, V) sparse CSR,
        diffusion=(V, V) sparse CSR, or dense for the full diffusion of one graph; or
        transition=(V, V) sparse CSR, from which the model computes the diffusion,
        graph_index=(V,) the graph of each node, ascending from 0,
    )

``data_samples`` has one dict per graph: ``index``, ``path``, ``num_nodes`` and, if available,
``label``, ``node_labels`` (V,) with -1 for unlabeled nodes, ``masks``, a dict of (V,) bool, and
``masks_from``, a description of the split.

All graphs are in memory, so a data loader needs no workers.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import numpy as np
import torch
from mmengine.utils import get_object_from_string
from scipy import sparse
from torch import Tensor
from torch.utils.data import Dataset

from mmcontrast.datasets.graph_files import (
    Column,
    Graph,
    from_pyg,
    load_pyg,
    read_edge_list,
    read_npz,
    read_planetoid,
    read_tu,
)
from mmcontrast.datasets.sampling.seeding import seeded_sample
from mmcontrast.datasets.transforms import compose
from mmcontrast.ops.diffusion import to_torch
from mmcontrast.registry import DATASETS, FUNCTIONS
from mmcontrast.utils.arguments import check_sizes
from mmcontrast.utils.errors import UserError

_MATRICES = ("adjacency", "diffusion", "transition")


class Graphs(Dataset):
    """Base class of the datasets of graphs.

    Args:
        graphs: Graphs with equal numbers of features per node.
        prepare: Transforms that are applied once, see ``mmcontrast.datasets.transforms.graphs``.
        pipeline: Transforms that are applied at each access.
        repeat: Number of times that each graph occurs in an epoch, each with its own random
            numbers.
        raw: Whether data samples include the input features as ``raw``, for evaluations that
            compare them with the learned ones.

    Raises:
        ValueError: There is no graph, or the graphs differ in their number of features.

    Attributes:
        seed: Seed of the pipeline. The engine sets it from the run's seed.
    """

    takes_keys = True

    def __init__(
        self,
        graphs: Sequence[Graph],
        prepare: Sequence = (),
        pipeline: Sequence = (),
        repeat: int = 1,
        raw: bool = False,
    ):
        widths = {graph.features.shape[1] for graph in graphs}
        if len(widths) != 1:
            raise ValueError(
                f"{type(self).__name__}: there is no graph."
                if not widths
                else f"{type(self).__name__}: graphs with {sorted(widths)} features per node; a "
                "method needs one number."
            )
        self.seed = 0
        check_sizes("Graphs", repeat=repeat)
        self.repeat = repeat
        self.raw = raw
        labels = {graph.label for graph in graphs if graph.label is not None}
        classes = graphs[0].classes or tuple(str(label) for label in sorted(labels))
        self.metainfo = dict(classes=classes)
        once = compose(prepare)
        self.samples = [
            once(
                dict(
                    graph=graph,
                    features=graph.features,
                    node_labels=graph.node_labels,
                    masks=graph.masks,
                    masks_from=graph.masks_from,
                )
            )
            for graph in graphs
        ]
        self.pipeline = compose(pipeline)

    def __len__(self) -> int:
        return len(self.samples) * self.repeat

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return (self[index] for index in range(len(self)))

    def __getitem__(self, key: int) -> dict[str, Any]:
        with seeded_sample(self.seed, key, len(self)) as position:
            index = position % len(self.samples)
            results = self.pipeline(dict(self.samples[index]))
        graph = results["graph"]
        labels = dict(
            label=graph.label, node_labels=results["node_labels"], masks=results["masks"] or None
        )
        sample = {name: value for name, value in labels.items() if value is not None}
        if "masks" in sample:
            sample["masks_from"] = results["masks_from"]
        sample |= dict(index=index, path=graph.path, num_nodes=results["features"].shape[0])
        if self.raw:
            sample["raw"] = results["features"]
        names = ("features", *(name for name in _MATRICES if name in results))
        return dict(inputs={name: results[name] for name in names}, data_sample=sample)


@DATASETS.register_module()
class NpzGraph(Graphs):
    """The graph in an ``.npz`` file, see ``read_npz``.

    Args:
        path: Path of the file.
        self_loops: Whether to keep self-loops.
        labels: Whether to read the nodes' classes; real-valued targets are none.
        split: Column of masks (V, k), which hold k splits.
        **kwargs: See :class:`Graphs`.
    """

    def __init__(
        self,
        path: str | os.PathLike,
        self_loops: bool = False,
        labels: bool = True,
        split: int = 0,
        **kwargs: Any,
    ):
        if not os.path.isfile(path):
            raise UserError(f"There is no graph {os.fspath(path)}.")
        graph = read_npz(path, self_loops=self_loops, labels=labels, split=split)
        super().__init__([graph], **kwargs)


@DATASETS.register_module()
class PlanetoidGraph(Graphs):
    """Cora, Citeseer or Pubmed from Planetoid's raw files, see ``read_planetoid``.

    Args:
        data_root: Folder of the files.
        name: ``'cora'``, ``'citeseer'`` or ``'pubmed'``.
        self_loops: Whether to keep the papers' citations of themselves.
        **kwargs: See :class:`Graphs`.
    """

    def __init__(
        self, data_root: str | os.PathLike, name: str, self_loops: bool = False, **kwargs: Any
    ):
        super().__init__([read_planetoid(data_root, name, self_loops=self_loops)], **kwargs)


@DATASETS.register_module()
class EdgeListGraph(Graphs):
    """The graph given by a table of edges and a table of nodes, see ``read_edge_list``.

    Args:
        edges: Path of the table of edges: ``.csv``, ``.tsv`` or ``.txt``, also with ``.gz``,
            ``.parquet`` or ``.npz``.
        nodes: Path of the table of nodes, of the same formats.
        label: Column of the nodes' classes, by name or number; None for the one that is named
            ``label`` or ``class``, False for none.
        source: Column of an edge's first end; this and the next ones are for names that are not
            usual, see ``read_edge_list``.
        target: Column of its second end.
        weight: Column of its weight.
        node_id: Column of the nodes' ids; False counts the rows from 0.
        features: Columns that are features; None for all others of numbers.
        header: Whether the first lines are names; None decides by what stands below them.
        self_loops: Whether to keep self-loops.
        **kwargs: See :class:`Graphs`.
    """

    def __init__(
        self,
        edges: str | os.PathLike,
        nodes: str | os.PathLike,
        label: Column | Literal[False] | None = None,
        *,
        source: Column | None = None,
        target: Column | None = None,
        weight: Column | None = None,
        node_id: Column | Literal[False] | None = None,
        features: Sequence[Column] | None = None,
        header: bool | None = None,
        self_loops: bool = False,
        **kwargs: Any,
    ):
        graph = read_edge_list(
            edges, nodes, label, source=source, target=target, weight=weight, node_id=node_id,
            features=features, header=header, self_loops=self_loops,
        )  # fmt: skip
        super().__init__([graph], **kwargs)


@DATASETS.register_module()
class TUGraphs(Graphs):
    """Small graphs in TU Dortmund's text files, see ``read_tu``.

    Args:
        data_root: Folder of the files.
        name: Common prefix of the files; the folder's name by default.
        degrees: Whether to append one-hot degrees to the labels of nodes, see ``read_tu``.
        self_loops: Whether to keep self-loops.
        labels: Whether to read the graphs' classes; real-valued targets are none.
        **kwargs: See :class:`Graphs`.
    """

    def __init__(
        self,
        data_root: str | os.PathLike,
        name: str | None = None,
        degrees: bool = False,
        self_loops: bool = False,
        labels: bool = True,
        **kwargs: Any,
    ):
        graphs = read_tu(data_root, name, degrees=degrees, self_loops=self_loops, labels=labels)
        super().__init__(graphs, **kwargs)


@DATASETS.register_module()
class PyGGraphs(Graphs):
    """Graphs of torch_geometric, one or many.

    Args:
        data: Path of a file of ``torch.save``, see ``load_pyg``; a config of a function or of a
            dataset's class, such as ``dict(type='torch_geometric.datasets.Planetoid', root=...,
            name='Cora')``, whose ``type`` is its import path, or its name in ``FUNCTIONS``; a
            ``torch_geometric.data.Data``; or a sequence or a dataset of them.
        self_loops: Whether to keep self-loops.
        labels: Whether to read the classes; real-valued targets are none.
        split: Column of masks (V, k), which hold k splits.
        **kwargs: See :class:`Graphs`.

    Raises:
        UserError: The file cannot be read, or there is no such function.
    """

    def __init__(
        self,
        data: Any,
        self_loops: bool = False,
        labels: bool = True,
        split: int = 0,
        **kwargs: Any,
    ):
        name = f"{os.fspath(data)}, graph" if isinstance(data, str | os.PathLike) else "graph"
        if isinstance(data, str | os.PathLike):
            data = load_pyg(data)
        elif isinstance(data, Mapping) and "type" in data:
            data = _call(data)
        if hasattr(data, "edge_index") or hasattr(data, "node_types"):
            data = data.to_data_list() if hasattr(data, "to_data_list") else [data]
        graphs = [
            from_pyg(item, f"{name} {index}", self_loops=self_loops, labels=labels, split=split)
            for index, item in enumerate(data)
        ]
        super().__init__(graphs, **kwargs)


def _call(config: Mapping[str, Any]) -> Any:
    """Call the function or class that a config names."""
    settings = dict(config)
    name = settings.pop("type")
    if callable(name):
        function = name
    elif "." in str(name):
        function = get_object_from_string(name)
    else:
        function = FUNCTIONS.get(name)
    if function is None:
        raise UserError(
            f"PyGGraphs: {name!r} cannot be imported. It is the import path of a function, and its "
            "module has to be on PYTHONPATH."
        )
    return function(**settings)


@FUNCTIONS.register_module()
def collate_graphs(samples: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Collate graphs to one block-diagonal graph, see the module's docstring."""
    inputs: dict[str, Tensor] = {}
    for name in samples[0]["inputs"]:
        parts = [sample["inputs"][name] for sample in samples]
        if name == "features":
            matrix = parts[0] if len(parts) == 1 else _stack(parts)
        else:
            matrix = parts[0] if len(parts) == 1 else sparse.block_diag(parts, format="csr")
        inputs[name] = to_torch(matrix) if sparse.issparse(matrix) else torch.from_numpy(matrix)
    sizes = torch.tensor([sample["inputs"]["features"].shape[0] for sample in samples])
    inputs["graph_index"] = torch.arange(len(samples)).repeat_interleave(sizes)
    return dict(inputs=inputs, data_samples=[sample["data_sample"] for sample in samples])


def _stack(parts: Sequence[Any]) -> Any:
    return (
        sparse.vstack(parts, format="csr") if sparse.issparse(parts[0]) else np.concatenate(parts)
    )
