"""InfoNCE against a set of constant negatives, as in MoCo and DenseCL.

    L(q, k+) = -log  exp(q.k+ / t) / (exp(q.k+ / t) + sum_j exp(q.n_j / t))

He et al., CVPR 2020, equation 1; van den Oord et al., 2018, equation 4.

Shapes: R queries (images, or cells of images), C embedding, K negatives.
"""

import torch
from torch import Tensor, nn

from mmcontrast.ops.online_softmax import blockwise_info_nce
from mmcontrast.registry import MODELS
from mmcontrast.structures.contrast import Contrast


def info_nce(
    query_RC: Tensor, key_RC: Tensor, negatives_CK: Tensor, temperature: float
) -> Contrast:
    """InfoNCE of each query, its positive key and shared negatives, in float32 under autocast too.

    The result is that of these lines, without the (R, K) matrix::

        positive_R = (query_RC * key_RC).sum(dim=1)
        similarity_RK = query_RC @ negatives_CK
        logits = torch.cat([positive_R[:, None], similarity_RK], dim=1) / temperature
        loss_R = logits.logsumexp(dim=1) - logits[:, 0]
        correct_R = positive_R > similarity_RK.amax(dim=1)
        result = Contrast(loss_R, positive_R, similarity_RK.mean(dim=1), correct_R)

    Uniform similarities give log(K + 1); a query equal to its key and orthogonal to K negatives
    gives log(1 + K exp(-1 / temperature)). Memory is a few megabytes on a CPU, a quarter of a
    gigabyte on a GPU, and R * C floats for the gradient, whatever R * K may be.

    Args:
        query_RC: Unit vectors, with gradient.
        key_RC: Unit vectors, the positive of each query; a constant.
        negatives_CK: Unit columns; a constant, which may be overwritten afterwards.
        temperature: Temperature t, positive.

    Returns:
        Loss and similarities of each query.

    Raises:
        ValueError: Keys or negatives ask for a gradient, which this loss does not give.
    """
    if torch.is_grad_enabled() and (key_RC.requires_grad or negatives_CK.requires_grad):
        raise ValueError(
            "info_nce treats keys and negatives as constants: detach them, or use nt_xent, whose "
            "gradient reaches both sides."
        )
    with torch.autocast(query_RC.device.type, enabled=False):
        return Contrast(
            *blockwise_info_nce(
                query_RC.float(), key_RC.float(), negatives_CK.float(), float(temperature)
            )
        )


@MODELS.register_module()
class InfoNCE(nn.Module):
    """:func:`info_nce` with its settings.

    Args:
        temperature: 0.2 in MoCo v2 and DenseCL, 0.07 in MoCo v1.
    """

    def __init__(self, temperature: float = 0.2):
        super().__init__()
        if temperature <= 0:
            raise ValueError(f"temperature must be positive, got {temperature}.")
        self.temperature = temperature

    def forward(self, query_RC: Tensor, key_RC: Tensor, negatives_CK: Tensor) -> Contrast:
        """See :func:`info_nce`."""
        return info_nce(query_RC, key_RC, negatives_CK, self.temperature)
