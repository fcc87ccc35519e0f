"""The distance of LAB colors."""

import pytest
import torch

from mmcontrast.models.losses import LabColorLoss, lab_color_loss


def images(*colors):
    """Even images of 2x3 pixels."""
    return torch.tensor(colors).view(-1, 3, 1, 1).expand(-1, 3, 2, 3)


DIFFERENT = images((0.5, 0.1, -0.1), (0.2, 0.2, 0.2))
ZERO = torch.zeros(2, 3, 2, 3)


def test_known_values():
    loss = lab_color_loss(DIFFERENT, ZERO)
    assert loss.tolist() == pytest.approx([2.5, 4.2])
    assert loss.mean().item() == pytest.approx(3.35)
    # With the way back at a tenth, as in the method.
    assert (loss + 0.1 * lab_color_loss(ZERO, DIFFERENT)).mean().item() == pytest.approx(3.685)


def test_images_too_far_off_are_left_out():
    # 0.5 and 0.125 are exact: 2.5 is not above the threshold.
    exact = images((0.0, 0.125, 0.125), (0.2, 0.2, 0.2))
    loss = LabColorLoss(threshold=2.5)
    assert loss(exact, ZERO).tolist() == [2.5, 0]
    assert loss(exact, ZERO).mean() == 1.25
    assert loss(exact, ZERO, keep_all=True).tolist() == pytest.approx([2.5, 4.2])


def test_what_is_left_out_has_no_gradient():
    image = DIFFERENT.clone().requires_grad_()
    lab_color_loss(image, ZERO, threshold=3.0).sum().backward()
    assert image.grad[0].abs().min() > 0
    assert not image.grad[1].any()


def test_gradient_reaches_a_target_that_asks_for_it():
    a, b = DIFFERENT.clone().requires_grad_(), ZERO.clone().requires_grad_()
    lab_color_loss(a, b).sum().backward()
    torch.testing.assert_close(a.grad, -b.grad)


def test_autocast_does_not_reach_it():
    with torch.autocast("cpu", torch.bfloat16):
        assert lab_color_loss(DIFFERENT.bfloat16(), ZERO).dtype == torch.float32
