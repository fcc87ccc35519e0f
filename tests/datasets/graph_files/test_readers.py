"""Readers of graphs: small files by hand, real ones by what is known of them, and bad ones."""

import collections
import os
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy import sparse

from mmcontrast.datasets.graph_files import (
    from_pyg,
    read_edge_list,
    read_npz,
    read_planetoid,
    read_tu,
    undirected,
)
from mmcontrast.utils.errors import UserError
from mmcontrast.utils.tables import open_table

needs_data = pytest.mark.skipif(
    "MMCONTRAST_DATA" not in os.environ, reason="MMCONTRAST_DATA, real graphs, is not set"
)


def real(name):
    return Path(os.environ["MMCONTRAST_DATA"], "graphs", name)


def save(path, **changes):
    """A path of three nodes and one by itself, as an archive."""
    arrays = dict(
        edge_index=np.array([[0, 1, 1, 2], [1, 0, 2, 2]]),  # one edge one way only, one self-loop
        x=np.arange(8.0).reshape(4, 2),
        y=np.array([0, 1, 0, 1]),
        train_mask=np.array([True, False, False, False]),
        unlabeled_mask=np.array([False, False, False, True]),
    )
    arrays = {name: value for name, value in {**arrays, **changes}.items() if value is not None}
    np.savez(path, **arrays)
    return path


def test_edges_go_both_ways_once():
    edges = undirected(np.array([[1, 0], [0, 1], [1, 2], [2, 2], [1, 2]]), 3, "g")
    assert edges.T.tolist() == [[0, 1], [1, 0], [1, 2], [2, 1]]
    kept = undirected(np.array([[1, 0], [2, 2], [2, 2]]), 3, "g", self_loops=True)
    assert kept.T.tolist() == [[0, 1], [1, 0], [2, 2]]
    assert undirected(np.zeros((0, 2), int), 3, "g").shape == (2, 0)
    with pytest.raises(ValueError, match=r"g: edge 1 joins the nodes \[1, 3\], but there are 3"):
        undirected(np.array([[0, 1], [1, 3]]), 3, "g")
    with pytest.raises(ValueError, match="integers"):
        undirected(np.array([[0.0, 1.5]]), 3, "g")


# Archives of NumPy ------------------------------------------------------------------------------


def test_npz(tmp_path):
    graph = read_npz(save(tmp_path / "g.npz"))
    assert graph.edge_index.T.tolist() == [[0, 1], [1, 0], [1, 2], [2, 1]]
    assert graph.features.dtype == np.float32 and graph.num_nodes == 4
    assert graph.node_labels.tolist() == [0, 1, 0, -1]
    assert set(graph.masks) == {"train"}
    assert graph.adjacency().toarray()[1].tolist() == [1, 0, 1, 0]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (dict(edge_index=None), "has no edge_index of two rows; it has x, y"),
        (dict(x=None), "neither x nor x_data, x_indices"),
        (dict(x=np.array([[1.0], [2], [np.nan], [0]])), "features that are not finite"),
        (dict(y=np.array([0, 1])), r"node_labels has the shape \(2,\), and there are 4 nodes"),
        (dict(x=np.zeros((0, 2)), edge_index=np.zeros((2, 0), int)), "has no node"),
        (dict(x=np.zeros((4, 0))), "have no features"),
        (dict(x=np.arange(4.0)), r"features are a table with a row for each node, got .* \(4,\)"),
        (dict(x=np.array([["a"], ["b"]])), r"g\.npz: features: could not convert"),
        (dict(y=np.array([0, 1, 1.5, 0])), r"g\.npz: labels are integers, got 1\.5"),
        (dict(y=np.array([0, 1, -7, 0])), "labels count from 0, with -1 for none, got -7"),
        (dict(edge_index=np.array([0, 1])), r"edges are pairs of nodes, got an array of \(2,\)"),
    ],
)
def test_archives_that_hold_no_graph(tmp_path, changes, message):
    if "y" not in changes and "x" in changes:
        changes = dict(changes, y=None, train_mask=None, unlabeled_mask=None)
    with pytest.raises(ValueError, match=message):
        read_npz(save(tmp_path / "g.npz", **changes))


def test_forms_of_labels_and_masks_in_archives(tmp_path):
    path = tmp_path / "g.npz"
    for y, names in (
        (np.array([[0.0], [1], [np.nan], [1]]), ()),
        (np.array([0, 1, np.nan, 1], np.float32), ()),
        (np.array(["ant", "bee", "", "bee"]), ("ant", "bee")),
    ):
        graph = read_npz(save(path, y=y, unlabeled_mask=None))
        assert graph.node_labels.tolist() == [0, 1, -1, 1] and graph.classes == names
    save(path, y=np.array([0.5, 1, 2, 3]), train_mask=np.eye(4))
    with pytest.raises(ValueError, match=r"got 0\.5; labels=False leaves them out"):
        read_npz(path)
    graph = read_npz(path, labels=False, split=2)
    assert graph.node_labels is None and graph.masks["train"].tolist() == [
        False,
        False,
        True,
        False,
    ]
    assert graph.masks_from == "split 2 of the 4 in the file"


def test_weights_and_self_loops_of_archives(tmp_path, monkeypatch):
    notices = []
    monkeypatch.setattr("mmcontrast.datasets.graph_files.npz.notice", notices.append)
    path = save(tmp_path / "g.npz", edge_weight=np.array([[2], [2], [3], [4]]), extra=np.ones(3))
    graph = read_npz(path)
    assert graph.edge_weight.tolist() == [2, 2, 3, 3]
    assert len(notices) == 1 and "g.npz: the arrays extra are not used" in notices[0]
    kept = read_npz(path, self_loops=True)
    assert kept.edge_index.T.tolist()[-1] == [2, 2] and kept.edge_weight.tolist() == [2, 2, 3, 3, 4]
    by_rows = save(tmp_path / "g.npz", edge_index=np.array([[0, 1], [1, 2], [1, 0]]))
    assert read_npz(by_rows).edge_index.T.tolist() == [[0, 1], [1, 0], [1, 2], [2, 1]]


def test_archives_of_objects_are_refused(tmp_path):
    with pytest.raises(UserError, match=r"g\.npz is no archive of arrays: .*allow_pickle"):
        read_npz(save(tmp_path / "g.npz", x=np.array([[{}]] * 4)))


def test_the_mask_of_unlabeled_nodes_by_its_earlier_name(tmp_path):
    unlabeled = np.array([False, True, False, True])
    path = save(tmp_path / "g.npz", unlabeled_mask=None, unlabelled_mask=unlabeled)
    assert (read_npz(path).node_labels == -1).tolist() == unlabeled.tolist()


def test_damaged_archives(tmp_path):
    whole = save(tmp_path / "g.npz").read_bytes()
    changed = whole.replace(np.arange(8.0).tobytes(), np.ones(8).tobytes())
    assert len(changed) == len(whole) and changed != whole
    for content in (whole[: len(whole) // 2], changed, b"0 1", b""):
        (tmp_path / "g.npz").write_bytes(content)
        with pytest.raises(UserError, match=r"g\.npz is no archive of arrays"):
            read_npz(tmp_path / "g.npz")


@needs_data
def test_cora_and_citeseer_as_they_are_known():
    cora = read_npz(real("cora.npz"))
    assert cora.features.shape == (2708, 1433) and cora.features.nnz == 49216
    assert cora.edge_index.shape == (2, 10556)
    assert np.bincount(cora.node_labels).tolist() == [351, 217, 418, 818, 426, 298, 180]
    assert np.bincount(cora.edge_index[0]).max() == 168
    assert [int(cora.masks[s].sum()) for s in ("train", "val", "test")] == [140, 500, 1000]
    assert np.bincount(cora.node_labels[cora.masks["train"]]).tolist() == [20] * 7
    citeseer = read_npz(real("citeseer.npz"))
    assert citeseer.features.shape == (3327, 3703) and citeseer.edge_index.shape == (2, 9104)
    assert (np.bincount(citeseer.edge_index[0], minlength=3327) == 0).sum() == 48
    assert (citeseer.node_labels == -1).sum() == 15
    # Only some rows of Pubmed's features could be had, all of its edges.
    with np.load(real("pubmed_structure.npz")) as pubmed:
        edges = undirected(pubmed["edge_index"].T, len(pubmed["y"]), "pubmed")
    assert edges.shape == (2, 88648) and np.bincount(edges[0]).max() == 171


# Planetoid's pickles ----------------------------------------------------------------------------


@needs_data
@pytest.mark.parametrize("name", ["cora", "citeseer"])
def test_pickles_of_planetoid_hold_the_same_graph(name):
    expected, found = read_npz(real(f"{name}.npz")), read_planetoid(real("planetoid"), name)
    assert np.array_equal(found.edge_index, expected.edge_index)
    assert found.masks_from == "public split"
    assert (found.features != expected.features).nnz == 0
    assert np.array_equal(found.node_labels, expected.node_labels)
    for split, mask in expected.masks.items():
        labeled = found.node_labels >= 0
        assert np.array_equal(found.masks[split] & labeled, mask & labeled), split


def write_planetoid(folder, protocol=4, **changes):
    """Six nodes on a path, of which the last two are tests, in another order; node 3 by itself."""
    x = np.array([[1, 0], [0, 2], [3, 0], [0, 4]], np.float32)
    y = np.array([[1, 0], [0, 1], [1, 0], [0, 1]], np.int32)
    neighbors = collections.defaultdict(list, {0: [1], 1: [0, 2, 2], 2: [1], 4: [6], 6: [4, 6]})
    parts = dict(
        x=sparse.csr_matrix(x[:2]), y=y[:2], allx=sparse.csr_matrix(x), ally=y,
        tx=sparse.csr_matrix(10 * x[:2]), ty=np.asfortranarray(y[:2]), graph=neighbors,
    )  # fmt: skip
    for part, value in {**parts, **changes}.items():
        content = value if isinstance(value, bytes) else pickle.dumps(value, protocol=protocol)
        (folder / f"ind.path.{part}").write_bytes(content)
    (folder / "ind.path.test.index").write_text("6\n4\n")
    return folder


def as_of_old(value):
    """A pickle with the names that the published files have."""
    content = pickle.dumps(value, protocol=3)
    for new, old in (
        (b"cnumpy._core.", b"cnumpy.core."), (b"cscipy.sparse._csr", b"cscipy.sparse.csr"),
        (b"cbuiltins\nlist", b"c__builtin__\nlist"),
    ):  # fmt: skip
        content = content.replace(new, old)
    return content


@pytest.mark.parametrize("form", [lambda value: value, as_of_old])
def test_planetoid_by_hand(tmp_path, form):
    write_planetoid(tmp_path)
    changes = {
        part: form(pickle.loads((tmp_path / f"ind.path.{part}").read_bytes()))
        for part in ("x", "y", "tx", "ty", "allx", "ally", "graph")
    }
    graph = read_planetoid(write_planetoid(tmp_path, **changes), "path")
    features = [[1, 0], [0, 2], [3, 0], [0, 4], [0, 20], [0, 0], [10, 0]]
    assert graph.features.toarray().tolist() == features
    assert graph.node_labels.tolist() == [0, 1, 0, 1, 1, -1, 0]  # no file tells of node 5
    assert graph.edge_index.T.tolist() == [[0, 1], [1, 0], [1, 2], [2, 1], [4, 6], [6, 4]]
    found = {name: np.flatnonzero(mask).tolist() for name, mask in graph.masks.items()}
    assert found == dict(train=[0, 1], val=[2, 3], test=[4, 6])


class Flagged:
    """An array of numbers with a type whose flags say that they are addresses of objects."""

    def __init__(self, dtype=None):
        self.dtype = dtype

    def __reduce__(self):
        if self.dtype is None:
            return np.dtype, ("i8", False, True), (3, "<", None, None, None, -1, -1, 63)
        restore, arguments, state = np.zeros((1, 1), np.int64).__reduce__()
        return restore, arguments, (*state[:2], self.dtype, *state[3:])


def test_flags_of_a_pickled_type_have_no_effect(tmp_path):
    ones = as_of_old(Flagged(Flagged()))
    changes = dict(x=ones, allx=ones, tx=ones, y=ones, ally=ones, ty=ones)
    write_planetoid(tmp_path, **changes, graph={})
    (tmp_path / "ind.path.test.index").write_text("1\n")
    assert read_planetoid(tmp_path, "path").features.toarray().tolist() == [[0], [0]]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (dict(x=[1, 2]), r"ind\.path\.x is not .*: it holds \[1, 2\]"),
        (dict(graph=np.eye(2)), r"ind\.path\.graph is not .*: it holds array"),
        (dict(ally=np.arange(4)), r"ind\.path\.ally is not .*: it holds array"),
        (dict(ty=np.array([[{}], [{}]])), r"ind\.path\.ty is not .*: it has an array of O8"),
        (dict(graph={0: [9]}), r"joins the nodes \[0, 9\], but there are 7"),
        (dict(graph={0: ["a"]}), "edges are integers"),
        (dict(tx=sparse.csr_matrix(np.eye(3))), r"test\.index begins at node 4 and has 2"),
        (dict(y=b""), r"ind\.path\.y is not"),
        (dict(y=pickle.dumps(np.eye(3))[:-9]), r"ind\.path\.y is not"),
    ],
)
def test_files_of_planetoid_that_do_not_fit(tmp_path, changes, message):
    with pytest.raises(ValueError, match=message):
        read_planetoid(write_planetoid(tmp_path, **changes), "path")


class Evil:
    def __reduce__(self):
        return os.system, ("touch hacked",)


@pytest.mark.parametrize("payload", [Evil(), [Evil()], list, print])
def test_a_pickle_that_wants_to_run_something(tmp_path, monkeypatch, payload):
    monkeypatch.chdir(tmp_path)
    for part in ("x", "y", "tx", "ty", "allx", "ally", "graph"):
        Path(f"ind.evil.{part}").write_bytes(pickle.dumps(payload, protocol=2))
    Path("ind.evil.test.index").write_text("1\n")
    with pytest.raises(ValueError, match=r"ind\.evil\.x is not a file of Planetoid's"):
        read_planetoid(tmp_path, "evil")
    assert not Path("hacked").exists()


def test_a_missing_file_of_planetoid(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"cora needs .*ind\.cora\.x, which is not there"):
        read_planetoid(tmp_path, "cora")


# Sets of small graphs ---------------------------------------------------------------------------


def write_tu(folder, **changes):
    """A triangle, and two nodes of which one is alone; labels 5 and 3."""
    files = dict(
        A="1, 2\n2, 1\n2, 3\n3, 2\n1, 3\n3, 1\n",
        graph_indicator="1\n1\n1\n2\n2\n",
        graph_labels="5\n3\n",
        node_labels="0\n2\n0\n6\n2\n",
    )
    for name, text in {**files, **changes}.items():
        if text is not None:
            (folder / f"{folder.name}_{name}.txt").write_text(text)
    return folder


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "SET").mkdir()
    return tmp_path / "SET"


def test_tu(folder):
    first, second = read_tu(write_tu(folder))
    assert (first.label, second.label) == (1, 0)
    assert first.edge_index.shape == (2, 6) and second.edge_index.shape == (2, 0)
    # Label 0 is a column of its own, and the largest one another.
    assert first.features.toarray().tolist() == [[1, 0, 0], [0, 1, 0], [1, 0, 0]]
    assert second.features.toarray().tolist() == [[0, 0, 1], [0, 1, 0]]
    assert second.path.endswith("SET, graph 2")


def test_tu_without_labels_of_nodes_has_degrees(folder):
    first, second = read_tu(write_tu(folder, node_labels=None))
    assert first.features.toarray().tolist() == [[0, 0, 1]] * 3
    assert second.features.toarray().tolist() == [[1, 0, 0]] * 2


def test_tu_with_labels_and_degrees(folder):
    first, second = read_tu(write_tu(folder), degrees=True)
    assert first.features.toarray()[0].tolist() == [1, 0, 0, 0, 0, 1]
    assert second.features.toarray()[1].tolist() == [0, 1, 0, 1, 0, 0]


def test_tu_with_attributes(folder):
    first, _ = read_tu(write_tu(folder, node_attributes="0.5, 1\n2, 3\n4, 5\n6, 7\n8, 9\n"))
    assert first.features.toarray()[0].tolist() == [1, 0, 0, 0.5, 1]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (dict(A="1, 4\n"), "joins nodes of different graphs"),
        (dict(A="1, 9\n"), r"SET_A\.txt: edge 0 joins the nodes \[0, 8\], but there are 5"),
        (dict(graph_indicator="1\n1\n1\n3\n3\n", graph_labels="5\n3\n4\n"), "graph 2 has no node"),
        (dict(graph_indicator="1\n2\n1\n2\n2\n"), "must ascend"),
        (dict(graph_labels="5\nx\n"), r"SET_graph_labels\.txt, line 2, .* got 'x'"),
        (dict(node_labels="0\n1\n"), r"SET_node_labels\.txt has 2 lines, and there are 5 nodes"),
        (dict(node_attributes="0.5\n" * 6), "SET_node_attributes.txt has 6 lines"),
        (dict(node_attributes="0.5\n" * 4 + "nan\n"), "graph 2: features that are not finite"),
        (dict(graph_indicator="", A=""), r"SET_graph_indicator\.txt has no node"),
        # Truncated, the classes of a regression would be 1 and 0.
        (dict(graph_labels="1.7\n0.2\n"), r"SET_graph_labels\.txt, line 1: .* integers, got 1\.7"),
        (dict(node_labels="0\n2\n0.5\n6\n2\n"), r"SET_node_labels\.txt, line 3: .* got 0\.5"),
        (dict(A="1, 2\n2, 1.5\n"), r"SET_A\.txt, line 2: column 1: .* integers, got 1\.5"),
        (dict(A="1, 2, 1\n"), r"SET_A\.txt has 3 columns, and there should be 2"),
        (dict(graph_labels="1 0\n0 1\n"), "SET_graph_labels.txt has 2 columns"),
    ],
)
def test_tu_files_that_do_not_fit(folder, changes, message):
    with pytest.raises((ValueError, UserError), match=message):
        read_tu(write_tu(folder, **changes))
    write_tu(folder, A=None)
    (folder / "SET_A.txt").unlink()
    with pytest.raises(FileNotFoundError, match=r"SET_A\.txt is not there"):
        read_tu(folder)


def test_tu_of_other_classes_and_without(folder, monkeypatch):
    notices = []
    monkeypatch.setattr("mmcontrast.datasets.graph_files.tu.notice", notices.append)
    write_tu(folder, graph_labels="\ufeff1.0\r\n-1\r\n", edge_labels="1\n" * 6)
    assert [graph.label for graph in read_tu(folder)] == [1, 0]
    assert len(notices) == 1 and notices[0].endswith("SET_edge_labels.txt is not used.")
    assert [graph.label for graph in read_tu(write_tu(folder, graph_labels="nan\n4\n"))] == [
        None,
        0,
    ]
    write_tu(folder, graph_labels="1.7\n0.2\n")
    assert [graph.label for graph in read_tu(folder, labels=False)] == [None, None]
    (folder / "SET_graph_labels.txt").unlink()
    assert len(read_tu(folder, labels=False)) == 2
    write_tu(folder, A="1, 2\n3, 3\n")
    looped = read_tu(folder, labels=False, self_loops=True)[0]
    assert looped.edge_index.T.tolist() == [[0, 1], [1, 0], [2, 2]]


def test_tu_without_any_edge(folder, recwarn):
    for graph in read_tu(write_tu(folder, A="")):
        assert graph.edge_index.shape == (2, 0) and graph.num_nodes
    assert not recwarn.list


@needs_data
@pytest.mark.parametrize(
    ("name", "graphs", "nodes", "edges"),
    [
        ("MUTAG", 188, 3371, 3721),
        ("PTC_MR", 344, 4915, 5054),
        ("IMDB-BINARY", 1000, 19773, 96531),
        ("IMDB-MULTI", 1500, 19502, 98903),
        ("PROTEINS", 1113, 43471, 81044),
    ],
)
def test_sets_as_they_are_known(name, graphs, nodes, edges):
    found = read_tu(real(f"tu/{name}"))
    assert len(found) == graphs
    assert sum(graph.num_nodes for graph in found) == nodes
    assert sum(graph.edge_index.shape[1] for graph in found) == 2 * edges
    if name == "MUTAG":
        assert found[0].features.shape[1] == 7
        assert np.bincount([graph.label for graph in found]).tolist() == [63, 125]


# Tables, and torch_geometric --------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["csv", "npz", "parquet"])
def test_two_tables(tmp_path, suffix):
    columns = dict(
        edges=dict(a=np.array([0, 1]), b=np.array([1, 2])),
        nodes=dict(height=np.array([1.0, 2, 3]), kind=np.array([0, -1, 1])),
    )
    for name, table in columns.items():
        path = tmp_path / f"{name}.{suffix}"
        if suffix == "csv":
            rows = [",".join(map(str, row)) for row in zip(*table.values(), strict=True)]
            path.write_text("\n".join([",".join(table), *rows]) + "\n")
        else:
            if suffix == "parquet":
                pytest.importorskip("pyarrow")
                table = {
                    **table,
                    **({"v": np.arange(6.0).reshape(3, 2)} if name == "nodes" else {}),
                }
            with open_table(path) as write:
                write(table)
    graph = read_edge_list(tmp_path / f"edges.{suffix}", tmp_path / f"nodes.{suffix}", "kind")
    assert graph.edge_index.T.tolist() == [[0, 1], [1, 0], [1, 2], [2, 1]]
    assert graph.features[:, 0].tolist() == [1, 2, 3]
    assert graph.features.shape[1] == (3 if suffix == "parquet" else 1)
    assert graph.node_labels.tolist() == [0, -1, 1]


@pytest.mark.parametrize(
    ("edges", "nodes", "message"),
    [
        ("a,b\n0,5\n", "x\n1\n2\n", r"joins the nodes \[0, 5\], but there are 2"),
        ("a,b\n0,0.5\n", "x\n1\n2\n", "integers"),
        ("a\n0\n", "x\n1\n2\n", "an edge joins two nodes"),
        (
            "a,b\n0,1\n",
            "x\n1\nred\n",
            r"s\.csv, line 3, column 'x': a number .*, got 'red'",
        ),
        ("a,b\n0,1\n", "x,y\n1,2\n3,\n", "not finite"),
        ("a,b\n0,1\n", "x,x\n1,2\n3,4\n", "two columns have the same name"),
        ("a,b\n", "x\n", "has no node"),
        ("", "x\n1\n", r"edges\.csv is empty"),
        ("a,b\n0,1\n", "x,y\n1\n2\n", "line 2: the number of fields is 1"),
    ],
)
def test_tables_that_hold_no_graph(tmp_path, edges, nodes, message):
    (tmp_path / "edges.csv").write_text(edges)
    (tmp_path / "nodes.csv").write_text(nodes)
    with pytest.raises((ValueError, UserError), match=message):
        read_edge_list(tmp_path / "edges.csv", tmp_path / "nodes.csv")


def test_tables_without_edges(tmp_path, recwarn):
    (tmp_path / "edges.csv").write_text("a,b\n")
    (tmp_path / "nodes.csv").write_text("x\n1\n2\n3\n")
    graph = read_edge_list(tmp_path / "edges.csv", tmp_path / "nodes.csv")
    assert graph.edge_index.shape == (2, 0) and graph.features.tolist() == [[1], [2], [3]]
    assert not recwarn.list


@pytest.mark.parametrize(
    ("nodes", "message"),
    [
        ("x,kind\n1,1.5\n2,0\n", "labels, in the column 'kind', are integers, got 1.5"),
        ("kind\n1\n2\n", "has no column of features"),
    ],
)
def test_labels_that_are_none(tmp_path, nodes, message):
    (tmp_path / "edges.csv").write_text("a,b\n0,1\n")
    (tmp_path / "nodes.csv").write_text(nodes)
    with pytest.raises((ValueError, UserError), match=message):
        read_edge_list(tmp_path / "edges.csv", tmp_path / "nodes.csv", "kind")


def test_lists_in_a_table(tmp_path):
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    (tmp_path / "edges.csv").write_text("a,b\n0,1\n")
    nodes = tmp_path / "nodes.parquet"
    pandas.DataFrame(dict(v=[[1.0, 2], [3, 4]], w=[5, 6])).to_parquet(nodes)
    features = read_edge_list(tmp_path / "edges.csv", nodes).features
    assert features.tolist() == [[1, 2, 5], [3, 4, 6]]
    pandas.DataFrame(dict(v=[[1.0, 2], [3]])).to_parquet(nodes)
    with pytest.raises(UserError, match="lists of the column 'v' differ in length"):
        read_edge_list(tmp_path / "edges.csv", nodes)


def test_a_label_that_is_no_column(tmp_path):
    (tmp_path / "edges.csv").write_text("a,b\n0,1\n")
    (tmp_path / "nodes.csv").write_text("x\n1\n2\n")
    with pytest.raises(ValueError, match="has no column 'kind'; it has x"):
        read_edge_list(tmp_path / "edges.csv", tmp_path / "nodes.csv", "kind")
    with pytest.raises(UserError, match="There is no table"):
        read_edge_list(tmp_path / "none.csv", tmp_path / "nodes.csv")


def test_data_of_torch_geometric():
    data_class = pytest.importorskip("torch_geometric.data").Data
    edges, x = torch.tensor([[0, 1], [1, 2]]), torch.rand(3, 2)
    graph = from_pyg(
        data_class(x=x, edge_index=edges, y=torch.tensor([0, 1, 0]), train_mask=x[:, 0] > 2)
    )
    assert graph.edge_index.shape == (2, 4) and graph.node_labels.tolist() == [0, 1, 0]
    assert not graph.masks["train"].any()
    assert from_pyg(data_class(x=x, edge_index=edges, y=torch.tensor([2]))).label == 2
    column = from_pyg(data_class(x=x, edge_index=edges, y=torch.tensor([[0], [1], [0]])))
    assert column.node_labels.tolist() == [0, 1, 0] and column.label is None
    for data, message in (
        (data_class(edge_index=edges), "has no x"),
        (data_class(x=x), "has no edge_index"),
        (data_class(x=x[:, 0], edge_index=edges), "features are a table"),
        (data_class(x=x, edge_index=edges, y=torch.tensor([[1, 0, 1]])), r"y has the shape \(1, 3"),
        (data_class(x=x, edge_index=edges, y=torch.tensor([0.5])), "y are integers, got 0.5"),
    ):
        with pytest.raises(ValueError, match=message):
            from_pyg(data)


def test_features_of_archives_may_be_sparse(tmp_path):
    x = sparse.random_array((4, 6), density=0.4, format="csr", rng=0)
    parts = dict(x_data=x.data, x_indices=x.indices, x_indptr=x.indptr, x_shape=np.array(x.shape))
    graph = read_npz(save(tmp_path / "g.npz", x=None, **parts))
    np.testing.assert_allclose(graph.features.toarray(), x.toarray(), rtol=1e-6)
