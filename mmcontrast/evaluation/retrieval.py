"""Retrieval: samples of the same class, and the sound that belongs to a clip.

Within a modality the protocol is that of SeLaVi (Asano et al., NeurIPS 2020), which CrissCross
uses: queries are the videos of the test split, the gallery those of the training split, and the
distance of two videos is the Euclidean one between the means of their clips' features.

Between modalities it is ours, since neither paper states one: features of clips and of sounds that
share a space, ``video_embedding`` and ``audio_embedding`` of CrissCross (the cosine of the
projections) and of XDC (the probability that the head for clips gives to the cluster of the sound).

Shapes: N queries, G samples of the gallery, C channels.
"""

from collections.abc import Sequence
from typing import Any

import torch
from mmengine.device import get_device
from mmengine.evaluator import BaseMetric
from torch import Tensor

from mmcontrast.registry import METRICS
from mmcontrast.utils.arguments import check_sizes

# Distances of one chunk of queries: 2^24 of them with their order take 192 MB.
_CHUNK_ELEMENTS = 2**24


def class_ranks(
    gallery_GC: Tensor, labels_G: Tensor, queries_NC: Tensor, labels_N: Tensor
) -> Tensor:
    """Rank the gallery by Euclidean distance and find the first sample of each query's class.

    Args:
        gallery_GC: Features of the gallery, used as they are: unit length is the caller's matter.
        labels_G: Classes of the gallery.
        queries_NC: Features of the queries; N may be 0.
        labels_N: Classes of the queries.

    Returns:
        Ranks (N,), 1..G, int64. Of equal distances the one that comes first in the gallery is
        ranked first, so that equal features find a class as often as its place in the gallery does.

    Raises:
        ValueError: The gallery has no sample of a query's class.
    """
    missing = sorted(set(labels_N.tolist()) - set(labels_G.tolist()))
    if missing:
        raise ValueError(
            f"Retrieval: the gallery has no sample of the classes {missing} of the queries."
        )
    ranks = [labels_N.new_zeros(0)]
    size = max(_CHUNK_ELEMENTS // len(gallery_GC), 1)
    chunks = zip(queries_NC.split(size), labels_N.split(size), strict=True)
    for chunk_NC, chunk_N in chunks:
        # Products of matrices lose the digits that tell near neighbors apart.
        distance_NG = torch.cdist(
            chunk_NC.float(), gallery_GC.float(), compute_mode="donot_use_mm_for_euclid_dist"
        )
        order_NG = distance_NG.argsort(dim=1, stable=True)
        matches_NG = labels_G[order_NG] == chunk_N[:, None]
        ranks.append(matches_NG.int().argmax(dim=1) + 1)
    return torch.cat(ranks)


def pair_ranks(queries_NC: Tensor, gallery_NC: Tensor) -> Tensor:
    """Rank the gallery by its inner product with each query and find the query's own pair.

    Args:
        queries_NC: Embeddings of the queries.
        gallery_NC: Those of the gallery; the i-th belongs to the i-th query.

    Returns:
        Ranks (N,) in 1..N, float64: 1 + the number of higher products + half the number of equal
        ones, so that equal embeddings have (N + 1) / 2.

    Raises:
        ValueError: The shapes differ.
    """
    if queries_NC.shape != gallery_NC.shape or queries_NC.dim() != 2:
        raise ValueError(
            "Retrieval between modalities needs as many queries (N, C) as samples of the gallery, "
            f"got {tuple(queries_NC.shape)} and {tuple(gallery_NC.shape)}."
        )
    ranks = [torch.zeros(0, dtype=torch.float64, device=queries_NC.device)]
    size = max(_CHUNK_ELEMENTS // max(len(gallery_NC), 1), 1)
    for start in range(0, len(queries_NC), size):
        score_NG = queries_NC[start : start + size].float() @ gallery_NC.float().t()
        own_N1 = score_NG.diagonal(start)[:, None]
        higher_N = (score_NG > own_N1).sum(dim=1)
        equal_N = (score_NG == own_N1).sum(dim=1) - 1
        ranks.append(1 + higher_N.double() + equal_N.double() / 2)
    return torch.cat(ranks)


def rank_metrics(ranks_N: Tensor, topk: Sequence[int]) -> dict[str, float]:
    """Return ``R@k``, the percentage of ranks up to k, for each k, and ``median_rank``.

    The median of an even number of ranks is the mean of the two in the middle.

    Args:
        ranks_N: Ranks, from 1 on; at least one.
        topk: Values of k.
    """
    metrics = {f"R@{k}": 100 * (ranks_N <= k).double().mean().item() for k in topk}
    metrics["median_rank"] = ranks_N.double().quantile(0.5).item()
    return metrics


class _Retrieval(BaseMetric):
    """What both metrics share: the features of all samples, in the order of the data.

    Args:
        topk: Values of k of ``R@k``.
        **kwargs: Arguments of MMEngine's ``BaseMetric``, such as ``prefix``.
    """

    features: tuple[str, ...]

    def __init__(self, topk: Sequence[int] = (1, 5, 10, 20, 50), **kwargs: Any):
        check_sizes(type(self).__name__, topk=topk)
        super().__init__(**kwargs)
        self.topk = tuple(topk)

    def _vectors(self, sample: dict[str, Any]) -> list[Tensor]:
        """Return copies of the features of a sample, which do not hold its batch.

        Raises:
            ValueError: The sample lacks one, or one is not finite.
        """
        name = type(self).__name__
        missing = [feature for feature in self.features if feature not in sample]
        if missing:
            raise ValueError(
                f"{name}: the samples have no {' and no '.join(missing)} but {sorted(sample)}; set "
                "the features of the evaluator to those that the method computes, and let the "
                "pipeline make its inputs."
            )
        vectors = [sample[feature].float().cpu().clone() for feature in self.features]
        if not all(vector.isfinite().all() for vector in vectors):
            raise ValueError(
                f"{name}: a feature of {sample.get('path')} is not finite. Has the training "
                "diverged?"
            )
        return vectors


@METRICS.register_module()
class Retrieval(_Retrieval):
    """Retrieval of samples of the same class, within one modality.

    The evaluation data is one dataset with two parts, as for k-NN: samples whose ``split`` is
    ``'bank'`` are the gallery, those with ``'query'`` the queries. Metrics are ``retrieval/R@1``,
    the share of the queries (in percent) that find a sample of their class in first place, the same
    for other k, and ``retrieval/median_rank``, the median over the queries of the rank, from 1 on,
    of the first sample of the class.

    Args:
        feature: Key of the feature: ``'global'``, or ``'video'`` and ``'audio'`` of methods on
            clips with sound; two metrics differ in their ``prefix``.
        topk: Values of k.
        **kwargs: Arguments of MMEngine's ``BaseMetric``, such as ``prefix``.
    """

    default_prefix = "retrieval"
    required = ("split", "label")

    def __init__(
        self, feature: str = "global", topk: Sequence[int] = (1, 5, 10, 20, 50), **kwargs: Any
    ):
        super().__init__(topk, **kwargs)
        self.features = (feature,)

    def process(self, data_batch: Any, data_samples: Sequence[dict[str, Any]]) -> None:
        """Collect split, label and feature of a batch of predictions.

        Raises:
            ValueError: A sample has no split, label or feature.
        """
        for sample in data_samples:
            if sample.get("split") not in ("bank", "query") or "label" not in sample:
                raise ValueError(
                    f"Retrieval needs 'label', and split='bank' or 'query', of every sample; "
                    f"{sample.get('path')} has {sorted(sample)}. The datasets need labels, and "
                    "meta=dict(split='bank') or meta=dict(split='query')."
                )
            (vector,) = self._vectors(sample)
            self.results.append((sample["split"], int(sample["label"]), vector))

    def compute_metrics(self, results: list[tuple[str, int, Tensor]]) -> dict[str, float]:
        """Rank the gallery for all queries.

        Raises:
            ValueError: Gallery or queries are missing, or a class of the queries in the gallery.
        """
        parts = []
        for split in ("bank", "query"):
            part = [result for result in results if result[0] == split]
            if not part:
                raise ValueError(
                    f"Retrieval: there are no samples with split={split!r} among {len(results)} "
                    f"results; give one of the evaluation datasets meta=dict(split={split!r})."
                )
            device = get_device()
            parts.append(torch.stack([vector for _, _, vector in part]).to(device))
            parts.append(torch.tensor([label for _, label, _ in part], device=device))
        return rank_metrics(class_ranks(*parts), self.topk)


@METRICS.register_module()
class CrossModalRetrieval(_Retrieval):
    """Retrieval of the sound that belongs to a clip, and of the clip that belongs to a sound.

    Each sample of the evaluation data is one pair. Samples with ``split='bank'`` are left out, so
    that the data of k-NN serve both. Metrics are ``cross_modal/video_to_audio/R@1``, the share of
    the clips (in percent) that find their own sound in first place, the same for other k,
    ``.../median_rank`` of the own sound, from 1 on, and the same from sound to clip.

    Args:
        features: Keys of the two embeddings, whose inner product is the score.
        topk: Values of k.
        **kwargs: Arguments of MMEngine's ``BaseMetric``, such as ``prefix``.

    Raises:
        ValueError: There are not two features.
    """

    default_prefix = "cross_modal"

    def __init__(
        self,
        features: Sequence[str] = ("video_embedding", "audio_embedding"),
        topk: Sequence[int] = (1, 5, 10, 20, 50),
        **kwargs: Any,
    ):
        super().__init__(topk, **kwargs)
        if len(features) != 2:
            raise ValueError(f"CrossModalRetrieval: features are two, got {tuple(features)}.")
        self.features = tuple(features)

    def process(self, data_batch: Any, data_samples: Sequence[dict[str, Any]]) -> None:
        """Collect both embeddings of a batch of predictions.

        Raises:
            ValueError: A sample lacks one.
        """
        for sample in data_samples:
            if sample.get("split") != "bank":
                self.results.append(self._vectors(sample))

    def compute_metrics(self, results: list[list[Tensor]]) -> dict[str, float]:
        """Rank in both directions."""
        video_NC, audio_NC = (
            torch.stack([pair[side] for pair in results]).to(get_device()) for side in (0, 1)
        )
        directions = dict(
            video_to_audio=pair_ranks(video_NC, audio_NC),
            audio_to_video=pair_ranks(audio_NC, video_NC),
        )
        return {
            f"{direction}/{name}": value
            for direction, ranks_N in directions.items()
            for name, value in rank_metrics(ranks_N, self.topk).items()
        }
