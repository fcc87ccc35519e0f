"""Contrast of embeddings of the same class with all others of the batch.

Khosla et al., NeurIPS 2020, equation 2 (positives outside of the logarithm); the instance-level
loss of CE-GZSL's code (Han et al., CVPR 2021), whose paper writes it with one positive.
"""

import torch
from torch import Tensor


def supervised_contrast(embeddings_NC: Tensor, labels_N: Tensor, temperature: float) -> Tensor:
    """Contrast anchors with their positives.

    The mean over the anchors i that have one of

        -1 / |P(i)| sum_{p in P(i)} log( exp(z_i.z_p / t) / sum_{j != i} exp(z_i.z_j / t) ).

    Args:
        embeddings_NC: Embeddings z, unit vectors.
        labels_N: Classes, int64; P(i) holds all other samples with the label of i.
        temperature: Temperature t, positive.

    Returns:
        A scalar; 0, with gradients of 0, where no anchor has a positive.
    """
    with torch.autocast(embeddings_NC.device.type, enabled=False):
        logits_NN = embeddings_NC.float() @ embeddings_NC.float().T / temperature
    self_NN = torch.eye(len(labels_N), dtype=torch.bool, device=labels_N.device)
    positive_NN = (labels_N[:, None] == labels_N) & ~self_NN
    logits_NN = logits_NN.masked_fill(self_NN, -torch.inf)
    log_share_NN = (logits_NN - logits_NN.logsumexp(dim=1, keepdim=True)).masked_fill(self_NN, 0)
    count_N = positive_NN.sum(dim=1)
    anchors_N = count_N > 0
    if not anchors_N.any():
        return 0 * embeddings_NC.float().sum()
    mean_N = (log_share_NN * positive_NN).sum(dim=1)[anchors_N] / count_N[anchors_N]
    return -mean_N.mean()
