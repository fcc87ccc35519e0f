"""Clusters of features that are spread over processes, in files that are mapped into memory.

Shapes: N samples of the data set, R rows of this process, D features, C dimensions of the space in
which they are clustered, K clusters.
"""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from mmengine.dist import all_reduce, broadcast, get_rank
from torch import Tensor

from mmcontrast.ops.distributed import gather_on_first, max_over_ranks
from mmcontrast.ops.kmeans import kmeans
from mmcontrast.ops.kmeans_step import assign_clusters
from mmcontrast.ops.partitions import normalized_mutual_information
from mmcontrast.ops.whitening import Whitening, fit_whitening, to_unit_space
from mmcontrast.utils.errors import UserError

_BLOCK = 65536


class FeatureFile:
    """Features of this process' samples, in float32 in a file.

    Args:
        path: Path of the file.
        max_rows: Largest number of rows.
    """

    def __init__(self, path: str | Path, max_rows: int):
        self.path = path
        self.max_rows = max_rows
        self._rows: np.memmap | None = None
        self._indices: list[int] = []

    def add(self, indices: Sequence[int], features_BD: Tensor) -> None:
        """Append the features of a batch."""
        if self._rows is None:
            shape = (self.max_rows, features_BD.shape[1])
            self._rows = np.memmap(self.path, np.float32, "w+", shape=shape)
        begin = len(self._indices)
        self._rows[begin : begin + len(indices)] = features_BD.float().cpu().numpy()
        self._indices += indices

    def read(self) -> tuple[Tensor, Tensor]:
        """Return the indices (R,), and the features (R, D), which stay in the file."""
        count = len(self._indices)
        rows = np.empty((0, 0), np.float32) if self._rows is None else self._rows[:count]
        return torch.tensor(self._indices, dtype=torch.int64), torch.from_numpy(rows)


class SharedClusters(NamedTuple):
    """Clusters, the same on all ranks."""

    labels_N: Tensor
    """Cluster of each sample; -1 for samples without features."""
    centroids_KC: Tensor
    """Centroids."""
    whitening: Whitening | None
    """The map to the space of the centroids, where features are whitened."""


class ClusterSettings(NamedTuple):
    """How features are clustered; see :class:`~mmcontrast.engine.hooks.ClusteringHook`."""

    num_clusters: int
    num_iters: int
    start: str
    max_points: int
    whiten: int | None
    backend: str
    device: torch.device


def cluster_over_ranks(
    features: FeatureFile, num_samples: int, settings: ClusterSettings, seed: int
) -> SharedClusters:
    """Cluster the features of all ranks; all of them must call it.

    Centroids are computed on rank 0, of the features in the order of their indices, or of a subset
    that depends on the seed alone: they do not depend on the number of ranks. Each rank then
    assigns its own features.

    Args:
        features: Features of this rank's samples.
        num_samples: Number of samples N of the data set.
        settings: Settings of k-means.
        seed: Seed of the subset and of k-means.

    Raises:
        UserError: There are fewer samples with features than clusters, or features that are not
            finite. It is raised on all ranks.
    """
    indices_R, rows_RD = features.read()
    num_features = max_over_ranks(rows_RD.shape[1])
    if not len(rows_RD):  # of a rank without samples
        rows_RD = rows_RD.new_empty(0, num_features)
    counts_N = torch.zeros(num_samples, dtype=torch.int64)
    counts_N.index_add_(0, indices_R, torch.ones_like(indices_R))
    all_reduce(counts_N)
    present = counts_N.nonzero().flatten()
    _check(rows_RD, len(present), settings.num_clusters)
    chosen_N = torch.zeros(num_samples, dtype=torch.bool)
    chosen_N[_subset(present, settings, seed)] = True
    points = _ordered_rows(indices_R, rows_RD, chosen_N)
    shared = _centroids(points, num_features, len(present), settings, seed)
    labels_N = torch.full((num_samples,), -1, dtype=torch.int64)
    centroids_KC = shared.centroids_KC.to(settings.device)
    for begin in range(0, len(rows_RD), _BLOCK):
        block = slice(begin, begin + _BLOCK)
        unit = to_unit_space(rows_RD[block], shared.whitening)
        labels = assign_clusters(unit, centroids_KC, settings.backend)
        labels_N[indices_R[block]] = labels
    all_reduce(labels_N, op="max")
    return shared._replace(labels_N=labels_N)


def cluster_metrics(
    name: str, clusters: SharedClusters, before_N: Tensor, num_clusters: int
) -> dict[str, float]:
    """Describe the sizes of clusters, and their agreement with those of the round before.

    Args:
        name: Name of the source of the clusters, with which the names of the metrics begin.
        clusters: The clusters.
        before_N: Labels of the round before; those of another number of samples do not count.
        num_clusters: Number of clusters K.
    """
    labels_N = clusters.labels_N
    sizes_K = labels_N[labels_N >= 0].bincount(minlength=num_clusters)
    shares_K = sizes_K.double() / sizes_K.sum()
    entropy = float(-torch.special.xlogy(shares_K, shares_K).sum())
    metrics = {
        f"{name}_empty": float((sizes_K == 0).sum()),
        f"{name}_smallest": float(sizes_K.min()),
        f"{name}_largest": float(sizes_K.max()),
        f"{name}_largest_share": float(shares_K.max()),
        f"{name}_entropy": entropy / math.log(num_clusters) if num_clusters > 1 else 1.0,
    }
    if len(before_N) == len(labels_N):
        metrics[f"{name}_nmi_last"] = agreement(before_N, labels_N)
    return metrics


def agreement(first_N: Tensor, second_N: Tensor) -> float:
    """Return the NMI over samples that have both labels."""
    both = (first_N >= 0) & (second_N >= 0)
    return normalized_mutual_information(first_N[both], second_N[both]) if both.any() else 0.0


def _check(rows_RD: Tensor, num_present: int, num_clusters: int) -> None:
    is_broken = any(not block.isfinite().all() for block in rows_RD.split(_BLOCK))
    if max_over_ranks(is_broken):
        raise UserError("Some features are not finite numbers. Has the training diverged?")
    if num_present < num_clusters:
        raise UserError(
            f"{num_present} samples cannot form {num_clusters} clusters: set model.num_clusters to "
            "at most the number of samples, or add data."
        )


def _subset(present: Tensor, settings: ClusterSettings, seed: int) -> Tensor:
    """Return the samples that centroids are computed from."""
    count = max(settings.max_points, settings.num_clusters)
    if len(present) <= count:
        return present
    generator = torch.Generator().manual_seed(seed)
    return present[torch.randperm(len(present), generator=generator)[:count]]


def _ordered_rows(indices_R: Tensor, rows_RD: Tensor, chosen_N: Tensor) -> Tensor | None:
    """Return the rows of the chosen samples of all ranks by their indices, on rank 0."""
    own = chosen_N[indices_R]
    is_whole = bool(own.all())
    indices = gather_on_first(indices_R if is_whole else indices_R[own])
    rows = gather_on_first(rows_RD if is_whole else rows_RD[own])
    if indices is None or rows is None:
        return None
    if bool((indices.diff() > 0).all()):
        return rows  # in order and without repetitions: not copied into memory
    order = indices.argsort(stable=True)
    is_first = torch.ones(len(order), dtype=torch.bool)
    is_first[1:] = indices[order].diff() > 0  # samplers repeat a few samples
    return rows[order[is_first]]


def _centroids(
    points: Tensor | None,
    num_features: int,
    num_present: int,
    settings: ClusterSettings,
    seed: int,
) -> SharedClusters:
    """Compute centroids on rank 0, and send them to the others."""
    num_points = min(num_present, max(settings.max_points, settings.num_clusters))
    whitening, width = None, num_features
    if settings.whiten is not None:
        width = min(settings.whiten, num_features, num_points - 1)
        whitening = Whitening(torch.empty(num_features), torch.empty(num_features, width))
    centroids_KC = torch.empty(settings.num_clusters, width)
    if get_rank() == 0 and points is not None:
        if whitening is not None:
            whitening = fit_whitening(points, settings.whiten or width)
        unit_NC = torch.empty(len(points), width)
        for begin in range(0, len(points), _BLOCK):
            block = slice(begin, begin + _BLOCK)
            unit_NC[block] = to_unit_space(points[block], whitening)
        centroids_KC = kmeans(
            unit_NC,
            settings.num_clusters,
            num_iters=settings.num_iters,
            seed=seed,
            start=settings.start,
            backend=settings.backend,
            device=settings.device,
        ).centroids_KC
    for part in (centroids_KC, *(whitening or ())):
        broadcast(part)
    return SharedClusters(torch.empty(0), centroids_KC, whitening)
