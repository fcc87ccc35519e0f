"""Multinomial regression by mini-batches, the last step of generative zero-shot learning."""

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def softmax_regression(
    features_ND: Tensor,
    labels_N: Tensor,
    num_classes: int,
    *,
    num_epochs: int,
    batch_size: int,
    learning_rate: float = 1e-3,
    seed: int = 0,
) -> Iterator[nn.Linear]:
    """Train a linear layer with Adam (0.5, 0.999) and yield it after each epoch.

    Args:
        features_ND: Features of the rows, without gradient.
        labels_N: Classes of the rows, int64.
        num_classes: Number of classes of the layer; a class without rows only ever loses.
        num_epochs: Number of passes over the rows, each in a new random order.
        batch_size: Number of rows of a step; the last step of an epoch may have fewer.
        learning_rate: Learning rate of Adam.
        seed: Seed of the initial weights and of the orders; the global generators are not used.
    """
    generator = torch.Generator().manual_seed(seed)
    layer = nn.utils.skip_init(nn.Linear, features_ND.shape[1], num_classes)
    nn.init.normal_(layer.weight, std=0.02, generator=generator)
    nn.init.zeros_(layer.bias)
    layer = layer.to(features_ND.device)
    optimizer = torch.optim.Adam(layer.parameters(), lr=learning_rate, betas=(0.5, 0.999))
    for _ in range(num_epochs):
        order = torch.randperm(len(labels_N), generator=generator).to(labels_N.device)
        with torch.enable_grad():
            for rows in order.split(batch_size):
                loss = F.cross_entropy(layer(features_ND[rows]), labels_N[rows])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
        yield layer
