"""Features made into decorrelated unit vectors, as DeepCluster clusters them.

Shapes: N samples, D features, C components.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

_BLOCK = 16384


class Whitening(NamedTuple):
    """A linear map that decorrelates features: ``(x - mean) @ matrix``."""

    mean_D: Tensor
    matrix_DC: Tensor


def fit_whitening(features_ND: Tensor, num_components: int) -> Whitening:
    """Return the map to principal components of variance 1.

    Args:
        features_ND: Features; covariances are computed in float64.
        num_components: Number of components, the largest first; D and N - 1 are the most.

    Returns:
        The map, float32. A component without variance is multiplied by at most 1e6.
    """
    mean_D = torch.stack([block.double().sum(dim=0) for block in features_ND.split(_BLOCK)])
    mean_D = mean_D.sum(dim=0) / len(features_ND)
    covariance_DD = torch.zeros(len(mean_D), len(mean_D), dtype=torch.float64)
    for block_BD in features_ND.split(_BLOCK):
        centered_BD = block_BD.double() - mean_D
        covariance_DD += centered_BD.t() @ centered_BD
    values, vectors_DD = torch.linalg.eigh(covariance_DD / len(features_ND))
    count = min(num_components, len(mean_D), len(features_ND) - 1)
    kept = slice(len(mean_D) - count, None)  # the largest are the last ones
    vectors_DC = vectors_DD[:, kept]
    # Eigenvectors have no sign of their own: their largest number becomes positive.
    signs_C = vectors_DC.gather(0, vectors_DC.abs().argmax(dim=0, keepdim=True)).sign()
    matrix_DC = vectors_DC * signs_C * values[kept].clamp(min=1e-12).rsqrt()
    return Whitening(mean_D.float(), matrix_DC.flip(1).float())


def to_unit_space(features_ND: Tensor, whitening: Whitening | None) -> Tensor:
    """Whiten features if there is a map, and normalize them to unit length, in float32.

    Args:
        features_ND: Features.
        whitening: The map, on their device; None to normalize alone.
    """
    features_ND = features_ND.float()
    if whitening is not None:
        features_ND = (features_ND - whitening.mean_D) @ whitening.matrix_DC
    return F.normalize(features_ND, dim=1)
