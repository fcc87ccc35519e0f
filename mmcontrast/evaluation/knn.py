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
    """Let the k most similar bank samples of each query vote for their class.

    A neighbor with cosine similarity s votes with weight ``exp(s / temperature)``.

    Args:
        bank_BC: Features of the labeled samples, of any length.
        labels_B: Their classes, 0..M-1.
        queries_NC: Features of the samples to classify; N may be anything, 0 included.
        k: Number of neighbors, 1..B.
        temperature: Smaller values favor the nearest neighbors; at least 1/80, below which the
            votes overflow.
        num_classes: M; by default the largest label plus one.

    Returns:
        Votes, (N, M), float32. The prediction is the class with the most.

    Raises:
        ValueError: The bank is empty or smaller than ``k``, the shapes do not fit, or the
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
    """Accuracy of the k-NN classifier on the ``global`` features.

    The evaluation data is one dataset with two parts: samples whose ``split`` is ``'bank'`` are
    the labeled neighbors, those with ``'query'`` are classified. Results are percentages:
    ``knn/top1_k20`` and ``knn/top5_k20`` for ``k=20``.

    Args:
        k: Number of neighbors, or several to report.
        temperature: Of the votes' weights.
        **kwargs: Arguments of MMEngine's ``BaseMetric``, such as ``collect_device``.
    """

    default_prefix = "knn"

    def __init__(self, k: int | Sequence[int] = 20, temperature: float = 0.07, **kwargs: Any):
        super().__init__(**kwargs)
        self.k = (k,) if isinstance(k, int) else tuple(k)
        self.temperature = temperature

    def process(self, data_batch: Any, data_samples: Sequence[dict[str, Any]]) -> None:
        """Keep what the classifier needs of a batch of predictions."""
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
                    f"k-NN knows the splits 'bank' and 'query', got {split!r} "
                    f"for {sample.get('path')}."
                )
            # A copy: a row alone would be sent between processes with its whole batch.
            feature = sample["global"].float().cpu().clone()
            self.results.append((split == "bank", int(label), feature))

    def compute_metrics(self, results: list[tuple[bool, int, Tensor]]) -> dict[str, float]:
        """Classify the queries and return percentages.

        Raises:
            ValueError: Bank or queries are missing, a feature is not finite, or ``k`` is larger
                than the bank.
        """
        device = get_device()
        features, labels = {}, {}
        for in_bank, name in ((True, "bank"), (False, "query")):
            part = [result for result in results if result[0] == in_bank]
            if not part:
                raise ValueError(
                    f"k-NN found no samples with split={name!r} among {len(results)} results; "
                    f"give one of the evaluation datasets meta=dict(split={name!r})."
                )
            features[name] = torch.stack([feature for _, _, feature in part]).to(device)
            labels[name] = torch.tensor([label for _, label, _ in part], device=device)
            # A NaN has neighbors too, and so a network that diverged would have an accuracy.
            broken = int((~features[name].isfinite().all(dim=1)).sum())
            if broken:
                raise ValueError(
                    f"k-NN: {broken} of the {len(part)} features of the {name} are not finite "
                    "numbers. Has the training diverged?"
                )
        num_classes = int(max(part.max() for part in labels.values())) + 1
        metrics = {}
        for k in self.k:
            votes_NM = knn_scores(
                features["bank"], labels["bank"], features["query"], k, self.temperature,
                num_classes,
            )  # fmt: skip
            for n in (1, 5):
                hits = topk_hits(votes_NM, labels["query"], n)
                metrics[f"top{n}_k{k}"] = 100 * hits.float().mean().item()
        return metrics
