"""Graph convolutions on sparse matrices.

Kipf and Welling, ICLR 2017:

    H_l+1 = PReLU(P H_l W + b)        P a normalized adjacency or a diffusion of the graph

A batch of graphs is one graph whose matrix is block-diagonal. P (H W) is a sparse product with a
dense matrix, so no tensor has a row for each edge.

Shapes: V nodes, D features, C channels.
"""

from typing import Any

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmcontrast.ops.sparse import sparse_product
from mmcontrast.registry import MODELS
from mmcontrast.utils.arguments import check_sizes


def _refuse_other_width(in_channels: int, features_VD: Tensor) -> None:
    if features_VD.shape[1] != in_channels:
        raise ValueError(
            f"The encoder has in_channels={in_channels}, but the nodes have {features_VD.shape[1]} "
            f"features: set model.encoder.in_channels={features_VD.shape[1]}."
        )


class _PReLU(torch.autograd.Function):
    """PReLU with one slope; on a CPU its backward pass takes less than half the time of torch's."""

    @staticmethod
    def forward(ctx: Any, x_VC: Tensor, slope: Tensor) -> Tensor:
        ctx.save_for_backward(x_VC, slope)
        with torch.autocast(x_VC.device.type, enabled=False):
            return torch.prelu(x_VC, slope)

    @staticmethod
    def backward(ctx: Any, grad_VC: Tensor) -> tuple[Tensor, Tensor]:
        x_VC, slope = ctx.saved_tensors
        above_VC = torch.ops.aten.threshold_backward(grad_VC, x_VC, 0)
        x, grad, above = x_VC.flatten(), grad_VC.flatten(), above_VC.flatten()
        to_slope = torch.dot(grad, x) - torch.dot(above, x)
        return above_VC.lerp_(grad_VC, slope), to_slope[None]


class GraphConvolution(nn.Module):
    """One layer: W Xavier-uniform, b zero and one slope of 0.25 for all channels at first.

    Args:
        in_channels: Number D of features of a node.
        out_channels: Number of channels C.
    """

    def __init__(self, in_channels: int, out_channels: int):
        super().__init__()
        self.linear = nn.Linear(in_channels, out_channels, bias=False)
        nn.init.xavier_uniform_(self.linear.weight)
        self.bias = nn.Parameter(torch.zeros(out_channels))
        self.slope = nn.Parameter(torch.full((1,), 0.25))

    def project(self, features_VD: Tensor) -> Tensor:
        """H W, which does not depend on the graph; H is dense or sparse CSR."""
        if features_VD.layout == torch.strided:
            return self.linear(features_VD)
        return sparse_product(features_VD, self.linear.weight.T)

    def forward(self, projected_VC: Tensor, matrix_VV: Any) -> Tensor:
        """PReLU(P (H W) + b) of H W, in float32."""
        return _PReLU.apply(sparse_product(matrix_VV, projected_VC, self.bias), self.slope)


@MODELS.register_module()
class GCN(BaseModule):
    """Graph convolutions one after the other.

    Args:
        in_channels: Number of features of a node.
        hidden_channels: Number of channels of each layer.
        num_layers: Number of layers.

    Attributes:
        out_channels: Channels of the last layer.
        num_layers: Length of what ``forward`` returns.
    """

    def __init__(
        self,
        in_channels: int,
        hidden_channels: int = 512,
        num_layers: int = 1,
        **kwargs: Any,
    ):
        check_sizes(
            "GCN", in_channels=in_channels, hidden_channels=hidden_channels, num_layers=num_layers
        )
        super().__init__(**kwargs)
        widths = [in_channels, *[hidden_channels] * (num_layers - 1)]
        self.layers = nn.ModuleList(GraphConvolution(width, hidden_channels) for width in widths)
        self.in_channels = in_channels
        self.out_channels, self.num_layers = hidden_channels, num_layers

    def project(self, features_VD: Tensor) -> Tensor:
        """The part of the first layer that each node has to itself, (V, C).

        Nodes that exchange their features exchange this: it is computed once for both.

        Raises:
            ValueError: The nodes have another number of features than ``in_channels``.
        """
        _refuse_other_width(self.in_channels, features_VD)
        first: GraphConvolution = self.layers[0]  # type: ignore[assignment]
        return first.project(features_VD)

    def forward(self, projected_VC: Tensor, matrix_VV: Any) -> list[Tensor]:
        """Compute the nodes' features after each layer.

        Args:
            projected_VC: Result of :meth:`project`.
            matrix_VV: P: sparse CSR, dense, or anything else that multiplies (V, C) by ``@``.
        """
        outputs: list[Tensor] = []
        for layer in self.layers:
            if outputs:
                projected_VC = layer.project(outputs[-1])  # type: ignore[operator]
            outputs.append(layer(projected_VC, matrix_VV))
        return outputs


@MODELS.register_module()
class PyGEncoder(BaseModule):
    """An encoder of torch_geometric, such as its ``GIN``. Needs the extra ``graph``.

    Its last layer is used. Weights of the matrix take part as the convolution has it; ``GCN`` of
    torch_geometric normalizes once more unless it gets ``normalize=False``.

    Args:
        model: A class of ``torch_geometric.nn`` with the arguments of its ``BasicGNN``.
        in_channels: Number of features of a node.
        hidden_channels: Number of channels of each layer.
        num_layers: Number of layers.
        **kwargs: Arguments of the class of torch_geometric.

    Raises:
        ImportError: torch_geometric is not installed.
        ValueError: It has no such class.
    """

    def __init__(
        self,
        model: str,
        in_channels: int,
        hidden_channels: int,
        num_layers: int,
        init_cfg: dict | None = None,
        **kwargs: Any,
    ):
        check_sizes(
            "PyGEncoder",
            in_channels=in_channels,
            hidden_channels=hidden_channels,
            num_layers=num_layers,
        )
        super().__init__(init_cfg)
        try:
            import torch_geometric.nn as graph_networks
        except ImportError as error:
            raise ImportError(
                "PyGEncoder needs torch_geometric: pip install 'mmcontrast[graph]'."
            ) from error
        if not hasattr(graph_networks, model):
            raise ValueError(f"torch_geometric.nn has no class {model!r}; GIN is one.")
        network = getattr(graph_networks, model)
        self.network = network(in_channels, hidden_channels, num_layers, **kwargs)
        self.in_channels = in_channels
        self.out_channels, self.num_layers = hidden_channels, 1

    def project(self, features_VD: Tensor) -> Tensor:
        """The features, dense.

        Raises:
            ValueError: The nodes have another number of features than ``in_channels``.
        """
        _refuse_other_width(self.in_channels, features_VD)
        return features_VD if features_VD.layout == torch.strided else features_VD.to_dense()

    def forward(self, projected_VC: Tensor, matrix_VV: Tensor) -> list[Tensor]:
        """Compute the nodes' features after the last layer.

        Raises:
            ValueError: P is no sparse matrix, which torch_geometric would take for a list of edges.
        """
        if getattr(matrix_VV, "layout", None) != torch.sparse_csr:
            raise ValueError(
                "PyGEncoder needs sparse matrices: GraphViews with keep='top' or 'pushed', and no "
                "diffusion in the model."
            )
        return [self.network(projected_VC, matrix_VV)]
