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
    both = lab_color_loss(DIFFERENT, ZERO, back=(ZERO, DIFFERENT))
    assert both.mean().item() == pytest.approx(3.685)


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


def at_distances(*distances):
    """Images at these distances from ``ZERO``'s color, with gradient."""
    return images(*((0.0, d / 10, 0.0) for d in distances)).clone().requires_grad_()


def test_threshold_is_that_of_both_ways_together():
    there, back = at_distances(2.4, 2.4, 3.0, 2.0), at_distances(2.0, 3.0, 2.0, 3.0)
    zero = torch.zeros(4, 3, 2, 3)
    loss = LabColorLoss(threshold=2.5)
    distances = loss(there, zero, back=(back, zero))
    assert distances.tolist() == pytest.approx([0, 0, 0, 2.3])
    distances.sum().backward()
    # Sums over an image: 10 for each unit of the color difference, a tenth of it for the way back.
    assert there.grad.sum(dim=(1, 2, 3)).tolist() == pytest.approx([0, 0, 0, 10])
    assert back.grad.sum(dim=(1, 2, 3)).tolist() == pytest.approx([0, 0, 0, 1])
    kept = loss(there, zero, keep_all=True, back=(back, zero))
    assert kept.tolist() == pytest.approx([2.6, 2.7, 3.2, 2.3])


def test_gradient_reaches_a_target_that_asks_for_it():
    a, b = DIFFERENT.clone().requires_grad_(), ZERO.clone().requires_grad_()
    lab_color_loss(a, b).sum().backward()
    torch.testing.assert_close(a.grad, -b.grad)


def test_autocast_does_not_reach_it():
    with torch.autocast("cpu", torch.bfloat16):
        assert lab_color_loss(DIFFERENT.bfloat16(), ZERO).dtype == torch.float32
