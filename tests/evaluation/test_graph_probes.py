"""Probes of nodes and graphs, and clusters, on cases whose answer is known."""

import numpy as np
import pytest
import torch
from scipy import sparse

from mmcontrast.evaluation import node_probe
from mmcontrast.evaluation.clustering import NodeClustering, cluster_agreement
from mmcontrast.evaluation.graph_svm import GraphSVM, svm_folds
from mmcontrast.evaluation.node_probe import (
    NodeProbe,
    adam_probe,
    labeled_parts,
    logistic_probe,
)


def blobs(per_class=40, num_classes=3, spread=0.3, seed=0):
    """Points around the corners of a simplex, and their classes."""
    rng = np.random.default_rng(seed)
    labels = np.tile(np.arange(num_classes), per_class)
    points = 2 * np.eye(num_classes)[labels] + spread * rng.normal(size=(len(labels), num_classes))
    return points.astype(np.float32), labels


def split(num_nodes, num_train=30, num_val=30):
    node = np.arange(num_nodes)
    return dict(
        train=node < num_train,
        val=(node >= num_train) & (node < num_train + num_val),
        test=node >= num_train + num_val,
    )


# Nodes ------------------------------------------------------------------------------------------


def test_many_adam_probes_are_as_good_as_each_alone():
    points, labels = (torch.from_numpy(x) for x in blobs(spread=1.0))
    masks = {name: torch.from_numpy(mask) for name, mask in split(len(points)).items()}
    together = adam_probe(points, labels, masks["train"], masks["test"], repeats=3, steps=50)
    generator = torch.Generator().manual_seed(0)
    weights = torch.empty(3, 3, 3).uniform_(-1, 1, generator=generator)  # Xavier's bound is 1
    for weight, expected in zip(weights, together, strict=True):
        layer = torch.nn.Linear(3, 3)
        layer.weight.data, layer.bias.data = weight.T.clone(), torch.zeros(3)
        optimizer = torch.optim.Adam(layer.parameters(), lr=0.01)
        for _ in range(50):
            loss = torch.nn.functional.cross_entropy(
                layer(points[masks["train"]]), labels[masks["train"]]
            )
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        found = layer(points[masks["test"]]).argmax(1) == labels[masks["test"]]
        assert expected == pytest.approx(100 * found.double().mean().item())


@pytest.mark.parametrize("form", [torch.from_numpy, np.asarray, sparse.csr_array])
def test_adam_probes_look_at_some_nodes_at_a_time(form, monkeypatch):
    points, labels = blobs(spread=1.0)
    masks = [torch.from_numpy(mask) for mask in split(len(points)).values()]
    arguments = (torch.from_numpy(labels), masks[0], masks[2])
    expected = adam_probe(torch.from_numpy(points), *arguments, repeats=3, steps=50)
    assert 0 < expected.min() < 100
    sizes = []

    def seen(features, rows):
        sizes.append(int(rows.sum()) if rows.dtype == torch.bool else len(rows))
        return dense_rows(features, rows)

    dense_rows = node_probe._dense_rows
    monkeypatch.setattr(node_probe, "_dense_rows", seen)
    monkeypatch.setattr(node_probe, "_BLOCK_ELEMENTS", 3 * 3 * 25)
    found = adam_probe(form(points), *arguments, repeats=3, steps=50)
    np.testing.assert_allclose(found, expected)
    assert sizes == [30, 25, 25, 10]


def test_logistic_regression_takes_the_cost_that_validates_best():
    points, labels = blobs(spread=0.8)
    masks = split(len(points))
    accuracy, cost = logistic_probe(points, labels, masks)
    assert accuracy > 80 and cost in (1e-2, 1e-1, 1, 10, 100, 1e3, 1e4)
    # The length of rows does not matter, nor whether they are sparse.
    scaled = points * np.random.default_rng(1).uniform(0.1, 9, (len(points), 1))
    assert logistic_probe(scaled, labels, masks) == (accuracy, cost)
    assert logistic_probe(sparse.csr_array(points), labels, masks)[0] == accuracy
    assert logistic_probe(points, labels, masks, costs=[5.0])[1] == 5.0


def test_unlabeled_nodes_are_in_no_part():
    labels = np.array([0, 1, -1, 0, 1, -1])
    masks = dict(train=np.arange(6) < 3, test=np.arange(6) >= 3)
    parts = labeled_parts(labels, masks, ("train", "test"))
    assert parts["train"].tolist() == [True, True, False, False, False, False]
    assert parts["test"].sum() == 2


@pytest.mark.parametrize(
    ("labels", "needed", "message"),
    [
        ([0, 1, 0, 1], ("train", "val", "test"), "no labeled node for val: give it masks"),
        ([-1, -1, 0, 1], ("train", "test"), "no labeled node for train"),
        ([0, 0, 0, 1], ("train", "test"), "No training node has the class 1"),
    ],
)
def test_splits_that_cannot_be_probed(labels, needed, message):
    masks = dict(train=np.arange(4) < 2, test=np.arange(4) >= 2)
    with pytest.raises(ValueError, match=message):
        labeled_parts(np.array(labels), masks, needed)


def test_a_test_on_training_nodes_is_refused():
    masks = dict(train=np.arange(4) < 3, test=np.arange(4) >= 2)
    with pytest.raises(ValueError, match="masks train, test share 1 nodes"):
        labeled_parts(np.array([0, 1, 0, 1]), masks, ("train", "test"))
    shared_is_unlabeled = np.array([0, 1, -1, 1])
    assert labeled_parts(shared_is_unlabeled, masks, ("train", "test"))["test"].sum() == 1


def prediction(points, labels, **more):
    return dict(
        nodes=torch.from_numpy(points),
        node_labels=labels,
        masks=split(len(points)),
        path="g.npz",
        **more,
    )


@pytest.mark.parametrize("protocol", ["adam", "logistic"])
def test_the_metric_names_split_and_selection(protocol):
    points, labels = blobs()
    noise = np.random.default_rng(3).random(points.shape, np.float32)
    metric = NodeProbe(protocol, repeats=3)
    metric.process({}, [prediction(points, labels, raw=sparse.csr_array(noise))])
    found = metric.evaluate(1)
    name = {"adam": "adam_last_step_test", "logistic": "logistic_test"}[protocol]
    assert found[f"nodes/{name}"] == 100
    assert found[f"nodes/raw_{name}"] < 70
    extra = {"adam": "adam_last_step_test_std_probes", "logistic": "logistic_C_by_val"}[protocol]
    assert f"nodes/{extra}" in found
    how = {
        "adam": "30 nodes to train, accuracy on 60 test nodes after the last step, mean of 3",
        "logistic": "30 nodes to train, C chosen on 30 others, accuracy on 60 test nodes",
    }[protocol]
    assert f"nodes/{protocol}: split of the file, {how}" in metric.description
    metric.process({}, [prediction(points, labels, masks_from="public split")])
    metric.evaluate(1)
    assert f"nodes/{protocol}: public split, {how}" in metric.description


def test_a_probe_that_collapsed_is_seen():
    """Weight decay on short features leaves the largest class alone."""
    rng = np.random.default_rng(0)
    labels = rng.choice(3, 120, p=[0.8, 0.1, 0.1])
    points = (2 * np.eye(3)[labels] + 0.1 * rng.normal(size=(120, 3))).astype(np.float32)
    scores = []
    for weight_decay, length in ((0.0, 1), (1.0, 0.01)):
        metric = NodeProbe("adam", weight_decay=weight_decay, repeats=3)
        metric.process({}, [prediction(np.float32(length) * points, labels)])
        scores.append(metric.evaluate(1)["nodes/adam_last_step_test"])
    largest = 100 * (labels[split(120)["test"]] == 0).mean()
    assert scores[0] > 95 and scores[1] == pytest.approx(largest)


def test_nodes_that_cannot_be_probed():
    points, labels = blobs()
    with pytest.raises(ValueError, match=r"The nodes of g\.npz have no labels"):
        NodeProbe().process({}, [prediction(points, None)])
    with pytest.raises(ValueError, match="protocol is one of adam, logistic"):
        NodeProbe("svm")
    broken = points.copy()
    broken[3] = np.nan
    for metric in (NodeProbe(), NodeClustering()):
        with pytest.raises(ValueError, match="the encoder has diverged"):
            metric.process({}, [prediction(broken, labels)])
            metric.evaluate(1)
    two = NodeProbe()
    two.process({}, [prediction(points, labels)] * 2)
    with pytest.raises(ValueError, match="for one graph with a split, got 2"):
        two.evaluate(2)


# Clusters ---------------------------------------------------------------------------------------


def test_clusters_against_classes():
    points, labels = blobs(spread=0.1)
    assert cluster_agreement(points, labels) == dict(nmi=1.0, ari=1.0)
    shuffled = np.random.default_rng(0).permutation(labels)
    chance = cluster_agreement(points, shuffled)
    assert chance["nmi"] < 0.1 and abs(chance["ari"]) < 0.1
    metric = NodeClustering()
    unlabeled = np.where(np.arange(len(labels)) < 5, -1, labels)
    metric.process({}, [prediction(points, unlabeled)])
    assert metric.evaluate(1) == {"clusters/nmi": 1.0, "clusters/ari": 1.0}
    assert "k-means on all 115 labeled nodes" in metric.description


# Graphs -----------------------------------------------------------------------------------------


def test_folds():
    points, labels = blobs(per_class=12, spread=0.2)
    found = np.array(list(svm_folds(points, labels, num_folds=4, costs=[1.0])))
    assert found.shape == (4,) and found.mean() == 100
    scaled = list(svm_folds(points, labels, num_folds=4, costs=[1.0], scaled=True))
    assert np.array_equal(scaled, found)
    with pytest.raises(ValueError, match=r"13 folds need as many .* \{0: 12, 1: 12, 2: 12\}"):
        list(svm_folds(points, labels, num_folds=13))
    with pytest.raises(ValueError, match="at least two classes"):
        list(svm_folds(points, np.zeros(len(points), int)))


def test_graphs_beside_their_raw_features_and_the_largest_class():
    points, labels = blobs(per_class=10, num_classes=2, spread=0.1)
    samples = [
        dict(index=i, label=y, path="g", **{"global": torch.from_numpy(x)}, raw=np.stack([x, -x]))
        for i, (x, y) in enumerate(zip(points, labels, strict=True))
    ]
    # A cost that fits nothing would leave the larger class.
    metric = GraphSVM(num_folds=5, costs=[1e-9, 1.0])
    metric.process({}, samples[10:])
    metric.process({}, samples[:10])  # as another process would hand them in
    found = metric.evaluate(20)
    assert found["graphs/svm_5_folds"] == 100 and found["graphs/svm_5_folds_std"] == 0
    assert found["graphs/raw_svm_5_folds"] < 80  # the sums of raw features are all zero
    assert found["graphs/largest_class"] == 50
    expected = (
        "graphs: 5 folds of 20 graphs (seed 0), each once the test; C chosen among 2 by 5 inner"
    )
    assert metric.description.startswith(expected)
    with pytest.raises(ValueError, match="g has no label"):
        GraphSVM().process({}, [{**samples[0], "label": None}])
    broken = GraphSVM()
    broken.process({}, [{**sample, "global": sample["global"] * np.nan} for sample in samples])
    with pytest.raises(ValueError, match="the encoder has diverged"):
        broken.evaluate(20)
