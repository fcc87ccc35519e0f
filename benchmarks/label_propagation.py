"""Label propagation: affinities of all pairs beside our tiles, in turn, with equal labels.

    python benchmarks/label_propagation.py
    python benchmarks/label_propagation.py --rows 60 --columns 144 --radius 18 --channels 1024

The plain form is the published one (VFS): a block of queries against every cell of every frame,
minus infinity outside the windows, the best ten of each row, their softmax. Its blocks of 32
queries are VFS's too, so that it fits in memory. To spare minutes it answers every n-th block only
and its time is multiplied; ours answers everything. Peak memory is what either adds to a process
that holds the features: the plain form also makes a mask of all pairs, once a video (not timed).
"""

import argparse
import multiprocessing
import re
import statistics
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from mmcontrast.models.modules.label_propagator import LabelPropagator

TOPK, TEMPERATURE, NUM_LABELS = 10, 0.07, 3
QUERIES = 32
# Grids of growing area for the exponent; the last one is DAVIS' widest sequence, 'shooting'.
GRIDS = ((30, 54), (42, 75), (60, 107), (60, 144))


def make_video(grid: tuple[int, int], args: argparse.Namespace) -> tuple[Tensor, Tensor]:
    """Unit features (T, C, H, W) of all frames, and soft labels (T, M, H, W) of all but the last.

    Smooth noise, so that the best keys lie close together as they do in videos.
    """
    generator = torch.Generator().manual_seed(0)
    coarse = torch.randn(
        args.frames + 1, args.channels, *(n // 4 for n in grid), generator=generator
    )
    features = F.interpolate(coarse, grid, mode="bilinear")
    features += 0.3 * torch.randn(features.shape, generator=generator)
    labels = torch.rand(args.frames, NUM_LABELS, *grid, generator=generator).softmax(1)
    return F.normalize(features, dim=1).to(args.device), labels.to(args.device)


def pairs_outside(grid: tuple[int, int], radius: float, device: str) -> Tensor:
    """Which of all pairs of cells are too far apart; the plain form makes it once a video."""
    rows, columns = grid
    y, x = (i.flatten().float() for i in torch.meshgrid(
        torch.arange(rows, device=device), torch.arange(columns, device=device), indexing="ij"
    ))  # fmt: skip
    return (y[:, None] - y) ** 2 + (x[:, None] - x) ** 2 >= radius**2


def as_rows(maps: Tensor) -> Tensor:
    """Maps (T, C, H, W) as (T, H * W, C), once before the clock runs, as for ours."""
    return maps.flatten(2).transpose(1, 2).contiguous()


def all_pairs(
    features: Tensor, labels: Tensor, outside: Tensor, stride: int
) -> tuple[Tensor, Tensor]:
    """The plain form. Returns the queries that it answered, and their labels (Q, M)."""
    query, keys, values = features[-1], features[:-1].flatten(0, 1), labels.flatten(0, 1)
    answered, results = [], []
    for chunk in torch.arange(query.shape[0], device=query.device).split(QUERIES)[::stride]:
        affinity = (query[chunk] @ keys.t()).view(len(chunk), len(labels), -1)
        affinity.masked_fill_(outside[chunk, None], -torch.inf)
        top, index = affinity.flatten(1).topk(TOPK)
        weights = (top / TEMPERATURE).softmax(1)
        answered.append(chunk)
        results.append((weights[..., None] * values[index]).sum(1))
    return torch.cat(answered), torch.cat(results)


def fill(features: Tensor, labels: Tensor, radius: float) -> LabelPropagator:
    """Our propagator, with the given frames in its memory."""
    propagator = LabelPropagator(
        context=len(labels) - 1, radius=radius, topk=TOPK, temperature=TEMPERATURE
    )
    propagator.start(features[0], labels[0])
    for frame, soft in zip(features[1:-1], labels[1:], strict=True):
        propagator._store(propagator._prepare(frame), soft.permute(1, 2, 0))
    return propagator


def seconds(run, device: str):
    """Time of one call, CPU seconds on the CPU, and its result."""
    if device == "cuda":
        torch.cuda.synchronize()
        start = time.perf_counter()
        result = run()
        torch.cuda.synchronize()
        return time.perf_counter() - start, result
    start = time.process_time()
    result = run()
    return time.process_time() - start, result


def compare(grid: tuple[int, int], args: argparse.Namespace) -> dict[str, float]:
    """Measure both on one grid."""
    features, labels = make_video(grid, args)
    propagator = fill(features, labels, args.radius)
    num_blocks = -(-grid[0] * grid[1] // QUERIES)
    stride = max(num_blocks // args.blocks, 1)
    scale = num_blocks / -(-num_blocks // stride)
    query = propagator._prepare(features[-1])
    outside = pairs_outside(grid, args.radius, args.device)
    rows = as_rows(features), as_rows(labels)
    times: dict[str, list[float]] = {"plain": [], "tiles": []}
    for turn in range(args.rounds + 1):
        plain, (answered, expected) = seconds(
            lambda: all_pairs(*rows, outside, stride), args.device
        )
        ours, result = seconds(lambda: propagator._propagate(query), args.device)
        if turn:  # the first one warms up
            times["plain"].append(plain * scale)
            times["tiles"].append(ours)
    difference = (result.flatten(0, 1)[answered] - expected).abs().max().item()
    ratios = [a / b for a, b in zip(times["plain"], times["tiles"], strict=True)]
    return dict(
        plain=statistics.median(times["plain"]), tiles=statistics.median(times["tiles"]),
        ratio=statistics.median(ratios), difference=difference,
    )  # fmt: skip


def peak_bytes(form: str, grid: tuple[int, int], args: argparse.Namespace) -> int:
    """What one call of ``form`` adds to the memory of a process; that of a fresh one on the CPU."""
    if args.device == "cuda":
        return _measure_memory(form, grid, args)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_measure_memory, (form, grid, args))


def _measure_memory(form: str, grid: tuple[int, int], args: argparse.Namespace) -> int:
    torch.set_num_threads(args.threads)
    features, labels = make_video(grid, args)
    propagator = fill(features, labels, args.radius)
    query = propagator._prepare(features[-1])
    rows = as_rows(features), as_rows(labels)
    before = _memory(args.device, reset=True)
    if form == "tiles":
        propagator._propagate(query)
    else:
        outside = pairs_outside(grid, args.radius, args.device)
        all_pairs(*rows, outside, grid[0] * grid[1] // QUERIES // 4)
    return _memory(args.device, reset=False) - before


def _memory(device: str, reset: bool) -> int:
    """Bytes in use now, from where the peak then counts; or those at the peak."""
    if device == "cuda":
        if not reset:
            return torch.cuda.max_memory_allocated()
        torch.cuda.reset_peak_memory_stats()
        return torch.cuda.memory_allocated()
    if reset:
        torch.ones(64, 64) @ torch.ones(64, 64)  # the library's own buffers are not counted
        Path("/proc/self/clear_refs").write_text("5")
    (kilobytes,) = re.findall(
        rf"^Vm{'RSS' if reset else 'HWM'}:\s+(\d+) kB", Path("/proc/self/status").read_text(), re.M
    )
    return int(kilobytes) * 1024


def main() -> None:
    """Measure, print a table, and end with the lines `figure NAME VALUE UNIT`."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--rows", type=int, default=60)
    parser.add_argument("--columns", type=int, default=107, help="854x480 pixels at stride 8")
    parser.add_argument("--channels", type=int, default=256)
    parser.add_argument("--frames", type=int, default=21)
    parser.add_argument("--radius", type=float, default=12)
    parser.add_argument("--blocks", type=int, default=3, help="of the plain form that are timed")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    main_grid = (args.rows, args.columns)
    results = {}
    print(
        f"{args.channels} channels, {args.frames} frames, radius {args.radius:g}, {args.device}, "
        f"{args.threads} thread(s)\n{'grid':>9} {'plain':>9} {'tiles':>9} {'ratio':>7}"
    )
    for grid in (*GRIDS, *(() if main_grid in GRIDS else (main_grid,))):
        results[grid] = result = compare(grid, args)
        print(
            f"{'x'.join(map(str, grid)):>9} {result['plain']:7.2f} s {result['tiles']:7.2f} s "
            f"{result['ratio']:7.1f}"
        )
    for grid, result in results.items():
        for form in ("plain", "tiles"):
            result[f"{form} MiB"] = max(peak_bytes(form, grid, args), 1) / 2**20
        name = "x".join(map(str, grid))
        plain, tiles = result["plain MiB"], result["tiles MiB"]
        print(f"memory of a step, {name:>6}: plain {plain:.0f} MiB, tiles {tiles:.0f} MiB")
    area = np.log([rows * columns for rows, columns in GRIDS])
    slopes = {
        column: np.polyfit(area, np.log([results[grid][column] for grid in GRIDS]), 1)[0]
        for column in ("plain", "tiles", "plain MiB", "tiles MiB")
    }
    print(f"time grows with the cells to the power {slopes['plain']:.2f} in the plain form")
    print(f"memory grows to the power {slopes['plain MiB']:.2f} in the plain form")
    main_result = results[main_grid]
    print(f"figure speedup {main_result['ratio']:.1f} ratio")
    print(f"figure memory_ratio {main_result['plain MiB'] / main_result['tiles MiB']:.1f} ratio")
    print(f"figure growth_exponent {slopes['tiles']:.2f} power")
    print(f"figure growth_exponent_memory {slopes['tiles MiB']:.2f} power")
    worst = max(result["difference"] for result in results.values())
    print(f"figure max_difference {worst:.1e} label")


if __name__ == "__main__":
    main()
