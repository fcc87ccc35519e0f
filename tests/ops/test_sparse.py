"""Products with sparse matrices, which need not be symmetric."""

import pytest
import torch

from mmcontrast.ops.sparse import sparse_product


@pytest.mark.parametrize("form", [torch.Tensor.to_sparse_csr, lambda matrix: matrix])
def test_product_and_gradient(form):
    torch.manual_seed(0)
    matrix = torch.rand(7, 7) * (torch.rand(7, 7) < 0.4)
    x = torch.randn(7, 5, requires_grad=True)
    found, expected = sparse_product(form(matrix), x), matrix @ x
    torch.testing.assert_close(found, expected)
    for one, other in zip(
        torch.autograd.grad(found.sin().sum(), x),
        torch.autograd.grad(expected.sin().sum(), x),
        strict=True,
    ):
        torch.testing.assert_close(one, other)


def test_under_autocast_it_stays_in_float32():
    matrix, x = torch.eye(3).to_sparse_csr(), torch.rand(3, 2)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(sparse_product(matrix, x), x)
        assert sparse_product(matrix, x.bfloat16()).dtype == torch.float32
