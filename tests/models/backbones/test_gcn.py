"""Graph convolutions: values and gradients against torch's own layers."""

import torch
from torch import nn

from mmcontrast.models.backbones import GCN


def test_layers_and_gradients_are_those_of_torch():
    torch.manual_seed(0)
    gcn = GCN(6, hidden_channels=4, num_layers=2)
    for layer in gcn.layers:
        assert layer.slope.item() == 0.25 and not layer.bias.any()
        nn.init.normal_(layer.bias)
    matrix = torch.rand(5, 5) * (torch.rand(5, 5) < 0.6)
    x = torch.randn(5, 6)
    sparse = matrix.to_sparse_csr()
    found = gcn(gcn.project(x), sparse)
    nodes, expected = x, []
    for layer in gcn.layers:
        rows = matrix @ (nodes @ layer.linear.weight.T) + layer.bias
        nodes = nn.functional.prelu(rows, layer.slope)
        expected.append(nodes)
    parameters = list(gcn.parameters())
    for one, other in zip(found, expected, strict=True):
        assert (one < 0).any() and (one > 0).any()
        torch.testing.assert_close(one, other)
    for one, other in zip(
        torch.autograd.grad(found[-1].sin().sum(), parameters),
        torch.autograd.grad(expected[-1].sin().sum(), parameters),
        strict=True,
    ):
        torch.testing.assert_close(one, other)


def test_sparse_features_are_projected_like_dense_ones():
    torch.manual_seed(0)
    gcn = GCN(6, hidden_channels=4)
    x = torch.rand(5, 6) * (torch.rand(5, 6) < 0.5)
    dense, sparse = gcn.project(x), gcn.project(x.to_sparse_csr())
    torch.testing.assert_close(sparse, dense)
    weight = gcn.layers[0].linear.weight
    torch.testing.assert_close(
        torch.autograd.grad(sparse.sin().sum(), weight),
        torch.autograd.grad(dense.sin().sum(), weight),
    )


def test_under_autocast_layers_stay_in_float32():
    torch.manual_seed(0)
    gcn = GCN(6, hidden_channels=4, num_layers=2)
    matrix = torch.eye(5).to_sparse_csr()
    with torch.autocast("cpu", torch.bfloat16):
        layers = gcn(gcn.project(torch.rand(5, 6)), matrix)
        assert all(nodes.dtype == torch.float32 for nodes in layers)
        loss = (layers[-1] @ torch.rand(4, 4)).sum()
    loss.backward()
    assert all(parameter.grad.isfinite().all() for parameter in gcn.parameters())
