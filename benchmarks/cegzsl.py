"""CE-GZSL's loss of classes: the comparator in parts, beside the network applied to each pair.

    python benchmarks/cegzsl.py
    python benchmarks/cegzsl.py --rows 1024 --embedding 2048 --classes 40 --rounds 3

The plain forms are those of the released code, a loop over the rows of a batch that gives the
network each pair of embedding and attributes, and the same without the loop, as one large batch of
pairs. All three have the same weights; losses and gradients must agree. CPU seconds of loss and
gradient, one thread, in turn.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from mmcontrast.models.heads.zeroshot import Comparator

TEMPERATURE = 0.1


def each_pair(comparator: Comparator, h_NE: Tensor, a_SA: Tensor) -> Tensor:
    """The network on pairs, (N, S) scores."""
    pairs = torch.cat(
        [h_NE[:, None].expand(-1, len(a_SA), -1), a_SA.expand(len(h_NE), -1, -1)], dim=2
    )
    return comparator.last(comparator.activation(comparator.first(pairs))).squeeze(2)


def main() -> None:
    """Time the three forms in turn and print their figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=256)
    parser.add_argument("--embedding", type=int, default=256)
    parser.add_argument("--attributes", type=int, default=85)
    parser.add_argument("--classes", type=int, default=40)
    parser.add_argument("--hidden", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    comparator = Comparator(args.embedding, args.attributes, args.hidden)
    h = torch.rand(args.rows, args.embedding, requires_grad=True)
    a = torch.rand(args.classes, args.attributes)
    labels = torch.randint(args.classes, (args.rows,))

    def loop() -> Tensor:
        losses = [
            F.cross_entropy(each_pair(comparator, row[None], a) / TEMPERATURE, label[None])
            for row, label in zip(h, labels, strict=True)
        ]
        return torch.stack(losses).mean()

    forms: dict[str, Callable[[], Tensor]] = {
        "loop over rows": loop,
        "all pairs": lambda: F.cross_entropy(each_pair(comparator, h, a) / TEMPERATURE, labels),
        "in parts": lambda: F.cross_entropy(comparator(h, a) / TEMPERATURE, labels),
    }
    times: dict[str, list[float]] = {name: [] for name in forms}
    gradients: dict[str, Tensor] = {}
    for name in args.rounds * list(forms):
        start = time.process_time()
        (gradients[name],) = torch.autograd.grad(forms[name](), h)
        times[name].append(time.process_time() - start)
    print(f"{args.rows} rows, {args.classes} classes, {args.hidden} hidden channels, 1 thread")
    for name, values in times.items():
        print(f"{name:>14} {statistics.median(values):8.4f} s")
    difference = max(
        ((gradients["in parts"] - other).norm() / other.norm()).item()
        for other in gradients.values()
    )
    for name, short in (("loop over rows", "loop"), ("all pairs", "pairs")):
        ratios = [p / o for p, o in zip(times[name], times["in parts"], strict=True)]
        print(f"figure {short}_over_parts {statistics.median(ratios):.1f} ratio")
    print(f"figure gradient_difference {difference:.1e} relative")


if __name__ == "__main__":
    main()
