"""Networks whose outputs can be computed elsewhere: every weight of a convolution is equal."""

import torch
from torch import nn


@torch.no_grad()
def with_constant_weights(network):
    """Let each convolution average its inputs; float64, in eval mode."""
    network = network.double().eval()
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Conv3d):
            module.weight.fill_(1 / module.weight[0].numel())
    return network
