"""Products of sparse matrices with features.

Shapes: U and V nodes, or features, of a matrix; C channels.
"""

from typing import Any

import torch
from torch import Tensor
from torch.utils.weak import WeakTensorKeyDictionary


class _SparseProduct(torch.autograd.Function):
    """A X + b with gradients to X and b, by a transposed matrix in rows.

    torch's own backward pass multiplies by the matrix in columns, which takes three times as long.
    """

    @staticmethod
    def forward(ctx: Any, matrix_UV: Tensor, features_VC: Tensor, bias_C: Tensor) -> Tensor:
        ctx.matrix_UV = matrix_UV
        return _product(matrix_UV, features_VC, bias_C)

    @staticmethod
    def backward(ctx: Any, grad_UC: Tensor) -> tuple[None, Tensor | None, Tensor | None]:
        _, to_features, to_bias = ctx.needs_input_grad
        grad_VC = None
        if to_features:
            zero = grad_UC.new_zeros(1)
            grad_VC = _product(_transposed(ctx.matrix_UV), grad_UC.contiguous(), zero)
        return None, grad_VC, grad_UC.sum(dim=0) if to_bias else None


def _product(matrix_UV: Tensor, features_VC: Tensor, bias_C: Tensor) -> Tensor:
    # In place: `matrix @ features` fills the result with zeros twice before it multiplies.
    out_UC = bias_C.expand(matrix_UV.shape[0], features_VC.shape[1]).contiguous()
    return torch.addmm(out_UC, matrix_UV, features_VC, out=out_UC)


def _transposed(matrix_UV: Tensor) -> Tensor:
    """Its transpose in rows, sorted once for all products with one and the same matrix."""
    if matrix_UV not in _TRANSPOSES:
        _TRANSPOSES[matrix_UV] = matrix_UV.t().to_sparse_csr()
    return _TRANSPOSES[matrix_UV]


_TRANSPOSES = WeakTensorKeyDictionary()


def sparse_product(matrix_UV: Any, features_VC: Tensor, bias_C: Tensor | None = None) -> Tensor:
    """A X + b in float32, with gradients to X and b; none to A.

    Args:
        matrix_UV: Matrix A: sparse CSR, or anything else that multiplies by ``@``.
        features_VC: Features X.
        bias_C: Bias b; None is 0.
    """
    with torch.autocast(features_VC.device.type, enabled=False):
        features_VC = features_VC.float()
        if isinstance(matrix_UV, Tensor) and matrix_UV.layout == torch.sparse_csr:
            bias = features_VC.new_zeros(1) if bias_C is None else bias_C
            return _SparseProduct.apply(matrix_UV, features_VC, bias)
        product_UC = matrix_UV @ features_VC
        return product_UC if bias_C is None else product_UC + bias_C
