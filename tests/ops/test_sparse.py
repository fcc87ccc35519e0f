"""Products with sparse matrices, which need not be symmetric."""

import gc

import pytest
import torch

from mmcontrast.ops import sparse
from mmcontrast.ops.sparse import sparse_product


@pytest.mark.parametrize("form", [torch.Tensor.to_sparse_csr, lambda matrix: matrix])
def test_product_and_gradient(form):
    torch.manual_seed(0)
    matrix = torch.rand(7, 7) * (torch.rand(7, 7) < 0.4)
    x, bias = torch.randn(7, 5, requires_grad=True), torch.randn(5, requires_grad=True)
    a = form(matrix)
    found = sparse_product(a, sparse_product(a, x), bias)
    expected = matrix @ (matrix @ x) + bias
    torch.testing.assert_close(found, expected)
    for one, other in zip(
        torch.autograd.grad(found.sin().sum(), (x, bias)),
        torch.autograd.grad(expected.sin().sum(), (x, bias)),
        strict=True,
    ):
        torch.testing.assert_close(one, other)


def test_a_transpose_is_made_once_and_goes_with_its_matrix():
    sparse._TRANSPOSES.clear()
    matrix, x = torch.rand(3, 3).to_sparse_csr(), torch.rand(3, 2, requires_grad=True)
    (sparse_product(matrix, x) + sparse_product(matrix, x)).sum().backward()
    torch.testing.assert_close(x.grad, (2 * matrix.to_dense().sum(0))[:, None].expand(3, 2))
    assert len(sparse._TRANSPOSES) == 1
    del matrix
    gc.collect()
    assert not len(sparse._TRANSPOSES)


def test_under_autocast_it_stays_in_float32():
    matrix, x = torch.eye(3).to_sparse_csr(), torch.rand(3, 2)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(sparse_product(matrix, x), x)
        assert sparse_product(matrix, x.bfloat16()).dtype == torch.float32
