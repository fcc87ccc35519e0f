"""The mini-world's graphs and zero-shot features: what they hold, and what they are good for."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.io import loadmat
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.model_selection import cross_val_score

from mmcontrast.datasets.graph_files import read_npz, read_tu
from mmcontrast.evaluation.node_probe import logistic_probe
from mmcontrast.mini import make_mini
from mmcontrast.mini.writers.zeroshot import UNSEEN
from mmcontrast.ops.diffusion import transition

ARRAYS = ("graphs", "zeroshot")


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    root = tmp_path_factory.mktemp("mini")
    make_mini(root, layouts=ARRAYS)
    return root


# Citations --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def citations(world):
    return read_npz(world / "graphs/citations.npz")


def test_citations(citations):
    labels, masks = citations.node_labels, citations.masks
    assert citations.features.shape == (600, 300)
    assert np.bincount(labels).tolist() == [100] * 6
    for name, count in (("train", 10), ("val", 25), ("test", 50)):
        assert np.bincount(labels[masks[name]]).tolist() == [count] * 6
    assert sum(mask.astype(int) for mask in masks.values()).max() == 1, "parts overlap"


def test_citations_are_mostly_within_classes_and_unevenly_spread(citations):
    first, second = citations.node_labels[citations.edge_index]
    assert 0.65 < (first == second).mean() < 0.85
    degree = np.bincount(citations.edge_index[0], minlength=600)
    assert 3.5 < degree.mean() < 5.5
    assert degree.max() > 5 * degree.mean()
    assert (degree == 0).sum() >= 600 // 50


def test_words_say_less_than_words_and_citations(citations):
    def accuracy(features):
        return logistic_probe(features, citations.node_labels, citations.masks)[0]

    step = transition(citations.adjacency())
    alone, spread = accuracy(citations.features), accuracy(step @ (step @ citations.features))
    assert 100 / 6 + 15 < alone < 60
    assert alone + 20 < spread < 95


# Small graphs -----------------------------------------------------------------------------------


def shape_of(graph):
    """Share of closed paths of two edges, and the largest degree."""
    adjacency = graph.adjacency()
    degree = np.bincount(graph.edge_index[0])
    closed = (adjacency @ adjacency @ adjacency).diagonal().sum()
    return closed / (degree * (degree - 1)).sum(), degree.max()


def test_classes_of_small_graphs_differ_in_shape_alone(world):
    graphs = read_tu(world / "graphs/MINI")
    labels = np.array([graph.label for graph in graphs])
    assert np.bincount(labels).tolist() == [40] * 3
    for graph in graphs:
        extra = graph.edge_index.shape[1] // 2 - (graph.num_nodes - 1)
        assert extra == round(0.35 * graph.num_nodes), "not all alike in their number of edges"

    def accuracy(features):
        return cross_val_score(LogisticRegression(max_iter=5000), features, labels, cv=5).mean()

    sizes = [[graph.num_nodes] for graph in graphs]
    sums = [np.asarray(graph.features.sum(axis=0)).ravel() for graph in graphs]
    shapes = np.array([shape_of(graph) for graph in graphs])
    assert len(sums[0]) == 4
    assert max(accuracy(sizes), accuracy(sums)) < 0.5
    assert accuracy((shapes - shapes.mean(0)) / shapes.std(0)) > 0.95


def test_the_number_of_small_graphs_is_a_choice(world, tmp_path):
    make_mini(tmp_path, layouts=["graphs"], num_images={"graphs": (7, 0)})
    few, many = (read_tu(root / "graphs/MINI") for root in (tmp_path, world))
    assert [graph.label for graph in few] == [0, 1, 2, 0, 1, 2, 0]
    assert all(np.array_equal(a.edge_index, b.edge_index) for a, b in zip(few, many, strict=False))


# Zero-shot --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def zeroshot(world):
    return {
        name: value
        for file in ("res101.mat", "att_splits.mat")
        for name, value in loadmat(world / "zeroshot" / file).items()
        if not name.startswith("__")
    }


def rows(zeroshot, name):
    """Features and classes from 0 of a part of the split."""
    chosen = zeroshot[name][:, 0].astype(int) - 1
    return zeroshot["features"].T[chosen], zeroshot["labels"][chosen, 0].astype(int) - 1


def test_the_split_is_the_published_ones_kind(zeroshot):
    assert zeroshot["features"].shape == (64, 800) and zeroshot["features"].dtype == np.float32
    assert (zeroshot["features"] >= 0).all()
    assert zeroshot["labels"].shape == (800, 1) and zeroshot["image_files"].shape == (800, 1)
    assert zeroshot["att"].shape == (85, 16) and zeroshot["allclasses_names"].shape == (16, 1)
    np.testing.assert_allclose(np.linalg.norm(zeroshot["att"], axis=0), 1)
    seen = sorted(set(range(16)) - set(UNSEEN))
    counts = dict(trainval_loc=(seen, 40), test_seen_loc=(seen, 20), test_unseen_loc=(UNSEEN, 20))
    everything = []
    for name, (classes, count) in counts.items():
        _, labels = rows(zeroshot, name)
        assert dict(zip(*np.unique(labels, return_counts=True), strict=True)) == dict.fromkeys(
            classes, count
        )
        everything += zeroshot[name][:, 0].tolist()
    assert sorted(everything) == list(range(1, 801)), "parts overlap, or miss a row"


def test_attributes_tell_unseen_classes_apart_but_not_perfectly(zeroshot):
    """By the closed form of Romera-Paredes and Torr, ICML 2015."""
    x, y = rows(zeroshot, "trainval_loc")
    attributes = zeroshot["att"].T
    own = attributes[np.unique(y)]
    targets = 2 * (y[:, None] == np.unique(y)) - 1
    left = np.linalg.solve(x.T @ x + 100 * np.eye(64), x.T @ targets @ own)
    bilinear = left @ np.linalg.inv(own.T @ own + 0.1 * np.eye(85))

    def accuracy(name, classes):
        features, labels = rows(zeroshot, name)
        scores = features @ bilinear @ attributes[list(classes)].T
        return (np.array(classes)[scores.argmax(1)] == labels).mean()

    unseen_alone = accuracy("test_unseen_loc", UNSEEN)
    unseen = accuracy("test_unseen_loc", range(16))
    seen = accuracy("test_seen_loc", range(16))
    assert unseen_alone > 0.7 > 2 / len(UNSEEN)
    assert 0.3 < unseen < 0.95 and 0.5 < seen < 0.95
    plain = RidgeClassifier().fit(x, y)
    assert plain.score(*rows(zeroshot, "test_seen_loc")) > seen


def test_the_same_seed_gives_the_same_bytes(world, tmp_path):
    make_mini(tmp_path / "same", layouts=ARRAYS)
    make_mini(tmp_path / "other", seed=1, layouts=ARRAYS)
    for name in (
        "graphs/citations.npz",
        "graphs/MINI/MINI_A.txt",
        "zeroshot/res101.mat",
        "zeroshot/att_splits.mat",
    ):
        content = (world / name).read_bytes()
        assert (tmp_path / "same" / name).read_bytes() == content
        assert (tmp_path / "other" / name).read_bytes() != content
