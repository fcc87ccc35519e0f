"""MVGRL against values by hand, slow loops and what is known to go wrong with it."""

import copy
import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from mmcontrast.datasets.graph_files import Graph
from mmcontrast.datasets.graphs import Graphs, collate_graphs
from mmcontrast.models.backbones.gcn import GCN, GraphConvolution
from mmcontrast.models.heads.node_graph import (
    BilinearCritic,
    DotCritic,
    ResidualMLP,
    mean_sigmoid,
    sum_cat,
)
from mmcontrast.models.losses.mutual_information import binary_cross_entropy, f_divergence
from mmcontrast.models.methods.mvgrl import exchange_within, split_scores
from tests.small import build_method, losses, make_graphs

CONCAT = dict(
    level="graph",
    readout="sum_cat",
    critic=dict(type="DotCritic"),
    loss=dict(type="MutualInformation", estimator="jsd"),
    encoder=dict(type="GCN", in_channels=5, hidden_channels=8, num_layers=2),
    node_projection=dict(type="ResidualMLP", in_channels=8, out_channels=8),
    graph_projection=dict(type="ResidualMLP", in_channels=16, out_channels=8),
)


def test_binary_cross_entropy_of_two_nodes():
    """The authors' node loss: h, and what the encoders make of exchanged features."""
    h1, h2, h3, h4 = (torch.tensor(v)[:, None] for v in ([1.0, -1], [2.0, 0], [0.0, 1], [-1.0, 1]))
    index = torch.zeros(2, dtype=torch.long)
    critic = BilinearCritic(1)
    torch.nn.init.ones_(critic.weight)
    c1, c2 = (mean_sigmoid([h], index, 1) for h in (h1, h2))
    assert (c1.item(), c2.item()) == (0.5, pytest.approx(0.7310585786))
    positive = torch.cat([critic(h2, c1), critic(h1, c2)])[:, 0]
    negative = torch.cat([critic(h4, c1), critic(h3, c2)])
    loss = binary_cross_entropy(positive, negative)
    assert loss.item() == pytest.approx(0.7235985194, abs=1e-6)


def test_scores_are_split_by_graph():
    scores = torch.tensor([[2.0, 0], [1, -1], [0, 3]])
    positive, negative = split_scores(scores, torch.tensor([0, 0, 1]))
    assert positive.tolist() == [2, 1, 3] and negative.tolist() == [[0], [-1], [0]]
    loss = f_divergence(positive, negative)
    assert loss.item() == pytest.approx(-0.6568499949, abs=1e-6)
    # The authors' padded node of graph 1 counts as a negative of graph 0, and in both means.
    padded = torch.cat([scores, torch.tensor([[0.5, 0.0]])])
    own = torch.tensor([[1.0, 0], [1, 0], [0, 1], [0, 1]])
    positive = (math.log(2) - F.softplus(-padded * own)).sum() / 4
    negative = padded * (1 - own)
    released = (F.softplus(-negative) + negative - math.log(2)).sum() / 4 - positive
    assert released.item() == pytest.approx(-0.4224050452, abs=1e-6)


def test_a_layer_is_the_product_of_three_matrices():
    layer = GraphConvolution(4, 3)
    matrix, x = torch.rand(6, 6), torch.randn(6, 4)
    torch.nn.init.normal_(layer.bias)
    expected = F.prelu(matrix @ (x @ layer.linear.weight.T) + layer.bias, torch.tensor([0.25]))
    for m in (matrix, matrix.to_sparse_csr()):
        for features in (x, x.to_sparse_csr()):
            torch.testing.assert_close(layer(layer.project(features), m), expected)
    gcn = GCN(4, 3, num_layers=2)
    first, second = gcn(gcn.project(x), matrix)
    again = gcn.layers[1]
    torch.testing.assert_close(second, again(again.project(first), matrix))


@pytest.mark.parametrize("form", [torch.Tensor.to_dense, torch.Tensor.to_sparse_csr])
def test_features_of_another_length(form):
    message = "in_channels=4, but the nodes have 5 features: set model.encoder.in_channels=5"
    with pytest.raises(ValueError, match=message):
        GCN(4, 3).project(form(torch.ones(6, 5)))


def test_exchanged_features_are_projected_once():
    gcn = GCN(4, 3)
    x, order = torch.randn(6, 4), torch.randperm(6)
    torch.testing.assert_close(gcn.project(x)[order], gcn.project(x[order]))


def test_nodes_are_exchanged_within_their_graph():
    index = torch.tensor([0] * 30 + [1] * 2 + [2] * 40 + [3])
    order = exchange_within(index)
    assert torch.equal(order.sort().values, torch.arange(73))
    assert torch.equal(index[order], index)
    assert not torch.equal(order, torch.arange(73))


def test_read_outs():
    layers = [torch.randn(5, 2), torch.randn(5, 2)]
    index = torch.tensor([0, 0, 2, 2, 2])
    mean = mean_sigmoid(layers, index, 3)
    torch.testing.assert_close(mean[2], layers[1][2:].mean(0).sigmoid())
    assert mean[1].tolist() == [0.5, 0.5]  # a graph without nodes
    both = sum_cat(layers, index, 3)
    torch.testing.assert_close(both[0], torch.cat([layer[:2].sum(0) for layer in layers]))


def test_the_critic_is_torchs_bilinear():
    critic, bilinear = BilinearCritic(4), torch.nn.Bilinear(4, 4, 1)
    bilinear.load_state_dict(dict(weight=critic.weight[None], bias=critic.bias[None]))
    nodes, graphs = torch.randn(5, 4), torch.randn(3, 4)
    expected = torch.cat([bilinear(nodes, g.expand(5, 4).contiguous()) for g in graphs], dim=1)
    torch.testing.assert_close(critic(nodes, graphs), expected)


def test_scores_are_in_single_precision_under_autocast():
    torch.manual_seed(0)
    nodes, graphs = torch.randn(5, 64), torch.randn(3, 64)
    for critic in (BilinearCritic(64), DotCritic()):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            found = critic(nodes, graphs)
        torch.testing.assert_close(found, critic(nodes, graphs), rtol=0, atol=0)


def test_projection_head():
    head = ResidualMLP(3, 4)
    x = torch.randn(2, 3)
    h = x
    for linear, slope in zip(head.layers[::2], head.layers[1::2], strict=True):
        h = slope(linear(h))
    torch.testing.assert_close(head(x), h + head.shortcut(x))


def test_node_loss_by_a_slow_loop():
    method, batch = build_method("MVGRL"), make_graphs(1)
    inputs = batch["inputs"]
    torch.manual_seed(3)
    loss = losses(method, batch)["loss"]
    torch.manual_seed(3)
    order = exchange_within(inputs["graph_index"])
    x = inputs["features"]
    a, s = inputs["adjacency"].to_dense(), inputs["diffusion"].to_dense()

    def encode(encoder, features, matrix):
        layer = encoder.layers[0]
        return F.prelu(matrix @ features @ layer.linear.weight.T + layer.bias,
                       layer.slope)  # fmt: skip

    h_a, h_b = encode(method.encoder_a, x, a), encode(method.encoder_b, x, s)
    other_a, other_b = (
        encode(method.encoder_a, x[order], a), encode(method.encoder_b, x[order], s)
    )  # fmt: skip
    c_a, c_b = h_a.mean(0).sigmoid(), h_b.mean(0).sigmoid()
    total, count = 0.0, 0
    for nodes, summary, target in (
        (h_b, c_a, 1.0), (h_a, c_b, 1.0), (other_b, c_a, 0.0), (other_a, c_b, 0.0)
    ):  # fmt: skip
        for h in nodes:
            score = h @ method.critic.weight @ summary + method.critic.bias
            total = total + F.binary_cross_entropy_with_logits(score, torch.tensor(target))
            count += 1
    torch.testing.assert_close(loss, total / count)


def test_graph_loss_by_a_slow_loop():
    method, batch = build_method("MVGRL", **CONCAT), make_graphs(3)
    loss = losses(method, batch)["loss"]
    nodes, graphs = [], []
    for encoder, view in ((method.encoder_a, "adjacency"), (method.encoder_b, "diffusion")):
        first, last = encoder(encoder.project(batch["inputs"]["features"]), batch["inputs"][view])
        index = batch["inputs"]["graph_index"]
        pooled = torch.stack(
            [torch.cat([first[index == g].sum(0), last[index == g].sum(0)]) for g in range(3)]
        )
        nodes.append(method.node_projection(last))
        graphs.append(method.graph_projection(pooled))
    log2, terms = math.log(2), []
    for h, c in ((nodes[0], graphs[1]), (nodes[1], graphs[0])):
        own, others = [], []
        for v, g in enumerate(index.tolist()):
            for n in range(3):
                score = h[v] @ c[n]
                if n == g:
                    own.append(log2 - F.softplus(-score))
                else:
                    others.append(F.softplus(-score) + score - log2)
        terms.append(sum(others) / len(others) - sum(own) / len(own))
    torch.testing.assert_close(loss, sum(terms) / 2)


def test_a_graph_is_the_same_alone_and_in_a_batch():
    """With padding, what is beside a graph changed it."""
    method = build_method("MVGRL", **CONCAT)
    batch = make_graphs(3)
    together = method.extract(batch["inputs"])
    start = 0
    for number, sample in enumerate(batch["data_samples"]):
        alone = method.extract(make_graphs(3, only=number)["inputs"])
        stop = start + sample["num_nodes"]
        torch.testing.assert_close(alone["global"][0], together["global"][number])
        torch.testing.assert_close(alone["nodes"], together["nodes"][start:stop])
        start = stop


@pytest.mark.parametrize("keep", ["all", "top", "pushed"])
@pytest.mark.parametrize("level", ["node", "graph"])
def test_graphs_without_edges_and_of_one_node(level, keep):
    rng = np.random.default_rng(0)
    graphs = [
        Graph(np.zeros((2, 0), np.int64), rng.random((size, 5), np.float32), f"graph {size}")
        for size in (1, 3)
    ]
    data = Graphs(graphs, prepare=[dict(type="GraphViews", keep=keep)])
    method = build_method("MVGRL", **(CONCAT if level == "graph" else {}))
    loss = losses(method, collate_graphs(list(data)))["loss"]
    loss.backward()
    assert loss.isfinite()
    assert all(p.grad.isfinite().all() for p in method.parameters())


def test_all_layers_of_the_encoders_are_trained():
    """In the released code they are in a plain list, which no optimizer sees."""
    method = build_method("MVGRL", **CONCAT)
    before = copy.deepcopy(method.state_dict())
    optimizer = torch.optim.SGD(method.parameters(), lr=0.1)
    losses(method, make_graphs(3))["loss"].backward()
    optimizer.step()
    for name, value in method.state_dict().items():
        assert not torch.equal(value, before[name]), name
    frozen = build_method("MVGRL", **CONCAT, frozen_encoder=True)
    trained = {name.split(".")[0] for name, p in frozen.named_parameters() if p.requires_grad}
    assert trained == {"node_projection", "graph_projection"}


def test_a_batch_of_one_graph_has_nothing_to_compare():
    """In the released code it is NaN."""
    with pytest.raises(ValueError, match=r"this batch has one: set train_dataloader\.drop_last"):
        losses(build_method("MVGRL", **CONCAT), make_graphs(1))


def test_diffusion_without_the_matrix():
    exact, free = build_method("MVGRL"), build_method("MVGRL", diffusion=dict(kind="ppr"))
    # The authors' two self-loops of the adjacency are not in the diffusion.
    whole, left = (make_graphs(2, self_loops=2, kind=kind) for kind in ("ppr", None))
    outputs = []
    for method, batch in ((exact, whole), (free, left)):
        torch.manual_seed(0)
        loss = losses(method, batch)["loss"]
        loss.backward()
        outputs.append((loss, method.encoder_b.layers[0].linear.weight.grad))
    for one, other in zip(*outputs, strict=True):
        torch.testing.assert_close(one, other, atol=2e-6, rtol=1e-4)
    heat = build_method("MVGRL", diffusion=dict(kind="heat", time=3.0))
    assert losses(heat, left)["loss"].isfinite()
    with pytest.raises(ValueError, match="kinds ppr, heat, got 'wave'"):
        build_method("MVGRL", diffusion=dict(kind="wave"))
    with pytest.raises(ValueError, match=r"got alpha=1\.5"):
        build_method("MVGRL", diffusion=dict(kind="ppr", alpha=1.5))
    with pytest.raises(TypeError, match="'alpha'"):
        build_method("MVGRL", diffusion=dict(kind="heat", alpha=0.2))
    with pytest.raises(ValueError, match=r"the batch has no diffusion\. Either GraphViews makes"):
        losses(exact, left)
    with pytest.raises(ValueError, match=r"the batch has no transition\. Either GraphViews makes"):
        losses(free, whole)


@pytest.mark.parametrize("estimator", ["jsd", "bce", "dv", "infonce"])
@pytest.mark.parametrize("level", ["node", "graph"])
def test_all_estimators_at_both_levels(estimator, level):
    changes = dict(loss=dict(type="MutualInformation", estimator=estimator))
    method = build_method("MVGRL", **{**(CONCAT if level == "graph" else {}), **changes})
    loss = losses(method, make_graphs(3))["loss"]
    loss.backward()
    assert loss.isfinite()
    assert all(p.grad.isfinite().all() for p in method.parameters())


def test_an_encoder_of_torch_geometric():
    pytest.importorskip("torch_geometric")
    encoder = dict(type="PyGEncoder", model="GIN", in_channels=5, hidden_channels=8, num_layers=2)
    method = build_method("MVGRL", **{**CONCAT, "encoder": encoder, "graph_projection": None})
    assert losses(method, make_graphs(3))["loss"].isfinite()
    with pytest.raises(ValueError, match="in_channels=5, but the nodes have 6 features"):
        method.encoder_a.project(torch.ones(2, 6))
    whole = build_method("MVGRL", encoder=encoder)
    with pytest.raises(ValueError, match="PyGEncoder needs sparse matrices"):
        losses(whole, make_graphs(1))
    with pytest.raises(ValueError, match="has no class 'GINO'"):
        build_method("MVGRL", **{**CONCAT, "encoder": {**encoder, "model": "GINO"}})


def test_predictions():
    method, batch = build_method("MVGRL"), make_graphs(3)
    found = method(**method.data_preprocessor(batch), mode="predict")
    assert [len(item["nodes"]) for item in found] == [
        sample["num_nodes"] for sample in batch["data_samples"]
    ]
    assert found[2]["global"].shape == (8,) and found[2]["index"] == 2


@pytest.mark.parametrize("changes", [dict(level="edge"), dict(readout="max")])
def test_misuse(changes):
    with pytest.raises(ValueError, match="level is one of node, graph and readout one of"):
        build_method("MVGRL", **changes)
