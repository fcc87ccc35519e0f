"""Tables of edges and nodes: what each column is, in whatever form the tables have."""

import gzip

import numpy as np
import pytest

from mmcontrast.datasets.graph_files import read_edge_list
from mmcontrast.utils.errors import UserError

NODES = "id,height,kind\n7,1,cat\n5,2,dog\n9,3,\n"
PATH = [[0, 1], [1, 0], [1, 2], [2, 1]]  # of 7, 5 and 9 in this order


@pytest.fixture
def read(tmp_path, monkeypatch):
    """A function that writes two tables and reads the graph; notices are in ``read.notices``."""
    notices = []
    for module in ("tables", "graph"):
        monkeypatch.setattr(f"mmcontrast.datasets.graph_files.{module}.notice", notices.append)

    def write(name, text):
        content = text if isinstance(text, bytes) else text.encode()
        (tmp_path / name).write_bytes(content)
        return tmp_path / name

    def read_texts(edges, nodes=NODES, suffix="csv", **settings):
        notices.clear()
        paths = write(f"edges.{suffix}", edges), write("nodes.csv", nodes)
        return read_edge_list(*paths, **settings)

    read_texts.notices = notices
    return read_texts


@pytest.mark.parametrize(
    ("edges", "suffix"),
    [
        ("source,target\n7,5\n5,9\n", "csv"),
        ("\ufeffsource,target\r\n7,5\r\n5,9\r\n", "csv"),
        ("target,source\n5,7\n9,5\n", "csv"),
        ("Source;Target\n7;5\n\n5;9\n", "csv"),
        ("7,5\n5,9\n", "csv"),  # without names nothing is lost
        ("7, 5\n5, 9", "csv"),
        ("7\t5\n5\t9\n", "tsv"),
        ("7 5\n  5   9\n", "txt"),
        ("7 5\n5 9\n", "csv"),
        ("# Nodes: 3 Edges: 2\n# FromNodeId\tToNodeId\n7\t5\n5\t9\n", "txt"),
        ("# source,target\n7,5\n5,9\n", "csv"),
        (gzip.compress(b"source,target\n7,5\n5,9\n", mtime=0), "csv.gz"),
        (gzip.compress(b"7\t5\n5\t9\n", mtime=0), "tsv.gz"),
        ('"source","target"\n"7","5"\n"5","9"\n', "csv"),
        ("7.0,5.0\n5.0,9.0\n", "csv"),
    ],
)
def test_forms_of_a_table(read, edges, suffix):
    graph = read(edges, suffix=suffix, label="kind")
    assert graph.edge_index.T.tolist() == PATH
    assert graph.features.tolist() == [[1], [2], [3]]
    assert graph.node_labels.tolist() == [0, 1, -1] and graph.classes == ("cat", "dog")
    assert graph.edge_weight is None
    assert read.notices == []


def test_names_decide_on_the_weight(read):
    """By position, the weight would be an end."""
    graph = read("weight,source,target,time\n0.5,7,5,1\n2,5,9,1\n", label=False)
    assert graph.edge_index.T.tolist() == PATH
    assert graph.edge_weight.tolist() == [0.5, 0.5, 2, 2]
    assert graph.adjacency().toarray().tolist() == [[0, 0.5, 0], [0.5, 0, 2], [0, 2, 0]]
    assert graph.adjacency(weighted=False).toarray().tolist() == [[0, 1, 0], [1, 0, 1], [0, 1, 0]]
    assert len(read.notices) == 2
    assert "edges.csv: the columns 'time' of the edges are not used" in read.notices[0]
    assert "nodes.csv: the columns 'kind' hold texts" in read.notices[1]
    given = read("w8,a,b\n3,7,5\n", weight="w8", source="a", target=2, label="kind")
    assert given.edge_weight.tolist() == [3, 3]


def test_a_third_column_without_a_name_is_the_weight(read):
    graph = read("7 5 0.5\n5 9 2\n", suffix="txt", label="kind")
    assert graph.edge_weight.tolist() == [0.5, 0.5, 2, 2]
    assert "the column 2 is taken for the edges' weights" in read.notices[0]


def test_weights_of_both_directions(read):
    graph = read("source,target,weight\n7,5,1\n5,7,3\n5,9,4\n9,5,4\n7,9,0\n5,5,2\n", label="kind")
    assert graph.edge_index.T.tolist() == PATH  # an edge of weight 0 is none
    assert graph.edge_weight.tolist() == [2, 2, 4, 4]
    assert len(read.notices) == 1 and "1 edges are listed with several weights" in read.notices[0]
    kept = read("source,target,weight\n5,5,2\n7,5,1\n", label="kind", self_loops=True)
    assert kept.adjacency().toarray().tolist() == [[0, 1, 0], [1, 2, 0], [0, 0, 0]]


def test_ids_of_texts(read):
    nodes = "name,x\nbob,1\nalice,2\ncarol,3\n"
    for edges in ("alice,bob\ncarol,bob\n", "person,friend\nalice,bob\ncarol,bob\n"):
        graph = read(edges, nodes)
        assert graph.edge_index.T.tolist() == [[0, 1], [0, 2], [1, 0], [2, 0]]
        assert graph.features.tolist() == [[1], [2], [3]]
        assert read.notices == []


def test_long_ids_are_exact(read):
    """As floats, both would be one."""
    first, second = 2**60, 2**60 + 1
    graph = read(f"{first},{second}\n", f"id,x\n{second},1\n{first},2\n")
    assert graph.edge_index.T.tolist() == [[0, 1], [1, 0]]


def test_a_table_of_nodes_without_names(read):
    """The form of Cora's files: ids, words, and the class."""
    nodes = "31\t0\t1\tTheory\n12\t1\t0\tGenetic\n44\t1\t1\tTheory\n"
    graph = read("12\t31\n44\t12\n", nodes, suffix="cites", label=-1)
    assert graph.features.tolist() == [[0, 1], [1, 0], [1, 1]]
    assert graph.edge_index.T.tolist() == [[0, 1], [1, 0], [1, 2], [2, 1]]
    assert graph.node_labels.tolist() == [1, 0, 1] and graph.classes == ("Genetic", "Theory")
    assert "the column '0' is taken for the nodes' ids" in read.notices[0]
    rows = read("0 1\n", "31 0\n12 1\n", suffix="txt")
    assert rows.features.tolist() == [[31, 0], [12, 1]]
    rows = read("1 0\n", "1 5\n0 6\n", suffix="txt", node_id=False)
    assert rows.features.tolist() == [[1, 5], [0, 6]]


def test_the_index_that_pandas_writes(read):
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame(dict(x=[1.0, 2, 3]), index=[2, 0, 1])
    edges = pandas.DataFrame(dict(a=[2], b=[0])).to_csv(index=False)
    graph = read(edges, table.to_csv())
    assert graph.features.tolist() == [[1], [2], [3]]
    assert graph.edge_index.T.tolist() == [[0, 1], [1, 0]]
    numbered = pandas.DataFrame(np.eye(3), index=[2, 0, 1]).to_csv()
    assert read(edges, numbered).features.tolist() == np.eye(3).tolist()


def test_splits_and_classes_are_no_features(read):
    nodes = "id,x,label,train_mask,test_mask\n0,5,2,1,0\n1,6,0,0,1\n"
    graph = read("0,1\n", nodes)
    assert graph.features.tolist() == [[5], [6]] and graph.node_labels.tolist() == [2, 0]
    assert {name: mask.tolist() for name, mask in graph.masks.items()} == dict(
        train=[True, False], test=[False, True]
    )
    nodes = "id,x,y,split\n0,5,1,train\n1,6,2,valid\n2,7,3,none\n"
    graph = read("0,1\n", nodes)
    assert graph.features.tolist() == [[5, 1], [6, 2], [7, 3]] and graph.node_labels is None
    assert {name: mask.tolist() for name, mask in graph.masks.items()} == dict(
        train=[True, False, False], val=[False, True, False]
    )
    chosen = read("0,1\n", "id,x,z,label\n0,5,True,0.5\n1,6,False,1\n", features=["z"], label=False)
    assert chosen.features.tolist() == [[1], [0]]


@pytest.mark.parametrize(
    ("edges", "nodes", "settings", "message"),
    [
        (
            "source,target\n7,5\n\n5,8\n",
            NODES,
            {},
            r"edges\.csv, line 4, column 'target': 8 is no id",
        ),
        ("7,5\nx,5\n", NODES, {}, r"edges\.csv, line 2, column '0': x is no id in the column 'id'"),
        (
            "7,5\n",
            NODES + "7,4,cat\n",
            {},
            r"s\.csv, line 5, column 'id': 7 is the id of another",
        ),
        ("7,5\n", NODES + ",4,cat\n", {}, r"nodes\.csv, line 5, column 'id': a node has no id"),
        ("s,t,weight\n7,5,-1\n", NODES, {}, r"edges\.csv, line 2: the weight .* from 0, got -1"),
        ("s,t,weight\n7,5,\n", NODES, {}, r"edges\.csv, line 2: the weight .* got nan"),
        ("s,t,weight\n7,5,heavy\n", NODES, {}, r"line 2, column 'weight': .* got 'heavy'"),
        ("a,b,c\n7,5,1\n", NODES, {}, "has the columns a, b, c: set source and target"),
        ("7,5,1,2\n", NODES, {}, "has the columns 0, 1, 2, 3: set source and target"),
        ("7,5\n", NODES, dict(source="a"), "set both"),
        ("7,5\n", NODES, dict(source="a", target=1), "source: .* has no column 'a'; it has 0, 1"),
        ("7,5\n", NODES, dict(label="kid"), "label: .* has no column 'kid'; it has id, height"),
        ("0,1\n", "id,x,label\n0,1,0.5\n1,1,1\n", {}, r"line 2: labels, .*got 0\.5; label=False"),
        ("0,1\n", "id,x\n0,1\n1,\n", {}, r"nodes\.csv, line 3, column 'x': the feature is missing"),
        ("alice,bob\ncarol,dave\n", "x\n1\n", {}, r"edges\.csv: the first line, .* header=True or"),
        ("0,9\n", "5,1\n9,2\n8,3\n", {}, r"line 1, column '1': .* \[0, 9\], .* name it by node_id"),
        ("0,1\n2\n", "x\n1\n", {}, "line 2: the number of fields is 1, and that of line 1 is 2"),
        (
            b"0,1\n",
            "x\n1\n",
            dict(suffix="csv.gz"),
            r"s\.csv\.gz is damaged, or not compressed",
        ),
        ("0,1\n", "x\n1\n", dict(suffix="xlsx"), r"read from \.npz, \.parquet, \.csv.* got .*xlsx"),
        ("0,1\n", "id,x,train_mask\n0,1,3\n1,1,0\n", {}, "mask train has a 0 or 1 .* got 3"),
    ],
)
def test_what_does_not_fit_is_named_with_its_place(read, edges, nodes, settings, message):
    with pytest.raises((ValueError, UserError), match=message):
        read(edges, nodes, **settings)


def test_a_first_line_that_may_be_names(read):
    edges, nodes = "alice,bob\ncarol,dave\n", "name,x\nalice,1\nbob,2\ncarol,3\ndave,4\n"
    assert read(edges, nodes).edge_index.shape == (2, 4)
    assert read(edges, nodes.replace("alice", "a").replace("bob", "b")).edge_index.shape == (2, 2)
    with pytest.raises(
        ValueError, match=r"line 1, column '0': alice is no id in the column 'name'"
    ):
        read(edges, nodes.replace("alice", "a"))
