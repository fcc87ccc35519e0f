"""k-NN: our votes beside lightly's, on the same features, in turn, with equal results.

    python benchmarks/knn.py
    python benchmarks/knn.py --bank 100000 --queries 10000 --rounds 3

lightly's `knn_predict` wants features of unit length and returns ranked classes; ours normalizes
inside and returns votes. Both are timed from raw features to ranked classes, so lightly's time
includes the normalization that its documentation recommends.

Needs the extra ``bench``: ``pip install 'mmcontrast[bench]'``.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import torch
import torch.nn.functional as F
from lightly.utils.benchmarking.knn import knn_predict
from torch import Tensor

from mmcontrast.evaluation import knn_scores


def make_features(args: argparse.Namespace) -> tuple[Tensor, Tensor, Tensor]:
    """Bank, its labels and queries: points around the centers of the classes."""
    torch.manual_seed(0)
    centers = torch.randn(args.classes, args.channels, device=args.device)
    labels = torch.randint(args.classes, (args.bank,), device=args.device)
    wanted = torch.randint(args.classes, (args.queries,), device=args.device)
    bank = centers[labels] + 3 * torch.randn(args.bank, args.channels, device=args.device)
    queries = centers[wanted] + 3 * torch.randn(args.queries, args.channels, device=args.device)
    return bank, labels, queries


def seconds(run: Callable[[], Tensor], device: str) -> tuple[float, Tensor]:
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


def main() -> None:
    """Measure, print a table, and end with the figure."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--bank", type=int, default=10_000)
    parser.add_argument("--queries", type=int, default=2_000)
    parser.add_argument("--channels", type=int, default=512)
    parser.add_argument("--classes", type=int, default=100)
    parser.add_argument("--k", type=int, default=200, help="lightly's default")
    parser.add_argument("--temperature", type=float, default=0.1, help="lightly's default")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    bank, labels, queries = make_features(args)

    def ours() -> Tensor:
        votes = knn_scores(bank, labels, queries, args.k, args.temperature, args.classes)
        return votes.argsort(dim=1, descending=True)

    def lightly() -> Tensor:
        unit_bank, unit_queries = F.normalize(bank, dim=1), F.normalize(queries, dim=1)
        return knn_predict(
            unit_queries, unit_bank.t().contiguous(), labels, args.classes, args.k, args.temperature
        )

    times: dict[str, list[float]] = {"ours": [], "lightly": []}
    best: dict[str, Tensor] = {}
    for turn in range(args.rounds + 1):
        for name, run in (("ours", ours), ("lightly", lightly)):
            elapsed, result = seconds(run, args.device)
            best[name] = result[:, 0]
            if turn:  # the first one warms up
                times[name].append(elapsed)
    differ = int((best["ours"] != best["lightly"]).sum())
    if differ > args.queries // 1000:
        raise SystemExit(f"The predictions of {differ} of {args.queries} queries differ.")
    print(
        f"{args.queries} queries, bank of {args.bank}, {args.channels} channels, "
        f"{args.classes} classes, k {args.k}, {args.device}, {args.threads} thread(s)"
    )
    for name, values in times.items():
        print(f"{name:8} {statistics.median(values):8.4f} s")
    print(f"equal predictions: {args.queries - differ} of {args.queries}")
    ratios = [a / b for a, b in zip(times["ours"], times["lightly"], strict=True)]
    print(f"figure knn_over_lightly {statistics.median(ratios):.3f} ratio")


if __name__ == "__main__":
    main()
