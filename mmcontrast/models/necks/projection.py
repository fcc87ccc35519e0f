"""Projection heads, from the backbone's last feature map to embeddings, and prediction heads.

Shapes: N images, D backbone channels, C embedding, S = grid * grid cells.
"""

import itertools
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch.nn.functional as F
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmcontrast.registry import MODELS
from mmcontrast.structures.maps import pool_maps
from mmcontrast.utils.arguments import check_given, check_sizes


def _perceptron(
    layer: Callable[..., nn.Module],
    widths: Sequence[int],
    norm_cfg: dict | None,
    bias_with_norm: bool = False,
) -> nn.Sequential:
    """Layers with ReLU between them; a norm, if any, follows each and replaces its bias."""
    modules: list[nn.Module] = []
    for i, (inputs, outputs) in enumerate(itertools.pairwise(widths)):
        if i > 0:
            modules.append(nn.ReLU(inplace=True))
        modules.append(layer(inputs, outputs, bias=norm_cfg is None or bias_with_norm))
        if norm_cfg is not None:
            modules.append(MODELS.build(norm_cfg, default_args=dict(num_features=outputs)))
    return nn.Sequential(*modules)


@MODELS.register_module()
class Projection(BaseModule):
    """Global average pooling, or a transformer's class token, and a multi-layer perceptron.

    MoCo v2 (Chen et al., 2020): ``Projection(2048, 2048, 128)``, two biased layers, no norm.
    SimCLR (Chen et al., ICML 2020, appendix B): ``norm_cfg=dict(type='SyncBN')``, which follows
    each layer and replaces its bias. VFS (Xu and Wang, ICCV 2021): 3 layers of one width with the
    norm and, in the authors' weights, the bias too.

    Args:
        in_channels: Number of backbone channels D; a method fills it in where its config has none.
        hidden_channels: Width of the hidden layers.
        out_channels: Length C of the embedding.
        num_layers: Number of linear layers; 2 in MoCo v2 and SimCLR, 3 in SimCLR v2.
        norm_cfg: Config of the norm after every layer, the last one included; None for biased
            layers without norm.
        last_norm_bias: Whether the last norm learns an offset. The SimCLR paper has none, the
            PyTorch ports of it do; without, it is frozen at 0 and the keys stay the same.
        bias_with_norm: Whether layers that a norm follows keep their bias, which does nothing but
            makes the keys those of published weights.
    """

    def __init__(
        self,
        in_channels: int | None,
        hidden_channels: int,
        out_channels: int,
        num_layers: int = 2,
        norm_cfg: dict | None = None,
        last_norm_bias: bool = True,
        bias_with_norm: bool = False,
        **kwargs: Any,
    ):
        in_channels = check_given("Projection: in_channels", in_channels)
        check_sizes(
            "Projection",
            in_channels=in_channels,
            hidden_channels=hidden_channels,
            out_channels=out_channels,
            num_layers=num_layers,
        )
        super().__init__(**kwargs)
        self.out_channels = out_channels
        widths = [in_channels] + [hidden_channels] * (num_layers - 1) + [out_channels]
        self.mlp = _perceptron(nn.Linear, widths, norm_cfg, bias_with_norm)
        if norm_cfg is not None and not last_norm_bias:
            self.mlp[-1].bias.requires_grad_(False)

    def forward(self, features: Sequence[Tensor]) -> Tensor:
        """Embed images.

        Args:
            features: The backbone's feature maps; the last one, (N, D, H, W) or (N, D, T, H, W),
                is used.

        Returns:
            (N, C), not normalized.
        """
        return self.mlp(pool_maps(features))


@MODELS.register_module()
class Prediction(BaseModule):
    """From the embedding of one view to that of another: a perceptron with a narrow middle.

    SimSiam (Chen and He, CVPR 2021, section 3); VFS (Xu and Wang, ICCV 2021) has a quarter of the
    embedding in the middle.

    Args:
        in_channels: Length C of the embedding, in and out; a method fills it in where its config
            has none.
        hidden_channels: Width of the layer in the middle.
        norm_cfg: Config of the norm in the middle, before the ReLU.
    """

    def __init__(
        self,
        in_channels: int | None,
        hidden_channels: int,
        norm_cfg: dict,
        **kwargs: Any,
    ):
        in_channels = check_given("Prediction: in_channels", in_channels)
        check_sizes("Prediction", in_channels=in_channels, hidden_channels=hidden_channels)
        super().__init__(**kwargs)
        self.mlp = nn.Sequential(
            nn.Linear(in_channels, hidden_channels),
            MODELS.build(norm_cfg, default_args=dict(num_features=hidden_channels)),
            nn.ReLU(inplace=True),
            nn.Linear(hidden_channels, in_channels),
        )

    def forward(self, embeddings_NC: Tensor) -> Tensor:
        """Predict (N, C) from (N, C)."""
        return self.mlp(embeddings_NC)


@MODELS.register_module()
class DenseProjection(BaseModule):
    """DenseCL's two heads side by side, global and dense (Wang et al., CVPR 2021, section 3.2).

    The dense head is the global one with 1x1 convolutions instead of linear layers, and without
    pooling.

    Args:
        in_channels: Number of backbone channels D; a method fills it in where its config has none.
        hidden_channels: Width of the hidden layer.
        out_channels: Length C of the embeddings of both heads.
        num_grid: Number of cells a side that the map is pooled to before the dense head; None keeps
            the backbone's own grid, 7 for 224-pixel images.
        norm_cfg: Config of the norm after every layer of both heads, as in :class:`Projection`; the
            paper has none. With it short runs learn sooner.
    """

    def __init__(
        self,
        in_channels: int | None,
        hidden_channels: int,
        out_channels: int,
        num_grid: int | None = None,
        norm_cfg: dict | None = None,
        **kwargs: Any,
    ):
        in_channels = check_given("DenseProjection: in_channels", in_channels)
        check_sizes(
            "DenseProjection",
            in_channels=in_channels,
            hidden_channels=hidden_channels,
            out_channels=out_channels,
            num_grid=num_grid,
        )
        super().__init__(**kwargs)
        self.num_grid, self.out_channels = num_grid, out_channels
        widths = [in_channels, hidden_channels, out_channels]
        self.mlp = _perceptron(nn.Linear, widths, norm_cfg)
        self.conv = _perceptron(partial(nn.Conv2d, kernel_size=1), widths, norm_cfg)

    def to_grid(self, feature: Tensor) -> Tensor:
        """Pool a map to the grid of the dense head, (N, D, H, W) -> (N, D, grid, grid)."""
        return feature if self.num_grid is None else F.adaptive_avg_pool2d(feature, self.num_grid)

    def forward(self, features: Sequence[Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        """Embed images and their cells.

        Args:
            features: The backbone's feature maps; the last one, (N, D, H, W), is used.

        Returns:
            The global embedding (N, C); the dense embeddings (N, C, S), cells in row-major order;
            and the dense embeddings' mean (N, C). None of them is normalized: the mean is taken
            first, so that cells with long vectors weigh more.
        """
        feature = features[-1]
        dense = self.conv(self.to_grid(feature)).flatten(2)
        return self.mlp(pool_maps(features)), dense, dense.mean(dim=2)
