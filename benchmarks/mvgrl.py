"""MVGRL on nodes: sparse views of the whole graph beside the dense blocks of the released code.

    python benchmarks/mvgrl.py --graph data/cora.npz
    python benchmarks/mvgrl.py --graph data/cora.npz --nodes 10000 100000 --channels 32

The dense form is written here from the paper's equations and what the authors' code is known to do:
blocks of 2,000 neighbouring nodes as dense matrices, features of the exchanged nodes through all of
the encoder, and `nn.Bilinear` on each node with a copy of the graph's summary. It computes one
block, where the authors have four in a step. Ours takes the same block first: both must have the
same loss. Then ours trains on the whole graph, with 16 entries of the diffusion a node, with all of
it as a matrix, and without the matrix.

Growth: random graphs with 10 edges a node, each in a process of its own, with the diffusion by
pushed walks (not timed), sparse features and fewer channels. CPU seconds, one thread; the peak of
memory is that of the process.
"""

import argparse
import multiprocessing
import re
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path

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
                layer.activation(view @ (features @ layer.linear.weight.T) + layer.bias)
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


def our_step(method: MVGRL, inputs: dict[str, Tensor], seed: int = 0) -> Callable[[], Tensor]:
    """A training step with the same exchange of nodes each time."""

    def step() -> Tensor:
        torch.manual_seed(seed)
        return method.loss(inputs, [{}])["loss"]

    return step


def compare(graph: Graph, args: argparse.Namespace) -> None:
    """Time the forms in turn and print their figures."""
    size = graph.features.shape[1]
    cut = [dict(type="SampleNodes", num_nodes=min(BLOCK, graph.num_nodes))]
    block = make_batch(graph, cut, self_loops=2)
    method = make_method(size, args.channels)
    dense, x = DenseForm(method), block["features"].to_dense()
    views = [block["adjacency"].to_dense(), block["diffusion"]]
    torch.manual_seed(0)
    order = exchange_within(block["graph_index"])
    forms: dict[str, Callable[[], Tensor]] = {
        "dense block": lambda: dense(x, views, order),
        "our block": our_step(method, block),
        "top 16": our_step(
            make_method(size, args.channels), make_batch(graph, keep="top", top=TOP)
        ),
        "whole matrix": our_step(make_method(size, args.channels), make_batch(graph)),
        "no matrix": our_step(
            make_method(size, args.channels, dict(kind="ppr")), make_batch(graph, kind=None)
        ),
    }
    times: dict[str, list[float]] = {name: [] for name in forms}
    losses: dict[str, float] = {}
    for name in args.rounds * list(forms):
        seconds, losses[name] = cpu_seconds(forms[name])
        times[name].append(seconds)
    for name, values in times.items():
        print(f"{name:>14} {statistics.median(values):8.3f} s   loss {losses[name]:.7f}")
    for one, other in (("dense block", "our block"), ("whole matrix", "no matrix")):
        if abs(losses[one] - losses[other]) > 1e-5:
            raise SystemExit(f"The losses of {one} and {other} differ.")
    exact = min(statistics.median(times[name]) for name in ("whole matrix", "no matrix"))
    ratios = [d / o for d, o in zip(times["dense block"], times["our block"], strict=True)]
    print(f"figure cpu_seconds_per_step {statistics.median(times['top 16']):.3f} s")
    print(f"figure cpu_seconds_per_step_exact {exact:.3f} s")
    print(f"figure over_dense {statistics.median(ratios):.1f} ratio")


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


def measure(num_nodes: int, channels: int, results: "multiprocessing.Queue") -> None:
    """Train a few steps on a random graph, in a process of its own."""
    torch.set_num_threads(1)
    base = peak_gib()
    start = time.process_time()
    inputs = make_batch(random_graph(num_nodes), keep="pushed", top=TOP, threshold=2e-3)
    prepared = time.process_time() - start
    method = make_method(FEATURES, channels)
    optimizer = torch.optim.Adam(method.parameters())
    times = []
    for _ in range(3):
        optimizer.zero_grad()
        times.append(cpu_seconds(our_step(method, inputs))[0])
        optimizer.step()
    results.put((prepared, statistics.median(times), peak_gib(), peak_gib() - base))


def grow(args: argparse.Namespace) -> None:
    """Print time and memory of random graphs, and how they grow."""
    context = multiprocessing.get_context("spawn")
    rows = []
    for num_nodes in args.nodes:
        results = context.Queue()
        process = context.Process(target=measure, args=(num_nodes, args.growth_channels, results))
        process.start()
        rows.append(results.get())
        process.join()
        prepared, seconds, peak, _ = rows[-1]
        print(
            f"{num_nodes:>9} nodes: {seconds:8.3f} s a step, {peak:.2f} GiB at most, "
            f"{prepared:.1f} s for the views"
        )
    sizes = np.log(args.nodes)
    for name, values in (("time", [r[1] for r in rows]), ("memory", [r[3] for r in rows])):
        slope = np.polyfit(sizes, np.log(values), 1)[0]
        print(f"figure growth_exponent_{name} {slope:.2f} power")
    print(f"figure peak_gib_1m {rows[-1][2]:.2f} GiB")


def main() -> None:
    """Compare on the one graph, then grow."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--graph", required=True, help="npz of a graph, such as Cora")
    parser.add_argument("--channels", type=int, default=512)
    parser.add_argument("--rounds", type=int, default=5)
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
