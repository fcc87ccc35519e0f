"""Estimates of mutual information against values by hand."""

import math

import pytest
import torch

from mmcontrast.models.losses.mutual_information import (
    ESTIMATORS,
    MutualInformation,
    f_divergence,
)

# Scores of three nodes with two graphs, of which 0, 0 and 1 are theirs.
POSITIVE = torch.tensor([2.0, 1.0, 3.0], dtype=torch.float64)
NEGATIVE = torch.tensor([[0.0], [-1.0], [0.0]], dtype=torch.float64)


VALUES = dict(
    jsd=-0.6568499949, bce=0.3647221831, dv=-2.2366174846, infonce=0.1008144579, gan=0.7294443663,
    kl=-2.2107068529, rkl=-1.1489994024, h2=-1.0263729220, w1=-2.3333333333, x2=-5.6666666667,
)  # fmt: skip


@pytest.mark.parametrize(("estimator", "expected"), VALUES.items())
def test_values_by_hand(estimator, expected):
    assert ESTIMATORS[estimator](POSITIVE, NEGATIVE).item() == pytest.approx(expected, abs=1e-9)


def test_all_estimators_have_a_value_by_hand():
    assert set(VALUES) == set(ESTIMATORS)


def test_parts_of_the_jensen_shannon_estimate():
    nothing = torch.zeros(1, 1, dtype=torch.float64)
    assert -f_divergence(POSITIVE, nothing).item() == pytest.approx(0.5302214972)
    assert f_divergence(nothing[0], NEGATIVE).item() == pytest.approx(-0.1266284977)


def test_temperature():
    loss = MutualInformation("infonce", temperature=0.5)(POSITIVE, NEGATIVE)
    assert loss.item() == pytest.approx(0.0129251803, abs=1e-7)


@pytest.mark.parametrize(
    ("estimator", "equal"),
    [("jsd", 0.0), ("bce", math.log(2)), ("dv", 0.0), ("infonce", math.log(8))],
)
def test_equal_scores(estimator, equal):
    loss = MutualInformation(estimator)(torch.zeros(5), torch.zeros(5, 7))
    assert loss.item() == pytest.approx(equal, abs=1e-6)


def test_perfect_scores():
    loss = MutualInformation("jsd")(torch.full((5,), 90.0), torch.full((5, 7), -90.0))
    assert loss.item() == pytest.approx(-2 * math.log(2))


@pytest.mark.parametrize("estimator", ["jsd", "bce", "dv", "infonce"])
def test_a_slow_loop_agrees_gradient_included(estimator):
    torch.manual_seed(0)
    positive = torch.randn(4, dtype=torch.float64, requires_grad=True)
    negative = torch.randn(4, 3, dtype=torch.float64, requires_grad=True)
    softplus = torch.nn.functional.softplus
    pairs = [(s, s_n) for s, row in zip(positive, negative, strict=True) for s_n in row]
    if estimator == "jsd":
        slow = sum(softplus(-n) + n - math.log(2) for _, n in pairs) / 12
        slow = slow - sum(math.log(2) - softplus(-s) for s in positive) / 4
    elif estimator == "bce":
        slow = (sum(softplus(n) for _, n in pairs) + sum(softplus(-s) for s in positive)) / 16
    elif estimator == "dv":
        slow = torch.log(sum(n.exp() for _, n in pairs) / 12) - sum(positive) / 4
    else:
        slow = (
            sum(
                -torch.log(s.exp() / (s.exp() + row.exp().sum()))
                for s, row in zip(positive, negative, strict=True)
            )
            / 4
        )
    fast = MutualInformation(estimator).estimate(positive, negative)
    assert fast.item() == pytest.approx(slow.item(), abs=1e-12)
    for a, b in zip(
        torch.autograd.grad(fast, (positive, negative)),
        torch.autograd.grad(slow, (positive, negative)),
        strict=True,
    ):
        torch.testing.assert_close(a, b)


@pytest.mark.parametrize("estimator", ["jsd", "bce", "dv", "infonce"])
def test_one_set_of_negatives_serves_all(estimator):
    shared = torch.tensor([[0.3, -1.0, 0.8]], dtype=torch.float64)
    loss = MutualInformation(estimator).estimate
    if estimator == "bce":  # there each pair counts once
        assert loss(POSITIVE, shared).item() == pytest.approx(
            loss(POSITIVE, shared.view(3, 1)).item()
        )
    else:
        assert loss(POSITIVE, shared).item() == pytest.approx(
            loss(POSITIVE, shared.expand(3, 3)).item()
        )


def test_large_scores_stay_finite():
    for estimator in ("jsd", "bce", "dv", "infonce"):
        scores = torch.tensor([1e4, -1e4], requires_grad=True)
        loss = MutualInformation(estimator)(scores, scores[None])
        (gradient,) = torch.autograd.grad(loss, scores)
        assert loss.isfinite() and gradient.isfinite().all()


def test_misuse():
    with pytest.raises(ValueError, match=r"estimator is one of bce, dv, infonce, .*, got 'nce'"):
        MutualInformation("nce")
    with pytest.raises(ValueError, match=r"got 3 that belong together and 0 that do not"):
        MutualInformation("jsd")(POSITIVE, torch.zeros(3, 0))
