"""Graphs as datasets: views, batches, random samples."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy import sparse

from mmcontrast.apis.training.config import load_config
from mmcontrast.datasets.graph_files import Graph, undirected
from mmcontrast.datasets.graphs import (
    EdgeListGraph,
    Graphs,
    NpzGraph,
    PlanetoidGraph,
    PyGGraphs,
    TUGraphs,
    collate_graphs,
)
from mmcontrast.datasets.transforms import (
    GraphViews,
    NormalizeRows,
    RandomSplit,
    SampleNodes,
    ScaleDiffusion,
)
from mmcontrast.ops.diffusion import heat_matrix, ppr_matrix, transition
from mmcontrast.registry import DATASETS
from mmcontrast.utils.errors import UserError
from tests.datasets.graph_files.test_readers import needs_data, real, save, write_tu
from tests.toy import ROOT

VIEWS = dict(type="GraphViews")


def ring(num_nodes=6, num_features=3, sparse_features=False, **known):
    """A ring with random features, whose last node is by itself."""
    ends = np.arange(num_nodes - 1)
    edges = undirected(np.stack([ends, (ends + 1) % (num_nodes - 1)], 1), num_nodes, "ring")
    features = np.random.default_rng(num_nodes).random((num_nodes, num_features), np.float32)
    return Graph(
        edges, sparse.csr_array(features) if sparse_features else features, "ring", **known
    )


def dense(matrix):
    return matrix.toarray() if sparse.issparse(matrix) else matrix


@pytest.mark.parametrize("sparse_features", [False, True])
def test_a_batch_is_one_graph_of_blocks(sparse_features):
    graphs = [ring(n, sparse_features=sparse_features, label=n % 2) for n in (5, 7, 4)]
    data = Graphs(graphs, prepare=[dict(type="GraphViews", keep="top", top=3)])
    batch = collate_graphs([data[0], data[1], data[2]])
    inputs = batch["inputs"]
    assert inputs["graph_index"].tolist() == [0] * 5 + [1] * 7 + [2] * 4
    assert (inputs["features"].layout == torch.sparse_csr) == sparse_features
    assert inputs["features"].shape == (16, 3)
    for name in ("adjacency", "diffusion"):
        whole = inputs[name].to_dense().numpy()
        for start, item in zip((0, 5, 12), range(3), strict=True):
            own = dense(data.samples[item][name])
            stop = start + len(own)
            np.testing.assert_array_equal(whole[start:stop, start:stop], own)
            whole[start:stop, start:stop] = 0
        assert not whole.any()
    assert [sample["label"] for sample in batch["data_samples"]] == [1, 1, 0]
    assert [sample["num_nodes"] for sample in batch["data_samples"]] == [5, 7, 4]
    assert data.metainfo["classes"] == ("0", "1")


def test_a_whole_diffusion_of_one_graph_stays_dense():
    data = Graphs([ring()], prepare=[VIEWS])
    inputs = collate_graphs([data[0]])["inputs"]
    assert inputs["diffusion"].layout == torch.strided
    exact = ppr_matrix(transition(ring().adjacency()))
    np.testing.assert_allclose(inputs["diffusion"].numpy(), exact, atol=1e-6)
    two = Graphs([ring(), ring()], prepare=[VIEWS])
    both = collate_graphs([two[0], two[1]])["inputs"]["diffusion"].to_dense()
    np.testing.assert_allclose(both[6:, 6:], exact, atol=1e-6)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (dict(keep="all"), lambda s, h: s),
        (dict(keep="top", top=99), lambda s, h: s),
        (dict(keep="pushed", top=99, threshold=1e-9), lambda s, h: s),
        (dict(keep="above", threshold=0.1), lambda s, h: np.where(s < 0.1, 0, s)),
        (dict(kind="heat"), lambda s, h: h),
        (dict(kind="heat", keep="top", top=99), lambda s, h: h),
        (
            dict(kind="heat", keep="top", top=99, time=40.0),
            lambda s, h: heat_matrix(transition(ring().adjacency()), 40.0),
        ),
    ],
)
def test_kinds_of_diffusion(settings, expected, tmp_path):
    t = transition(ring().adjacency())
    wanted = expected(ppr_matrix(t), heat_matrix(t))
    for cache in (None, str(tmp_path), str(tmp_path)):  # computed, written, read
        view = GraphViews(cache_dir=cache, **settings)
        found = view(dict(graph=ring()))["diffusion"]
        assert found.dtype == np.float32
        np.testing.assert_allclose(dense(found), wanted, atol=1e-6)
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("keep", ["top", "pushed"])
def test_progress_of_a_large_graph(keep, monkeypatch, capsys):
    graph = ring(50)
    GraphViews(keep=keep)(dict(graph=graph))
    assert capsys.readouterr().err == ""
    monkeypatch.setattr("mmcontrast.datasets.transforms.graph_views._SHOWN", 50)
    monkeypatch.setattr(
        "mmcontrast.ops.diffusion._BLOCK_ELEMENTS", 20 * (50 if keep == "top" else 1000)
    )
    GraphViews(keep=keep)(dict(graph=graph))
    shown = capsys.readouterr().err
    for done in (20, 40, 50):
        assert f" {done}/50," in shown
    assert shown.endswith("\n")


def test_a_cached_diffusion_is_of_one_graph_and_one_setting(tmp_path):
    for graph, alpha in ((ring(), 0.2), (ring(), 0.3), (ring(7), 0.2)):
        GraphViews(cache_dir=str(tmp_path), alpha=alpha)(dict(graph=graph))
    assert len(list(tmp_path.iterdir())) == 3


def test_two_self_loops_are_in_the_adjacency_alone():
    once, twice = (GraphViews(self_loops=n)(dict(graph=ring())) for n in (1, 2))
    np.testing.assert_array_equal(once["diffusion"], twice["diffusion"])
    assert twice["adjacency"].diagonal()[0] == pytest.approx(2 / 4)
    left = GraphViews(self_loops=2, kind=None)(dict(graph=ring()))
    assert left.keys() == {"graph", "adjacency", "transition"}
    np.testing.assert_array_equal(left["adjacency"].toarray(), twice["adjacency"].toarray())
    np.testing.assert_array_equal(left["transition"].toarray(), once["adjacency"].toarray())


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_array])
def test_columns_of_a_diffusion_are_scaled_to_one(form):
    diffusion = np.array([[0.5, 0, 0], [0.25, 0.2, 0], [0, 0.1, 0]], np.float32)
    found = ScaleDiffusion()(dict(diffusion=form(diffusion)))["diffusion"]
    np.testing.assert_allclose(dense(found), [[1, 0, 0], [0.5, 1, 0], [0, 0.5, 0]])
    assert found.dtype == np.float32


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_array])
def test_rows_sum_to_one(form):
    features = np.array([[1, 3], [0, 0]], np.float32)
    found = NormalizeRows()(dict(features=form(features)))["features"]
    np.testing.assert_allclose(dense(found), [[0.25, 0.75], [0, 0]])
    assert found.dtype == np.float32


@pytest.mark.parametrize("kind", ["contiguous", "around"])
def test_some_nodes_of_a_large_graph(kind):
    sample = dict(type="SampleNodes", num_nodes=20, kind=kind)
    data = Graphs([ring(50)], [dict(type="GraphViews", keep="top")], [sample], repeat=4)
    assert len(data) == 4
    first, again, second = data[0], data[0], data[1]
    assert first["inputs"]["features"].shape == (20, 3)
    np.testing.assert_array_equal(first["inputs"]["features"], again["inputs"]["features"])
    assert not np.array_equal(first["inputs"]["features"], second["inputs"]["features"])
    whole = data.samples[0]
    place = [
        int(np.flatnonzero((whole["features"] == row).all(1))[0])
        for row in first["inputs"]["features"]
    ]
    for name in ("adjacency", "diffusion"):
        cut = dense(whole[name])[np.ix_(place, place)]
        np.testing.assert_array_equal(dense(first["inputs"][name]), cut)
    assert SampleNodes(50)(dict(features=np.zeros((50, 1)))).keys() == {"features"}


def test_a_diffusion_is_not_made_of_sampled_nodes():
    """It would be another than the part of the whole graph's."""
    sample = dict(type="SampleNodes", num_nodes=20)
    data = Graphs([ring(50)], [dict(type="GraphViews", kind=None)], [sample])
    with pytest.raises(ValueError, match="leaves to the model: give it kind='ppr' and keep='top'"):
        data[0]


def test_what_is_known_of_sampled_nodes_is_sampled_with_them():
    labels = np.arange(50)
    graph = ring(50, node_labels=labels, masks=dict(train=labels < 25))
    sample = dict(type="SampleNodes", num_nodes=20)
    item = Graphs([graph], [dict(type="GraphViews", keep="top")], [sample])[0]
    found = item["data_sample"]
    assert found["num_nodes"] == 20
    kept = found["node_labels"]
    assert np.array_equal(np.diff(kept), np.ones(19))  # contiguous
    np.testing.assert_array_equal(item["inputs"]["features"], graph.features[kept])
    np.testing.assert_array_equal(found["masks"]["train"], kept < 25)


def test_nodes_around_seeds_keep_more_edges_than_nodes_at_random():
    order = np.random.default_rng(0).permutation(1000)  # a path through nodes in no order
    edges = undirected(np.stack([order[:-1], order[1:]], 1), 1000, "path")
    graph = Graph(edges, np.ones((1000, 1), np.float32), "path")
    inner = {}
    for kind in ("contiguous", "around"):
        sample = dict(type="SampleNodes", num_nodes=200, kind=kind, num_seeds=4)
        data = Graphs([graph], [dict(type="GraphViews", keep="top", top=1)], [sample])
        inner[kind] = data[0]["inputs"]["adjacency"].nnz - 200
    assert inner["around"] > 350 and inner["contiguous"] < 150  # of 398 and 80 expected


def test_going_through_a_data_set_ends():
    assert [item["data_sample"]["index"] for item in Graphs([ring(), ring(7)], repeat=2)] == [
        0, 1, 0, 1
    ]  # fmt: skip


def test_a_random_split():
    labels = np.repeat([0, 1, 2, -1], 10)
    results = dict(graph=ring(40, node_labels=labels))
    masks = RandomSplit(num_train=3, num_val=6)(results)["masks"]
    assert results["masks_from"] == "random split of seed 0"
    assert np.bincount(labels[masks["train"]]).tolist() == [3, 3, 3]
    assert [int(masks[name].sum()) for name in ("val", "test")] == [6, 15]
    assert not (sum(mask.astype(int) for mask in masks.values()) > 1).any()
    assert not any(mask[labels < 0].any() for mask in masks.values())
    few = RandomSplit(num_train=3, num_val=6, num_test=4)(results)["masks"]
    assert few["test"].sum() == 4 and not (few["test"] & ~masks["test"]).any()
    other = RandomSplit(num_train=3, num_val=6, seed=1)(results)["masks"]
    assert not np.array_equal(masks["test"], other["test"])
    with pytest.raises(ValueError, match="no labeled node is left for val, test"):
        RandomSplit(num_train=10)(results)
    with pytest.raises(ValueError, match="has no labels"):
        RandomSplit()(dict(graph=ring()))


def test_what_is_known_reaches_the_data_sample(tmp_path):
    data = NpzGraph(save(tmp_path / "g.npz"), raw=True)
    sample = data[0]["data_sample"]
    assert sample["node_labels"].tolist() == [0, 1, 0, -1]
    assert sample["masks"]["train"].tolist() == [True, False, False, False]
    assert sample["masks_from"] == "split of the file"
    assert sample["raw"].shape == (4, 2) and sample["num_nodes"] == 4
    assert sample["path"].endswith("g.npz") and "label" not in sample
    (tmp_path / "SET").mkdir()
    tu = TUGraphs(write_tu(tmp_path / "SET"))
    assert [tu[i]["data_sample"]["label"] for i in range(2)] == [1, 0]
    assert "masks" not in tu[0]["data_sample"]


@pytest.mark.slow
@needs_data
def test_self_loops_of_citeseer():
    """The authors' loader keeps 124 self-loops, the public preprocessed files do not."""
    prepare = load_config(ROOT / "configs/mvgrl/citeseer.py").graph.prepare
    dropped, kept = (
        PlanetoidGraph(real("planetoid"), "citeseer", self_loops=keep, prepare=prepare).samples[0]
        for keep in (False, True)
    )
    assert kept["graph"].edge_index.shape[1] - dropped["graph"].edge_index.shape[1] == 124
    loops = kept["graph"].adjacency().diagonal() > 0
    assert loops.sum() == 124
    assert np.count_nonzero((kept["adjacency"] - dropped["adjacency"]).toarray()) == 578
    assert (abs(kept["diffusion"] - dropped["diffusion"]).toarray() > 1e-5).sum() == 8720
    # The authors' diagonal: 1 of the file, 1 of the dataset and 1 of the normalization.
    degree = np.asarray(dropped["graph"].adjacency().sum(axis=1))[loops]
    np.testing.assert_allclose(kept["adjacency"].diagonal()[loops], 3 / (degree + 3), rtol=1e-6)
    assert load_config(ROOT / "configs/mvgrl/citeseer.py").graph.self_loops


def test_weights_of_edges_count_in_both_views():
    graph = replace(ring(), edge_weight=np.arange(1.0, 11))
    weights = np.zeros((6, 6))
    weights[tuple(graph.edge_index)] = graph.edge_weight
    weights = (weights + weights.T) / 2
    symmetric = replace(graph, edge_weight=weights[tuple(graph.edge_index)])
    views = GraphViews()(dict(graph=symmetric))
    looped = weights + np.eye(6)
    scale = 1 / np.sqrt(looped.sum(axis=1))
    expected = scale[:, None] * looped * scale
    np.testing.assert_allclose(dense(views["adjacency"]), expected, rtol=1e-6)
    exact = 0.2 * np.linalg.inv(np.eye(6) - 0.8 * expected)
    np.testing.assert_allclose(views["diffusion"], exact, rtol=1e-5)
    plain = GraphViews()(dict(graph=ring()))
    for name, view in GraphViews(weighted=False)(dict(graph=symmetric)).items():
        if name != "graph":
            np.testing.assert_array_equal(dense(view), dense(plain[name]))


def test_tables_as_a_data_set(tmp_path):
    (tmp_path / "edges.csv").write_text("weight,source,target\n2,b,a\n")
    (tmp_path / "nodes.csv").write_text("name,topic,x\na,cat,1\nb,dog,2\n")
    data = EdgeListGraph(tmp_path / "edges.csv", tmp_path / "nodes.csv", "topic", prepare=[VIEWS])
    assert data.metainfo["classes"] == ("cat", "dog")
    assert data[0]["data_sample"]["node_labels"].tolist() == [0, 1]
    adjacency = dense(data[0]["inputs"]["adjacency"])
    np.testing.assert_allclose(adjacency, [[1 / 3, 2 / 3], [2 / 3, 1 / 3]], rtol=1e-6)


def my_graphs(count=2):
    data_class = pytest.importorskip("torch_geometric.data").Data
    edges = torch.tensor([[0, 1], [1, 2]])
    return [data_class(x=torch.eye(3), edge_index=edges, y=torch.tensor([i])) for i in range(count)]


def test_data_of_torch_geometric(tmp_path):
    items = my_graphs(3)
    assert len(PyGGraphs(items)) == 3 and len(PyGGraphs(items[0])) == 1
    torch.save(items, tmp_path / "graphs.pt")
    torch.save(items[0], tmp_path / "graph.pt")
    for data, count in (
        (str(tmp_path / "graphs.pt"), 3),
        (tmp_path / "graph.pt", 1),
        (dict(type="tests.datasets.test_graphs.my_graphs", count=4), 4),
        (dict(type=my_graphs), 2),
    ):
        config = dict(type="PyGGraphs", data=data, labels=count > 1)
        built = DATASETS.build(config)
        assert len(built) == count
        assert built[0]["inputs"]["features"].tolist() == np.eye(3).tolist()
        assert built.metainfo["classes"] == tuple(str(i) for i in range(count if count > 1 else 0))
    assert built[0]["data_sample"]["path"] == "graph 0"
    with pytest.raises(UserError, match=r"'my_module\.graphs' cannot be imported"):
        PyGGraphs(dict(type="my_module.graphs"))


def test_batches_of_torch_geometric():
    batch = pytest.importorskip("torch_geometric.data").Batch.from_data_list(my_graphs(2))
    assert [PyGGraphs(batch)[i]["data_sample"]["label"] for i in range(2)] == [0, 1]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: Graphs([]), ValueError, "there is no graph"),
        (lambda: Graphs([ring(), ring(num_features=4)]), ValueError, r"with \[3, 4\] features"),
        (lambda: NpzGraph("none.npz"), UserError, "There is no graph none.npz"),
        (lambda: GraphViews(kind="wave"), ValueError, "kind is one of ppr, heat or None"),
        (lambda: GraphViews(kind="heat", keep="pushed"), ValueError, "for kind='ppr'"),
        (lambda: GraphViews(alpha=0), ValueError, r"alpha is in \(0, 1\].* got alpha=0"),
        (lambda: GraphViews(keep="top", top=0), ValueError, "got .*top=0"),
        (lambda: GraphViews(kind="heat", time=-1), ValueError, "got .*time=-1"),
        (
            lambda: GraphViews()(dict(graph=ring(20_001))),
            ValueError,
            "dense diffusion of 20001 nodes, 3 GiB .* take keep='top' or 'pushed'",
        ),
        (
            lambda: NormalizeRows()(dict(features=np.array([[1, -3]]))),
            ValueError,
            "features that are not negative",
        ),
        (lambda: SampleNodes(5, "random"), ValueError, "'contiguous' or 'around'"),
        (lambda: SampleNodes(0), ValueError, "num_nodes must be at least 1, got 0"),
    ],
)
def test_misuse(call, error, message):
    with pytest.raises(error, match=message):
        call()
