"""Clusters of the training data as labels, computed again at the beginning of each round of epochs.

Shapes: N samples.
"""

import math
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.dist import get_rank, get_world_size
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import EpochBasedTrainLoop, Runner
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader

from mmcontrast.datasets.sampling.epochs import sampler_of
from mmcontrast.datasets.sampling.uniform_labels import UniformLabelSampler
from mmcontrast.engine.clustering import (
    ClusterSettings,
    FeatureFile,
    SharedClusters,
    agreement,
    cluster_metrics,
    cluster_over_ranks,
)
from mmcontrast.registry import HOOKS
from mmcontrast.utils.arguments import check_sizes
from mmcontrast.utils.errors import UserError


@HOOKS.register_module()
class ClusteringHook(Hook):
    """Cluster the features of a method such as XDC, and let it learn the clusters.

    Before the first epoch and after every ``interval`` epochs all training samples go through
    ``extract`` once, without augmentation and on all ranks; features are normalized and clustered
    by k-means; the method gets the labels and new heads, and the optimizer forgets the state of the
    old heads. The state of all else is kept, as in DeepCluster. In the first round the batch norms
    of the untrained network have their initial statistics, as there.

    Labels and number of the round are in the method's state dict, so a run that resumes in the
    middle of a round keeps its labels, and one that resumes before a round clusters again to the
    same ones: everything is a function of the weights and of (seed, round). The clusters do not
    depend on the number of processes. Features are in files in the work dir while they are needed.

    It logs the number of clusters without samples and the share of samples in the largest one, the
    entropy of the sizes relative to equal ones, and as normalized mutual information the agreement
    with the round before and between two sources of labels.

    The method has ``num_clusters`` and ``clustering_round``, and the methods ``extract``,
    ``sources``, ``set_clusters`` and ``reset_heads``, see :class:`~mmcontrast.models.methods.XDC`.

    Args:
        dataset: What differs from ``train_dataloader.dataset`` in the data set whose features are
            clustered: its ``pipeline`` without augmentation. It lists the same samples, each once.
        interval: Number of epochs of a round.
        batch_size: Number of samples of a batch; that of the training by default.
        num_iters: Number of iterations of k-means.
        start: ``'random'`` or ``'k-means++'``, see :func:`~mmcontrast.ops.kmeans.kmeans`.
        max_points: With more samples, centroids are computed from a random subset of as many.
        whiten: Number of principal components to which features are whitened first, 256 in
            DeepCluster; None to normalize them alone.
        uniform_labels: Source whose labels the epochs shall hold equally often, such as
            ``'video'``, with ``train_dataloader.sampler.type='UniformLabelSampler'``; None to leave
            the order of the samples alone.
        backend: ``'torch'``, or ``'faiss'`` with the extra ``clustering``.
        seed: Seed of the clusters and heads; that of the run by default.
    """

    def __init__(
        self,
        dataset: dict[str, Any],
        interval: int = 1,
        batch_size: int | None = None,
        num_iters: int = 20,
        start: str = "random",
        max_points: int = 1_000_000,
        whiten: int | None = None,
        uniform_labels: str | None = None,
        backend: str = "torch",
        seed: int | None = None,
    ):
        check_sizes(
            "ClusteringHook",
            interval=interval,
            batch_size=batch_size,
            num_iters=num_iters,
            max_points=max_points,
            whiten=whiten,
        )
        self.dataset = dataset
        self.interval = interval
        self.batch_size = batch_size
        self.num_iters = num_iters
        self.start = start
        self.max_points = max_points
        self.whiten = whiten
        self.uniform_labels = uniform_labels
        self.backend = backend
        self.seed = seed

    def before_train_epoch(self, runner: Runner) -> None:
        """Cluster, if a round begins and the method does not have its labels yet.

        Raises:
            UserError: The loop counts iterations, the data do not fit, or the method learns no
                clusters.
        """
        if not isinstance(runner.train_loop, EpochBasedTrainLoop):
            raise UserError(
                "ClusteringHook counts epochs: set train_cfg.type='EpochBasedTrainLoop'."
            )
        method = _method(runner)
        current = runner.epoch // self.interval
        if int(method.clustering_round) != current:
            self.cluster(runner, current)
        if self.uniform_labels is not None:
            sampler = sampler_of(runner.train_dataloader)
            if not isinstance(sampler, UniformLabelSampler):
                raise UserError(
                    "ClusteringHook(uniform_labels=...) needs train_dataloader.sampler="
                    "dict(type='UniformLabelSampler')."
                )
            sampler.labels_N = method.clusters[self.uniform_labels].labels_N.cpu()

    def cluster(self, runner: Runner, current: int) -> None:
        """Give the method the labels of a round, and new heads.

        Args:
            runner: The runner.
            current: Number of the round.
        """
        method = _method(runner)
        loader = self._loader(runner)
        names = list(method.clusters)
        metrics: dict[str, float] = {}
        labels: dict[str, Tensor] = {}
        with tempfile.TemporaryDirectory(prefix="clustering_", dir=runner.work_dir) as folder:
            files = _extract(method, loader, Path(folder), names)
            for number, name in enumerate(names):
                clusters = self._cluster_source(runner, loader, files[name], current, number)
                before = method.clusters[name].labels_N.cpu()
                labels[name] = clusters.labels_N
                metrics |= cluster_metrics(name, clusters, before, method.num_clusters)
                method.set_clusters(name, *clusters)
        if len(names) == 2:
            metrics["nmi_between"] = agreement(*labels.values())
        parameters = method.reset_heads(self._seed(runner, current, len(names)))
        for parameter in parameters:
            runner.optim_wrapper.optimizer.state.pop(parameter, None)
        method.clustering_round.fill_(current)
        _log(runner, current, self.backend, metrics)

    def _cluster_source(
        self,
        runner: Runner,
        loader: DataLoader,
        features: FeatureFile,
        current: int,
        number: int,
    ) -> SharedClusters:
        method = _method(runner)
        settings = ClusterSettings(
            num_clusters=method.num_clusters,
            num_iters=self.num_iters,
            start=self.start,
            max_points=self.max_points,
            whiten=self.whiten,
            backend=self.backend,
            device=method.clustering_round.device,
        )
        seed = self._seed(runner, current, number)
        return cluster_over_ranks(features, _length(loader), settings, seed)

    def _seed(self, runner: Runner, current: int, number: int) -> int:
        """Return the seed of one part of a round."""
        seed = self.seed if self.seed is not None else runner.seed or 0
        return int(np.random.SeedSequence((seed, current, number)).generate_state(1)[0])

    def _loader(self, runner: Runner) -> DataLoader:
        """Return a loader of all samples in order, which shares them among the ranks."""
        train = runner.train_dataloader
        settings = runner.cfg.get("train_dataloader", {}).get("dataset", {})
        dataset = {**settings, **self.dataset}
        size = self.batch_size or train.batch_size or getattr(train.batch_sampler, "batch_size", 1)
        return Runner.build_dataloader(
            dict(
                batch_size=size,
                num_workers=train.num_workers,
                sampler=dict(type="DefaultSampler", shuffle=False),
                collate_fn=train.collate_fn,
                dataset=dataset,
            ),
            seed=runner.seed,
        )


def _method(runner: Runner) -> Any:
    method: Any = runner.model.module if is_model_wrapper(runner.model) else runner.model
    if not hasattr(method, "set_clusters"):
        raise UserError(
            f"ClusteringHook: {type(method).__name__} learns no clusters; remove it from "
            "custom_hooks."
        )
    return method


@torch.no_grad()
def _extract(
    method: Any, loader: DataLoader, folder: Path, names: Sequence[str]
) -> dict[str, FeatureFile]:
    """Write the features of this rank's samples into a file for each source of labels."""
    num_samples = _length(loader)
    rows = math.ceil(num_samples / get_world_size())
    files = {name: FeatureFile(folder / f"{name}_{get_rank()}", rows) for name in names}
    seen = np.zeros(num_samples, bool)
    for data in loader:
        batch = method.data_preprocessor(data, False)
        samples = batch["data_samples"]
        # Another sample took the place of one that could not be read, and is there itself.
        kept = [i for i, sample in enumerate(samples) if not sample.get("skipped")]
        indices = [int(samples[i]["sample_idx"]) for i in kept]
        _mark_seen(indices, seen)
        features = method.sources(method.extract(batch["inputs"]))
        for name in names:
            files[name].add(indices, features[name][kept])
    return files


def _length(loader: DataLoader) -> int:
    dataset: Any = loader.dataset
    return len(dataset)


def _mark_seen(indices: Sequence[int], seen: NDArray[np.bool_]) -> None:
    """Mark the samples of a batch.

    Raises:
        UserError: There is no sample of an index, or an index was there before.
    """
    are_new = len(set(indices)) == len(indices) and max(indices, default=0) < len(seen)
    if not are_new or seen[indices].any():
        raise UserError(
            f"ClusteringHook: {len(seen)} samples need indices 0 to {len(seen) - 1} as their "
            "sample_idx, each once, and there are others, or one twice. Data sets that are "
            "concatenated, or that list a video several times, cannot be clustered."
        )
    seen[indices] = True


def _log(runner: Runner, current: int, backend: str, metrics: Mapping[str, float]) -> None:
    for name, value in metrics.items():
        runner.message_hub.update_scalar(f"train/clusters/{name}", value)
    text = ", ".join(f"{name} {value:.4g}" for name, value in metrics.items())
    runner.logger.info(f"Round {current} of clusters (k-means by {backend}): {text}.")
