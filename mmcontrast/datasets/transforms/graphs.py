"""Transforms of graphs: dicts with what `Graph` has, and the views that are made of it.

``features``
    (V, D) float32, dense or SciPy CSR.
``node_labels``, ``masks``
    Those of the nodes, (V,); ``masks_from`` says what split the masks are.
``graph``
    The :class:`~mmcontrast.datasets.graph_files.Graph` as it was read.
``adjacency``, ``diffusion``
    (V, V) float32, SciPy CSR, or a dense array for a diffusion that is kept whole.
``transition``
    (V, V) float32, SciPy CSR: instead of ``diffusion``, for models that apply it themselves.
"""

import hashlib
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import torch
from mmengine.dist import is_main_process
from mmengine.utils import ProgressBar
from numpy.typing import NDArray
from scipy import sparse

from mmcontrast.ops import diffusion
from mmcontrast.registry import TRANSFORMS
from mmcontrast.utils.atomic import open_atomically

# Nodes of a graph whose diffusion is made as a dense matrix; 13 GB with the copies that it takes.
_MOST_DENSE = 20_000

# Nodes of a graph whose rows take so long, up to half a minute, that their progress is shown.
_SHOWN = 5_000

Matrix: TypeAlias = NDArray[np.float32] | sparse.csr_array


@TRANSFORMS.register_module()
class NormalizeRows:
    """Divide each node's features, which are counts or weights, by their sum; zeros stay."""

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
class GraphViews:
    """Add the normalized adjacency, and the diffusion of a graph.

    Args:
        self_loops: Weight of each node's loop in the adjacency: 1, or the authors' 2 at the level
            of nodes. The diffusion has 1.
        kind: ``'ppr'`` or ``'heat'``; None leaves the diffusion to the model, which gets the
            transition that it is made of.
        keep: ``'all'`` for the dense matrix (some thousand nodes), ``'top'`` for the ``top``
            largest entries of each row, ``'pushed'`` for those of an approximation that suits
            millions of nodes (PPR alone), or ``'above'`` for those of at least ``threshold``.
        top: Entries of a row.
        threshold: See ``keep``.
        alpha: Of PPR.
        time: Of heat.
        cache_dir: Folder where diffusions are kept, by a sum of the graph and these settings;
            None computes them anew in each run.

    Raises:
        ValueError: Settings that mean nothing.
    """

    def __init__(
        self,
        self_loops: float = 1.0,
        kind: str | None = "ppr",
        keep: str = "all",
        top: int = 16,
        threshold: float = 1e-3,
        alpha: float = 0.2,
        time: float = 5.0,
        cache_dir: str | None = None,
    ):
        if kind not in (None, *diffusion.KINDS) or keep not in ("all", "top", "pushed", "above"):
            raise ValueError(
                f"GraphViews: kind is one of {', '.join(diffusion.KINDS)} or None, and keep one of "
                f"all, top, pushed, above; got {kind!r} and {keep!r}."
            )
        if keep == "pushed" and kind == "heat":
            raise ValueError("GraphViews: keep='pushed' is for kind='ppr'.")
        if not 0 < alpha <= 1 or min(time, top, threshold) <= 0 or self_loops < 0:
            raise ValueError(
                "GraphViews: alpha is in (0, 1], time, top and threshold are more than 0, and "
                f"self_loops is not less; got alpha={alpha}, time={time}, top={top}, "
                f"threshold={threshold}, self_loops={self_loops}."
            )
        self.self_loops, self.kind, self.keep, self.top = self_loops, kind, keep, top
        self.threshold, self.alpha, self.time = threshold, alpha, time
        self.cache_dir = cache_dir

    def __call__(self, results: dict[str, Any]) -> dict[str, Any]:
        """Add ``adjacency``, and ``diffusion`` or ``transition``."""
        adjacency = results["graph"].adjacency()
        results["adjacency"] = _single(diffusion.transition(adjacency, self.self_loops))
        transition = diffusion.transition(adjacency)
        if self.kind is None:
            results["transition"] = _single(transition)
        elif self.cache_dir is None:
            results["diffusion"] = _single(self._diffuse(transition))
        else:
            results["diffusion"] = self._cached(transition)
        return results

    def _diffuse(self, transition: sparse.csr_array) -> Matrix:
        if self.keep in ("all", "above") and transition.shape[0] > _MOST_DENSE:
            raise ValueError(
                f"GraphViews: keep={self.keep!r} needs the dense diffusion of "
                f"{transition.shape[0]} nodes, {8 * transition.shape[0] ** 2 / 2**30:.0f} GiB and "
                "copies of it; take keep='top' or 'pushed', or the model's diffusion without the "
                "matrix."
            )
        if self.keep == "pushed":
            return diffusion.pushed_ppr(
                transition, self.top, self.alpha, self.threshold, _progress(transition.shape[0])
            )
        if self.keep == "top":
            matrix, num_nodes = diffusion.to_torch(transition), transition.shape[0]

            def diffuse(impulses: torch.Tensor) -> torch.Tensor:
                # Once, and to more than the digits that are kept.
                if self.kind == "heat":
                    return diffusion.apply_heat(matrix, impulses, self.time, tolerance=1e-9)
                return diffusion.apply_ppr(matrix, impulses, self.alpha, tolerance=1e-9)

            return diffusion.largest_entries(diffuse, num_nodes, self.top, _progress(num_nodes))
        if self.kind == "heat":
            whole = diffusion.heat_matrix(transition, self.time)
        else:
            whole = diffusion.ppr_matrix(transition, self.alpha)
        return diffusion.above(whole, self.threshold) if self.keep == "above" else whole

    def _cached(self, transition: sparse.csr_array) -> Matrix:
        settings = (self.kind, self.keep, self.top, self.threshold, self.alpha, self.time)
        key = hashlib.sha256(json.dumps(settings).encode())
        for array in (transition.indptr, transition.indices, transition.data):
            key.update(np.ascontiguousarray(array).tobytes())
        path = Path(str(self.cache_dir), f"{key.hexdigest()[:32]}.npz")
        if not path.is_file():
            with open_atomically(path) as file:
                sparse.save_npz(file, sparse.csr_array(_single(self._diffuse(transition))))
        found = sparse.load_npz(os.fspath(path))
        return found.toarray() if self.keep == "all" else sparse.csr_array(found)


def _progress(num_nodes: int) -> Callable[[int], None] | None:
    """A bar for graphs that are worth one, on the first of several processes."""
    if num_nodes < _SHOWN or not is_main_process():
        return None
    bar = ProgressBar(num_nodes, file=sys.stderr)

    def show(done: int) -> None:
        bar.update(done - bar.completed)
        if done == num_nodes:
            print(file=sys.stderr)

    return show


def _single(matrix: NDArray | sparse.sparray) -> Matrix:
    return matrix.astype(np.float32)


@TRANSFORMS.register_module()
class ScaleDiffusion:
    """Divide each column of ``diffusion`` by its largest entry, after which it is not symmetric.

    The authors do so on Citeseer, after a threshold (``keep='above'``): the smallest entries are 0
    then, and their min-max scaling is this.
    """

    def __call__(self, results: dict[str, Any]) -> dict[str, Any]:
        """Replace ``diffusion``."""
        from sklearn.preprocessing import MaxAbsScaler

        results["diffusion"] = MaxAbsScaler().fit_transform(results["diffusion"])
        return results


@TRANSFORMS.register_module()
class SampleNodes:
    """Keep some nodes of a large graph, with the rows and columns of its views as they are.

    For training: what is tested has all nodes.

    Args:
        num_nodes: How many.
        kind: ``'contiguous'``, neighbors in the file's order, as the authors have it; or
            ``'around'``: nodes within a growing distance of random ones, which keeps most edges.
        num_seeds: Random nodes that ``'around'`` begins with.

    Raises:
        ValueError: The kind is unknown, or no node is kept.
    """

    def __init__(self, num_nodes: int, kind: str = "contiguous", num_seeds: int = 16):
        if kind not in ("contiguous", "around"):
            raise ValueError(f"SampleNodes: kind is 'contiguous' or 'around', got {kind!r}.")
        if num_nodes < 1 or num_seeds < 1:
            raise ValueError(f"SampleNodes keeps nodes, got {num_nodes} of {num_seeds} seeds.")
        self.num_nodes, self.kind, self.num_seeds = num_nodes, kind, num_seeds

    def __call__(self, results: dict[str, Any]) -> dict[str, Any]:
        """Cut features, views, labels and masks.

        Raises:
            ValueError: The diffusion is left to the model, which would diffuse on the cut graph.
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
            kept = np.arange(first, first + self.num_nodes)
        else:
            kept = self._around(results["adjacency"], total)
        results["features"] = results["features"][kept]
        for name in ("adjacency", "diffusion"):
            if name in results:
                results[name] = results[name][kept][:, kept]
        if results["node_labels"] is not None:
            results["node_labels"] = results["node_labels"][kept]
        results["masks"] = {name: mask[kept] for name, mask in results["masks"].items()}
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
    """Draw nodes for training, validation and test as Planetoid does, where a graph has no split.

    Args:
        num_train: Nodes of each class.
        num_val: Nodes of the validation.
        num_test: Nodes of the test; None for all others.
        seed: The split depends on it and the graph alone.
    """

    def __init__(
        self, num_train: int = 20, num_val: int = 500, num_test: int | None = None, seed: int = 0
    ):
        self.num_train, self.num_val, self.num_test, self.seed = num_train, num_val, num_test, seed

    def __call__(self, results: dict[str, Any]) -> dict[str, Any]:
        """Replace ``masks`` and ``masks_from``.

        Raises:
            ValueError: There are no labels, or too few for the three parts.
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
