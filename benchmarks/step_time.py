"""Time and memory of a training step, ours beside the same recipe built from lightly's parts.

One process, one backbone class, equal batches; the variants take turns, and each figure is the
median over rounds of the ratio within a round. On the CPU the time is CPU time, which other
processes on the machine disturb little.

    python benchmarks/step_time.py --depth 50 --batch 32 --size 224
    python benchmarks/step_time.py --depth 18 --batch 32 --size 128 --queue 16384

Needs the extra ``bench``: ``pip install 'mmcontrast[bench]'``.
"""

import argparse
import copy
import ctypes
import gc
import statistics
import time
import warnings
from collections.abc import Callable

import torch
from lightly.loss import NTXentLoss
from lightly.models.modules import DenseCLProjectionHead, MoCoProjectionHead
from lightly.models.utils import (
    batch_shuffle,
    batch_unshuffle,
    deactivate_requires_grad,
    select_most_similar,
    update_momentum,
)
from torch import Tensor, nn

from mmcontrast.registry import MODELS

WIDTH = {18: 512, 34: 512, 50: 2048, 101: 2048}


class LightlyMoCo(nn.Module):
    """MoCo v2 from lightly's parts, as its example composes them."""

    def __init__(self, backbone: nn.Module, width: int, queue: int):
        super().__init__()
        self.backbone = backbone
        self.head = MoCoProjectionHead(width, width, 128)
        self.backbone_momentum = copy.deepcopy(backbone)
        self.head_momentum = copy.deepcopy(self.head)
        deactivate_requires_grad(self.backbone_momentum)
        deactivate_requires_grad(self.head_momentum)
        self.criterion = NTXentLoss(temperature=0.2, memory_bank_size=(queue, 128))

    def loss(self, view0: Tensor, view1: Tensor) -> Tensor:
        """One forward pass with its side effects."""
        update_momentum(self.backbone, self.backbone_momentum, 0.999)
        update_momentum(self.head, self.head_momentum, 0.999)
        query = self.head(self.backbone(view0)[0].mean(dim=(2, 3)))
        with torch.no_grad():
            shuffled, order = batch_shuffle(view1)
            key = self.head_momentum(self.backbone_momentum(shuffled)[0].mean(dim=(2, 3)))
            key = batch_unshuffle(key, order)
        return self.criterion(query, key)


class LightlyDenseCL(nn.Module):
    """DenseCL from lightly's parts, with the momentum copies for the keys."""

    ONLINE = ("backbone", "head_global", "head_local")

    def __init__(
        self, backbone: nn.Module, width: int, hidden: int, queue: int, momentum: float = 0.999
    ):
        super().__init__()
        self.momentum = momentum
        self.backbone = backbone
        self.head_global = DenseCLProjectionHead(width, hidden, 128)
        self.head_local = DenseCLProjectionHead(width, hidden, 128)
        for name in self.ONLINE:
            twin = copy.deepcopy(getattr(self, name))
            deactivate_requires_grad(twin)
            setattr(self, f"{name}_momentum", twin)
        self.criterion_global = NTXentLoss(temperature=0.2, memory_bank_size=(queue, 128))
        self.criterion_local = NTXentLoss(temperature=0.2, memory_bank_size=(queue, 128))

    def update_keys(self, momentum: float) -> None:
        """Move the momentum copies toward the online networks; with 0, make them equal."""
        for name in self.ONLINE:
            update_momentum(getattr(self, name), getattr(self, f"{name}_momentum"), momentum)

    def loss(self, view0: Tensor, view1: Tensor) -> Tensor:
        """One forward pass with its side effects."""
        self.update_keys(self.momentum)
        feature = self.backbone(view0)[0]
        cells = feature.flatten(2).transpose(1, 2)
        query_global, query_local = self.head_global(cells.mean(dim=1)), self.head_local(cells)
        with torch.no_grad():
            shuffled, order = batch_shuffle(view1)
            other = self.backbone_momentum(shuffled)[0].flatten(2).transpose(1, 2)
            key_global = batch_unshuffle(self.head_global_momentum(other.mean(dim=1)), order)
            key_local = batch_unshuffle(self.head_local_momentum(other), order)
            other = batch_unshuffle(other, order)
            key_local = select_most_similar(cells, other, key_local)
        loss_global = self.criterion_global(query_global, key_global)
        loss_local = self.criterion_local(query_local.flatten(0, 1), key_local.flatten(0, 1))
        return 0.5 * (loss_global + loss_local)


def build_variants(args: argparse.Namespace) -> dict[str, nn.Module]:
    """The methods under comparison; lightly's get the backbone class that ours use."""
    width = WIDTH[args.depth]

    def backbone(norm: str = "BN") -> dict:
        return dict(type="ResNet", depth=args.depth, norm_cfg=dict(type=norm))

    heads = dict(in_channels=width, hidden_channels=width, out_channels=128)
    info_nce = dict(type="InfoNCE", temperature=0.2)
    moco = dict(
        type="MoCoV2",
        neck=dict(type="Projection", **heads),
        loss=info_nce,
        queue_size=args.queue,
    )
    densecl = dict(
        type="DenseCL",
        neck=dict(type="DenseProjection", **heads),
        loss=info_nce,
        dense_loss=info_nce,
        queue_size=args.queue,
    )
    return {
        "MoCo v2": MODELS.build(dict(moco, backbone=backbone())),
        "MoCo v2, lightly": LightlyMoCo(MODELS.build(backbone()), width, args.queue),
        "DenseCL": MODELS.build(dict(densecl, backbone=backbone())),
        "DenseCL, lightly": LightlyDenseCL(MODELS.build(backbone()), width, width, args.queue),
        "MoCo v2, SplitBN": MODELS.build(dict(moco, backbone=backbone("SplitBN"))),
        "DenseCL, SplitBN": MODELS.build(dict(densecl, backbone=backbone("SplitBN"))),
    }


def make_step(model: nn.Module, args: argparse.Namespace) -> Callable[[], None]:
    """A function that does one whole training step."""
    model.to(args.device).train()
    views = torch.randn(2, args.batch, 3, args.size, args.size, device=args.device)
    parameters = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.SGD(parameters, lr=0.03, momentum=0.9, weight_decay=1e-4)
    inputs = dict(view0=views[0], view1=views[1])

    def step() -> None:
        optimizer.zero_grad()
        with torch.autocast(args.device, torch.bfloat16, enabled=args.bf16):
            if isinstance(model, (LightlyMoCo, LightlyDenseCL)):
                loss = model.loss(**inputs)
            else:
                outputs = model.loss(inputs, [])
                loss = torch.stack([v for k, v in outputs.items() if "loss" in k]).sum()
        loss.backward()
        optimizer.step()

    return step


def measure_time(step: Callable[[], None], device: str) -> float:
    """Seconds of one step: CPU seconds on the CPU, wall seconds on a GPU."""
    if device == "cuda":
        torch.cuda.synchronize()
        start = time.perf_counter()
        step()
        torch.cuda.synchronize()
        return time.perf_counter() - start
    start = time.process_time()
    step()
    return time.process_time() - start


def measure_memory(step: Callable[[], None], device: str) -> float:
    """GiB that a step needs on top of what is held between steps."""
    gc.collect()
    if device == "cuda":
        torch.cuda.reset_peak_memory_stats()
        held = torch.cuda.memory_allocated()
        step()
        return (torch.cuda.max_memory_allocated() - held) / 2**30
    ctypes.CDLL("libc.so.6").malloc_trim(0)  # gives what earlier steps freed back to the system
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")  # resets the peak resident size
    held = resident("VmRSS")
    step()
    return (resident("VmHWM") - held) / 2**20


def resident(field: str) -> int:
    """A memory figure of this process in KiB."""
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(field))


def main() -> None:
    """Measure, print a table, and end with the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--depth", type=int, default=50, choices=sorted(WIDTH))
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--queue", type=int, default=65536)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--bf16", action="store_true")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)

    steps = {name: make_step(model, args) for name, model in build_variants(args).items()}
    for step in steps.values():
        step()
    memory = {name: measure_memory(step, args.device) for name, step in steps.items()}
    times: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(args.rounds):
        for name, step in steps.items():
            times[name].append(measure_time(step, args.device))

    unit = "s" if args.device == "cuda" else "CPU-s"
    print(f"ResNet-{args.depth}, {args.batch} x {args.size} px, queue {args.queue}, {args.device}")
    print(f"{'variant':20} {unit + ' a step':>14} {'peak GiB':>10}")
    for name in steps:
        print(f"{name:20} {statistics.median(times[name]):14.4f} {memory[name]:10.2f}")

    def ratio(one: str, other: str) -> float:
        pairs = zip(times[one], times[other], strict=True)
        return statistics.median(a / b for a, b in pairs)

    for figure, one, other in (
        ("densecl_over_moco", "DenseCL", "MoCo v2"),
        ("moco_over_lightly", "MoCo v2", "MoCo v2, lightly"),
        ("densecl_over_lightly", "DenseCL", "DenseCL, lightly"),
        ("moco_split_bn_over_bn", "MoCo v2, SplitBN", "MoCo v2"),
    ):
        print(f"figure {figure} {ratio(one, other):.3f} ratio")
    for figure, one, other in (
        ("moco_memory_over_lightly", "MoCo v2", "MoCo v2, lightly"),
        ("densecl_memory_over_lightly", "DenseCL", "DenseCL, lightly"),
    ):
        print(f"figure {figure} {memory[one] / memory[other]:.3f} ratio")


if __name__ == "__main__":
    main()
