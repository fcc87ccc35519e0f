"""Graphs as data sets: one large graph, or many small ones, and their batches.

A data set reads its graphs when it is made, sends each once through ``prepare``, where views and
diffusions are computed, and through ``pipeline`` whenever it is taken: what is random belongs
there. A batch is one graph whose matrices are block-diagonal::

    inputs = dict(
        features=(V, D) float32, dense or sparse CSR,
        adjacency=(V, V) sparse CSR,
        diffusion=(V, V) sparse CSR, or dense where it is one graph's whole diffusion; or
        transition=(V, V) sparse CSR, which the model makes its diffusion of,
        graph_index=(V,) the graph of each node, ascending from 0,
    )

``data_samples`` has a dict a graph: ``index``, ``path``, ``num_nodes``, and where they are known
``label``, ``node_labels`` (V,), -1 for unlabeled, ``masks``, a dict of (V,) bool, and
``masks_from``, what split that is.

Everything is in memory, so that a data loader needs no workers.
"""

import os
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from scipy import sparse
from torch import Tensor
from torch.utils.data import Dataset

from mmcontrast.datasets.graph_files import (
    Graph,
    from_pyg,
    read_edge_list,
    read_npz,
    read_planetoid,
    read_tu,
)
from mmcontrast.datasets.seeding import seeded
from mmcontrast.datasets.transforms import compose
from mmcontrast.ops.diffusion import to_torch
from mmcontrast.registry import DATASETS, FUNCTIONS
from mmcontrast.utils.errors import UserError

_MATRICES = ("adjacency", "diffusion", "transition")


class Graphs(Dataset):
    """Graphs in memory.

    Args:
        graphs: They have equally many features.
        prepare: Transforms that are applied once, see ``mmcontrast.datasets.transforms.graphs``.
        pipeline: Transforms that are applied each time.
        repeat: How often each graph comes in an epoch, with other random numbers each time.
        raw: Whether data samples carry the features themselves, as ``raw``, for evaluations that
            put them beside what was learned.

    Raises:
        ValueError: There is no graph, or they differ in their number of features.

    Attributes:
        seed: Of the pipeline. The engine sets it from the run's seed.
    """

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
                else f"{type(self).__name__}: graphs with {sorted(widths)} features a node; a "
                "method needs one number."
            )
        self.seed = 0
        self.repeat = repeat
        self.raw = raw
        labels = {graph.label for graph in graphs if graph.label is not None}
        self.metainfo = dict(classes=tuple(str(label) for label in sorted(labels)))
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
        epoch, place = divmod(int(key), len(self))
        index = place % len(self.samples)
        with seeded(self.seed, epoch % 2**32, place):
            results = self.pipeline(dict(self.samples[index]))
        graph = results["graph"]
        known = dict(
            label=graph.label, node_labels=results["node_labels"], masks=results["masks"] or None
        )
        sample = {name: value for name, value in known.items() if value is not None}
        if "masks" in sample:
            sample["masks_from"] = results["masks_from"]
        sample |= dict(index=index, path=graph.path, num_nodes=results["features"].shape[0])
        if self.raw:
            sample["raw"] = results["features"]
        names = ("features", *(name for name in _MATRICES if name in results))
        return dict(inputs={name: results[name] for name in names}, data_sample=sample)


@DATASETS.register_module()
class NpzGraph(Graphs):
    """One graph of an ``.npz`` file, see ``read_npz``.

    Args:
        path: The file.
        **kwargs: See :class:`Graphs`.
    """

    def __init__(self, path: str | os.PathLike, **kwargs: Any):
        super().__init__([read_npz(_existing(path))], **kwargs)


@DATASETS.register_module()
class PlanetoidGraph(Graphs):
    """Cora, Citeseer or Pubmed from Planetoid's raw files, see ``read_planetoid``.

    Args:
        data_root: Their folder.
        name: ``'cora'``, ``'citeseer'`` or ``'pubmed'``.
        **kwargs: See :class:`Graphs`.
    """

    def __init__(self, data_root: str | os.PathLike, name: str, **kwargs: Any):
        super().__init__([read_planetoid(data_root, name)], **kwargs)


@DATASETS.register_module()
class EdgeListGraph(Graphs):
    """One graph of two tables, see ``read_edge_list``.

    Args:
        edges: Table of edges.
        nodes: Table of nodes.
        label: Column of their classes.
        **kwargs: See :class:`Graphs`.
    """

    def __init__(
        self,
        edges: str | os.PathLike,
        nodes: str | os.PathLike,
        label: str | None = None,
        **kwargs: Any,
    ):
        super().__init__([read_edge_list(edges, nodes, label)], **kwargs)


@DATASETS.register_module()
class TUGraphs(Graphs):
    """A set of small graphs in TU Dortmund's text files, see ``read_tu``.

    Args:
        data_root: Folder of the files.
        name: Their common prefix; that of the folder by default.
        degrees: Whether one-hot degrees stand beside labels of nodes, see ``read_tu``.
        **kwargs: See :class:`Graphs`.
    """

    def __init__(
        self,
        data_root: str | os.PathLike,
        name: str | None = None,
        degrees: bool = False,
        **kwargs: Any,
    ):
        super().__init__(read_tu(data_root, name, degrees=degrees), **kwargs)


@DATASETS.register_module()
class PyGGraphs(Graphs):
    """Graphs of torch_geometric, for configs and programs that have them in memory.

    Args:
        data: ``torch_geometric.data.Data`` objects, or a data set of them.
        **kwargs: See :class:`Graphs`.
    """

    def __init__(self, data: Sequence[Any], **kwargs: Any):
        graphs = [from_pyg(item, f"graph {number}") for number, item in enumerate(data)]
        super().__init__(graphs, **kwargs)


def _existing(path: str | os.PathLike) -> str | os.PathLike:
    if not os.path.isfile(path):
        raise UserError(f"There is no graph {os.fspath(path)}.")
    return path


@FUNCTIONS.register_module()
def collate_graphs(samples: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Graphs as one, see the module's docstring."""
    inputs: dict[str, Tensor] = {}
    for name in samples[0]["inputs"]:
        parts = [sample["inputs"][name] for sample in samples]
        if name == "features":
            whole = parts[0] if len(parts) == 1 else _stack(parts)
        else:
            whole = parts[0] if len(parts) == 1 else sparse.block_diag(parts, format="csr")
        inputs[name] = to_torch(whole) if sparse.issparse(whole) else torch.from_numpy(whole)
    sizes = torch.tensor([sample["inputs"]["features"].shape[0] for sample in samples])
    inputs["graph_index"] = torch.arange(len(samples)).repeat_interleave(sizes)
    return dict(inputs=inputs, data_samples=[sample["data_sample"] for sample in samples])


def _stack(parts: Sequence[Any]) -> Any:
    return (
        sparse.vstack(parts, format="csr") if sparse.issparse(parts[0]) else np.concatenate(parts)
    )
