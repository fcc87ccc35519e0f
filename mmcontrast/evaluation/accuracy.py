"""Top-k accuracy of classifiers.

Shapes: N samples, M classes.
"""

from collections.abc import Sequence
from typing import Any

import torch
from mmengine.evaluator import BaseMetric
from torch import Tensor

from mmcontrast.registry import METRICS
from mmcontrast.utils.arguments import check_sizes


def topk_hits(scores_NM: Tensor, labels_N: Tensor, k: int) -> Tensor:
    """Test whether each sample's class is among the ``k`` classes with the highest scores.

    Args:
        scores_NM: One score per class, N x M.
        labels_N: Classes of the samples, 0..M-1.
        k: Number of classes to consider; if it is larger than M, all are considered.

    Returns:
        Booleans (N,).
    """
    best_NK = scores_NM.topk(min(k, scores_NM.shape[1]), dim=1).indices
    return (best_NK == labels_N[:, None]).any(dim=1)


@METRICS.register_module()
class Accuracy(BaseMetric):
    """Top-k accuracy of a linear probe or of a fine-tuned network, in percent.

    Results are ``accuracy/top1`` and ``accuracy/top5``; with a head of several classifiers
    ``accuracy/top1_stage4`` and so on.

    Args:
        topk: Values of k to report.
        **kwargs: Arguments of MMEngine's ``BaseMetric``, such as ``collect_device``.
    """

    default_prefix = "accuracy"
    required = ("label",)

    def __init__(self, topk: Sequence[int] = (1, 5), **kwargs: Any):
        check_sizes("Accuracy", topk=topk)
        super().__init__(**kwargs)
        self.topk = tuple(topk)

    def process(self, data_batch: Any, data_samples: Sequence[dict[str, Any]]) -> None:
        """Collect the hits of a batch of predictions.

        Raises:
            ValueError: A sample has no label or no scores, or its label is not among the scores.
        """
        for sample in data_samples:
            if "label" not in sample or "scores" not in sample:
                raise ValueError(
                    f"Accuracy needs 'label' and 'scores' of every sample; {sample.get('path')} "
                    f"has {sorted(sample)}. The dataset needs labels, and the model a classifier."
                )
            num_classes = len(next(iter(sample["scores"].values())))
            if not 0 <= sample["label"] < num_classes:
                raise ValueError(
                    f"{sample.get('path')} has the label {sample['label']}, but the model has "
                    f"the classes 0 to {num_classes - 1}. Is it the dataset that it was trained "
                    "for?"
                )
            self.results.append(
                {
                    f"top{k}{name}": topk_hits(
                        scores_M.cpu()[None], torch.tensor([sample["label"]]), k
                    ).item()
                    for name, scores_M in sample["scores"].items()
                    for k in self.topk
                }
            )

    def compute_metrics(self, results: list[dict[str, bool]]) -> dict[str, float]:
        """Return the percentage of hits."""
        return {
            name: 100 * sum(result[name] for result in results) / len(results)
            for name in results[0]
        }
