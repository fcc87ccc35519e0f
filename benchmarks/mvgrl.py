"""MVGRL on nodes: sparse views of the whole graph beside the dense blocks of the released code.

    python benchmarks/mvgrl.py --graph data/cora.npz
    python benchmarks/mvgrl.py --graph data/cora.npz --nodes 10000 100000 --channels 32

The dense form is written here from the paper's equations and what the authors' code is known to do:
blocks of 2,000 neighboring nodes as dense matrices, features of the exchanged nodes through all of
the encoder, and `nn.Bilinear` on each node with a copy of the graph's summary. It computes one
block, where the authors have four in a step. Ours takes the same block first: both must have the
same loss. Then ours trains on the whole graph, with 16 entries of the diffusion a node, with all of
it as a matrix, and without the matrix.

Growth: random graphs with 10 edges a node, each in a process of its own, with the diffusion by
pushed walks (not timed), sparse features and fewer channels. CPU seconds, one thread; the
peak of memory of the forms is that of their steps, and of the random graphs that of the process.
"""

import argparse
import multiprocessing
import re
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from scipy import sparse
from torch import Tensor, nn

from mmcontrast.datasets.graph_files import Graph, read_npz, undirected
from mmcontrast.datasets.graphs import Graphs, collate_graphs
from mmcontrast.models.methods import MVGRL
from mmcontrast.models.methods.mvgrl import exchange_within

BLOCK, TOP = 2000, 16
EDGES, FEATURES, WORDS = 10, 256, 10


def make_method(num_features: int, channels: int, diffusion: dict | None = None) -> MVGRL:
    """The node model with the paper's settings."""
    torch.manual_seed(0)
    return MVGRL(
        encoder=dict(type="GCN", in_channels=num_features, hidden_channels=channels),
        level="node",
        loss=dict(type="MutualInformation", estimator="bce"),
        critic=dict(type="BilinearCritic", channels=channels),
        readout="mean_sigmoid",
        diffusion=diffusion,
    )


def make_batch(graph: Graph, pipeline: Sequence[dict] = (), **views: object) -> dict[str, Tensor]:
    """One graph with its views."""
    prepare = [dict(type="NormalizeRows"), dict(type="GraphViews", **views)]
    return collate_graphs([Graphs([graph], prepare, pipeline)[0]])["inputs"]


class DenseForm(nn.Module):
    """The released step on one block, with the weights of a method of ours."""

    def __init__(self, method: MVGRL):
        super().__init__()
        self.encoders = nn.ModuleList([method.encoder_a, method.encoder_b])
        channels = method.encoder_a.out_channels
        self.bilinear = nn.Bilinear(channels, channels, 1)
        self.bilinear.weight.data = method.critic.weight.detach()[None].clone()
        self.bilinear.bias.data = method.critic.bias.detach()[None].clone()

    def forward(self, x_VD: Tensor, views: Sequence[Tensor], order_V: Tensor) -> Tensor:
        """The binary cross-entropy of the four sets of scores."""

        def encode(features: Tensor) -> list[Tensor]:
            layers = [encoder.layers[0] for encoder in self.encoders]
            return [
                F.prelu(view @ (features @ layer.linear.weight.T) + layer.bias, layer.slope)
                for layer, view in zip(layers, views, strict=True)
            ]

        h_a, h_b = encode(x_VD)
        other_a, other_b = encode(x_VD[order_V])
        c_a, c_b = (h.mean(dim=0).sigmoid().expand_as(h).contiguous() for h in (h_a, h_b))
        pairs = ((h_b, c_a), (h_a, c_b), (other_b, c_a), (other_a, c_b))
        scores = torch.cat([self.bilinear(h, c) for h, c in pairs])[:, 0]
        targets = torch.zeros_like(scores)
        targets[: len(scores) // 2] = 1
        return F.binary_cross_entropy_with_logits(scores, targets)


def cpu_seconds(step: Callable[[], Tensor]) -> tuple[float, float]:
    """CPU seconds of a step with its backward pass, and its loss."""
    start = time.process_time()
    loss = step()
    loss.backward()
    return time.process_time() - start, loss.item()


def our_step(method: MVGRL, inputs: dict[str, Tensor]) -> Callable[[], Tensor]:
    """A training step with the same exchange of nodes each time."""

    def step() -> Tensor:
        torch.manual_seed(0)
        method.zero_grad()
        return method.loss(inputs, [{}])["loss"]

    return step


def build_form(name: str, graph: Graph, channels: int) -> Callable[[], Tensor]:
    """One way of computing a step."""
    size = graph.features.shape[1]
    if name in ("dense block", "our block"):
        cut = [dict(type="SampleNodes", num_nodes=min(BLOCK, graph.num_nodes))]
        block = make_batch(graph, cut, self_loops=2)
        method = make_method(size, channels)
        if name == "our block":
            return our_step(method, block)
        dense, x_VD = DenseForm(method), block["features"].to_dense()
        views = [block["adjacency"].to_dense(), block["diffusion"]]
        torch.manual_seed(0)
        order_V = exchange_within(block["graph_index"])

        def step() -> Tensor:
            dense.zero_grad()
            return dense(x_VD, views, order_V)

        return step
    diffusion, views = {
        "top 16": (None, dict(keep="top", top=TOP)),
        "whole matrix": (None, {}),
        "no matrix": (dict(kind="ppr"), dict(kind=None)),
    }[name]
    return our_step(make_method(size, channels, diffusion), make_batch(graph, **views))


FORMS = ("dense block", "our block", "top 16", "whole matrix", "no matrix")


def compare(graph: Graph, args: argparse.Namespace) -> None:
    """Time the forms in turn and print their figures."""
    forms = {name: build_form(name, graph, args.channels) for name in FORMS}
    times: dict[str, list[float]] = {name: [] for name in forms}
    losses: dict[str, float] = {}
    for name in args.rounds * FORMS:
        turn = [cpu_seconds(forms[name]) for _ in range(4)]
        losses[name] = turn[-1][1]
        # In training the steps before were of the same kind, and left their memory to this one.
        times[name].append(statistics.median(seconds for seconds, _ in turn[1:]))
    for name, values in times.items():
        gib = in_process(memory_of_form, name, args)
        print(
            f"{name:>14} {statistics.median(values):8.3f} s {gib:6.2f} GiB   "
            f"loss {losses[name]:.7f}"
        )
    for one, other in (("dense block", "our block"), ("whole matrix", "no matrix")):
        if abs(losses[one] - losses[other]) > 1e-5:
            raise SystemExit(f"The losses of {one} and {other} differ.")
    exact = min(statistics.median(times[name]) for name in ("whole matrix", "no matrix"))
    ratios = [d / o for d, o in zip(times["dense block"], times["our block"], strict=True)]
    print(f"figure cpu_seconds_per_step {statistics.median(times['top 16']):.3f} s")
    print(f"figure cpu_seconds_per_step_exact {exact:.3f} s")
    print(f"figure over_dense {statistics.median(ratios):.1f} ratio")


def memory_of_form(name: str, args: argparse.Namespace) -> float:
    """What steps of a form take at most, in GiB, beside what the libraries and views take."""
    torch.set_num_threads(1)
    step = build_form(name, read_npz(args.graph), args.channels)
    Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")  # the peak starts again
    base = peak_gib()
    for _ in range(2):
        cpu_seconds(step)
    return peak_gib() - base


def in_process(function: Callable[..., Any], *arguments: object) -> Any:
    """Call a function in a process of its own, for its memory."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(function, arguments)


def random_graph(num_nodes: int) -> Graph:
    """10 edges a node between random nodes, and 10 of 256 words a node."""
    rng = np.random.default_rng(0)
    edges = undirected(rng.integers(0, num_nodes, (EDGES * num_nodes // 2, 2)), num_nodes, "random")
    place = (np.arange(num_nodes).repeat(WORDS), rng.integers(0, FEATURES, WORDS * num_nodes))
    ones = np.ones(len(place[0]), np.float32)
    return Graph(edges, sparse.csr_array((ones, place), (num_nodes, FEATURES)), "random")


def peak_gib() -> float:
    """Peak of this process' memory so far."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 2**20


def measure(num_nodes: int, channels: int) -> tuple[float, float, float, float]:
    """Train a few steps on a random graph: CPU seconds of views and step, peak, peak over base."""
    torch.set_num_threads(1)
    base = peak_gib()
    start = time.process_time()
    inputs = make_batch(random_graph(num_nodes), keep="pushed", top=TOP, threshold=2e-3)
    prepared = time.process_time() - start
    method = make_method(FEATURES, channels)
    optimizer = torch.optim.Adam(method.parameters())
    times = []
    for _ in range(3):
        times.append(cpu_seconds(our_step(method, inputs))[0])
        optimizer.step()
    return prepared, statistics.median(times), peak_gib(), peak_gib() - base


def grow(args: argparse.Namespace) -> None:
    """Print time and memory of random graphs, and how they grow."""
    rows = []
    for num_nodes in args.nodes:
        rows.append(in_process(measure, num_nodes, args.growth_channels))
        prepared, seconds, peak, _ = rows[-1]
        print(
            f"{num_nodes:>9} nodes, {args.growth_channels} channels: {seconds:8.3f} s a step, "
            f"{peak:.2f} GiB at most, {prepared:.1f} s for the views"
        )
    sizes = np.log(args.nodes)
    for name, values in (("time", [r[1] for r in rows]), ("memory", [r[3] for r in rows])):
        slope = np.polyfit(sizes, np.log(values), 1)[0]
        print(f"figure growth_exponent_{name} {slope:.2f} power")
    for num_nodes, row in zip(args.nodes, rows, strict=True):
        if num_nodes == 1_000_000:
            print(f"figure peak_gib_1m {row[2]:.2f} GiB")


def main() -> None:
    """Compare on the one graph, then grow."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--graph", required=True, help="npz of a graph, such as Cora")
    parser.add_argument("--channels", type=int, default=512)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--nodes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--growth-channels", type=int, default=64)
    args = parser.parse_args()
    torch.set_num_threads(1)
    graph = read_npz(args.graph)
    print(f"{args.graph}: {graph.num_nodes} nodes, {args.channels} channels, 1 thread")
    compare(graph, args)
    grow(args)


if __name__ == "__main__":
    main()
