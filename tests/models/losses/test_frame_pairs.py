"""The loss of VFS against known values and the authors' form written out."""

import pytest
import torch
import torch.nn.functional as F

from mmcontrast.models.losses import FramePairLoss, frame_pair_loss


def frames(*vectors, **kwargs):
    return torch.tensor(vectors, **kwargs)[None]


def test_known_value():
    loss = frame_pair_loss(
        frames((1.0, 0.0)), frames((1.0, 1.0)), frames((0.0, 1.0)), frames((2.0, 0.0))
    )
    assert loss.tolist() == pytest.approx([0.292893], abs=1e-6)
    # Prediction 0 points where projection 1 does.
    one_way = FramePairLoss(symmetric=False)(
        frames((1.0, 0.0)), frames((1.0, 1.0)), frames((0.0, 1.0)), frames((2.0, 0.0))
    )
    assert one_way.tolist() == [0]


def test_range():
    one = torch.randn(3, 1, 5)
    torch.testing.assert_close(frame_pair_loss(one, one, 3 * one, 2 * one), torch.zeros(3))
    torch.testing.assert_close(frame_pair_loss(one, one, -one, -one), torch.full((3,), 4.0))


def distance(p, z):
    return 2 - 2 * F.cosine_similarity(p, z, dim=-1)


def test_sixteen_pairs_equal_the_rolled_sum_of_the_authors():
    torch.manual_seed(0)
    p0, z0, p1, z1 = torch.randn(4, 3, 4, 8)
    rolled = sum(
        0.5 * distance(p0, z1.roll(i, dims=1)).mean(1)
        + 0.5 * distance(p1.roll(i, dims=1), z0).mean(1)
        for i in range(4)
    )
    torch.testing.assert_close(frame_pair_loss(p0, z0, p1, z1), rolled / 4)


def test_targets_are_constants():
    torch.manual_seed(0)
    p0, z0, p1, z1 = (torch.randn(2, 4, 8, requires_grad=True) for _ in range(4))
    frame_pair_loss(p0, z0, p1, z1).sum().backward()
    assert z0.grad is None and z1.grad is None
    # Only the direction of a prediction matters.
    for p in (p0, p1):
        assert p.grad.abs().max() > 0
        torch.testing.assert_close((p.grad * p).sum(-1), torch.zeros(2, 4), atol=1e-6, rtol=0)


def test_gradient_equals_the_slow_loop():
    torch.manual_seed(0)
    p0, z0, p1, z1 = torch.randn(4, 2, 3, 5)
    gradients = []
    for slow in (False, True):
        a, b = p0.clone().requires_grad_(), p1.clone().requires_grad_()
        if slow:
            pairs = [
                0.5 * distance(a[:, i], z1[:, j]) + 0.5 * distance(b[:, j], z0[:, i])
                for i in range(3)
                for j in range(3)
            ]
            loss = torch.stack(pairs).mean()
        else:
            loss = frame_pair_loss(a, z0, b, z1).mean()
        loss.backward()
        gradients.append((a.grad, b.grad))
    torch.testing.assert_close(gradients[0], gradients[1])


def test_autocast_does_not_reach_it():
    p = torch.randn(2, 4, 8).bfloat16()
    with torch.autocast("cpu", torch.bfloat16):
        assert frame_pair_loss(p, p, p, p).dtype == torch.float32
