"""Estimates of the mutual information of two variables from scores of their pairs.

    JSD      E+[log 2 - sp(-s)] - E-[sp(-s) + s - log 2]
    BCE      the mean cross-entropy of telling pairs that belong together from others ("NCE")
    DV       E+[s] - log E-[exp s]
    InfoNCE  E+[log exp(s / t) / (exp(s / t) + sum over its negatives exp(s- / t))]
    others   E+[T(s)] - E-[f*(T(s))]      f-divergences: GAN, KL, reverse KL, Hellinger, ...

E+ is the mean over pairs that belong together, E- over pairs that do not, sp the softplus. All but
BCE are negated bounds, so a loss below 0 is right: minus the Jensen-Shannon estimate lies between
-2 log 2, for scores that tell all pairs apart, and 0, for equal ones. Nowozin et al., NeurIPS 2016,
table 6; Belghazi et al., ICML 2018; van den Oord et al., 2018; Hassani and Khasahmadi, ICML 2020,
section 3.4.

Shapes: P pairs that belong together, K negatives of each of them, or one set for all: (1, K).
"""

import functools
import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmcontrast.registry import MODELS
from mmcontrast.utils.arguments import check_number

_LOG2 = math.log(2)

# T(s) and f*(T(s)) of scores s (Nowozin et al., table 6). For 'kl' it is s + 1 that is their s, and
# 'x2' is the form of the authors' code, which is no bound of Pearson's divergence.
DIVERGENCES: dict[str, tuple[Callable[[Tensor], Tensor], Callable[[Tensor], Tensor]]] = {
    "jsd": (lambda s: _LOG2 - F.softplus(-s), lambda s: F.softplus(-s) + s - _LOG2),
    "gan": (lambda s: -F.softplus(-s), lambda s: F.softplus(-s) + s),
    "kl": (lambda s: s + 1, lambda s: s.exp()),
    "rkl": (lambda s: -(-s).exp(), lambda s: s - 1),
    "h2": (lambda s: 1 - (-s).exp(), lambda s: s.exp() - 1),
    "x2": (lambda s: s**2, lambda s: -((s.abs() + 1) ** 2) / 2),
    "w1": (lambda s: s, lambda s: s),
}


def f_divergence(positive_P: Tensor, negative_PK: Tensor, kind: str = "jsd") -> Tensor:
    """Minus the estimate of an f-divergence.

    Jensen-Shannon's lies between -2 log 2 and 0 in practice, and is 0 for scores of 0. Those with
    an exponential (kl, rkl, h2) grow without bound where scores do.

    Args:
        positive_P: Scores of pairs that belong together.
        negative_PK: Scores of pairs that do not.
        kind: Name of the divergence, a key of ``DIVERGENCES``.
    """
    of_positive, of_negative = DIVERGENCES[kind]
    return of_negative(negative_PK).mean() - of_positive(positive_P).mean()


def binary_cross_entropy(positive_P: Tensor, negative_PK: Tensor) -> Tensor:
    """Mean over all pairs, whichever kind there are more of; log 2 for scores of 0."""
    scores = torch.cat([positive_P, negative_PK.flatten()])
    targets = torch.zeros_like(scores)
    targets[: len(positive_P)] = 1
    return F.binary_cross_entropy_with_logits(scores, targets)


def donsker_varadhan(positive_P: Tensor, negative_PK: Tensor) -> Tensor:
    """Minus the Donsker-Varadhan bound; 0 for scores of 0."""
    return negative_PK.flatten().logsumexp(0) - math.log(negative_PK.numel()) - positive_P.mean()


def info_nce_bound(positive_P: Tensor, negative_PK: Tensor) -> Tensor:
    """Cross-entropy of finding the pair among its negatives; log(K + 1) for equal scores."""
    others_P = negative_PK.logsumexp(1).expand_as(positive_P)
    return (torch.logaddexp(positive_P, others_P) - positive_P).mean()


ESTIMATORS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "bce": binary_cross_entropy,
    "dv": donsker_varadhan,
    "infonce": info_nce_bound,
    **{kind: functools.partial(f_divergence, kind=kind) for kind in DIVERGENCES},
}


@MODELS.register_module()
class MutualInformation(nn.Module):
    """One of the estimates as a loss to minimize, in float32.

    Args:
        estimator: ``'jsd'``, ``'bce'``, ``'dv'``, ``'infonce'``, or another key of ``DIVERGENCES``.
        temperature: Scores are divided by it; the papers have 1 with all but InfoNCE.

    Raises:
        ValueError: There is no such estimator.
    """

    def __init__(self, estimator: str = "jsd", temperature: float = 1.0):
        check_number("MutualInformation: temperature", temperature, 0, above=True)
        super().__init__()
        if estimator not in ESTIMATORS:
            raise ValueError(f"estimator is one of {', '.join(ESTIMATORS)}, got {estimator!r}.")
        self.estimate = ESTIMATORS[estimator]
        self.temperature = temperature

    def forward(self, positive_P: Tensor, negative_PK: Tensor) -> Tensor:
        """Compute the loss, a scalar.

        Args:
            positive_P: Scores of pairs that belong together.
            negative_PK: Scores of pairs that do not, (P, K) or (1, K).

        Raises:
            ValueError: There is nothing to compare with.
        """
        if not positive_P.numel() or not negative_PK.numel():
            raise ValueError(
                f"Mutual information needs pairs of both kinds, got {positive_P.numel()} that "
                f"belong together and {negative_PK.numel()} that do not."
            )
        return self.estimate(
            positive_P.float() / self.temperature, negative_PK.float() / self.temperature
        )
