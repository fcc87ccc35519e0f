"""SVMs: average precision by hand and against scikit-learn, low-shot draws, and the metric."""

import numpy as np
import pytest
import torch
from sklearn.metrics import average_precision_score

from mmcontrast.evaluation import SVM, average_precision
from mmcontrast.evaluation.svm import (
    COSTS,
    Split,
    choose_cost,
    draw_shots,
    low_shot_svm,
    svm_scores,
)


def test_average_precision_by_hand():
    # Ranked: +, -, +, +: precision 1, 2/3, 3/4 at the positives; the envelope lifts 2/3 to 3/4.
    scores, labels = np.array([4.0, 3, 2, 1]), np.array([1, -1, 1, 1])
    assert average_precision(scores, labels) == pytest.approx((1 + 3 / 4 + 3 / 4) / 3)
    assert average_precision(-scores, labels) == pytest.approx((1 + 1 + 3 / 4) / 3)
    # What is neither does not count, wherever it is ranked.
    mixed = average_precision(np.array([5.0, *scores, 0.0]), np.array([0, *labels, 0]))
    assert mixed == pytest.approx((1 + 3 / 4 + 3 / 4) / 3)
    with pytest.raises(ValueError, match="positive image"):
        average_precision(scores, -np.abs(labels))


def test_average_precision_is_never_below_the_plain_one():
    rng = np.random.default_rng(0)
    for _ in range(20):
        scores, labels = rng.normal(size=40), rng.choice([-1, 1], 40)
        plain = average_precision_score(labels == 1, scores)
        assert plain - 1e-12 <= average_precision(scores, labels) <= 1


def test_the_costs_of_the_protocol():
    assert len(COSTS) == 19
    assert (COSTS[0], COSTS[15], COSTS[-1]) == (0.5**19, 0.5**4, 100.0)


def world(num=120, seed=0, noise=0.5):
    """Features in which each of three classes has a direction; some labels are 0."""
    rng = np.random.default_rng(seed)
    labels = np.where(rng.random((num, 3)) < 0.3, 1, -1)
    features = (labels == 1) @ np.eye(3, 5) + noise * rng.normal(size=(num, 5))
    labels[rng.random((num, 3)) < 0.05] = 0
    return Split(features / np.linalg.norm(features, axis=1, keepdims=True), labels)


def test_images_that_are_neither_do_not_train():
    bank, queries = world(), world(seed=1)
    labels = bank.labels[:, 0]
    used = labels != 0
    expected = svm_scores(bank.features[used], labels[used], queries.features, 1.0)
    found = svm_scores(bank.features, labels, queries.features, 1.0)
    assert np.array_equal(found, expected)
    assert average_precision(found, queries.labels[:, 0]) > 0.6  # 0.3 is chance


def test_the_cost_is_chosen_by_cross_validation():
    bank = world(60, noise=1.0)
    chosen = choose_cost(bank.features, bank.labels[:, 1], (1e-9, 1.0, 1e4))
    assert chosen == choose_cost(bank.features, bank.labels[:, 1], (1.0, chosen))
    with pytest.raises(ValueError, match="3 images of each kind, not 2"):
        choose_cost(np.eye(5), np.array([1, 1, -1, -1, -1]), (1.0, 2.0))


def test_low_shot_draws():
    labels = world().labels
    drawn = draw_shots(labels, 4, (0, 4, 1))
    assert ((drawn == 1).sum(axis=0) == 4).all()
    assert ((drawn == -1).sum(axis=0) == 8).all()
    assert np.array_equal(drawn[drawn != 0], labels[drawn != 0])
    assert np.array_equal(drawn, draw_shots(labels, 4, (0, 4, 1)))
    assert not np.array_equal(drawn, draw_shots(labels, 4, (0, 4, 2)))
    with pytest.raises(ValueError, match=r"96-shot needs 96 positive images of class 0"):
        draw_shots(labels, 96, (0,))
    assert low_shot_svm(world(), world(seed=1), 4, (0, 4, 1), (0.1, 1.0)).shape == (2,)


def samples(part, split):
    return [
        {"split": split, "labels": label.tolist(), "global": torch.from_numpy(7 * feature)}
        for feature, label in zip(part.features, part.labels, strict=True)
    ]


def evaluate(metric, data):
    metric.process(None, data)
    return metric.evaluate(len(data))


def test_metric():
    data = samples(world(), "bank") + samples(world(seed=1), "query")
    alone = evaluate(SVM(costs=(0.1, 1.0), shots=(1, 8), num_draws=3), data)
    assert set(alone) == {f"svm/{key}" for key in ("mAP", "mAP_k1", "std_k1", "mAP_k8", "std_k8")}
    assert alone["svm/mAP"] > alone["svm/mAP_k1"] > 30
    assert alone["svm/std_k8"] > 0
    together = evaluate(SVM(costs=(0.1, 1.0), shots=(1, 8), num_draws=3, jobs=2), data)
    assert together == pytest.approx(alone)


def test_metric_says_what_is_missing():
    bank, queries = world(), world(seed=1)
    metric = SVM(costs=(1.0,))
    with pytest.raises(ValueError, match=r"no samples with split='query' among 120"):
        evaluate(metric, samples(bank, "bank"))
    with pytest.raises(ValueError, match=r"needs 'labels', and split='bank'"):
        SVM().process(None, [{"split": "bank", "label": 3}])
    queries.labels[:, 2] = -1
    metric = SVM(costs=(1.0,))
    metric.dataset_meta = dict(classes=("cat", "dog", "bird"))
    with pytest.raises(ValueError, match="No query image shows bird"):
        evaluate(metric, samples(bank, "bank") + samples(queries, "query"))
