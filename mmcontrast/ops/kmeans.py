"""k-means of Lloyd on torch: in blocks, reproducible, and without clusters that stay empty.

An iteration assigns each point to its nearest centroid and moves the centroids to the means of
their points. An empty cluster then takes half of the largest one, the first of equally large ones:
both get its mean, times 1 + 1/1024 in the even dimensions and 1 - 1/1024 in the odd ones for the
empty cluster, and the other way around for the donor. faiss perturbs in the same way, and draws
the donor at random.

Johnson, Douze and Jégou, "Billion-scale similarity search with GPUs", 2017, arXiv 1702.08734.

Shapes: N points, C dimensions, K clusters, B points of a block.
"""

import warnings
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor

from mmcontrast.utils.arguments import check_sizes

_EPSILON = 1 / 1024
# Distances that are computed at once; a block of them is 8 MiB, which stays in the cache.
_BLOCK_ELEMENTS = 2**21


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


class Assignment(NamedTuple):
    """The nearest centroid of each point."""

    labels_N: Tensor
    """Its number, int64."""
    inertia: float
    """Sum of the squared distances."""


class Update(NamedTuple):
    """Centroids after an iteration."""

    centroids_KC: Tensor
    """Means, or perturbed copies where a cluster was empty."""
    num_splits: int
    """Number of clusters that were empty."""


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
    assign = _backend(backend)
    device = torch.device(device or features_NC.device)
    generator = torch.Generator().manual_seed(seed)
    points = features_NC
    if max_points is not None and len(points) > max(max_points, num_clusters):
        count = max(max_points, num_clusters)
        points = points[torch.randperm(len(points), generator=generator)[:count].sort()[0]]
    centroids_KC = _start(points, num_clusters, start, generator).to(device)
    labels = None
    for _ in range(num_iters):
        assignment = assign(points, centroids_KC)
        update = update_centroids(points, assignment.labels_N, centroids_KC)
        is_stable = labels is not None and torch.equal(labels, assignment.labels_N)
        if is_stable and update.num_splits == 0:
            break
        labels, centroids_KC = assignment.labels_N, update.centroids_KC
    final = assign(features_NC, centroids_KC)
    sizes_K = final.labels_N.bincount(minlength=num_clusters)
    _check_result(final.inertia, sizes_K)
    return Clusters(final.labels_N, centroids_KC.to(features_NC.device), sizes_K, final.inertia)


def assign_clusters(
    features_NC: Tensor, centroids_KC: Tensor, backend: str = "torch"
) -> Assignment:
    """Find the nearest centroid of each point, in blocks.

    Args:
        features_NC: Points.
        centroids_KC: Centroids, on the device that computes.
        backend: ``'torch'`` or ``'faiss'``, see :func:`kmeans`.

    Returns:
        Labels on the device of the points; of equally near centroids, the first.
    """
    return _backend(backend)(features_NC, centroids_KC)


def update_centroids(features_NC: Tensor, labels_N: Tensor, centroids_KC: Tensor) -> Update:
    """Move centroids to the means of their points, and fill empty clusters.

    Sums are accumulated in float64 over blocks.

    Args:
        features_NC: Points.
        labels_N: Cluster of each point.
        centroids_KC: The centroids before, whose device computes.
    """
    num_clusters = len(centroids_KC)
    sums_KC = torch.zeros_like(centroids_KC, dtype=torch.float64)
    for rows, block_BC in _blocks(features_NC, centroids_KC):
        labels_B = labels_N[rows].to(block_BC.device)
        if block_BC.is_cuda:  # adding by index is not deterministic there
            one_hot_BK = torch.nn.functional.one_hot(labels_B, num_clusters).to(block_BC.dtype)
            block_sums_KC = one_hot_BK.t() @ block_BC
        else:
            block_sums_KC = torch.zeros_like(centroids_KC).index_add_(0, labels_B, block_BC)
        sums_KC += block_sums_KC
    sizes = labels_N.bincount(minlength=num_clusters)
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


def _assign(features_NC: Tensor, centroids_KC: Tensor) -> Assignment:
    squares_K = centroids_KC.square().sum(dim=1)
    # |x - c|^2 = |x|^2 + |c|^2 - 2 x.c, of which only the last two depend on the centroid.
    scaled_CK = (-2 * centroids_KC).t().contiguous()
    labels_N = torch.empty(len(features_NC), dtype=torch.int64, device=features_NC.device)
    inertia = torch.zeros((), dtype=torch.float64, device=centroids_KC.device)
    memory: Tensor | None = None
    for rows, block_BC in _blocks(features_NC, centroids_KC):
        if memory is None:  # one for all blocks, as a fresh one a block costs a sixth of the time
            memory = block_BC.new_empty(len(block_BC), len(centroids_KC))
        distance_BK = memory[: len(block_BC)]
        torch.addmm(squares_K, block_BC, scaled_CK, out=distance_BK)
        nearest_B, labels_B = distance_BK.min(dim=1)
        labels_N[rows] = labels_B.to(labels_N.device)
        norms_B = torch.linalg.vector_norm(block_BC, dim=1).square()
        inertia += (norms_B + nearest_B).double().sum()
    return Assignment(labels_N, max(inertia.item(), 0.0))


def _assign_by_faiss(features_NC: Tensor, centroids_KC: Tensor) -> Assignment:
    import faiss

    index = faiss.IndexFlatL2(centroids_KC.shape[1])
    index.add(centroids_KC.float().cpu().numpy())
    labels_N = torch.empty(len(features_NC), dtype=torch.int64)
    inertia = 0.0
    for rows, block_BC in _blocks(features_NC, centroids_KC.cpu()):
        distances, labels = index.search(block_BC.float().numpy(), 1)
        labels_N[rows] = torch.from_numpy(labels[:, 0])
        inertia += float(distances.sum(dtype="float64"))
    return Assignment(labels_N.to(features_NC.device), inertia)


def _backend(name: str) -> Callable[[Tensor, Tensor], Assignment]:
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


def _blocks(features_NC: Tensor, centroids_KC: Tensor) -> Iterator[tuple[slice, Tensor]]:
    """Yield rows and the points in them, in type and on device of the centroids."""
    size = max(_BLOCK_ELEMENTS // len(centroids_KC), 1)
    for begin in range(0, len(features_NC), size):
        rows = slice(begin, begin + size)
        yield rows, features_NC[rows].to(centroids_KC)


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
        for rows, block_BC in _blocks(features_NC, centroids[-1][None]):
            distance_B = (block_BC - centroids[-1]).square().sum(dim=1).double().cpu()
            nearest_N[rows] = torch.minimum(nearest_N[rows], distance_B)
        cumulated_N = nearest_N.cumsum(dim=0)
        drawn = torch.rand((), generator=generator, dtype=torch.float64) * cumulated_N[-1]
        chosen = int(torch.searchsorted(cumulated_N, drawn, right=True))
        centroids.append(features_NC[min(chosen, len(features_NC) - 1)].to(dtype))
    return torch.stack(centroids)


def _check_result(inertia: float, sizes_K: Tensor) -> None:
    if not inertia < float("inf"):
        raise ValueError("kmeans: some features are not finite numbers. Has the training diverged?")
    used = int((sizes_K > 0).sum())
    if used < len(sizes_K):
        warnings.warn(
            f"kmeans: {used} of {len(sizes_K)} clusters have points. Are features equal, or are "
            "there fewer distinct ones than clusters?",
            stacklevel=3,
        )
