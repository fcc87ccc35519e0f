"""k-means: ours beside scikit-learn's and on faiss, from the same start, in turn, equal results.

    python benchmarks/clustering.py
    python benchmarks/clustering.py --points 20000 --iters 5 --rounds 1 --large 50000

All run Lloyd's algorithm with a tolerance of 0 on one thread, in CPU seconds, on made-up features.
The large part runs in a process of its own: its peak memory includes Python, torch and the
features. faiss is left out where it is not installed: ``pip install 'mmcontrast[clustering]'``.
"""

import argparse
import importlib.util
import resource
import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

import torch
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits
from torch import Tensor

from mmcontrast.ops.kmeans import Clusters, kmeans
from mmcontrast.ops.kmeans_step import assign_clusters


def make_features(num_points: int, num_clusters: int, channels: int) -> Tensor:
    """Unit vectors around the centers of clusters, made in place."""
    generator = torch.Generator().manual_seed(0)
    centers = torch.randn(num_clusters, channels, generator=generator)
    features = torch.randn(num_points, channels, generator=generator)
    for begin in range(0, num_points, 65536):
        block = features[begin : begin + 65536]
        block += centers[torch.randint(num_clusters, (len(block),), generator=generator)]
        block /= block.norm(dim=1, keepdim=True)
    return features


def timed(run: Callable[[], Any]) -> tuple[float, Any]:
    """CPU seconds of one call, and its result."""
    start = time.process_time()
    result = run()
    return time.process_time() - start, result


def compare(args: argparse.Namespace) -> None:
    """Print the times of all backends in turn, and the figures."""
    features = make_features(args.points, args.clusters, args.channels)
    start = features[: args.clusters].clone()

    def ours(backend: str) -> Clusters:
        return kmeans(features, args.clusters, num_iters=args.iters, start=start, backend=backend)

    def theirs() -> Any:
        model = KMeans(
            args.clusters,
            init=start.numpy(),
            n_init=1,
            max_iter=args.iters,
            tol=0,
            algorithm="lloyd",
            copy_x=False,
        )
        return model.fit(features.numpy())

    runs: dict[str, Callable[[], Any]] = dict(sklearn=theirs, kmeans=lambda: ours("torch"))
    if importlib.util.find_spec("faiss") is not None:
        runs["faiss"] = lambda: ours("faiss")
    times: dict[str, list[float]] = {name: [] for name in runs}
    inertia = {}
    for _ in range(args.rounds):
        for name, run in runs.items():
            seconds, result = timed(run)
            times[name].append(seconds)
            inertia[name] = result.inertia_ if name == "sklearn" else result.inertia
    for name, values in times.items():
        print(f"{name:8} {min(values):8.2f} CPU seconds, inertia {inertia[name]:.6g}")
    for name in runs:
        if name != "sklearn":
            ratios = [a / b for a, b in zip(times[name], times["sklearn"], strict=True)]
            print(f"figure {name}_over_sklearn {statistics.median(ratios):.2f} ratio")
    print(f"figure inertia_over_sklearn {inertia['kmeans'] / inertia['sklearn']:.4f} ratio")


def large(args: argparse.Namespace) -> None:
    """Cluster many points, assign them once more, and print times and peak memory."""
    features = make_features(args.large, args.clusters, args.channels)
    start = features[: args.clusters].clone()
    seconds, clusters = timed(
        lambda: kmeans(features, args.clusters, num_iters=args.iters, start=start)
    )
    print(f"k-means of {args.large:,}, {args.iters} iterations: {seconds:.1f} CPU seconds")
    seconds, _ = timed(lambda: assign_clusters(features, clusters.centroids_KC))
    print(f"assignment of {args.large:,}: {seconds:.1f} CPU seconds")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"figure peak_gib_1m {peak:.2f} GiB")


def main() -> None:
    """Measure both parts, and end each with its figures."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--points", type=int, default=200_000)
    parser.add_argument("--large", type=int, default=1_000_000)
    parser.add_argument("--channels", type=int, default=512)
    parser.add_argument("--clusters", type=int, default=256)
    parser.add_argument("--iters", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only-large", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore", ConvergenceWarning)
    if args.only_large:
        large(args)
        return
    with threadpool_limits(1):
        compare(args)
    command = [sys.executable, __file__, *sys.argv[1:], "--only-large"]
    print(subprocess.run(command, check=True, capture_output=True, text=True).stdout, end="")


if __name__ == "__main__":
    main()
