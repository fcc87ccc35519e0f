"""Instance contrast and gradient penalty against values by hand and a slow loop."""

import math

import pytest
import torch

from mmcontrast.models.losses.gradient_penalty import gradient_penalty
from mmcontrast.models.losses.supervised_contrast import supervised_contrast

FOUR = torch.tensor([[1.0, 0], [0.6, 0.8], [0, 1], [-1, 0]])
FIVE = torch.tensor([[1.0, 0], [0.6, 0.8], [0.8, 0.6], [0, 1], [-1, 0]])


@pytest.mark.parametrize(
    ("z", "labels", "temperature", "expected"),
    [
        (FOUR, [0, 0, 1, 1], 1.0, 0.8942642163),
        (FOUR, [0, 0, 1, 1], 0.5, 0.8860777537),
        (FOUR, [0, 0, 1, 1], 0.1, 2.5331490532),
        # Two anchors without a positive, which do not count; three positives are negatives too.
        (FIVE, [0, 0, 0, 1, 2], 1.0, 1.0886015165),
        (FIVE, [0, 0, 0, 1, 2], 0.1, 1.3799945485),
    ],
)
def test_values_by_hand(z, labels, temperature, expected):
    loss = supervised_contrast(z, torch.tensor(labels), temperature)
    assert loss.item() == pytest.approx(expected, abs=2e-6)


def test_no_anchor_has_a_positive():
    """In the released code this is 0 / 0."""
    z = FOUR.clone().requires_grad_()
    loss = supervised_contrast(z, torch.arange(4), 0.1)
    loss.backward()
    assert loss.item() == 0 and not z.grad.any()


@pytest.mark.parametrize("num_classes", [3, 40])
def test_a_slow_loop_agrees_gradient_included(num_classes):
    torch.manual_seed(0)
    z = torch.nn.functional.normalize(torch.randn(12, 5), dim=1).requires_grad_()
    labels = torch.randint(num_classes, (12,))
    anchors = []
    for i in range(12):
        positives = [p for p in range(12) if p != i and labels[p] == labels[i]]
        if not positives:
            continue
        others = torch.stack([torch.exp(z[i] @ z[j] / 0.3) for j in range(12) if j != i]).sum()
        terms = [z[i] @ z[p] / 0.3 - torch.log(others) for p in positives]
        anchors.append(-sum(terms) / len(terms))
    slow = sum(anchors) / len(anchors)
    fast = supervised_contrast(z, labels, 0.3)
    assert fast.item() == pytest.approx(slow.item(), rel=1e-5)
    for a, b in zip(torch.autograd.grad(fast, z), torch.autograd.grad(slow, z), strict=True):
        torch.testing.assert_close(a, b, atol=1e-6, rtol=1e-4)
    assert torch.autograd.grad(supervised_contrast(z, labels, 0.3), z)[0].isfinite().all()


def test_penalty_of_a_plane():
    weight = torch.tensor([[3.0], [4.0]], requires_grad=True)
    penalty = gradient_penalty(lambda x: x @ weight, torch.randn(6, 2), torch.randn(6, 2))
    assert 10 * penalty.item() == pytest.approx(160)
    (gradient,) = torch.autograd.grad(penalty, weight)
    torch.testing.assert_close(gradient, 2 * (5 - 1) * weight.detach() / 5)


def test_penalty_is_taken_between_real_and_generated():
    seen = []

    def critic(x):
        seen.append(x.detach())
        return x.square().sum(1, keepdim=True)

    real, fake = torch.zeros(50, 2), torch.ones(50, 2)
    penalty = gradient_penalty(critic, real, fake)
    share = seen[0]
    assert (share[:, 0] == share[:, 1]).all() and 0 < share.min() < share.max() < 1
    expected = (2 * share.norm(dim=1) - 1).square().mean()
    torch.testing.assert_close(penalty.detach(), expected)
    assert math.isfinite(penalty.item())
