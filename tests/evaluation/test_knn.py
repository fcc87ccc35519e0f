"""k-NN: the values of the specification, a loop, and impossible requests."""

import pytest
import torch

from mmcontrast.evaluation import knn
from mmcontrast.evaluation.knn import KNN, knn_scores

BANK = torch.tensor([[1.0, 0], [0, 1], [1, 1], [-1, 0]])
LABELS = torch.tensor([0, 1, 1, 0])
QUERY = torch.tensor([[2.0, 1]])


@pytest.mark.parametrize(
    ("temperature", "expected", "tolerance"),
    [(0.07, (354169.645, 769420.036), 1e-5), (0.5, (5.98259, 9.11425), 1e-5)],
)
def test_the_specified_example(temperature, expected, tolerance):
    scores = knn_scores(BANK, LABELS, QUERY, k=3, temperature=temperature)
    assert scores[0].tolist() == pytest.approx(expected, rel=tolerance)
    assert scores.argmax(1).item() == 1


def test_against_a_loop_and_in_chunks_of_any_size(monkeypatch):
    torch.manual_seed(0)
    bank, labels, queries = torch.randn(30, 8), torch.randint(5, (30,)), torch.randn(17, 8)
    whole = knn_scores(bank, labels, queries, k=7, num_classes=6)
    for n, query in enumerate(queries):
        similarities = [
            (torch.cosine_similarity(query, b, dim=0).item(), i) for i, b in enumerate(bank)
        ]
        votes = [0.0] * 6
        for similarity, i in sorted(similarities, reverse=True)[:7]:
            votes[labels[i]] += torch.tensor(similarity / 0.07).exp().item()
        assert whole[n].tolist() == pytest.approx(votes, rel=1e-4)
    for elements in (1, 30, 90, 100):
        monkeypatch.setattr(knn, "_CHUNK_ELEMENTS", elements)
        found = knn_scores(bank, labels, queries, 7, num_classes=6)
        torch.testing.assert_close(found, whole, rtol=1e-4, atol=0)


def test_scale_of_features_and_order_of_the_bank_do_not_matter():
    torch.manual_seed(0)
    bank, labels, queries = torch.randn(30, 8), torch.randint(5, (30,)), torch.randn(4, 8)
    expected = knn_scores(bank, labels, queries, k=5, num_classes=5)
    order = torch.randperm(30)
    found = knn_scores(3 * bank[order], labels[order], 0.1 * queries, k=5, num_classes=5)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=0)


def test_no_queries_give_no_scores():
    assert knn_scores(BANK, LABELS, torch.zeros(0, 2), k=2).shape == (0, 2)


def test_more_neighbors_than_bank_samples():
    with pytest.raises(ValueError, match="k = 5 neighbors cannot be found among 4 bank samples"):
        knn_scores(BANK, LABELS, QUERY, k=5)
    with pytest.raises(ValueError, match="needs a bank"):
        knn_scores(BANK, LABELS, torch.zeros(1, 3), k=2)


def evaluate(metric, samples):
    metric.process(None, samples)
    return metric.evaluate(len(samples))


def sample(split, label, feature):
    return {"split": split, "label": label, "global": torch.tensor(feature), "path": f"{label}.jpg"}


def samples():
    bank = [sample("bank", int(y), x) for x, y in zip(BANK.tolist(), LABELS, strict=True)]
    return [sample("query", 1, [2.0, 1.0]), *bank, sample("query", 1, [-1.0, 0.1])]


def test_metric_takes_bank_and_queries_apart():
    metrics = evaluate(KNN(k=[1, 3]), samples())
    # Alone, the nearest neighbors are (1, 1) of class 1, and (-1, 0) of class 0.
    assert metrics["knn/top1_k1"] == 50
    assert metrics["knn/top5_k3"] == 100
    assert set(metrics) == {f"knn/top{n}_k{k}" for n in (1, 5) for k in (1, 3)}


def test_metric_says_what_is_missing():
    with pytest.raises(ValueError, match="no samples with split='query'"):
        evaluate(KNN(k=1), samples()[1:5])
    with pytest.raises(ValueError, match="needs 'label' in every evaluation sample"):
        KNN(k=1).process(None, [{"split": "bank", "global": QUERY[0]}])
    with pytest.raises(ValueError, match="needs the split 'bank' or 'query', got"):
        KNN(k=1).process(None, [sample("train", 0, [1.0, 0.0])])


def test_features_of_other_names_have_metrics_of_their_own():
    named = [{**s, "audio": s["global"], "global": torch.zeros(2)} for s in samples()]
    metrics = evaluate(KNN(k=1, feature="audio", prefix="knn_audio"), named)
    assert metrics["knn_audio/top1_k1"] == 50
    with pytest.raises(ValueError, match=r"no feature 'video' but \['audio', 'global', 'label'"):
        evaluate(KNN(k=1, feature="video"), named)


@pytest.mark.parametrize("temperature", [0.0, -0.1, 0.005, float("nan")])
def test_temperatures_whose_votes_are_no_numbers(temperature):
    with pytest.raises(ValueError, match=r"temperature of at least 0\.0125"):
        knn_scores(BANK, LABELS, QUERY, k=2, temperature=temperature)


def test_the_lowest_temperature_still_counts_votes():
    bank = torch.ones(1000, 2)
    scores = knn_scores(bank, torch.arange(1000) % 4 // 3, QUERY, k=1000, temperature=1 / 80)
    assert scores.isfinite().all()
    assert (scores[0, 0] / scores[0, 1]).item() == pytest.approx(3, rel=1e-3)


@pytest.mark.parametrize(("split", "total"), [("bank", 5), ("query", 3)])
def test_features_of_a_network_that_diverged_have_no_accuracy(split, total):
    broken = sample(split, 0, [float("nan"), 1.0])
    with pytest.raises(ValueError, match=f"1 of the {total} features of the {split} are not fin"):
        evaluate(KNN(k=1), [*samples(), broken])
