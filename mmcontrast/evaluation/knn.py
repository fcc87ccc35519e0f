"""Weighted k-nearest-neighbor classification (Wu et al., CVPR 2018, section 3.4).

Shapes: B bank samples, N queries, C embedding, M classes.
"""

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from mmengine.device import get_device
from mmengine.evaluator import BaseMetric
from torch import Tensor

from mmcontrast.evaluation.accuracy import topk_hits
from mmcontrast.registry import METRICS
from mmcontrast.utils.arguments import check_number, check_sizes

# Similarities of one chunk of queries: 2^26 floats are 256 MB.
_CHUNK_ELEMENTS = 2**26
# exp(1 / temperature) is 6e34 here: float32 still holds the sum of thousands of such votes.
_MIN_TEMPERATURE = 1 / 80


def knn_scores(
    bank_BC: Tensor,
    labels_B: Tensor,
    queries_NC: Tensor,
    k: int,
    temperature: float = 0.07,
    num_classes: int | None = None,
) -> Tensor:
    """Classify queries by a weighted vote of their k most similar bank samples.

    A neighbor with cosine similarity s votes with weight ``exp(s / temperature)``.

    Args:
        bank_BC: Features of the labeled samples, not necessarily normalized.
        labels_B: Classes of the labeled samples, 0..M-1.
        queries_NC: Features of the samples to classify; N may be 0.
        k: Number of neighbors, 1..B.
        temperature: Temperature of the weights, at least 1/80, below which votes overflow. Smaller
            values give the nearest neighbors more weight.
        num_classes: Number of classes M; by default the largest label plus one.

    Returns:
        Votes (N, M), float32. The prediction is the class with the highest vote.

    Raises:
        ValueError: The bank is empty or smaller than ``k``, the shapes do not match, or the
            temperature is too low.
    """
    if bank_BC.dim() != 2 or queries_NC.shape[1:] != bank_BC.shape[1:]:
        raise ValueError(
            "k-NN needs a bank (B, C) and queries (N, C), got "
            f"{tuple(bank_BC.shape)} and {tuple(queries_NC.shape)}."
        )
    if not 1 <= k <= len(bank_BC):
        raise ValueError(
            f"k = {k} neighbors cannot be found among {len(bank_BC)} bank samples; "
            "use a smaller k or a larger bank."
        )
    if not temperature >= _MIN_TEMPERATURE:
        raise ValueError(
            f"k-NN needs a temperature of at least {_MIN_TEMPERATURE:g}, got {temperature:g}."
        )
    if num_classes is None:
        num_classes = int(labels_B.max()) + 1
    bank_BC = F.normalize(bank_BC.float(), dim=1)
    votes = [torch.zeros(0, num_classes, device=queries_NC.device)]
    for chunk_NC in queries_NC.split(max(_CHUNK_ELEMENTS // len(bank_BC), 1)):
        similarity_NB = F.normalize(chunk_NC.float(), dim=1) @ bank_BC.t()
        nearest_NK, index_NK = similarity_NB.topk(k, dim=1)
        votes_NM = similarity_NB.new_zeros(len(chunk_NC), num_classes)
        votes_NM.scatter_add_(1, labels_B[index_NK], (nearest_NK / temperature).exp())
        votes.append(votes_NM)
    return torch.cat(votes)


@METRICS.register_module()
class KNN(BaseMetric):
    """Accuracy of the k-NN classifier on one of the features, in percent.

    The evaluation data is one dataset with two parts: samples whose ``split`` is ``'bank'`` are
    the labeled neighbors, and those with ``'query'`` are classified. Metrics are named
    ``knn/top1_k20`` and ``knn/top5_k20`` for ``k=20``.

    Args:
        k: Number of neighbors, or several numbers to report.
        temperature: Temperature of the votes' weights.
        feature: Key of the feature: ``'global'``, or ``'video'`` and ``'audio'`` of methods on
            clips with sound; two metrics differ in their ``prefix``.
        **kwargs: Arguments of MMEngine's ``BaseMetric``, such as ``prefix`` and
            ``collect_device``.
    """

    default_prefix = "knn"
    required = ("split", "label")

    def __init__(
        self,
        k: int | Sequence[int] = 20,
        temperature: float = 0.07,
        feature: str = "global",
        **kwargs: Any,
    ):
        check_sizes("KNN", k=k)
        check_number("KNN: temperature", temperature, 0, above=True)
        super().__init__(**kwargs)
        self.k = (k,) if isinstance(k, int) else tuple(k)
        self.temperature = temperature
        self.feature = feature

    def process(self, data_batch: Any, data_samples: Sequence[dict[str, Any]]) -> None:
        """Collect split, label and feature of a batch of predictions."""
        for sample in data_samples:
            try:
                split, label = sample["split"], sample["label"]
            except KeyError as error:
                raise ValueError(
                    f"k-NN needs {error} in every evaluation sample; {sample.get('path')} has "
                    f"{sorted(sample)}. The datasets need labels, and meta=dict(split='bank') or "
                    "meta=dict(split='query')."
                ) from None
            if split not in ("bank", "query"):
                raise ValueError(
                    f"k-NN needs the split 'bank' or 'query', got {split!r} "
                    f"for {sample.get('path')}."
                )
            if self.feature not in sample:
                raise ValueError(
                    f"k-NN: the samples have no feature {self.feature!r} but {sorted(sample)}; "
                    "set feature of the evaluator to one that the method computes, and let the "
                    "pipeline make its input."
                )
            # A copy, since a view would be sent between processes with its entire batch.
            feature = sample[self.feature].float().cpu().clone()
            self.results.append((split == "bank", int(label), feature))

    def compute_metrics(self, results: list[tuple[bool, int, Tensor]]) -> dict[str, float]:
        """Classify the queries and return percentages.

        Raises:
            ValueError: Bank or queries are missing, a feature is not finite, or ``k`` is larger
                than the bank.
        """
        device = get_device()
        bank_BC, labels_B = _stack(results, "bank", device)
        queries_NC, labels_N = _stack(results, "query", device)
        num_classes = int(max(labels_B.max(), labels_N.max())) + 1
        metrics = {}
        for k in self.k:
            votes_NM = knn_scores(bank_BC, labels_B, queries_NC, k, self.temperature, num_classes)
            for n in (1, 5):
                hits = topk_hits(votes_NM, labels_N, n)
                metrics[f"top{n}_k{k}"] = 100 * hits.float().mean().item()
        return metrics


def _stack(
    results: list[tuple[bool, int, Tensor]], split: str, device: str
) -> tuple[Tensor, Tensor]:
    """Stack features and labels of one split."""
    part = [result for result in results if result[0] == (split == "bank")]
    if not part:
        raise ValueError(
            f"k-NN found no samples with split={split!r} among {len(results)} results; "
            f"give one of the evaluation datasets meta=dict(split={split!r})."
        )
    features = torch.stack([feature for _, _, feature in part]).to(device)
    # A NaN has neighbors too, so a diverged network would have an accuracy.
    num_broken = int((~features.isfinite().all(dim=1)).sum())
    if num_broken:
        raise ValueError(
            f"k-NN: {num_broken} of the {len(part)} features of the {split} are not finite "
            "numbers. Has the training diverged?"
        )
    return features, torch.tensor([label for _, label, _ in part], device=device)
