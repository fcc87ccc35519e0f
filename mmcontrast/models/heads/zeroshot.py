"""Networks of CE-GZSL: generator, critic, embedding, comparator (Han et al., CVPR 2021, section 3).

All weights are normal with a deviation of 0.02 at first, all biases zero.

Shapes: N rows, D features, A attributes, E embedding, S classes, C hidden channels.
"""

from typing import Any

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from mmcontrast.registry import MODELS
from mmcontrast.utils.arguments import check_sizes

# Values in a block of comparisons: 2^24 floats are 64 MB.
_BLOCK_ELEMENTS = 2**24


def _initialize(module: nn.Module) -> None:
    for part in module.modules():
        if isinstance(part, nn.Linear):
            nn.init.normal_(part.weight, std=0.02)
            nn.init.zeros_(part.bias)


def _refuse_other_width(name: str, expected: int, rows: Tensor) -> None:
    if rows.shape[1] != expected:
        raise ValueError(f"The model has {name}={expected}, but the data have {rows.shape[1]}.")


@MODELS.register_module()
class FeatureGenerator(BaseModule):
    """From noise and attributes to features, which are not negative.

    Args:
        num_noise: Length of the noise vector.
        num_attributes: Number of attributes A.
        num_features: Number of features D.
        hidden_channels: Width C of the hidden layer.
    """

    def __init__(
        self,
        num_noise: int,
        num_attributes: int,
        num_features: int,
        hidden_channels: int = 4096,
        **kwargs: Any,
    ):
        check_sizes(
            "FeatureGenerator",
            num_noise=num_noise,
            num_attributes=num_attributes,
            num_features=num_features,
            hidden_channels=hidden_channels,
        )
        super().__init__(**kwargs)
        self.num_noise, self.num_attributes = num_noise, num_attributes
        self.layers = nn.Sequential(
            nn.Linear(num_noise + num_attributes, hidden_channels),
            nn.LeakyReLU(0.2),
            nn.Linear(hidden_channels, num_features),
            nn.ReLU(),
        )
        _initialize(self)

    def forward(self, noise_NZ: Tensor, attributes_NA: Tensor) -> Tensor:
        """Features (N, D)."""
        _refuse_other_width("num_attributes", self.num_attributes, attributes_NA)
        return self.layers(torch.cat([noise_NZ, attributes_NA], dim=1))


@MODELS.register_module()
class FeatureCritic(BaseModule):
    """How real features look for a class.

    Args:
        num_features: Number of features D.
        num_attributes: Number of attributes A.
        hidden_channels: Width C of the hidden layer.
    """

    def __init__(
        self,
        num_features: int,
        num_attributes: int,
        hidden_channels: int = 4096,
        **kwargs: Any,
    ):
        check_sizes(
            "FeatureCritic",
            num_features=num_features,
            num_attributes=num_attributes,
            hidden_channels=hidden_channels,
        )
        super().__init__(**kwargs)
        self.num_features = num_features
        self.layers = nn.Sequential(
            nn.Linear(num_features + num_attributes, hidden_channels),
            nn.LeakyReLU(0.2),
            nn.Linear(hidden_channels, 1),
        )
        _initialize(self)

    def forward(self, features_ND: Tensor, attributes_NA: Tensor) -> Tensor:
        """Scores (N, 1)."""
        _refuse_other_width("num_features", self.num_features, features_ND)
        return self.layers(torch.cat([features_ND, attributes_NA], dim=1))


@MODELS.register_module()
class FeatureEmbedding(BaseModule):
    """One linear layer, with a ReLU behind it or without.

    Args:
        in_channels: Number of channels of the input.
        out_channels: Number of channels E of the embedding.
        relu: Whether a ReLU follows the layer.
    """

    def __init__(self, in_channels: int, out_channels: int, relu: bool = True, **kwargs: Any):
        check_sizes("FeatureEmbedding", in_channels=in_channels, out_channels=out_channels)
        super().__init__(**kwargs)
        self.linear = nn.Linear(in_channels, out_channels)
        self.activation = nn.ReLU() if relu else nn.Identity()
        self.out_channels = out_channels
        _initialize(self)

    def forward(self, features_ND: Tensor) -> Tensor:
        """Embeddings (N, E)."""
        _refuse_other_width("in_channels", self.linear.in_features, features_ND)
        return self.activation(self.linear(features_ND))


@MODELS.register_module()
class Comparator(BaseModule):
    """How well embeddings go with the attributes of classes: F(h, a) = w^T act(W [h; a] + b).

    The first layer is linear, so W [h; a] is W_h h + W_a a: two small products and a sum for each
    pair, where the network applied to each pair would cost S times as much. Only the N S C numbers
    behind the sum are left, and they are computed in blocks, and once more in the backward pass.

    Args:
        in_channels: Number of channels E of the embedding.
        num_attributes: Number of attributes A.
        hidden_channels: Width C of the hidden layer.
    """

    def __init__(
        self,
        in_channels: int,
        num_attributes: int,
        hidden_channels: int = 2048,
        **kwargs: Any,
    ):
        check_sizes(
            "Comparator",
            in_channels=in_channels,
            num_attributes=num_attributes,
            hidden_channels=hidden_channels,
        )
        super().__init__(**kwargs)
        self.first = nn.Linear(in_channels + num_attributes, hidden_channels)
        self.activation = nn.LeakyReLU(0.2)
        self.last = nn.Linear(hidden_channels, 1)
        _initialize(self)

    def forward(self, embeddings_NE: Tensor, attributes_SA: Tensor) -> Tensor:
        """Scores of all pairs, (N, S)."""
        widths = (embeddings_NE.shape[1], attributes_SA.shape[1])
        weight_of_h, weight_of_a = self.first.weight.split(widths, dim=1)
        from_h_NC = embeddings_NE @ weight_of_h.T
        from_a_SC = attributes_SA @ weight_of_a.T + self.first.bias
        rows = max(_BLOCK_ELEMENTS // from_a_SC.numel(), 1)
        blocks = from_h_NC.split(rows)
        if len(blocks) == 1:
            return self._compare(from_h_NC, from_a_SC)
        scores = [checkpoint(self._compare, h, from_a_SC, use_reentrant=False) for h in blocks]
        return torch.cat(scores)

    def _compare(self, from_h_NC: Tensor, from_a_SC: Tensor) -> Tensor:
        return self.last(self.activation(from_h_NC[:, None] + from_a_SC)).squeeze(2)
