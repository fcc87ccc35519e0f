"""Products of sparse matrices with features.

Shapes: V nodes, C channels.
"""

from typing import Any

import torch
from torch import Tensor


class _SparseProduct(torch.autograd.Function):
    """A X with a gradient to X, by a transposed matrix in rows.

    torch's own backward pass multiplies by the matrix in columns, which takes three times as long.
    """

    @staticmethod
    def forward(ctx: Any, matrix_VV: Tensor, features_VC: Tensor) -> Tensor:
        ctx.matrix_VV = matrix_VV
        return matrix_VV @ features_VC

    @staticmethod
    def backward(ctx: Any, grad_VC: Tensor) -> tuple[None, Tensor]:
        return None, ctx.matrix_VV.t().to_sparse_csr() @ grad_VC


def sparse_product(matrix_VV: Any, features_VC: Tensor) -> Tensor:
    """A X in float32, with a gradient to X alone.

    Args:
        matrix_VV: A: sparse CSR, or anything else that multiplies by ``@``.
        features_VC: X.
    """
    with torch.autocast(features_VC.device.type, enabled=False):
        features_VC = features_VC.float()
        if isinstance(matrix_VV, Tensor) and matrix_VV.layout == torch.sparse_csr:
            return _SparseProduct.apply(matrix_VV, features_VC)
        return matrix_VV @ features_VC
