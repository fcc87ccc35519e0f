"""The softmax of InfoNCE and its gradient, in one pass over blocks of logits.

Shapes: R queries, C embedding, K negatives; r and k those of a block.
"""

from typing import Any

import torch
from torch import Tensor


def block_shape(num_queries: int, num_keys: int, device: torch.device) -> tuple[int, int]:
    """Queries and keys whose logits are held at a time."""
    if device.type == "cpu":
        # As many as the cache keeps: 4 MB. Each pass over them then costs no memory traffic.
        return min(512, num_queries), min(2048, num_keys)
    return num_queries, max(min(2**26 // max(num_queries, 1), num_keys), 1)  # 256 MB


class _BlockwiseInfoNCE(torch.autograd.Function):
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
        num_rows, num_columns = block_shape(len(query_RC), negatives_CK.shape[1], query_RC.device)
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


def blockwise_info_nce(
    query_RC: Tensor, key_RC: Tensor, negatives_CK: Tensor, temperature: float
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """InfoNCE of each query without the matrix of all logits; float32, no autocast.

    Args:
        query_RC: Queries, the only argument that gets a gradient.
        key_RC: The positive of each query.
        negatives_CK: Negatives, which may be overwritten afterwards.
        temperature: Temperature, positive.

    Returns:
        (R,) each: the loss; without gradient, the product of the query and its positive, its mean
        product with the negatives, and whether the positive's product is the largest (bool).
    """
    return _BlockwiseInfoNCE.apply(query_RC, key_RC, negatives_CK, temperature)
