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


def _block_shape(num_queries: int, num_keys: int, device: torch.device) -> tuple[int, int]:
    """Queries and keys whose logits are held at a time."""
    if device.type == "cpu":
        # As many as the cache keeps: 4 MB. Each pass over them then costs no memory traffic.
        return min(512, num_queries), min(2048, num_keys)
    return num_queries, max(min(2**26 // max(num_queries, 1), num_keys), 1)  # 256 MB


class _InfoNCE(torch.autograd.Function):
    """Loss and gradient in one pass over blocks of logits, by a running softmax.

    Keys and negatives are constants, so the gradient of a query is a vector of C numbers that can
    be summed up while the logits are at hand: no (R, K) matrix is ever held. Where a later block
    has a larger logit, what was summed before is scaled down (Milakov and Gimelshein, "Online
    normalizer calculation for softmax", 2018, algorithm 3).
    """

    @staticmethod
    def forward(
        ctx: Any, query_RC: Tensor, key_RC: Tensor, negatives_CK: Tensor, temperature: float
    ) -> tuple[Tensor, ...]:
        num_rows, num_columns = _block_shape(len(query_RC), negatives_CK.shape[1], query_RC.device)
        # One block for all logits: fresh pages for each would cost as much as the product that
        # fills them.
        block = negatives_CK.new_empty(num_rows * num_columns)
        loss, pos, correct, grad = [], [], [], []
        with_grad = ctx.needs_input_grad[0]
        for q, k in zip(
            query_RC.split(max(num_rows, 1)), key_RC.split(max(num_rows, 1)), strict=True
        ):
            pos_r = (q * k).sum(dim=1)
            pos.append(pos_r)
            pos_r = pos_r / temperature
            scaled_rC = q / temperature
            top_r = torch.full_like(pos_r, -torch.inf)
            total_r = torch.zeros_like(pos_r)
            away_rC = torch.zeros_like(q)
            for n_Ck in negatives_CK.split(num_columns, dim=1):
                logits_rk = block[: len(q) * n_Ck.shape[1]].view(len(q), n_Ck.shape[1])
                torch.mm(scaled_rC, n_Ck, out=logits_rk)
                higher_r = torch.maximum(top_r, logits_rk.amax(dim=1))
                decay_r = (top_r - higher_r).exp()
                top_r = higher_r
                exp_rk = logits_rk.sub_(top_r[:, None]).exp_()
                total_r = total_r * decay_r + exp_rk.sum(dim=1)
                if with_grad:
                    away_rC.mul_(decay_r[:, None]).addmm_(exp_rk, n_Ck.t())
            correct.append(pos_r > top_r)
            # The positive joins the negatives.
            higher_r = torch.maximum(top_r, pos_r)
            decay_r, exp_pos_r = (top_r - higher_r).exp(), (pos_r - higher_r).exp()
            total_r = total_r * decay_r + exp_pos_r
            loss.append(total_r.log() + (higher_r - pos_r))
            if with_grad:
                away_rC.mul_(decay_r[:, None])
                toward_rC = k * (exp_pos_r - total_r)[:, None]
                grad.append((away_rC + toward_rC) / (total_r * temperature)[:, None])
        neg_R = query_RC @ negatives_CK.mean(dim=1)
        outputs = torch.cat(loss), torch.cat(pos), neg_R, torch.cat(correct)
        ctx.mark_non_differentiable(*outputs[1:])
        ctx.save_for_backward(*([torch.cat(grad)] if with_grad else []))
        return outputs

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, grad_loss_R: Tensor, *_: Any) -> tuple[Tensor | None, ...]:
        (grad_RC,) = ctx.saved_tensors
        return grad_loss_R[:, None] * grad_RC, None, None, None


def info_nce(
    query_RC: Tensor, key_RC: Tensor, negatives_CK: Tensor, temperature: float
) -> Contrast:
    """InfoNCE of each query, its positive key and shared negatives, in float32 under autocast too.

    Uniform similarities give log(K + 1); a query equal to its key and orthogonal to K negatives
    gives log(1 + K exp(-1 / temperature)). Memory is a few megabytes on a CPU, a quarter of a
    gigabyte on a GPU, and R * C floats for the gradient, whatever R * K may be.

    Args:
        query_RC: Unit vectors, with gradient.
        key_RC: Unit vectors, the positive of each query; a constant.
        negatives_CK: Unit columns; a constant, which may be overwritten afterwards.
        temperature: Positive.

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
