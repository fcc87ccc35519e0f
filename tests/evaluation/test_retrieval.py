"""Retrieval within and between modalities, against slow loops and known values."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from mmcontrast.evaluation import CrossModalRetrieval, Retrieval, class_ranks, pair_ranks
from mmcontrast.evaluation.retrieval import rank_metrics

GALLERY = [
    [(1.0, 0.0), (0.0, 1.0)], [(3.0, 4.0), (3.0, 4.0)], [(0.0, 2.0), (-1.0, 0.0)],
    [(1.0, 0.0), (1.0, 0.0)], [(0.0, 1.0), (0.6, 0.8)],
]  # fmt: skip
QUERIES = [
    [(4.0, 3.0), (4.0, 3.0)], [(0.0, 1.0), (1.0, 1.0)], [(1.0, 0.0), (0.0, -1.0)],
    [(-1.0, 1.0), (-1.0, 1.0)],
]  # fmt: skip
GALLERY_LABELS, QUERY_LABELS = torch.tensor([0, 1, 2, 0, 2]), torch.tensor([0, 0, 1, 2])


def mean_of_unit_clips(samples):
    return F.normalize(torch.tensor(samples), dim=2).mean(dim=1)


def slow_class_rank(gallery: Tensor, labels: Tensor, query: Tensor, label: int) -> int:
    distances = [((row - query) ** 2).sum().sqrt().item() for row in gallery]
    order = sorted(range(len(distances)), key=lambda index: (distances[index], index))
    return 1 + [labels[index].item() for index in order].index(label)


def slow_pair_rank(gallery: Tensor, query: Tensor, own: int) -> float:
    scores = [float(row @ query) for row in gallery]
    equal = sum(score == scores[own] for score in scores) - 1
    return 1 + sum(score > scores[own] for score in scores) + equal / 2


def test_euclidean_distance_of_means_that_are_not_normalized():
    gallery, queries = mean_of_unit_clips(GALLERY), mean_of_unit_clips(QUERIES)
    ranks = class_ranks(gallery, GALLERY_LABELS, queries, QUERY_LABELS)
    assert ranks.tolist() == [2, 3, 3, 1]
    metrics = rank_metrics(ranks, (1, 2, 3))
    assert metrics == {"R@1": 25.0, "R@2": 50.0, "R@3": 100.0, "median_rank": 2.5}
    # By the cosine it would be another result.
    cosine = class_ranks(
        F.normalize(gallery, dim=1), GALLERY_LABELS, F.normalize(queries, dim=1), QUERY_LABELS
    )
    assert rank_metrics(cosine, (1,)) == {"R@1": 50.0, "median_rank": 2.0}


def test_ranks_of_classes_are_those_of_a_loop(monkeypatch):
    generator = torch.Generator().manual_seed(0)
    gallery = torch.randint(-2, 3, (40, 3), generator=generator).float()  # with equal distances
    queries = torch.randint(-2, 3, (17, 3), generator=generator).float()
    labels = torch.arange(40) % 6
    query_labels = torch.arange(17) % 6
    expected = [
        slow_class_rank(gallery, labels, *pair)
        for pair in zip(queries, query_labels.tolist(), strict=True)
    ]
    assert class_ranks(gallery, labels, queries, query_labels).tolist() == expected
    monkeypatch.setattr("mmcontrast.evaluation.retrieval._CHUNK_ELEMENTS", 100)
    assert class_ranks(gallery, labels, queries, query_labels).tolist() == expected
    assert class_ranks(gallery, labels, queries[:0], query_labels[:0]).tolist() == []


def test_ranks_of_pairs_are_those_of_a_loop(monkeypatch):
    generator = torch.Generator().manual_seed(0)
    video = torch.randint(-2, 3, (23, 3), generator=generator).float()  # with equal products
    audio = torch.randint(-2, 3, (23, 3), generator=generator).float()
    expected = [slow_pair_rank(audio, query, own) for own, query in enumerate(video)]
    assert pair_ranks(video, audio).tolist() == expected
    monkeypatch.setattr("mmcontrast.evaluation.retrieval._CHUNK_ELEMENTS", 100)
    assert pair_ranks(video, audio).tolist() == expected


def test_equal_features_find_nothing():
    ones = torch.ones(4, 2)
    assert pair_ranks(ones, ones).tolist() == [2.5] * 4
    labels = torch.arange(4)
    assert class_ranks(ones, labels, ones, labels).tolist() == [1, 2, 3, 4]


def test_the_metric_of_classes_reads_bank_and_queries():
    metric = Retrieval(feature="video", topk=(1, 2))
    assert metric.prefix == "retrieval"
    gallery, queries = mean_of_unit_clips(GALLERY), mean_of_unit_clips(QUERIES)
    samples = [
        dict(split=split, label=label, video=vector)
        for split, vectors, labels in (
            ("bank", gallery, GALLERY_LABELS), ("query", queries, QUERY_LABELS),
        )
        for vector, label in zip(vectors, labels.tolist(), strict=True)
    ]  # fmt: skip
    metric.process(None, samples)
    metrics = metric.evaluate(len(samples))
    assert metrics == {
        "retrieval/R@1": 25.0, "retrieval/R@2": 50.0, "retrieval/median_rank": 2.5,
    }  # fmt: skip


def test_the_metric_of_pairs_goes_both_ways_and_leaves_out_the_bank():
    video = torch.eye(3)
    audio = torch.tensor([[1.0, 0, 0], [2.0, 1.0, 0], [0, 0, 1.0]])
    metric = CrossModalRetrieval(topk=(1,))
    samples = [
        dict(split=split, video_embedding=v, audio_embedding=a)
        for split in ("query", "bank")
        for v, a in zip(video, audio, strict=True)
    ]
    metric.process(None, samples)
    metrics = metric.evaluate(len(samples))
    # From the first clip the second sound is nearer; the second sound finds the first clip.
    for direction in ("video_to_audio", "audio_to_video"):
        assert metrics[f"cross_modal/{direction}/R@1"] == pytest.approx(200 / 3)
        assert metrics[f"cross_modal/{direction}/median_rank"] == 1


@pytest.mark.parametrize(
    ("metric", "sample", "message"),
    [
        (Retrieval(), {"label": 0}, "split='bank' or 'query'"),
        (Retrieval(), {"split": "bank"}, "needs 'label'"),
        (Retrieval("audio"), {"split": "bank", "label": 0}, "have no audio but"),
        (
            Retrieval(), {"split": "bank", "label": 0, "global": torch.tensor([torch.nan])},
            "not finite",
        ),
        (CrossModalRetrieval(), {"video_embedding": torch.ones(2)}, "have no audio_embedding but"),
    ],
)  # fmt: skip
def test_samples_that_do_not_fit_are_named(metric, sample, message):
    with pytest.raises(ValueError, match=message):
        metric.process(None, [sample])


def test_missing_parts_are_named():
    vector = torch.ones(1, 2)
    with pytest.raises(ValueError, match=r"no sample of the classes \[1\]"):
        class_ranks(vector, torch.tensor([0]), vector, torch.tensor([1]))
    metric = Retrieval()
    metric.process(None, [{"split": "bank", "label": 0, "global": vector[0]}])
    with pytest.raises(ValueError, match="split='query'"):
        metric.evaluate(1)
    with pytest.raises(ValueError, match="features are two"):
        CrossModalRetrieval(features=("video",))
    with pytest.raises(ValueError, match="as many queries"):
        pair_ranks(vector, torch.ones(2, 2))
