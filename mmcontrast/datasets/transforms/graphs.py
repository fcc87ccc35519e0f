"""Transforms of graphs.

A transform takes and returns a ``results`` dict with these keys:

``features``
    Features of the nodes (V, D), float32, dense or SciPy CSR.
``node_labels``, ``masks``
    Classes and masks of the nodes, (V,); ``masks_from`` describes the split.
``graph``
    The :class:`~mmcontrast.datasets.graph_files.Graph` as it was read.
``adjacency``, ``diffusion``
    Views (V, V), float32, SciPy CSR, or a dense array for a full diffusion.
``transition``
    Transition matrix (V, V), float32, SciPy CSR, in place of ``diffusion`` for models that apply
    the diffusion themselves.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from mmcontrast.registry import TRANSFORMS
from mmcontrast.utils.arguments import check_number, check_sizes


@TRANSFORMS.register_module()
class NormalizeRows:
    """Divide the features of each node, counts or weights, by their sum; keep rows of zeros."""

    def __call__(self, results: dict[str, Any]) -> dict[str, Any]:
        """Replace ``features``.

        Raises:
            ValueError: A feature is negative.
        """
        features = results["features"]
        if features.min() < 0:
            raise ValueError("NormalizeRows is for features that are not negative; leave it out.")
        total = np.asarray(features.sum(axis=1)).reshape(-1, 1)
        scale = np.divide(1, total, out=np.zeros_like(total), where=total > 0)
        if sparse.issparse(features):
            results["features"] = sparse.csr_array(sparse.diags_array(scale[:, 0]) @ features)
        else:
            results["features"] = features * scale
        return results


@TRANSFORMS.register_module()
class SampleNodes:
    """Keep some nodes of a large graph, with the corresponding rows and columns of its views.

    It is meant for training; evaluations use all nodes.

    Args:
        num_nodes: Number of nodes to keep.
        kind: ``'contiguous'`` for consecutive nodes of the file, as in the authors' code, or
            ``'around'`` for nodes within a growing distance of random ones, which keeps most edges.
        num_seeds: Number of random nodes that ``'around'`` starts from.

    Raises:
        ValueError: The kind is unknown, or a number is below 1.
    """

    def __init__(self, num_nodes: int, kind: str = "contiguous", num_seeds: int = 16):
        check_sizes("SampleNodes", num_nodes=num_nodes, num_seeds=num_seeds)
        if kind not in ("contiguous", "around"):
            raise ValueError(f"SampleNodes: kind is 'contiguous' or 'around', got {kind!r}.")
        self.num_nodes, self.kind, self.num_seeds = num_nodes, kind, num_seeds

    def __call__(self, results: dict[str, Any]) -> dict[str, Any]:
        """Select rows of features, views, labels and masks.

        Raises:
            ValueError: The model computes the diffusion; it would do so on the sampled graph.
        """
        if "transition" in results:
            raise ValueError(
                "SampleNodes cuts a part out of the graph's diffusion, which GraphViews(kind=None) "
                "leaves to the model: give it kind='ppr' and keep='top' or 'pushed', and the model "
                "diffusion=None."
            )
        total = results["features"].shape[0]
        if total <= self.num_nodes:
            return results
        if self.kind == "contiguous":
            first = np.random.randint(total - self.num_nodes + 1)
            nodes = np.arange(first, first + self.num_nodes)
        else:
            nodes = self._around(results["adjacency"], total)
        results["features"] = results["features"][nodes]
        for name in ("adjacency", "diffusion"):
            if name in results:
                results[name] = results[name][nodes][:, nodes]
        if results["node_labels"] is not None:
            results["node_labels"] = results["node_labels"][nodes]
        results["masks"] = {name: mask[nodes] for name, mask in results["masks"].items()}
        return results

    def _around(self, adjacency: sparse.csr_array, total: int) -> NDArray[np.int64]:
        seen = np.zeros(total, bool)
        order: list[NDArray[np.int64]] = []
        count = 0
        while count < self.num_nodes:
            # Once a component is used up, others begin.
            front = np.random.choice(
                np.flatnonzero(~seen), min(self.num_seeds, total - count), False
            )
            while len(front) and count < self.num_nodes:
                front = np.random.permutation(front)[: self.num_nodes - count]
                seen[front] = True
                order.append(front)
                count += len(front)
                near = np.unique(adjacency[front].indices)
                front = near[~seen[near]]
        return np.sort(np.concatenate(order))


@TRANSFORMS.register_module()
class RandomSplit:
    """Draw a random split as Planetoid's: equally many training nodes of each class.

    Args:
        num_train: Number of training nodes per class.
        num_val: Number of validation nodes.
        num_test: Number of test nodes; None for all remaining ones.
        seed: Seed of the split, which is a function of ``seed`` and the graph alone.
    """

    def __init__(
        self, num_train: int = 20, num_val: int = 500, num_test: int | None = None, seed: int = 0
    ):
        check_sizes("RandomSplit", num_train=num_train, num_test=num_test)
        check_number("RandomSplit: num_val", num_val, 0)
        self.num_train, self.num_val, self.num_test, self.seed = num_train, num_val, num_test, seed

    def __call__(self, results: dict[str, Any]) -> dict[str, Any]:
        """Replace ``masks`` and ``masks_from``.

        Raises:
            ValueError: The graph has no labels, or too few for the three parts.
        """
        graph = results["graph"]
        if graph.node_labels is None:
            raise ValueError(f"{graph.path} has no labels to draw a split of.")
        rng = np.random.default_rng(self.seed)
        order = rng.permutation(np.flatnonzero(graph.node_labels >= 0))
        labels = graph.node_labels[order]
        train = np.concatenate([
            order[labels == value][: self.num_train] for value in np.unique(labels)
        ])  # fmt: skip
        rest = order[~np.isin(order, train)]
        parts = dict(train=train, val=rest[: self.num_val], test=rest[self.num_val :])
        parts["test"] = parts["test"][: self.num_test]
        empty = [name for name, part in parts.items() if not len(part)]
        if empty:
            raise ValueError(
                f"{graph.path}: no labeled node is left for {', '.join(empty)}; lower num_train "
                "and num_val."
            )
        masks = {name: np.isin(np.arange(graph.num_nodes), part) for name, part in parts.items()}
        results["masks"] = masks
        results["masks_from"] = f"random split of seed {self.seed}"
        return results
