"""Graphs of torch_geometric: every form of edges and features, and files that are read safely."""

import os

import numpy as np
import pytest
import torch
from scipy import sparse

from mmcontrast.datasets.graph_files import from_pyg, load_pyg
from mmcontrast.utils.errors import UserError

geometric = pytest.importorskip("torch_geometric.data")

EDGES = torch.tensor([[0, 1], [1, 2]])
PATH = [[0, 1], [1, 0], [1, 2], [2, 1]]


def make(**values):
    return geometric.Data(**{"x": torch.eye(3), "edge_index": EDGES, **values})


@pytest.fixture
def notices(monkeypatch):
    messages = []
    monkeypatch.setattr("mmcontrast.datasets.graph_files.npz.notice", messages.append)
    return messages


class FakeSparseTensor:
    """What torch_sparse's ``SparseTensor`` has."""

    def __init__(self, matrix):
        self.matrix = sparse.coo_array(matrix)

    def to_scipy(self, layout=None):
        return self.matrix.asformat(layout)


@pytest.mark.parametrize("layout", ["csr", "csc", "coo", "SparseTensor"])
def test_adj_t_and_sparse_features(layout):
    matrix = torch.zeros(3, 3)
    matrix[EDGES[1], EDGES[0]] = torch.tensor([2.0, 3.0])
    x = torch.tensor([[0.0, 1], [2, 0], [0, 0]])

    def convert(dense):
        if layout == "SparseTensor":
            return FakeSparseTensor(dense.numpy())
        return getattr(dense, f"to_sparse_{layout}")()

    graph = from_pyg(make(edge_index=None, adj_t=convert(matrix), x=convert(x)))
    assert graph.edge_index.T.tolist() == PATH and graph.edge_weight.tolist() == [2, 2, 3, 3]
    assert graph.features.toarray().tolist() == x.tolist()
    assert graph.features.dtype == np.float32
    plain = from_pyg(make(edge_index=None, adj_t=convert((matrix > 0).float())))
    assert plain.edge_index.T.tolist() == PATH and plain.edge_weight is None


def test_weights_and_attributes_of_edges(notices):
    assert from_pyg(make(edge_weight=torch.tensor([0.5, 2]))).edge_weight.tolist() == [
        0.5, 0.5, 2, 2
    ]  # fmt: skip
    assert notices == []
    column = from_pyg(make(edge_attr=torch.tensor([[0.5], [2]])))
    assert column.edge_weight.tolist() == [0.5, 0.5, 2, 2]
    assert "edge_attr, one real number for each edge, is taken" in notices.pop()
    for attributes, kind in (
        (torch.tensor([1, 2]), "int64"),  # categories, such as bonds
        (torch.rand(2, 3), "float32 with 3 columns"),
        (torch.tensor([-1.0, 2]), "float32"),
    ):
        assert from_pyg(make(edge_attr=attributes)).edge_weight is None
        assert f"edge_attr ({kind}) is not used" in notices.pop()
    for weights, message in (
        (torch.ones(3), r"edge_weight has the shape \(3,\), and there are 2 edges"),
        (torch.tensor([1.0, -2]), r"edge 1: the weight of an edge is a number from 0, got -2"),
    ):
        with pytest.raises(ValueError, match=message):
            from_pyg(make(edge_weight=weights))


def test_labels_and_masks():
    nan = float("nan")
    for y in (torch.tensor([0, 1, -1]), torch.tensor([[0.0], [1], [nan]])):
        assert from_pyg(make(y=y)).node_labels.tolist() == [0, 1, -1]
    assert from_pyg(make(y=torch.tensor([nan]))).label is None
    masks = torch.tensor([[True, False], [False, False], [False, True]])
    data = make(train_mask=masks, test_mask=torch.tensor([0, 1, 0]))
    for split, expected in ((0, [True, False, False]), (1, [False, False, True])):
        graph = from_pyg(data, split=split)
        assert graph.masks["train"].tolist() == expected
        assert graph.masks["test"].tolist() == [False, True, False]
        assert graph.masks_from == f"split {split} of the 2 in the file"
    with pytest.raises(ValueError, match="split=2, but the mask train has the columns 0 to 1"):
        from_pyg(data, split=2)
    with pytest.raises(ValueError, match="mask train has a 0 or 1 for each node, got 2"):
        from_pyg(make(train_mask=torch.tensor([0, 2, 1])))
    with pytest.raises(ValueError, match=r"integers, got 0\.5; labels=False leaves them out"):
        from_pyg(make(y=torch.tensor([0.5])))
    assert from_pyg(make(y=torch.rand(1, 19)), labels=False).label is None


def test_what_is_no_data(tmp_path):
    hetero = geometric.HeteroData()
    hetero["paper"].x = torch.eye(2)
    with pytest.raises(ValueError, match=r"HeteroData .* types paper, .*data\.to_homogeneous\(\)"):
        from_pyg(hetero)
    torch.save(hetero, tmp_path / "hetero.pt")
    with pytest.raises(ValueError, match="is a HeteroData"):
        from_pyg(load_pyg(tmp_path / "hetero.pt")[0])
    with pytest.raises(ValueError, match="graph 3 is a dict, not a Data"):
        from_pyg({}, "graph 3")
    with pytest.raises(ValueError, match="has no edge_index and no adj_t"):
        from_pyg(make(edge_index=None))


def test_files(tmp_path):
    path = tmp_path / "graphs.pt"
    data = [make(y=torch.tensor([i]), x=torch.full((3, 1), float(i))) for i in range(3)]
    whole, slices = geometric.InMemoryDataset.collate(data)
    for content in (
        data, tuple(data), (whole, slices), (whole.to_dict(), slices, geometric.Data)
    ):  # fmt: skip
        torch.save(content, path)
        graphs = [from_pyg(item) for item in load_pyg(path)]
        assert [graph.label for graph in graphs] == [0, 1, 2]
        assert [graph.features[0, 0] for graph in graphs] == [0, 1, 2]
        assert all(graph.edge_index.T.tolist() == PATH for graph in graphs)
    adjacency = torch.sparse_coo_tensor(EDGES, torch.ones(2), (3, 3)).to_sparse_csr()
    torch.save(make(edge_index=None, adj_t=adjacency, x=torch.eye(3).to_sparse_coo()), path)
    assert from_pyg(load_pyg(path)[0]).edge_index.T.tolist() == PATH


class Evil:
    def __init__(self, command):
        self.command = command

    def __reduce__(self):
        return os.system, (self.command,)


def test_a_file_that_would_run_code(tmp_path):
    path, hacked = tmp_path / "graphs.pt", tmp_path / "hacked"
    torch.save([make(extra=Evil(f"touch {hacked}"))], path)
    with pytest.raises(UserError, match=r"graphs\.pt holds more than graphs, .*os\.system"):
        load_pyg(path)
    assert not hacked.exists()
    for content in (b"", b"x,y\n1,2\n", path.read_bytes()[:100]):
        path.write_bytes(content)
        with pytest.raises(UserError, match=r"graphs\.pt (is damaged|holds more)"):
            load_pyg(path)
    with pytest.raises(UserError, match="There is no file of graphs"):
        load_pyg(tmp_path / "none.pt")
