"""Views of a graph: the normalized adjacency and a diffusion, computed once and cached."""

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

# Largest number of nodes for a dense diffusion; it takes 13 GB, including copies.
_MOST_DENSE = 20_000

# From this number of nodes on, rows take up to half a minute, and their progress is shown.
_SHOWN = 5_000

Matrix: TypeAlias = NDArray[np.float32] | sparse.csr_array


@TRANSFORMS.register_module()
class GraphViews:
    """Add the normalized adjacency and the diffusion of a graph.

    Args:
        self_loops: Weight of the self-loops in the adjacency: 1, or 2 as in the authors' code for
            nodes. In the diffusion it is always 1.
        kind: ``'ppr'`` or ``'heat'``; None if the model computes the diffusion from the transition
            matrix.
        keep: Entries to keep. ``'all'`` is the dense matrix (up to some thousand nodes), ``'top'``
            the ``top`` largest entries of each row, ``'pushed'`` those of an approximation for up
            to millions of nodes (PPR only), and ``'above'`` the entries of at least ``threshold``.
        top: Number of entries per row, with ``keep='top'`` and ``'pushed'``.
        threshold: Smallest entry with ``keep='above'``; with ``keep='pushed'`` the smallest part of
            a random walk that is continued.
        alpha: Teleport probability of PPR, in (0, 1].
        time: Diffusion time of the heat kernel.
        weighted: Whether edges count by their weights, in both views, if they have any. A self-loop
            of weight 1 is as heavy as an edge of weight 1.
        cache_dir: Folder in which diffusions are cached under a hash of the graph and these
            settings; None computes them in each run.

    Raises:
        ValueError: The settings are unknown, out of range, or cannot be combined.
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
        weighted: bool = True,
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
        self.weighted, self.cache_dir = weighted, cache_dir

    def __call__(self, results: dict[str, Any]) -> dict[str, Any]:
        """Add ``adjacency`` and either ``diffusion`` or ``transition``."""
        adjacency = results["graph"].adjacency(self.weighted)
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
                # It is computed once, to more digits than are stored.
                if self.kind == "heat":
                    return diffusion.apply_heat(matrix, impulses, self.time, tolerance=1e-9)
                return diffusion.apply_ppr(matrix, impulses, self.alpha, tolerance=1e-9)

            return diffusion.largest_entries(diffuse, num_nodes, self.top, _progress(num_nodes))
        if self.kind == "heat":
            dense = diffusion.heat_matrix(transition, self.time)
        else:
            dense = diffusion.ppr_matrix(transition, self.alpha)
        return diffusion.above(dense, self.threshold) if self.keep == "above" else dense

    def _cached(self, transition: sparse.csr_array) -> Matrix:
        settings = (self.kind, self.keep, self.top, self.threshold, self.alpha, self.time)
        key = hashlib.sha256(json.dumps(settings).encode())
        for array in (transition.indptr, transition.indices, transition.data):
            key.update(np.ascontiguousarray(array).tobytes())
        path = Path(str(self.cache_dir), f"{key.hexdigest()[:32]}.npz")
        if not path.is_file():
            with open_atomically(path) as file:
                sparse.save_npz(file, sparse.csr_array(_single(self._diffuse(transition))))
        matrix = sparse.load_npz(os.fspath(path))
        return matrix.toarray() if self.keep == "all" else sparse.csr_array(matrix)


def _progress(num_nodes: int) -> Callable[[int], None] | None:
    """Return a function that shows progress for large graphs, in the main process alone."""
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
    """Divide each column of ``diffusion`` by its largest entry; the result is not symmetric.

    The authors do so on Citeseer after a threshold (``keep='above'``), where the smallest entries
    are 0, so that their min-max scaling equals this division.
    """

    def __call__(self, results: dict[str, Any]) -> dict[str, Any]:
        """Replace ``diffusion``."""
        from sklearn.preprocessing import MaxAbsScaler

        results["diffusion"] = MaxAbsScaler().fit_transform(results["diffusion"])
        return results
