"""What MoCo adds to a contrastive loss: shuffled batches, a momentum encoder and a queue of keys.

He et al., "Momentum Contrast for Unsupervised Visual Representation Learning", CVPR 2020; MoCo v2,
DenseCL and VFS with negatives share it. Tensors of all ranks are in the order in which one process
would have held them, see :mod:`mmcontrast.ops.distributed`.

Shapes: N items in this process, W processes, B keys of one step, C channels or embedding, K queue,
P items that are taken, G groups of a batch.
"""

import copy
import warnings
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import torch
import torch.distributed as dist
import torch.nn.functional as F
from mmengine.dist import get_rank, get_world_size
from torch import Tensor, nn
from torch.distributed.nn.functional import all_reduce as all_reduce_with_grad
from torch.nn.modules.batchnorm import _BatchNorm

from mmcontrast.registry import MODELS
from mmcontrast.utils.arguments import check_sizes


@torch.no_grad()
def gather(x: Tensor) -> Tensor:
    """Collect a tensor of all ranks in the order of the global batch; no gradient flows.

    Args:
        x: (N, ...), the same shape on every rank.

    Returns:
        (N * W, ...), equal on all ranks, in global order.
    """
    if get_world_size() == 1:
        return x.detach()
    return _shards(x).transpose(0, 1).flatten(0, 1)


def _shards(x: Tensor) -> Tensor:
    """Collect a tensor of all ranks, rank by rank, (N, ...) -> (W, N, ...)."""
    world_size = get_world_size()
    shards = x.new_empty(world_size * len(x), *x.shape[1:])
    dist.all_gather_into_tensor(shards, x.contiguous())
    return shards.unflatten(0, (world_size, len(x)))


def _take(x: Tensor, position_P: Tensor) -> Tensor:
    """Take items of the global batch, without bringing all of it into global order.

    Args:
        x: (N, ...), the same shape on every rank.
        position_P: Positions in the global batch, int64.

    Returns:
        (P, ...).
    """
    world_size = get_world_size()
    if world_size == 1:
        return x[position_P]
    return _shards(x)[position_P % world_size, position_P // world_size]


# Not compiled: inductor fails on a permuted index that one process does not slice (torch 2.11).
@torch.compiler.disable
@torch.no_grad()
def shuffle_batch(x: Tensor) -> tuple[Tensor, Tensor]:
    """Shuffle the global batch, so that batch-norm statistics do not leak the positive pair.

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
    return _take(x, permutation[get_rank() :: world_size]), permutation


@torch.no_grad()
def unshuffle(x: Tensor, permutation: Tensor) -> Tensor:
    """Undo :func:`shuffle_batch` on what was computed from its result.

    Args:
        x: (N, ...), this rank's results.
        permutation: (N * W,), from :func:`shuffle_batch`.

    Returns:
        The results of this rank's own samples (N, ...). :func:`gather` collects those of all.
    """
    return _take(x, permutation.argsort()[get_rank() :: get_world_size()])


@torch.no_grad()
def update_running_statistics(norm: _BatchNorm, mean_C: Tensor, var_C: Tensor) -> None:
    """Move a layer's running statistics toward those of a batch, as ``nn.BatchNorm2d`` does.

    Args:
        norm: The layer. With ``momentum=None`` its statistics are the mean over all batches;
            without ``track_running_stats`` nothing happens.
        mean_C: Mean of the batch, (C,).
        var_C: Unbiased variance of the batch, (C,).
    """
    if norm.running_mean is None or norm.running_var is None:
        return
    assert norm.num_batches_tracked is not None  # for mypy: it comes with the other two
    norm.num_batches_tracked += 1
    momentum = norm.momentum
    if momentum is None:
        momentum = 1.0 / float(norm.num_batches_tracked)
    norm.running_mean.lerp_(mean_C.to(norm.running_mean.dtype), momentum)
    norm.running_var.lerp_(var_C.to(norm.running_var.dtype), momentum)


@MODELS.register_module()
class SplitBN(nn.BatchNorm2d):
    """Batch norm over virtual groups of the global batch.

    MoCo needs statistics of a part of the batch, since those of the whole batch leak the positive
    pair. Its authors trained on 8 devices with 32 images each; 8 groups give the same statistics on
    any number of devices. Sample j of the global batch belongs to group j mod ``num_groups`` (see
    :mod:`mmcontrast.ops.distributed` for the order), so that a rank holds whole groups where the
    number of ranks divides that of groups; otherwise groups exchange their sums. Where groups do
    not divide the batch their sizes differ by one.

    Running statistics follow the mean over all groups, and are the same on all ranks and on any
    number of them. In eval mode this is plain batch norm; parameters, buffers and keys are those of
    ``nn.BatchNorm2d``.

    What differs from the authors' code: their running statistics are those of the first device
    (``DistributedDataParallel`` broadcasts them). ``SplitBatchNorm`` of their demo for CIFAR-10 and
    of lightly have the same groups and, in eval mode, the mean over them as here, for one process
    and batches that the groups divide.

    Args:
        num_features: Number of channels.
        num_groups: Groups of the global batch. A batch of fewer than two items a group has fewer
            groups, and is warned of.
        **kwargs: Those of ``nn.BatchNorm2d``.
    """

    _check_input_dim: Any = nn.SyncBatchNorm._check_input_dim  # (N, C) too, for projection heads

    def __init__(self, num_features: int, num_groups: int = 8, **kwargs: Any):
        check_sizes("SplitBN", num_features=num_features, num_groups=num_groups)
        super().__init__(num_features, **kwargs)
        self.num_groups = num_groups

    def forward(self, x: Tensor) -> Tensor:
        """Normalize (N, C) or (N, C, H, W); in training N is the same on every rank."""
        if not self.training:
            return super().forward(x)
        self._check_input_dim(x)
        world_size = get_world_size()
        groups = self._groups_of(len(x) * world_size)
        here, rest = divmod(groups, world_size)
        if rest:
            group_N = torch.arange(get_rank(), len(x) * world_size, world_size, device=x.device)
            return self._normalize(x, group_N % groups, groups, all_reduce_with_grad)
        if len(x) % here:
            return self._normalize(x, torch.arange(len(x), device=x.device) % here, here)
        return self._normalize_view(x, here)

    def _groups_of(self, num_items: int) -> int:
        """Return the number of groups of a global batch, of two items or more each."""
        groups = min(self.num_groups, max(num_items // 2, 1))
        if groups < self.num_groups:
            warnings.warn(
                f"SplitBN has {self.num_groups} groups, but a batch of {num_items} fills only "
                f"{groups} with two items or more: such batches are normalized in {groups}. Set "
                "num_groups in norm_cfg or a larger train_dataloader.batch_size.",
                stacklevel=3,
            )
        return groups

    def _normalize_view(self, x: Tensor, groups: int) -> Tensor:
        """Normalize groups of equal size that this rank holds: item i is in i mod ``groups``."""
        size, channels = x.shape, x.shape[1]
        mean = var = None
        if self.running_mean is not None:
            mean = self.running_mean.new_zeros(groups * channels)
            var = torch.zeros_like(mean)
        y = F.batch_norm(
            x.reshape(size[0] // groups, groups * channels, *size[2:]),  # a view, no copy
            mean,
            var,
            self.weight.repeat(groups) if self.affine else None,
            self.bias.repeat(groups) if self.affine else None,
            training=True,
            momentum=1.0,  # mean and var become those of the batch
            eps=self.eps,
        )
        if mean is not None and var is not None:
            statistics = torch.stack([mean, var]).view(2, groups, channels).mean(dim=1)
            self._update(statistics, of_all_ranks=False)
        return y.view(size)

    def _normalize(
        self,
        x: Tensor,
        group_N: Tensor,
        groups: int,
        reduce: Callable[[Tensor], Tensor] | None = None,
    ) -> Tensor:
        """Normalize groups of any sizes.

        Args:
            x: (N, C, ...).
            group_N: The group of each item.
            groups: Number of groups.
            reduce: Sums over ranks, with a gradient; None where a rank holds whole groups.
        """
        with torch.autocast(x.device.type, enabled=False):
            wide = x.to(torch.promote_types(x.dtype, torch.float32)).reshape(*x.shape[:2], -1)

            def sums(values_NC: Tensor) -> Tensor:
                total = values_NC.new_zeros(groups, values_NC.shape[1])
                total = total.index_add(0, group_N, values_NC)
                return total if reduce is None else reduce(total)

            cells = wide.new_full((len(x), 1), wide.shape[2])
            mean_GC, count_G1 = sums(torch.cat([wide.sum(2), cells], dim=1)).split(
                [x.shape[1], 1], dim=1
            )
            mean_GC = mean_GC / count_G1
            centered = wide - mean_GC[group_N].unsqueeze(2)
            var_GC = sums(centered.square().sum(2)) / count_G1
            y = centered * torch.rsqrt(var_GC + self.eps)[group_N].unsqueeze(2)
            if self.affine:
                y = y * self.weight.unsqueeze(1) + self.bias.unsqueeze(1)
            unbiased_GC = var_GC * count_G1 / (count_G1 - 1)
        self._update(torch.stack([mean_GC.mean(0), unbiased_GC.mean(0)]), reduce is not None)
        return y.to(x.dtype).view(x.shape)

    @torch.no_grad()
    def _update(self, statistics: Tensor, of_all_ranks: bool) -> None:
        """Update the running statistics.

        Args:
            statistics: Mean and unbiased variance, (2, C), each the mean over groups.
            of_all_ranks: Whether these are all groups or those of this rank.
        """
        if not self.track_running_stats:
            return
        if not of_all_ranks and get_world_size() > 1:
            dist.all_reduce(statistics)
            statistics /= get_world_size()
        update_running_statistics(self, *statistics)

    def extra_repr(self) -> str:
        """Show the groups beside batch norm's settings."""
        return f"{super().extra_repr()}, num_groups={self.num_groups}"


def warn_of_leaking_statistics(backbone: nn.Module) -> None:
    """Warn where batch-norm statistics leak the positive pair, which would be learned instead."""
    norms = [m for m in backbone.modules() if isinstance(m, _BatchNorm)]
    remedy = "Use norm_cfg=dict(type='SplitBN', num_groups=8) in the backbone."
    # Both nn.SyncBatchNorm and SyncBN, which is no subclass of it, have a process group.
    if any(hasattr(norm, "process_group") for norm in norms):
        warnings.warn(
            "SyncBN does not replace shuffling: it leaks the positive pair through batch-norm "
            f"statistics, since the queue's keys come from other batches. {remedy}",
            stacklevel=2,
        )
    elif get_world_size() == 1 and any(type(norm) is nn.BatchNorm2d for norm in norms):
        warnings.warn(
            "Plain batch norm on one device normalizes the whole batch, so that shuffling changes "
            f"nothing and batch-norm statistics leak the positive pair. {remedy}",
            stacklevel=2,
        )


class MomentumEncoder(nn.Module):
    """A copy of the online modules whose parameters follow theirs slowly.

        theta_k <- m * theta_k + (1 - m) * theta_q

    He et al., CVPR 2020, equation 2. Only parameters follow; batch-norm statistics come from the
    copy's own forward passes. Parameters stay in float32 whatever the online ones are cast to: in
    bfloat16 a step of 1 - m = 0.001 is rounded away and the copy never moves.

    The copies are its attributes: ``MomentumEncoder(0.999, backbone=b).backbone``. They start equal
    to the online modules, whatever a model does: after MMEngine has initialized the model that it
    is a part of, or has loaded weights into the model that do not contain a copy, the copy takes
    over parameters and buffers of its online module before it is used. Weights of its own that are
    loaded, as on resume, stay.

    Where gradients are accumulated, ``begins_step`` is False at all iterations of an optimizer step
    but the first, and :meth:`update` leaves the copies as they are; the trainer sets it.

    Args:
        momentum: Weight m kept of the old parameters, as in the papers: 0.999. MMEngine's own
            moving average calls 1 - m momentum.
        **online: The modules to follow, by name.

    Raises:
        ValueError: The momentum is outside [0.5, 1].
    """

    if TYPE_CHECKING:  # the copies

        def __getattr__(self, name: str) -> nn.Module: ...

    def __init__(self, momentum: float = 0.999, **online: nn.Module):
        if not 0.5 <= momentum <= 1:
            hint = f" Did you mean {1 - momentum:g}?" if 0 <= momentum < 0.5 else ""
            raise ValueError(
                f"momentum is the weight kept of the old parameters (0.999 in MoCo and DenseCL), "
                f"got {momentum}; MMEngine and mmpretrain write 1 - m in its place.{hint}"
            )
        super().__init__()
        # In a dict, so that they do not become children.
        self._online = dict(online)
        self._outdated: set[str] = set()
        for name, module in online.items():
            momentum_module = copy.deepcopy(module)
            # A target network may be used before the first update.
            momentum_module.register_forward_pre_hook(self._start_before_use)
            self.add_module(name, momentum_module)
        self.momentum = momentum
        self.begins_step = True
        self.requires_grad_(False).float()

    def init_weights(self) -> None:
        """Start from the online modules, at the next use; they may be initialized after this.

        MMEngine calls it when it initializes the model.
        """
        self._outdated = set(self._online)

    def start(self, parts: Iterable[nn.Module]) -> None:
        """Start from the online modules now.

        Args:
            parts: All modules of the model. Where an online module is not among them because it was
                replaced, its copy starts at the next update, from the module given then.
        """
        parts = set(parts)
        self._outdated = set(self._online)
        self.copy_from(**{name: part for name, part in self._online.items() if part in parts})

    @torch.no_grad()
    def copy_from(self, **online: nn.Module) -> None:
        """Copy the parameters and buffers of the online modules."""
        for name, module in online.items():
            self.get_submodule(name).load_state_dict(module.state_dict())
        self._outdated -= set(online)

    @torch.no_grad()
    def update(self, **online: nn.Module) -> None:
        """Move one step toward the online modules, if an optimizer step begins here.

        Args:
            **online: The modules given to the constructor, under the same names.
        """
        if self._outdated:
            self.copy_from(**{name: online[name] for name in self._outdated & set(online)})
        for name, module in online.items() if self.begins_step else ():
            mine: list[Tensor] = list(self.get_submodule(name).parameters())
            theirs: list[Tensor] = [parameter.float() for parameter in module.parameters()]
            torch._foreach_lerp_(mine, theirs, 1 - self.momentum)

    def _start_before_use(self, *_: Any) -> None:
        if self._outdated:
            self.copy_from(**{name: self._online[name] for name in self._outdated})

    def _load_from_state_dict(self, state_dict: dict, prefix: str, *args: Any) -> None:
        # MMEngine and PyTorch both call it with the state dict of the whole model.
        super()._load_from_state_dict(state_dict, prefix, *args)
        keys = (key.removeprefix(prefix) for key in state_dict if key.startswith(prefix))
        self._outdated = set(self._online) - {key.split(".")[0] for key in keys}

    def _apply(self, fn: Any, recurse: bool = True) -> "MomentumEncoder":
        # Module.to(), .half() and .bfloat16() all come through here.
        super()._apply(fn, recurse)
        for parameter in self.parameters():
            parameter.data = parameter.data.float()
        return self


class KeyQueue(nn.Module):
    """The queue of negative keys: first in, first out, for batches of any size (section 3.2).

    It starts full of random unit vectors, so that the loss has its final form from the first step.
    All state is in the checkpoint.

    Where gradients are accumulated, ``ends_step`` is False at all iterations of an optimizer step
    but the last, and keys wait until then, since no key is a negative of its own step. The trainer
    sets it, and puts keys that wait into the checkpoint.

    Args:
        length: Number of keys K; keep it below the number of images in the data set, or most
            negatives of an image are old copies of the same image.
        channels: Length C of a key.
    """

    keys: Tensor
    pointer: Tensor
    pushed_at: Tensor
    step: Tensor
    waiting: Tensor

    def __init__(self, length: int, channels: int):
        super().__init__()
        if length < 1:
            raise ValueError(f"A queue needs a length of at least 1, got {length}.")
        self.length = length
        self.register_buffer("keys", F.normalize(torch.randn(channels, length), dim=0))
        self.register_buffer("pointer", torch.zeros((), dtype=torch.long))
        self.register_buffer("pushed_at", torch.zeros(length, dtype=torch.long))
        self.register_buffer("step", torch.zeros((), dtype=torch.long))
        self.register_buffer("waiting", torch.zeros(0, channels), persistent=False)
        self.ends_step = True

    @torch.no_grad()
    def push(self, keys_BC: Tensor) -> None:
        """Replace the oldest keys, at the end of an optimizer step.

        Args:
            keys_BC: Unit vectors, equal on all ranks. Of a batch longer than the queue the last K
                keys remain.
        """
        if len(self.waiting) or not self.ends_step:
            keys_BC = torch.cat([self.waiting, keys_BC.to(self.keys.dtype)])
            self.waiting = keys_BC.new_zeros(0, keys_BC.shape[1]) if self.ends_step else keys_BC
        if not self.ends_step:
            return
        self.step += 1
        slots = self.pointer + torch.arange(len(keys_BC), device=keys_BC.device)
        kept = slice(max(len(keys_BC) - self.length, 0), None)
        slots_kept = slots[kept] % self.length
        self.keys[:, slots_kept] = keys_BC[kept].t().to(self.keys.dtype)
        self.pushed_at[slots_kept] = self.step
        self.pointer.copy_((self.pointer + len(keys_BC)) % self.length)

    def age(self) -> Tensor:
        """Mean number of steps since the keys were pushed, a float scalar; 0 before any push."""
        return (self.step - self.pushed_at).float().mean()
