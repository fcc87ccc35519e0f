"""Agreement of all ranks on small numbers."""

from weakref import WeakKeyDictionary

import torch
import torch.distributed as dist
from mmengine.dist import get_world_size

# Weak, as a group that is still referred to outlives its destruction.
_gloo_groups: WeakKeyDictionary[object, dist.ProcessGroup] = WeakKeyDictionary()


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


def _cpu_group() -> dist.ProcessGroup | None:
    """Return a group that can reduce CPU tensors: the default one if it is gloo's."""
    if dist.get_backend() == dist.Backend.GLOO:
        return None
    world = dist.group.WORLD
    if world not in _gloo_groups:
        _gloo_groups[world] = dist.new_group(backend="gloo")
    return _gloo_groups[world]
