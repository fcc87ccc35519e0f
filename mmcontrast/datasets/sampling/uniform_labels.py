"""Sampling that draws all labels equally often.

Shapes: N samples.
"""

from collections import Counter

import torch
from torch import Tensor

from mmcontrast.registry import DATA_SAMPLERS

from .samplers import ResumableSampler


def uniform_order(labels_N: Tensor, generator: torch.Generator) -> Tensor:
    """Draw N samples, equally many of each label, as DeepCluster does (Caron et al., ECCV 2018).

    Of each of L labels N // L + 1 samples are drawn, without repetition if it has more; they are
    shuffled, and the first N are kept.

    Args:
        labels_N: Label of each sample; samples with -1 are never drawn.
        generator: Source of the random numbers.

    Raises:
        ValueError: No sample has a label.
    """
    labels = labels_N[labels_N >= 0].unique()
    if not len(labels):
        raise ValueError("No sample has a label.")
    quota = len(labels_N) // len(labels) + 1
    drawn = []
    for label in labels:
        members = (labels_N == label).nonzero().flatten()
        if len(members) <= quota:
            chosen = torch.randint(len(members), (quota,), generator=generator)
        else:
            chosen = torch.randperm(len(members), generator=generator)[:quota]
        drawn.append(members[chosen])
    shuffled = torch.cat(drawn)
    return shuffled[torch.randperm(len(shuffled), generator=generator)][: len(labels_N)]


@DATA_SAMPLERS.register_module()
class UniformLabelSampler(ResumableSampler):
    """A ``ResumableSampler`` whose epochs hold all labels equally often, see :func:`uniform_order`.

    Each repetition of a sample in an epoch has its own random numbers. Without labels an epoch
    holds each sample once. The arguments are those of :class:`ResumableSampler`, with
    ``shuffle=True``.

    Attributes:
        labels_N: Label of each sample, which :class:`~mmcontrast.engine.hooks.ClusteringHook` sets
            before each epoch with ``uniform_labels``.
    """

    labels_N: Tensor | None = None

    def _order(self, total: int) -> list[int]:
        if self.labels_N is None:
            return super()._order(total)
        if len(self.labels_N) != total:
            raise ValueError(
                f"UniformLabelSampler: there are labels of {len(self.labels_N)} samples, and "
                f"train_dataloader.dataset has {total}."
            )
        repetitions: Counter[int] = Counter()
        keys = []
        for index in uniform_order(self.labels_N, self._generator()).tolist():
            keys.append(index + (repetitions[index] << 64) * total)
            repetitions[index] += 1
        return keys
