"""NT-Xent against closed forms and a slow loop."""

import math

import pytest
import torch
import torch.nn.functional as F

from mmcontrast.models.losses import NTXent, nt_xent


def unit(rows):
    return F.normalize(torch.tensor(rows, dtype=torch.float64), dim=1)


@pytest.mark.parametrize(("temperature", "expected"), [(0.5, 0.2395447662), (0.1, 9.0795737e-05)])
def test_orthogonal_pairs(temperature, expected):
    eye = torch.eye(2)
    loss = nt_xent(eye, eye, temperature).loss.mean()
    assert loss.item() == pytest.approx(expected, rel=2e-3 if expected < 1e-3 else 1e-6)


@pytest.mark.parametrize("temperature", [0.07, 0.5])
def test_collapsed_embeddings_give_log_of_all_others(temperature):
    same = torch.tensor([[1.0, 0.0]]).repeat(4, 1)
    result = nt_xent(same, same, temperature)
    assert result.loss.mean().item() == pytest.approx(1.9459101491, abs=1e-6)
    assert result.loss.mean().item() == pytest.approx(math.log(2 * 4 - 1), abs=1e-6)


A = [[3.0, 0.0], [0.0, 2.0]]
B = [[6.0, 8.0], [-8.0, 6.0]]


def test_known_value_of_each_anchor():
    result = nt_xent(unit(A), unit(B), 0.5)
    expected = torch.tensor([0.30895735, 1.02712306, 1.02712306, 0.30895735])
    torch.testing.assert_close(result.loss, expected, atol=1e-6, rtol=0)
    assert result.loss.mean().item() == pytest.approx(0.6680402017, abs=1e-6)
    assert nt_xent(unit(A), unit(B), 0.1).loss.mean().item() == pytest.approx(
        1.0648499783, abs=1e-5
    )


def test_known_gradient():
    a = torch.tensor(A, requires_grad=True)
    b = torch.tensor(B, requires_grad=True)
    nt_xent(F.normalize(a, dim=1), F.normalize(b, dim=1), 0.5).loss.mean().backward()
    expected_a = torch.tensor([[0.0, -0.05727438], [0.42403302, 0.0]])
    expected_b = torch.tensor([[-0.06784528, 0.05088396], [-0.01030939, -0.01374585]])
    torch.testing.assert_close(a.grad, expected_a, atol=1e-6, rtol=0)
    torch.testing.assert_close(b.grad, expected_b, atol=1e-6, rtol=0)
    torch.testing.assert_close((a.grad * a).sum(1), torch.zeros(2), atol=1e-6, rtol=0)


def test_equals_slow_loop_and_ignores_order():
    torch.manual_seed(0)
    z0, z1 = F.normalize(torch.randn(2, 5, 6), dim=2)
    views = torch.cat([z0, z1])
    total = 0.0
    for i in range(10):
        j = (i + 5) % 10
        similarity = [math.exp(float(views[i] @ views[k]) / 0.2) for k in range(10)]
        total -= math.log(similarity[j] / (sum(similarity) - similarity[i]))
    result = nt_xent(z0, z1, 0.2)
    assert result.loss.mean().item() == pytest.approx(total / 10, rel=1e-5)
    order = torch.randperm(5)
    assert nt_xent(z1[order], z0[order], 0.2).loss.mean().item() == pytest.approx(
        result.loss.mean().item(), rel=1e-6
    )


def test_metrics():
    eye = torch.eye(3)
    metrics = nt_xent(eye, eye, 0.5).metrics()
    assert metrics["acc1"] == 100
    assert metrics["pos_sim"] == 1
    assert metrics["neg_sim"] == pytest.approx(0, abs=1e-7)


def test_half_precision_and_small_temperature_stay_finite():
    torch.manual_seed(0)
    z0, z1 = F.normalize(torch.randn(2, 8, 16), dim=2).bfloat16()
    with torch.autocast("cpu", torch.bfloat16):
        result = nt_xent(z0, z1, 0.005)
    assert result.loss.dtype == torch.float32
    assert result.loss.isfinite().all()


def test_a_single_pair_has_no_negatives():
    one = torch.tensor([[1.0, 0.0]])
    assert nt_xent(one, one, 0.1).loss.tolist() == [0, 0]


def test_views_of_all_processes_are_given_together():
    eye, position = torch.eye(3), torch.arange(3)
    complete = (eye, eye, position)
    assert torch.equal(nt_xent(eye, eye, 0.5, *complete).loss, nt_xent(eye, eye, 0.5).loss)
    for missing in range(3):
        some = [None if i == missing else value for i, value in enumerate(complete)]
        with pytest.raises(ValueError, match="position_N together"):
            nt_xent(eye, eye, 0.5, *some)
    with pytest.raises(ValueError, match="position_N together"):
        nt_xent(eye, eye, 0.5, position_N=position)


def test_module_equals_function():
    torch.manual_seed(0)
    z0, z1 = F.normalize(torch.randn(2, 4, 8), dim=2)
    assert torch.equal(NTXent(0.5)(z0, z1).loss, nt_xent(z0, z1, 0.5).loss)
    with pytest.raises(ValueError, match="temperature must be positive"):
        NTXent(0)
