"""Instance contrast and gradient penalty against values by hand and a slow loop."""

import math

import pytest
import torch

from mmcontrast.models.losses.gradient_penalty import gradient_penalty
from mmcontrast.models.losses.supervised_contrast import supervised_contrast

FOUR = torch.tensor([[1.0, 0], [0.6, 0.8], [0, 1], [-1, 0]], dtype=torch.float64)
FIVE = torch.tensor([[1.0, 0], [0.6, 0.8], [0.8, 0.6], [0, 1], [-1, 0]], dtype=torch.float64)


@pytest.mark.parametrize(
    ("z", "labels", "temperature", "expected"),
    [
        (FOUR, [0, 0, 1, 1], 1.0, 0.8942642163),
        (FOUR, [0, 0, 1, 1], 0.5, 0.8860777537),
        (FOUR, [0, 0, 1, 1], 0.1, 2.5331490532),
    ],
)
def test_values_by_hand(z, labels, temperature, expected):
    loss = supervised_contrast(z, torch.tensor(labels), temperature)
    assert loss.item() == pytest.approx(expected, abs=2e-6)


def slow_anchors(z, labels, temperature):
    """The loss of each anchor that has a positive."""
    anchors, count = [], len(z)
    for i in range(count):
        positives = [p for p in range(count) if p != i and labels[p] == labels[i]]
        if not positives:
            continue
        others = [torch.exp(z[i] @ z[j] / temperature) for j in range(count) if j != i]
        terms = [z[i] @ z[p] / temperature - torch.log(sum(others)) for p in positives]
        anchors.append(-sum(terms) / len(terms))
    return torch.stack(anchors)


@pytest.mark.parametrize(
    ("temperature", "expected"),
    [(1.0, (0.5600203656, 0.9252889146, 1.4411472830, 0.6506003020)),
     (0.1, (0.0024757974, 2.1269287435, 8.0006707003, 0.0025209718))],
)  # fmt: skip
def test_anchors_by_hand(temperature, expected):
    anchors = slow_anchors(FOUR, [0, 0, 1, 1], temperature)
    assert anchors.tolist() == pytest.approx(expected, abs=1e-9)
    # Anchors without a positive do not count, so each pair can be seen alone.
    for labels, kept in (([0, 0, 1, 2], anchors[:2]), ([1, 2, 0, 0], anchors[2:])):
        loss = supervised_contrast(FOUR, torch.tensor(labels), temperature)
        assert loss.item() == pytest.approx(kept.mean().item(), abs=2e-6)


@pytest.mark.parametrize(
    ("temperature", "code", "paper"),
    [(1.0, 1.0886015165, 0.6695705323), (0.1, 1.3799945485, 0.4112543447)],
)
def test_other_positives_are_among_the_negatives(temperature, code, paper):
    """As in the authors' code; by the paper's equation they are not."""
    labels = torch.tensor([0, 0, 0, 1, 2])
    similarity = torch.exp(FIVE @ FIVE.T / temperature)
    terms = [
        -torch.log(similarity[i, p] / (similarity[i, p] + similarity[i, labels != labels[i]].sum()))
        for i in range(3) for p in range(3) if p != i
    ]  # fmt: skip
    assert (sum(terms) / 6).item() == pytest.approx(paper, abs=1e-9)
    loss = supervised_contrast(FIVE, labels, temperature)
    assert loss.item() == pytest.approx(code, abs=2e-6)


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
    slow = slow_anchors(z, labels, 0.3).mean()
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
