"""Communication between ranks: tensors in the order of the global batch, and small numbers.

MMEngine's samplers give sample ``j`` of the global batch to rank ``j mod W``.
Gathered tensors keep that order, so position ``i`` of rank ``r`` is position ``i * W + r`` of the
global batch. Queues, batch statistics and permutations therefore come out the same on one process
with the whole batch and on W processes with a share each.

Every function is the identity where no process group is initialized.

Shapes: N items in this process, W processes.
"""

from weakref import WeakKeyDictionary

import torch
import torch.distributed as dist
from mmengine.dist import get_rank, get_world_size
from torch import Tensor
from torch.distributed.nn.functional import all_gather as all_gather_with_grad

# Weak, as a group that is still referred to outlives its destruction.
_gloo_groups: WeakKeyDictionary[object, dist.ProcessGroup] = WeakKeyDictionary()


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
    return torch.stack(shards, dim=1).flatten(0, 1)


def max_over_ranks(value: int) -> int:
    """Return the largest of all ranks' values, equal on all ranks; all of them must call it.

    It runs on the CPU, beside the accelerator's queue of work, and so waits for nothing there.

    Args:
        value: This rank's value.
    """
    if get_world_size() == 1:
        return value
    tensor = torch.tensor(value)
    dist.all_reduce(tensor, op=dist.ReduceOp.MAX, group=_cpu_group())
    return int(tensor)


def gather_on_first(rows: Tensor) -> Tensor | None:
    """Collect the rows of all ranks in the memory of rank 0; all of them must call it.

    Args:
        rows: (N, ...) on the CPU. The number of rows may differ between ranks.

    Returns:
        The rows, rank after rank, on rank 0; None on the others.
    """
    if get_world_size() == 1:
        return rows
    counts = torch.zeros(get_world_size(), dtype=torch.int64)
    counts[get_rank()] = len(rows)
    dist.all_reduce(counts, group=_cpu_group())
    padded = rows.new_zeros(int(counts.max()), *rows.shape[1:])
    padded[: len(rows)] = rows
    parts = [torch.empty_like(padded) for _ in counts] if get_rank() == 0 else None
    dist.gather(padded, parts, dst=0, group=_cpu_group())
    if parts is None:
        return None
    return torch.cat([part[:count] for part, count in zip(parts, counts.tolist(), strict=True)])


def _cpu_group() -> dist.ProcessGroup | None:
    """Return a group that can reduce CPU tensors: the default one if it is gloo's."""
    if dist.get_backend() == dist.Backend.GLOO:
        return None
    world = dist.group.WORLD
    if world not in _gloo_groups:
        _gloo_groups[world] = dist.new_group(backend="gloo")
    return _gloo_groups[world]
