"""Read-outs, critics and projection heads, by which nodes are compared with graphs.

Critics compute in float32 under autocast too.

Shapes: V nodes, N graphs, C channels, L layers.
"""

from collections.abc import Sequence
from typing import Any

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmcontrast.registry import MODELS
from mmcontrast.utils.arguments import check_sizes


def sum_nodes(nodes_VC: Tensor, graph_index_V: Tensor, num_graphs: int) -> Tensor:
    """Sums over the nodes of each graph, (N, C)."""
    total_NC = nodes_VC.new_zeros(num_graphs, nodes_VC.shape[1])
    return total_NC.index_add(0, graph_index_V, nodes_VC)


def mean_sigmoid(layers: Sequence[Tensor], graph_index_V: Tensor, num_graphs: int) -> Tensor:
    """Sigmoid of the last layer's mean over each graph, (N, C) (Velickovic et al., ICLR 2019)."""
    count_N1 = torch.bincount(graph_index_V, minlength=num_graphs).clamp(min=1)[:, None]
    return (sum_nodes(layers[-1], graph_index_V, num_graphs) / count_N1).sigmoid()


def sum_cat(layers: Sequence[Tensor], graph_index_V: Tensor, num_graphs: int) -> Tensor:
    """Sums over each graph of all layers, side by side, (N, L C) (Xu et al., ICML 2018)."""
    return torch.cat([sum_nodes(nodes, graph_index_V, num_graphs) for nodes in layers], dim=1)


READOUTS = {"mean_sigmoid": mean_sigmoid, "sum_cat": sum_cat}


@MODELS.register_module()
class BilinearCritic(BaseModule):
    """Scores h^T W c + b, b zero at first.

    ``nn.Bilinear`` would apply W to each node; W c is computed once for each graph. W starts as
    Xavier-uniform for its weight of (1, C, C), which is sqrt(C / 2) times smaller than for (C, C).

    Args:
        channels: Number of channels C of nodes and graphs.
    """

    def __init__(self, channels: int, **kwargs: Any):
        check_sizes("BilinearCritic", channels=channels)
        super().__init__(**kwargs)
        self.weight = nn.Parameter(torch.empty(channels, channels))
        nn.init.xavier_uniform_(self.weight[None])
        self.bias = nn.Parameter(torch.zeros(()))

    def forward(self, nodes_VC: Tensor, graphs_NC: Tensor) -> Tensor:
        """Scores of all pairs, (V, N)."""
        with torch.autocast(nodes_VC.device.type, enabled=False):
            return nodes_VC.float() @ (graphs_NC.float() @ self.weight.T).T + self.bias


@MODELS.register_module()
class DotCritic(BaseModule):
    """Scores h^T c."""

    def forward(self, nodes_VC: Tensor, graphs_NC: Tensor) -> Tensor:
        """Scores of all pairs, (V, N)."""
        with torch.autocast(nodes_VC.device.type, enabled=False):
            return nodes_VC.float() @ graphs_NC.float().T


@MODELS.register_module()
class ResidualMLP(BaseModule):
    """Three linear layers with PReLU, and a linear shortcut: MVGRL's projection head.

    Args:
        in_channels: Number of channels of the input.
        out_channels: Number of channels of all layers.
    """

    def __init__(self, in_channels: int, out_channels: int, **kwargs: Any):
        check_sizes("ResidualMLP", in_channels=in_channels, out_channels=out_channels)
        super().__init__(**kwargs)
        widths = (in_channels, out_channels, out_channels)
        self.layers = nn.Sequential(
            *(part for width in widths for part in (nn.Linear(width, out_channels), nn.PReLU()))
        )
        self.shortcut = nn.Linear(in_channels, out_channels)

    def forward(self, features_XC: Tensor) -> Tensor:
        """Project vectors of nodes or graphs."""
        return self.layers(features_XC) + self.shortcut(features_XC)
