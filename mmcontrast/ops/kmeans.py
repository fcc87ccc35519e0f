"""k-means of Lloyd on torch: in blocks, reproducible, and without clusters that stay empty.

An iteration assigns each point to its nearest centroid and moves the centroids to the means of
their points. An empty cluster then takes half of the largest one, the first of equally large ones:
both get its mean, times 1 + 1/1024 in the even dimensions and 1 - 1/1024 in the odd ones for the
empty cluster, and the other way around for the donor. faiss perturbs in the same way, and draws
the donor at random.

Johnson, Douze and Jégou, "Billion-scale similarity search with GPUs", 2017, arXiv 1702.08734.

Shapes: N points, C dimensions, K clusters.
"""

import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor

from mmcontrast.ops.kmeans_step import (
    blocks,
    get_backend,
    inertia,
    means_of,
    move_sums,
    sum_clusters,
)
from mmcontrast.utils.arguments import check_sizes


class Clusters(NamedTuple):
    """The result of :func:`kmeans`."""

    labels_N: Tensor
    """Cluster of each point, int64."""
    centroids_KC: Tensor
    """Means of the clusters."""
    sizes_K: Tensor
    """Number of points of each cluster, int64; 0 for clusters that could not be filled."""
    inertia: float
    """Sum of the squared distances of all points from their centroids."""


def kmeans(
    features_NC: Tensor,
    num_clusters: int,
    *,
    num_iters: int = 20,
    seed: int = 0,
    start: str | Tensor = "random",
    max_points: int | None = None,
    backend: str = "torch",
    device: torch.device | str | None = None,
) -> Clusters:
    """Cluster points by their Euclidean distances.

    The result is a function of the points and the arguments. It ends early where an iteration
    changes nothing. Beside the points, memory is needed for one block of them, and for the subset
    where there is one. Points may be in a file that is mapped into memory.

    Args:
        features_NC: Finite points, float32 or float64; other types are computed in float32.
        num_clusters: Number of clusters K.
        num_iters: Largest number of iterations.
        seed: Seed of the start and of the subset.
        start: ``'random'`` for K of the points, as in faiss; ``'k-means++'`` for points that are
            far apart (Arthur and Vassilvitskii, 2007); or centroids (K, C).
        max_points: With more points, centroids are computed from a random subset of as many.
        backend: What finds the nearest centroids: ``'torch'``, or ``'faiss'``, which needs the
            extra ``clustering`` and runs on the CPU. All else is the same.
        device: Device that the blocks are moved to; that of the points by default.

    Returns:
        The clusters, on the device of the points.

    Raises:
        ValueError: There are fewer points than clusters, points that are not finite, a start of
            another shape, or an unknown option.
        ImportError: faiss is not installed.

    Warns:
        UserWarning: Some clusters have no points, as where there are fewer distinct points.
    """
    check_sizes("kmeans", num_clusters=num_clusters, num_iters=num_iters, max_points=max_points)
    if features_NC.dim() != 2 or len(features_NC) < num_clusters:
        raise ValueError(
            f"kmeans: {num_clusters} clusters need as many points (N, C) at least, got "
            f"{tuple(features_NC.shape)}. Use fewer clusters or more data."
        )
    assign = get_backend(backend)
    device = torch.device(device or features_NC.device)
    generator = torch.Generator().manual_seed(seed)
    points = features_NC
    if max_points is not None and len(points) > max(max_points, num_clusters):
        count = max(max_points, num_clusters)
        points = points[torch.randperm(len(points), generator=generator)[:count].sort()[0]]
    centroids_KC = _start(points, num_clusters, start, generator).to(device)
    centroids_KC, labels = _iterate(points, centroids_KC, num_iters, assign)
    if labels is None or points is not features_NC:
        labels = assign(features_NC, centroids_KC)
    total = inertia(features_NC, labels, centroids_KC)
    sizes_K = labels.bincount(minlength=num_clusters)
    _check_result(total, sizes_K)
    return Clusters(labels, centroids_KC.to(features_NC.device), sizes_K, total)


def _iterate(
    points: Tensor, centroids_KC: Tensor, num_iters: int, assign: Callable[[Tensor, Tensor], Tensor]
) -> tuple[Tensor, Tensor | None]:
    """Return the centroids, and the labels if they belong to them because nothing changes."""
    before, sums_KC, num_splits = None, None, 0
    for _ in range(num_iters):
        labels = assign(points, centroids_KC)
        if before is None or sums_KC is None:
            sums_KC = sum_clusters(points, labels, centroids_KC)
        elif num_splits == 0 and torch.equal(before, labels):
            return centroids_KC, labels
        else:
            sums_KC = move_sums(sums_KC, points, before, labels, centroids_KC)
        before = labels
        centroids_KC, num_splits = means_of(sums_KC, labels, centroids_KC)
    return centroids_KC, None


def _start(
    features_NC: Tensor, num_clusters: int, start: str | Tensor, generator: torch.Generator
) -> Tensor:
    dtype = torch.float64 if features_NC.dtype == torch.float64 else torch.float32
    if isinstance(start, Tensor):
        if start.shape != (num_clusters, features_NC.shape[1]):
            raise ValueError(
                f"kmeans: a start has shape ({num_clusters}, {features_NC.shape[1]}), got "
                f"{tuple(start.shape)}."
            )
        return start.to(features_NC.device, dtype, copy=True)
    if start == "random":
        chosen = torch.randperm(len(features_NC), generator=generator)[:num_clusters]
        return features_NC[chosen.to(features_NC.device)].to(dtype)
    if start == "k-means++":
        return _spread(features_NC, num_clusters, dtype, generator)
    raise ValueError(f"kmeans: start must be 'random', 'k-means++' or a tensor, got {start!r}.")


def _spread(
    features_NC: Tensor, num_clusters: int, dtype: torch.dtype, generator: torch.Generator
) -> Tensor:
    """Draw points one after the other, by their squared distance from the nearest one so far."""
    first = int(torch.randint(len(features_NC), (), generator=generator))
    centroids = [features_NC[first].to(dtype)]
    nearest_N: Any = torch.full((len(features_NC),), float("inf"), dtype=torch.float64)
    while len(centroids) < num_clusters:
        for rows, block_BC in blocks(features_NC, centroids[-1][None]):
            distance_B = (block_BC - centroids[-1]).square().sum(dim=1).double().cpu()
            nearest_N[rows] = torch.minimum(nearest_N[rows], distance_B)
        cumulated_N = nearest_N.cumsum(dim=0)
        drawn = torch.rand((), generator=generator, dtype=torch.float64) * cumulated_N[-1]
        chosen = int(torch.searchsorted(cumulated_N, drawn, right=True))
        centroids.append(features_NC[min(chosen, len(features_NC) - 1)].to(dtype))
    return torch.stack(centroids)


def _check_result(total: float, sizes_K: Tensor) -> None:
    if not total < float("inf"):
        raise ValueError("kmeans: some features are not finite numbers. Has the training diverged?")
    used = int((sizes_K > 0).sum())
    if used < len(sizes_K):
        warnings.warn(
            f"kmeans: {used} of {len(sizes_K)} clusters have points. Are features equal, or are "
            "there fewer distinct ones than clusters?",
            stacklevel=3,
        )
