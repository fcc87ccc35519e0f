"""Projection heads: from the backbone's last feature map to embeddings.

Shapes: N images, D backbone channels, C embedding, S = grid * grid cells.
"""

from collections.abc import Sequence

import torch.nn.functional as F
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmcontrast.models.modules.norm import build_norm
from mmcontrast.registry import MODELS


@MODELS.register_module()
class Projection(BaseModule):
    """Global average pooling and a multi-layer perceptron.

    MoCo v2 (Chen et al., 2020): ``Projection(2048, 2048, 128)``, two biased layers, no norm.
    SimCLR (Chen et al., ICML 2020, appendix B): ``norm_cfg=dict(type='SyncBN')``, which follows
    each layer and replaces its bias.

    Args:
        in_channels: Backbone channels D.
        hidden_channels: Width of the hidden layers.
        out_channels: Embedding C.
        num_layers: Linear layers; 2 in MoCo v2 and SimCLR, 3 in SimCLR v2.
        norm_cfg: Norm after every layer, the last one included; None for biased layers alone.
        last_norm_bias: Whether the last norm learns an offset. The SimCLR paper has none, the
            PyTorch ports of it do; without, it is frozen at 0 and the keys stay the same.
    """

    def __init__(
        self,
        in_channels: int,
        hidden_channels: int,
        out_channels: int,
        num_layers: int = 2,
        norm_cfg: dict | None = None,
        last_norm_bias: bool = True,
        init_cfg: dict | None = None,
    ):
        super().__init__(init_cfg)
        widths = [in_channels] + [hidden_channels] * (num_layers - 1) + [out_channels]
        layers: list[nn.Module] = []
        for i in range(num_layers):
            layers.append(nn.Linear(widths[i], widths[i + 1], bias=norm_cfg is None))
            if norm_cfg is not None:
                layers.append(build_norm(norm_cfg, widths[i + 1]))
            if i < num_layers - 1:
                layers.append(nn.ReLU(inplace=True))
        self.mlp = nn.Sequential(*layers)
        if norm_cfg is not None and not last_norm_bias:
            self.mlp[-1].bias.requires_grad_(False)

    def forward(self, features: Sequence[Tensor]) -> Tensor:
        """Embed images.

        Args:
            features: The backbone's feature maps; the last one, (N, D, H, W), is used.

        Returns:
            (N, C), not normalised.
        """
        return self.mlp(features[-1].mean(dim=(2, 3)))


@MODELS.register_module()
class DenseProjection(BaseModule):
    """DenseCL's two heads side by side, global and dense (Wang et al., CVPR 2021, section 3.2).

    The dense head is the global one with 1x1 convolutions instead of linear layers, and without
    pooling.

    Args:
        in_channels: Backbone channels D.
        hidden_channels: Width of the hidden layer.
        out_channels: Embedding C of both heads.
        num_grid: Cells a side that the map is pooled to before the dense head; None keeps the
            backbone's own grid, 7 for 224-pixel images.
    """

    def __init__(
        self,
        in_channels: int,
        hidden_channels: int,
        out_channels: int,
        num_grid: int | None = None,
        init_cfg: dict | None = None,
    ):
        super().__init__(init_cfg)
        self.num_grid = num_grid
        self.mlp = nn.Sequential(
            nn.Linear(in_channels, hidden_channels),
            nn.ReLU(inplace=True),
            nn.Linear(hidden_channels, out_channels),
        )
        self.conv = nn.Sequential(
            nn.Conv2d(in_channels, hidden_channels, 1),
            nn.ReLU(inplace=True),
            nn.Conv2d(hidden_channels, out_channels, 1),
        )

    def to_grid(self, feature: Tensor) -> Tensor:
        """Pool a map to the grid of the dense head, (N, D, H, W) -> (N, D, grid, grid)."""
        return feature if self.num_grid is None else F.adaptive_avg_pool2d(feature, self.num_grid)

    def forward(self, features: Sequence[Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        """Embed images and their cells.

        Args:
            features: The backbone's feature maps; the last one, (N, D, H, W), is used.

        Returns:
            The global embedding (N, C); the dense embeddings (N, C, S), cells in row-major order;
            and the dense embeddings' mean (N, C). None of them is normalised: the mean is taken
            first, so that cells with long vectors weigh more.
        """
        feature = features[-1]
        dense = self.conv(self.to_grid(feature)).flatten(2)
        return self.mlp(feature.mean(dim=(2, 3))), dense, dense.mean(dim=2)
