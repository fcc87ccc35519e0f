"""Graphs: a citation network, ``citations.npz``, and small graphs in TU's text format, ``MINI``.

Texts of a class cite each other more often than others, and use the words of their class slightly
more often. The small graphs of three classes do not differ in size, number of edges and node
labels, but in the structure of their edges.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

NUM_TEXTS = 600
NUM_TOPICS = 6
NUM_WORDS = 300
WORDS_A_TEXT = (8, 21)
TOPICAL = 0.35
"""Share of a text's words that are drawn by its class."""
HOMOPHILY = 0.68
"""Share of citations that are restricted to the class; others may also be within it."""
MEAN_DEGREE = 4.7
SPLIT = {"train": 10, "val": 25, "test": 50}
"""Number of texts per class."""

NUM_NODE_LABELS = 4
SIZES = (14, 27)
EXTRA_EDGES = 0.35
"""Number of edges per node in addition to those of a tree."""

Edges = NDArray[np.int64]  # (E, 2)
Attach = Callable[[np.random.Generator, int], Edges]


def write(folder: Path, seed: int, num_train: int, num_val: int) -> None:
    """Write the layout into an empty folder.

    Args:
        folder: Folder of ``citations.npz`` and ``MINI``.
        seed: Seed of the mini-world.
        num_train: Number of small graphs, spread evenly over the classes.
        num_val: Always 0; the small graphs are split into folds, and the texts have masks.
    """
    _write_citations(folder / "citations.npz", np.random.default_rng((seed, *b"citations")))
    (folder / "MINI").mkdir()
    _write_small_graphs(folder / "MINI", seed, num_train)


# Citations --------------------------------------------------------------------------------------


def _write_citations(path: Path, rng: np.random.Generator) -> None:
    topic_V = rng.permutation(np.arange(NUM_TEXTS) % NUM_TOPICS)
    words_VD = _bags_of_words(rng, topic_V)
    edges = _citations(rng, topic_V)
    arrays: dict[str, Any] = dict(
        x_data=words_VD.data,
        x_indices=words_VD.indices,
        x_indptr=words_VD.indptr,
        x_shape=np.array(words_VD.shape),
        edge_index=edges.T,
        y=topic_V,
        unlabelled_mask=np.zeros(NUM_TEXTS, bool),
    )
    arrays |= {f"{name}_mask": mask for name, mask in _masks(rng, topic_V).items()}
    np.savez(path, **arrays)


def _bags_of_words(rng: np.random.Generator, topic_V: NDArray[np.int64]) -> sparse.csr_array:
    """Draw bags of words (V, D) of 0 and 1: common words, and words of the class."""
    common_D = 1 / (10 + rng.permutation(NUM_WORDS))
    topical_MD = rng.gamma(0.2, size=(NUM_TOPICS, NUM_WORDS)) * common_D
    common_D = common_D / common_D.sum()
    topical_MD = topical_MD / topical_MD.sum(1, keepdims=True)
    words_VD = np.zeros((NUM_TEXTS, NUM_WORDS), np.float32)
    for row, topic in zip(words_VD, topic_V, strict=True):
        chances = TOPICAL * topical_MD[topic] + (1 - TOPICAL) * common_D
        row[rng.choice(NUM_WORDS, rng.integers(*WORDS_A_TEXT), p=chances)] = 1
    return sparse.csr_array(words_VD)


def _citations(rng: np.random.Generator, topic_V: NDArray[np.int64]) -> Edges:
    """Draw edges in both directions: few texts have many, some have none."""
    popular_V = rng.pareto(2.5, NUM_TEXTS) + 0.5
    popular_V[rng.choice(NUM_TEXTS, NUM_TEXTS // 50, False)] = 0
    number = round(NUM_TEXTS * MEAN_DEGREE / 2)
    first_E = rng.choice(NUM_TEXTS, number, p=_shares(popular_V))
    anywhere_E = rng.random(number) >= HOMOPHILY
    second_E = rng.choice(NUM_TEXTS, number, p=_shares(popular_V))
    for topic in range(NUM_TOPICS):
        near_E = ~anywhere_E & (topic_V[first_E] == topic)
        chances_V = _shares(popular_V * (topic_V == topic))
        second_E[near_E] = rng.choice(NUM_TEXTS, near_E.sum(), p=chances_V)
    return _both_ways(np.stack([first_E, second_E], axis=1))


def _shares(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    return weights / weights.sum()


def _masks(rng: np.random.Generator, topic_V: NDArray[np.int64]) -> dict[str, NDArray[np.bool_]]:
    """Draw the split with ``SPLIT`` texts of each class; some texts are in no part, as in Cora."""
    order = rng.permutation(NUM_TEXTS)
    rank_V = np.empty(NUM_TEXTS, np.int64)
    for topic in range(NUM_TOPICS):
        members = order[topic_V[order] == topic]
        rank_V[members] = np.arange(len(members))
    masks, first = {}, 0
    for name, count in SPLIT.items():
        masks[name] = (rank_V >= first) & (rank_V < first + count)
        first += count
    return masks


# Small graphs -----------------------------------------------------------------------------------


def _triangles(rng: np.random.Generator, count: int) -> Edges:
    """Draw a random tree with additional edges that close triangles."""
    return _tree_and_more(rng, np.arange(1, count), distance=2)


def _long_rings(rng: np.random.Generator, count: int) -> Edges:
    """Draw a random tree with additional edges that close long cycles."""
    return _tree_and_more(rng, np.arange(1, count), distance=5)


def _hubs(rng: np.random.Generator, count: int) -> Edges:
    """Draw a tree with few nodes of high degree; additional edges close triangles."""
    return _tree_and_more(rng, np.maximum(1, np.arange(1, count) // 5), distance=2)


CLASSES: tuple[Attach, ...] = (_triangles, _long_rings, _hubs)


def _tree_and_more(rng: np.random.Generator, choices: NDArray[np.int64], distance: int) -> Edges:
    """Draw the edges of one graph, in both directions.

    Args:
        rng: Random generator of the graph.
        choices: Numbers of candidates: node i + 1 is joined to one of the first ``choices[i]``.
        distance: Number of steps, approximately, between nodes that an additional edge joins.
    """
    count = len(choices) + 1
    steps = np.zeros((count, count), np.int64)
    edges = []
    for node, few in enumerate(choices, start=1):
        parent = int(rng.integers(few))
        steps[node, :node] = steps[:node, node] = steps[parent, :node] + 1
        edges.append((node, parent))
    rows, columns = np.triu_indices(count, 1)
    for _ in range(round(EXTRA_EDGES * count)):
        away = np.abs(steps[rows, columns] - distance)
        away[steps[rows, columns] < 2] = count
        nearest = np.flatnonzero(away == away.min())
        pair = nearest[rng.integers(len(nearest))]
        first, second = rows[pair], columns[pair]
        around = steps[:, first, None] + 1 + steps[second]
        steps = np.minimum(steps, np.minimum(around, around.T))
        edges.append((first, second))
    return _both_ways(np.array(edges))


def _both_ways(pairs: Edges) -> Edges:
    """Return each edge once in both directions, sorted."""
    edges = pairs[pairs[:, 0] != pairs[:, 1]]
    return np.unique(np.concatenate([edges, edges[:, ::-1]]), axis=0)


def _write_small_graphs(folder: Path, seed: int, num_graphs: int) -> None:
    columns: dict[str, list[str]] = {
        name: [] for name in ("A", "graph_indicator", "graph_labels", "node_labels")
    }
    start = 1
    for index in range(num_graphs):
        rng = np.random.default_rng((seed, *b"MINI", index))
        label = index % len(CLASSES)
        count = int(rng.integers(*SIZES))
        edges = rng.permutation(count)[CLASSES[label](rng, count)]
        edges = edges[np.lexsort((edges[:, 1], edges[:, 0]))] + start
        columns["A"] += [f"{first}, {second}" for first, second in edges]
        columns["graph_indicator"] += [str(index + 1)] * count
        columns["graph_labels"].append(str(label))
        columns["node_labels"] += map(str, rng.integers(NUM_NODE_LABELS, size=count))
        start += count
    for name, lines in columns.items():
        text = "".join(f"{line}\n" for line in lines)
        (folder / f"{folder.name}_{name}.txt").write_text(text, encoding="utf-8")
