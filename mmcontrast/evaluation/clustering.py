"""Agreement of clusters of features with classes."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from mmengine.evaluator import BaseMetric
from numpy.typing import NDArray

from mmcontrast.registry import METRICS
from mmcontrast.utils.arguments import check_sizes

from .description import log_description


def cluster_agreement(
    features_VC: NDArray[np.floating],
    labels_V: NDArray[np.integer],
    *,
    repeats: int = 10,
    seed: int = 0,
) -> dict[str, float]:
    """Cluster features by k-means with as many clusters as classes, and compare both.

    Args:
        features_VC: Features of V items with C channels, finite.
        labels_V: Class of each item.
        repeats: Number of starts of k-means; the result with the smallest sum of squares is used.
        seed: Seed of the starts.

    Returns:
        ``nmi``, the normalized mutual information (arithmetic mean), and ``ari``, the adjusted Rand
        index: 1 for perfect agreement, about 0 for random clusters.
    """
    from sklearn.cluster import KMeans
    from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

    num_classes = len(np.unique(labels_V))
    clusters_V = KMeans(num_classes, n_init=repeats, random_state=seed).fit_predict(features_VC)
    return dict(
        nmi=float(normalized_mutual_info_score(labels_V, clusters_V)),
        ari=float(adjusted_rand_score(labels_V, clusters_V)),
    )


@METRICS.register_module()
class NodeClustering(BaseMetric):
    """NMI and ARI of k-means on all labeled nodes of a graph, in 0..1.

    Args:
        repeats: See :func:`cluster_agreement`.
        seed: See :func:`cluster_agreement`.
        **kwargs: Arguments of MMEngine's ``BaseMetric``, such as ``collect_device``.

    Attributes:
        description: Description of the data and selection of the last metrics.
    """

    default_prefix = "clusters"
    description = ""

    def __init__(self, repeats: int = 10, seed: int = 0, **kwargs: Any):
        check_sizes("NodeClustering", repeats=repeats)
        super().__init__(**kwargs)
        self.repeats, self.seed = repeats, seed

    def process(self, data_batch: Any, data_samples: Sequence[dict[str, Any]]) -> None:
        """Cluster each graph of a batch."""
        for sample in data_samples:
            if sample.get("node_labels") is None:
                raise ValueError(f"The nodes of {sample['path']} have no labels to compare with.")
            labels = np.asarray(sample["node_labels"])
            is_labeled = labels >= 0
            nodes = sample["nodes"].float().cpu().numpy()[is_labeled]
            if not np.isfinite(nodes).all():
                raise ValueError("Features of nodes are not finite: the encoder has diverged.")
            scores = cluster_agreement(
                nodes, labels[is_labeled], repeats=self.repeats, seed=self.seed
            )
            self.results.append(dict(scores=scores, num_nodes=len(nodes)))

    def compute_metrics(self, results: list[dict[str, Any]]) -> dict[str, float]:
        """Return the means over the graphs."""
        self.description = log_description(
            f"clusters: k-means on all {sum(r['num_nodes'] for r in results):,} labeled nodes, as "
            f"many clusters as classes, the tightest of {self.repeats} starts."
        )
        scores = [result["scores"] for result in results]
        return {name: float(np.mean([s[name] for s in scores])) for name in scores[0]}
