"""InfoNCE against a set of constant negatives, as in MoCo and DenseCL.

    L(q, k+) = -log  exp(q.k+ / t) / (exp(q.k+ / t) + sum_j exp(q.n_j / t))

He et al., CVPR 2020, equation 1; van den Oord et al., 2018, equation 4.

Shapes: R queries (images, or cells of images), C embedding, K negatives.
"""

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from mmcontrast.registry import MODELS


class Contrast(NamedTuple):
    """What a contrastive loss found out about each query."""

    loss: Tensor
    """(R,) float32; the only field with a gradient."""
    positive_similarity: Tensor
    """(R,) cosine of the query and its positive."""
    negative_similarity: Tensor
    """(R,) mean cosine of the query and its negatives."""
    correct: Tensor
    """(R,) bool, whether the positive is more similar than every negative."""

    def figures(self) -> dict[str, Tensor]:
        """Scalars to log beside the loss: ``acc1`` in percent, ``pos_sim`` and ``neg_sim``."""
        return dict(
            acc1=100 * self.correct.float().mean(),
            pos_sim=self.positive_similarity.mean(),
            neg_sim=self.negative_similarity.mean(),
        )


class _InfoNCE(torch.autograd.Function):
    """Loss and gradient in one pass over chunks of queries.

    Keys and negatives are constants, so the gradient of row i is a vector of C numbers that can be
    formed while the row's logits are at hand: no (R, K) matrix outlives its chunk.
    """

    @staticmethod
    def forward(
        ctx: Any,
        query_RC: Tensor,
        key_RC: Tensor,
        negatives_CK: Tensor,
        temperature: float,
        chunk_size: int,
    ) -> tuple[Tensor, ...]:
        loss, pos, correct, grad = [], [], [], []
        with_grad = ctx.needs_input_grad[0]
        # One block for the logits of all chunks: fresh pages for each would cost as much as the
        # product that fills them.
        block = negatives_CK.new_empty(min(chunk_size, len(query_RC)), negatives_CK.shape[1])
        for q, k in zip(query_RC.split(chunk_size), key_RC.split(chunk_size), strict=True):
            pos_r = (q * k).sum(dim=1)
            pos.append(pos_r)
            pos_r = pos_r / temperature
            logits_rK = torch.mm(q / temperature, negatives_CK, out=block[: len(q)])
            top_r = logits_rK.amax(dim=1)
            correct.append(pos_r > top_r)
            # The shift that keeps exp() finite; shared by the positive and the negatives.
            top_r = torch.maximum(top_r, pos_r)
            exp_rK = logits_rK.sub_(top_r[:, None]).exp_()
            exp_pos_r = (pos_r - top_r).exp()
            total_r = exp_rK.sum(dim=1) + exp_pos_r
            loss.append(total_r.log() + (top_r - pos_r))
            if with_grad:
                away_rC = exp_rK @ negatives_CK.t()
                towards_rC = k * (exp_pos_r - total_r)[:, None]
                grad.append((away_rC + towards_rC) / (total_r * temperature)[:, None])
        neg_R = query_RC @ negatives_CK.mean(dim=1)
        outputs = torch.cat(loss), torch.cat(pos), neg_R, torch.cat(correct)
        ctx.mark_non_differentiable(*outputs[1:])
        ctx.save_for_backward(*([torch.cat(grad)] if with_grad else []))
        return outputs

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, grad_loss_R: Tensor, *_: Any) -> tuple[Tensor | None, ...]:
        (grad_RC,) = ctx.saved_tensors
        return grad_loss_R[:, None] * grad_RC, None, None, None, None


def info_nce(
    query_RC: Tensor,
    key_RC: Tensor,
    negatives_CK: Tensor,
    temperature: float,
    chunk_size: int | None = None,
) -> Contrast:
    """InfoNCE of each query, its positive key and shared negatives, in float32 under autocast too.

    Uniform similarities give log(K + 1); a query equal to its key and orthogonal to K negatives
    gives log(1 + K exp(-1 / temperature)).

    Args:
        query_RC: Unit vectors, with gradient.
        key_RC: Unit vectors, the positive of each query; a constant.
        negatives_CK: Unit columns; a constant, which may be overwritten afterwards.
        temperature: Positive.
        chunk_size: Queries whose logits are held at a time. Memory is chunk_size * K floats;
            None takes all at once.

    Returns:
        Loss and figures of each query.

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
            *_InfoNCE.apply(
                query_RC.float(),
                key_RC.float(),
                negatives_CK.float(),
                float(temperature),
                chunk_size or max(len(query_RC), 1),
            )
        )


@MODELS.register_module()
class InfoNCE(nn.Module):
    """:func:`info_nce` with its settings.

    Args:
        temperature: 0.2 in MoCo v2 and DenseCL, 0.07 in MoCo v1.
        chunk_size: Queries whose logits are held at a time; None takes all at once.
    """

    def __init__(self, temperature: float = 0.2, chunk_size: int | None = None):
        super().__init__()
        if temperature <= 0:
            raise ValueError(f"temperature must be positive, got {temperature}.")
        self.temperature = temperature
        self.chunk_size = chunk_size

    def forward(self, query_RC: Tensor, key_RC: Tensor, negatives_CK: Tensor) -> Contrast:
        """See :func:`info_nce`."""
        return info_nce(query_RC, key_RC, negatives_CK, self.temperature, self.chunk_size)
