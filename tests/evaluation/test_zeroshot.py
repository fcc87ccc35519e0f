"""Accuracy of seen and unseen classes by hand, and closed-form zero-shot learning."""

import numpy as np
import pytest
import torch

from mmcontrast.evaluation.zeroshot import (
    ZeroShot,
    best_eszsl,
    eszsl,
    generalized_scores,
    harmonic_mean,
    per_class_accuracy,
)


@pytest.mark.parametrize(
    ("unseen", "seen", "expected"),
    [(63.9, 66.8, 65.3178), (65.3, 73.4, 69.1135), (52.4, 60.9, 56.3312), (0, 80, 0), (0, 0, 0),
     (50, 50, 50)],
)  # fmt: skip
def test_harmonic_mean(unseen, seen, expected):
    assert harmonic_mean(unseen, seen) == pytest.approx(expected, abs=1e-4)


def test_each_class_counts_the_same():
    labels = np.array([0, 0, 0, 0, 1, 1, 2])
    found = np.array([0, 0, 0, 1, 1, 0, 2])
    assert per_class_accuracy(found, labels) == pytest.approx(75)
    assert 100 * (found == labels).mean() == pytest.approx(71.428571)


def test_generalized_scores():
    seen = np.array([True, True, False])
    labels, found = np.array([0, 0, 1, 2, 2]), np.array([0, 1, 1, 2, 0])
    assert generalized_scores(found, labels, seen) == dict(U=50.0, S=75.0, H=60.0)
    with pytest.raises(ValueError, match="there is one kind"):
        generalized_scores(found[:3], labels[:3], seen)


def linear_world(num_classes=24, rows=20, seed=0):
    """Features that are a linear map of unit attributes, and noise; the last four are unseen."""
    rng = np.random.default_rng(seed)
    attributes = rng.integers(0, 2, (num_classes, 12)) + 0.01
    attributes /= np.linalg.norm(attributes, axis=1, keepdims=True)
    labels = np.repeat(np.arange(num_classes), rows)
    noise = 0.05 * rng.normal(size=(len(labels), 30))
    features = attributes[labels] @ rng.normal(size=(12, 30)) + noise
    return features.astype(np.float32), labels, attributes.astype(np.float32)


SEEN = np.arange(24) < 20


def test_eszsl_solves_its_equation_and_recognizes_unseen_classes():
    features, labels, attributes = linear_world()
    train = SEEN[labels]
    v = eszsl(features[train], labels[train], attributes, SEEN, gamma=0.5, eta=0.2)
    x, a = features[train].astype(np.float64), attributes[SEEN].astype(np.float64)
    sign = np.where(labels[train][:, None] == np.arange(20), 1.0, -1.0)
    gradient = x.T @ (x @ v @ a.T - sign) @ a + 0.5 * v @ a.T @ a + 0.2 * x.T @ x @ v + 0.1 * v
    assert np.abs(gradient).max() < 1e-6
    found = 20 + (features[~train] @ v @ attributes[20:].T).argmax(1)
    assert per_class_accuracy(found, labels[~train]) > 90


def test_weights_of_eszsl_are_those_that_validate_best():
    """Each pair of weights fitted anew, on two thirds of the seen classes."""
    features, labels, attributes = linear_world()
    features += np.random.default_rng(1).normal(size=features.shape).astype(np.float32)
    train = SEEN[labels]
    features, labels = features[train], labels[train]
    hidden = np.sort(np.random.default_rng(0).permutation(20)[:6])
    kept = SEEN & ~np.isin(np.arange(24), hidden)
    own = kept[labels]
    scores = {}
    for gamma in 10.0 ** np.arange(-3, 4):
        for eta in 10.0 ** np.arange(-3, 4):
            v = eszsl(features[own], labels[own], attributes, kept, gamma=gamma, eta=eta)
            found = hidden[(features[~own] @ v @ attributes[hidden].T).argmax(1)]
            scores[gamma, eta] = per_class_accuracy(found, labels[~own])
    assert len(set(scores.values())) > 5  # the weights matter here
    gamma, eta = max(scores, key=scores.get)
    expected = eszsl(features, labels, attributes, SEEN, gamma=gamma, eta=eta)
    np.testing.assert_allclose(best_eszsl(features, labels, attributes, SEEN), expected)


def test_the_metric_takes_the_last_epoch(monkeypatch):
    features, labels, attributes = linear_world()
    seen = SEEN
    right = labels.copy()
    wrong = np.zeros_like(labels)
    inputs = dict(
        train_feature=torch.from_numpy(features[seen[labels]]),
        train_label=torch.from_numpy(labels[seen[labels]]),
        attributes=torch.from_numpy(attributes),
        seen=torch.from_numpy(seen),
        feature=torch.from_numpy(features),
    )
    sample = dict(
        label=labels, seen=seen, generalized=torch.from_numpy(np.stack([right, wrong])),
        conventional=torch.from_numpy(right),
    )  # fmt: skip
    plain = ZeroShot()
    plain.process(dict(inputs=inputs), [sample])
    found = plain.evaluate(1)
    assert found["gzsl/H"] == 0 and found["gzsl/T1"] == 100
    assert set(found) == {"gzsl/U", "gzsl/S", "gzsl/H", "gzsl/T1"}
    assert plain.description.startswith(
        "gzsl: test, 400 rows of 20 seen and 80 of 4 unseen classes, last epoch"
    )
    plain.process(dict(inputs=inputs), [{**sample, "part": "validation"}])
    plain.evaluate(1)
    assert plain.description.startswith("gzsl: validation, ")
    full = ZeroShot(best_on_test=True, baselines=True)
    full.process(dict(inputs=inputs), [sample])
    found = full.evaluate(1)
    assert found["gzsl/H"] == 0 and found["gzsl/H_best_on_test"] == 100
    assert found["gzsl/seen_only/U"] == 0 and found["gzsl/seen_only/S"] > 80
    assert found["gzsl/eszsl/H"] > 50
    # The baselines are the same in each validation, and are fitted once.
    monkeypatch.setattr("mmcontrast.evaluation.zeroshot._baselines", None)
    full.process(dict(inputs=inputs), [sample])
    assert full.evaluate(1) == found
