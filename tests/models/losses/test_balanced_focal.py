"""The focal loss of SiamFC."""

import math

import pytest
import torch

from mmcontrast.models.losses import balanced_focal


@pytest.mark.parametrize(
    ("logits", "expected"), [((0, 2, -1, 1), 1.032872), ((0, 0, 0, 0), math.log(2))]
)
def test_values(logits, expected):
    logits = torch.tensor(logits, dtype=torch.float64)
    targets = torch.tensor([1, 1, 0, 0], dtype=torch.float64)
    assert balanced_focal(logits, targets).item() == pytest.approx(expected, abs=1e-6)


def test_gradient_does_not_go_through_the_weights():
    logits = torch.tensor([0.0, 2.0], requires_grad=True)
    balanced_focal(logits, torch.ones(2)).backward()
    error = torch.tensor([0.5, 1 - torch.sigmoid(torch.tensor(2.0))])
    weights = error**2 / (error**2).mean()
    torch.testing.assert_close(logits.grad, -weights * error / 2)


def test_perfect_predictions_cost_nothing():
    assert balanced_focal(torch.tensor([200.0, -200.0]), torch.tensor([1.0, 0.0])) == 0
