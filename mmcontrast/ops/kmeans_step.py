"""One iteration of k-means: the nearest centroid of each point, and the means of the clusters.

Shapes: N points, C dimensions, K clusters, B points of a block.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import torch
from torch import Tensor

_EPSILON = 1 / 1024
# Distances that are computed at once; a block of them is 4 MiB, which stays in the cache.
_BLOCK_ELEMENTS = 2**20
_MOVED_AT_ONCE = 8192


class Update(NamedTuple):
    """Centroids after an iteration."""

    centroids_KC: Tensor
    """Means, or perturbed copies where a cluster was empty."""
    num_splits: int
    """Number of clusters that were empty."""


def assign_clusters(features_NC: Tensor, centroids_KC: Tensor, backend: str = "torch") -> Tensor:
    """Find the nearest centroid of each point, in blocks.

    Args:
        features_NC: Points.
        centroids_KC: Centroids, on the device that computes.
        backend: ``'torch'`` or ``'faiss'``, see :func:`kmeans`.

    Returns:
        Labels (N,), int64, on the device of the points; of equally near centroids, the first.
    """
    return get_backend(backend)(features_NC, centroids_KC)


def inertia(features_NC: Tensor, labels_N: Tensor, centroids_KC: Tensor) -> float:
    """Return the sum of the squared distances of all points from their centroids."""
    total = torch.zeros((), dtype=torch.float64, device=centroids_KC.device)
    for rows, block_BC in blocks(features_NC, centroids_KC):
        means_BC = centroids_KC[labels_N[rows].to(centroids_KC.device)]
        total += (block_BC - means_BC).square().sum(dim=1).double().sum()
    return total.item()


def update_centroids(features_NC: Tensor, labels_N: Tensor, centroids_KC: Tensor) -> Update:
    """Move centroids to the means of their points, and fill empty clusters.

    Args:
        features_NC: Points.
        labels_N: Cluster of each point.
        centroids_KC: The centroids before, whose device computes.
    """
    return means_of(sum_clusters(features_NC, labels_N, centroids_KC), labels_N, centroids_KC)


def sum_clusters(features_NC: Tensor, labels_N: Tensor, centroids_KC: Tensor) -> Tensor:
    """Return the sums of the points of the clusters (K, C), accumulated in float64 over blocks."""
    num_clusters = len(centroids_KC)
    sums_KC = torch.zeros_like(centroids_KC, dtype=torch.float64)
    for rows, block_BC in blocks(features_NC, centroids_KC):
        labels_B = labels_N[rows].to(block_BC.device)
        if block_BC.is_cuda:  # adding by index is not deterministic there
            one_hot_BK = torch.nn.functional.one_hot(labels_B, num_clusters).to(block_BC.dtype)
            block_sums_KC = one_hot_BK.t() @ block_BC
        else:
            block_sums_KC = torch.zeros_like(centroids_KC).index_add_(0, labels_B, block_BC)
        sums_KC += block_sums_KC
    return sums_KC


def move_sums(
    sums_KC: Tensor,
    features_NC: Tensor,
    before_N: Tensor,
    labels_N: Tensor,
    centroids_KC: Tensor,
) -> Tensor:
    """Return :func:`sum_clusters` of new labels from the sums of the labels before.

    After a few iterations only few points change their cluster.

    Args:
        sums_KC: Sums of the labels before; may be changed.
        features_NC: Points.
        before_N: Labels before.
        labels_N: New labels.
        centroids_KC: Centroids, whose device computes.
    """
    moved = (before_N != labels_N).nonzero().flatten()
    if sums_KC.is_cuda or 4 * len(moved) > len(labels_N):
        return sum_clusters(features_NC, labels_N, centroids_KC)
    for chosen in moved.split(_MOVED_AT_ONCE):
        points = features_NC[chosen].to(sums_KC)
        sums_KC.index_add_(0, labels_N[chosen].to(sums_KC.device), points)
        sums_KC.index_add_(0, before_N[chosen].to(sums_KC.device), points, alpha=-1)
    return sums_KC


def means_of(sums_KC: Tensor, labels_N: Tensor, centroids_KC: Tensor) -> Update:
    """Return the centroids of clusters with these sums, with empty clusters filled."""
    sizes = labels_N.bincount(minlength=len(centroids_KC))
    means_KC = sums_KC / sizes.clamp(min=1).to(sums_KC.device)[:, None]
    means_KC = means_KC.to(centroids_KC.dtype)
    return Update(means_KC, _fill_empty(means_KC, sizes.tolist()))


def _fill_empty(centroids_KC: Tensor, sizes: list[int]) -> int:
    """Let each empty cluster take half of the largest one, in place; return their number."""
    empty = [cluster for cluster, size in enumerate(sizes) if size == 0]
    signs_C = torch.ones(centroids_KC.shape[1], device=centroids_KC.device)
    signs_C[1::2] = -1
    for cluster in empty:
        donor = max(range(len(sizes)), key=sizes.__getitem__)
        mean_C = centroids_KC[donor].clone()
        centroids_KC[cluster] = mean_C * (1 + _EPSILON * signs_C)
        centroids_KC[donor] = mean_C * (1 - _EPSILON * signs_C)
        sizes[cluster] = sizes[donor] // 2
        sizes[donor] -= sizes[cluster]
    return len(empty)


def _assign(features_NC: Tensor, centroids_KC: Tensor) -> Tensor:
    squares_K = centroids_KC.square().sum(dim=1)
    # |x - c|^2 = |x|^2 + |c|^2 - 2 x.c, of which only the last two depend on the centroid.
    scaled_CK = (-2 * centroids_KC).t().contiguous()
    labels_N = torch.empty(len(features_NC), dtype=torch.int64, device=features_NC.device)
    memory: Tensor | None = None
    for rows, block_BC in blocks(features_NC, centroids_KC):
        if memory is None:  # one for all blocks, as a fresh one a block costs a sixth of the time
            memory = block_BC.new_empty(len(block_BC), len(centroids_KC))
        distance_BK = memory[: len(block_BC)]
        torch.addmm(squares_K, block_BC, scaled_CK, out=distance_BK)
        labels_N[rows] = distance_BK.argmin(dim=1).to(labels_N.device)
    return labels_N


def _assign_by_faiss(features_NC: Tensor, centroids_KC: Tensor) -> Tensor:
    import faiss

    index = faiss.IndexFlatL2(centroids_KC.shape[1])
    index.add(centroids_KC.float().cpu().numpy())
    labels_N = torch.empty(len(features_NC), dtype=torch.int64)
    for rows, block_BC in blocks(features_NC, centroids_KC.cpu()):
        _, labels = index.search(block_BC.float().numpy(), 1)
        labels_N[rows] = torch.from_numpy(labels[:, 0])
    return labels_N.to(features_NC.device)


def get_backend(name: str) -> Callable[[Tensor, Tensor], Tensor]:
    """Return the function that finds the nearest centroids.

    Raises:
        ValueError: The name is neither ``'torch'`` nor ``'faiss'``.
        ImportError: faiss is not installed.
    """
    if name not in ("torch", "faiss"):
        raise ValueError(f"kmeans: backend must be 'torch' or 'faiss', got {name!r}.")
    if name == "torch":
        return _assign
    try:
        import faiss  # noqa: F401
    except ImportError as error:
        raise ImportError(
            "kmeans(backend='faiss') needs faiss: pip install 'mmcontrast[clustering]', or use "
            "backend='torch'."
        ) from error
    return _assign_by_faiss


def blocks(features_NC: Tensor, centroids_KC: Tensor) -> Iterator[tuple[slice, Tensor]]:
    """Yield rows and the points in them, in type and on device of the centroids."""
    size = max(_BLOCK_ELEMENTS // len(centroids_KC), 1)
    for begin in range(0, len(features_NC), size):
        rows = slice(begin, begin + size)
        yield rows, features_NC[rows].to(centroids_KC)
