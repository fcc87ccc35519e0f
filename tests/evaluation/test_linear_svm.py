"""SVMs on recordings: rows are clips, folds are given, and the test chooses nothing."""

import numpy as np
import pytest
import torch
from sklearn.svm import LinearSVC

from mmcontrast.evaluation import LinearSVM
from mmcontrast.evaluation.linear_svm import (
    Recordings,
    accuracy,
    best_cost,
    choose_cost,
    fold_scores,
    inner_folds,
)


def recordings(num=24, num_clips=3, num_folds=4, noise=1.0, seed=0, num_classes=3):
    rng = np.random.default_rng(seed)
    labels = np.arange(num) % num_classes
    centers = np.eye(num_classes, 6)[labels]
    features = centers[:, None] + noise * rng.normal(size=(num, num_clips, 6))
    folds = np.arange(num) // num_classes % max(num_folds, 1)
    return Recordings(features.astype(np.float32), labels, folds if num_folds else None)


def samples_of(part, split):
    folds = [None] * len(part.labels) if part.folds is None else part.folds.tolist()
    return [
        {"split": split, "label": label, "clips": torch.tensor(clips)}
        | ({} if fold is None else {"fold": fold})
        for clips, label, fold in zip(part.features, part.labels.tolist(), folds, strict=True)
    ]


def test_scores_are_means_over_the_clips_of_a_recording():
    bank, queries = recordings(), recordings(num=6, num_clips=2, seed=1)
    rows, labels = [], []
    for clips, label in zip(bank.features, bank.labels, strict=True):
        rows.extend(clips)
        labels.extend([label] * len(clips))
    machine = LinearSVC(C=0.1, dual=True, max_iter=1000, random_state=0).fit(rows, labels)
    scores = fold_scores(bank, queries, 0.1, standardize=False)
    hits = 0
    for row, clips, label in zip(scores, queries.features, queries.labels, strict=True):
        expected = sum(machine.decision_function(clip[None])[0] for clip in clips) / len(clips)
        np.testing.assert_allclose(row, expected, rtol=1e-5)
        hits += int(np.argmax(expected) == label)
    assert accuracy(bank, queries, 0.1, standardize=False) == pytest.approx(hits / 6)


def test_two_classes_share_one_machine():
    bank = recordings(num=12, noise=0.1, num_classes=2)
    assert fold_scores(bank, bank, 1.0, standardize=False).shape == (12, 2)
    assert accuracy(bank, bank, 1.0, standardize=False) == 1


def test_standardized_numbers_do_not_depend_on_their_units():
    bank = recordings(noise=0.3)
    units = np.array([1, 1e3, 1e-3, 1, 1, 1e4], np.float32)
    scaled = bank._replace(features=bank.features * units)
    scores = fold_scores(bank, bank, 0.01, standardize=True)
    np.testing.assert_allclose(
        fold_scores(scaled, scaled, 0.01, standardize=True), scores, atol=1e-3
    )
    constant = bank._replace(features=np.ones_like(bank.features))
    assert np.isfinite(fold_scores(constant, constant, 0.01, standardize=True)).all()


def test_equal_scores_choose_the_last_class_and_the_largest_cost():
    bank = recordings()
    zeros = bank._replace(features=np.zeros_like(bank.features))
    expected = np.mean(bank.labels == 2)  # each class has as many rows
    assert accuracy(zeros, zeros, 1.0, standardize=False) == expected
    assert best_cost((0.1, 1.0, 10.0), lambda cost: min(cost, 1.0)) == (10.0, 1.0)


def test_inner_folds_keep_recordings_whole():
    given = recordings()
    assert inner_folds(given).tolist() == given.folds.tolist()
    alone = given._replace(folds=None)
    assert inner_folds(alone)[alone.labels == 0].tolist() == [0, 1, 2, 0, 1, 2, 0, 1]
    # A single given fold is none to choose by.
    one = given._replace(folds=np.ones(24, np.int64))
    assert inner_folds(one).tolist() == inner_folds(alone).tolist()


def test_the_cost_is_chosen_without_the_test_fold():
    data = recordings(noise=0.8)
    metric = LinearSVM(costs=(1e-4, 1e-2, 1.0), oracle=True)
    metric.process(None, samples_of(data, "bank") + samples_of(data, "query"))
    metrics = metric.evaluate(2 * len(data.labels))
    mains, oracles = [], []
    for fold in range(4):
        train, test = data.where(data.folds != fold), data.where(data.folds == fold)
        cost = choose_cost(train, (1e-4, 1e-2, 1.0), standardize=False)
        inner = {
            each: np.mean(
                [
                    accuracy(
                        train.where(train.folds != f), train.where(train.folds == f), each, False
                    )
                    for f in set(train.folds.tolist())
                ]
            )
            for each in (1e-4, 1e-2, 1.0)
        }
        assert cost == max(each for each in inner if inner[each] == max(inner.values()))
        mains.append(accuracy(train, test, cost, standardize=False))
        oracles.append(max(accuracy(train, test, each, False) for each in (1e-4, 1e-2, 1.0)))
    assert metrics["svm/accuracy"] == pytest.approx(100 * np.mean(mains))
    assert metrics["svm/std"] == pytest.approx(100 * np.std(mains))
    assert metrics["svm/oracle"] == pytest.approx(100 * np.mean(oracles))


def test_a_fixed_cost_and_one_split():
    bank, queries = recordings(num_folds=0), recordings(num_folds=0, num=9, seed=1)
    metric = LinearSVM(cost=0.01)
    samples = samples_of(bank, "bank") + samples_of(queries, "query")
    metric.process(None, samples)
    expected = 100 * accuracy(bank, queries, 0.01, standardize=False)
    assert metric.evaluate(len(samples)) == {"svm/accuracy": pytest.approx(expected)}


def test_one_clip_a_recording_is_its_global_feature():
    bank = recordings(num_folds=0, num_clips=1, noise=0.1)
    metric = LinearSVM(cost=1.0)
    for sample in samples_of(bank, "bank") + samples_of(bank, "query"):
        clips = sample.pop("clips")
        metric.process(None, [{**sample, "global": clips[0]}])
    assert metric.evaluate(48) == {"svm/accuracy": 100.0}


def test_what_does_not_fit_is_named():
    with pytest.raises(ValueError, match="cost"):
        LinearSVM(cost=0.0)
    with pytest.raises(ValueError, match="at least one"):
        LinearSVM(costs=())
    sample = samples_of(recordings(), "bank")[0]
    with pytest.raises(ValueError, match="split='bank' or 'query'"):
        LinearSVM().process(None, [{"label": 0}])
    with pytest.raises(ValueError, match="not finite"):
        LinearSVM().process(None, [{**sample, "clips": torch.tensor([[torch.nan]])}])
    metric = LinearSVM()
    metric.process(None, [sample])
    with pytest.raises(ValueError, match="split='query'"):
        metric.evaluate(1)
    metric = LinearSVM()
    metric.process(None, [sample, {**sample, "clips": sample["clips"][:1]}])
    with pytest.raises(ValueError, match="different shapes"):
        metric.evaluate(2)
    metric = LinearSVM(cost=1.0)
    metric.process(None, [sample, {**sample, "split": "query"}])
    with pytest.raises(ValueError, match="no other fold"):
        metric.evaluate(2)
    with pytest.raises(ValueError, match="cannot be chosen"):
        choose_cost(recordings(num=3, num_folds=0), (1.0,), standardize=False)
