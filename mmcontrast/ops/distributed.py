"""Tensors of all ranks, in the order in which one process would have held them.

MMEngine's samplers deal the global batch out like cards: sample ``j`` goes to rank ``j mod W``.
Everything here keeps that order, so position ``i`` of rank ``r`` is position ``i * W + r`` of the
global batch. Queues, batch statistics and permutations therefore come out the same on one process
with the whole batch and on W processes with a share each.

Every function is the identity where no process group is initialized.

Shapes: N items in this process, W processes.
"""

import torch
import torch.distributed as dist
from mmengine.dist import get_rank, get_world_size
from torch import Tensor
from torch.distributed.nn.functional import all_gather as all_gather_with_grad

__all__ = ["gather", "gather_with_grad", "get_rank", "get_world_size", "shuffle_batch", "unshuffle"]


def _deal_in(shards: list[Tensor]) -> Tensor:
    """Interleave the (N, ...) shards of all ranks to the global batch (N * W, ...)."""
    return torch.stack(shards, dim=1).flatten(0, 1)


@torch.no_grad()
def gather(x: Tensor) -> Tensor:
    """Collect a tensor of all ranks; no gradient flows.

    Args:
        x: (N, ...), the same shape on every rank.

    Returns:
        (N * W, ...), equal on all ranks, in global order.
    """
    if get_world_size() == 1:
        return x.detach()
    shards = [
        torch.empty_like(x, memory_format=torch.contiguous_format) for _ in range(get_world_size())
    ]
    dist.all_gather(shards, x.contiguous())
    return _deal_in(shards)


def gather_with_grad(x: Tensor) -> Tensor:
    """Collect a tensor of all ranks, with the gradient of all of them.

    The backward pass sums over ranks what each one's loss says of this rank's rows. Together with
    the mean that DistributedDataParallel takes over ranks, a mean loss has exactly the gradient
    of one process on the whole batch. Without that sum it is too small by a factor W.

    Args:
        x: (N, ...), the same shape on every rank.

    Returns:
        (N * W, ...), in global order.
    """
    if get_world_size() == 1:
        return x
    shards = list(all_gather_with_grad(x.contiguous()))
    for shard in shards:
        if shard.requires_grad:
            # Of a gradient with permuted strides torch 2.11 sends the bytes in another order than
            # it reads them in (gloo).
            shard.register_hook(Tensor.contiguous)
    return _deal_in(shards)


# Not compiled: inductor fails on a permuted index that one process does not slice (torch 2.11).
@torch.compiler.disable
@torch.no_grad()
def shuffle_batch(x: Tensor) -> tuple[Tensor, Tensor]:
    """Deal the global batch out anew, so that batch statistics give no positive pair away.

    MoCo's shuffling batch norm (He et al., CVPR 2020, section 3.3).

    Args:
        x: (N, ...), the same shape on every rank.

    Returns:
        This rank's (N, ...) share of the shuffled global batch, and the permutation (N * W,), equal
        on all ranks, which :func:`unshuffle` needs.
    """
    world_size = get_world_size()
    permutation = torch.randperm(len(x) * world_size, device=x.device)
    if world_size > 1:
        dist.broadcast(permutation, src=0)
    return gather(x)[permutation[get_rank() :: world_size]], permutation


@torch.no_grad()
def unshuffle(x: Tensor, permutation: Tensor) -> tuple[Tensor, Tensor]:
    """Undo :func:`shuffle_batch` on what was computed from its result.

    Args:
        x: (N, ...), this rank's results.
        permutation: (N * W,), from :func:`shuffle_batch`.

    Returns:
        The results of this rank's own samples (N, ...), and those of the global batch (N * W, ...).
    """
    everyone = gather(x)[permutation.argsort()]
    return everyone[get_rank() :: get_world_size()], everyone
