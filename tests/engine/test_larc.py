"""LARC: the values of the specification, in front of Adam and of SGD."""

import copy

import pytest
import torch

from mmcontrast.engine.optimizers.larc import scale_gradient
from mmcontrast.registry import OPTIM_WRAPPERS, OPTIMIZERS

GRADIENTS = ((0.6, 0.8), (60, 80), (-0.6, 0.8))
BIAS_GRADIENTS = (1, 1, 0)


def vector(*values):
    return torch.nn.Parameter(torch.tensor(values, dtype=torch.float64))


def run(steps=3, gradients=GRADIENTS, bias_gradients=BIAS_GRADIENTS, rates=(2e-4,) * 3, **settings):
    """Weights, bias and scaled gradients after each step."""
    p, b = vector(3, 4), vector(0)
    defaults = dict(type="LARC", base="Adam", params=[p, b], lr=2e-4, weight_decay=1e-4)
    optimizer = OPTIMIZERS.build({**defaults, **settings})
    trace = []
    for step in range(steps):
        p.grad = torch.tensor(gradients[step], dtype=torch.float64)
        b.grad = torch.tensor([bias_gradients[step]], dtype=torch.float64)
        optimizer.param_groups[0]["lr"] = rates[step]
        optimizer.step()
        assert optimizer.param_groups[0]["weight_decay"] == 1e-4
        trace.append((p.tolist(), b.item(), p.grad.tolist(), b.grad.item()))
    return trace


def test_factor_of_a_tensor():
    for gradient, expected in (((0.6, 0.8), (0.6003, 0.8004)), ((60, 80), (15.0, 20.0))):
        p = vector(3, 4)
        p.grad = torch.tensor(gradient, dtype=torch.float64)
        scale_gradient(p, 2e-4, 1e-4, 1e-3, clip=True)
        assert p.grad.tolist() == pytest.approx(expected, rel=1e-4)
    p.grad = torch.tensor([60.0, 80.0], dtype=torch.float64)
    scale_gradient(p, 2e-4, 0.0, 1e-3, clip=True)
    assert p.grad[0].item() / 60 == pytest.approx(1e-3 * 5 / 100 / 2e-4)
    zero = vector(0, 0)
    zero.grad = torch.tensor([3.0, 4.0], dtype=torch.float64)
    scale_gradient(zero, 2e-4, 1e-4, 1e-3, clip=True)
    assert zero.grad.tolist() == [3, 4]


def test_factor_of_the_specification():
    p = vector(3, 4)
    p.grad = torch.tensor([60.0, 80.0], dtype=torch.float64)
    scale_gradient(p, 2e-4, 1e-4, 1e-3, clip=True)
    factor = p.grad / torch.tensor([60.0 + 3e-4, 80.0 + 4e-4], dtype=torch.float64)
    assert factor.tolist() == pytest.approx([0.249998750] * 2, abs=1e-9)


def test_adam():
    trace = run()
    expected = [(2.9998, 3.9998), (2.999645935, 3.999645935), (2.999532040, 3.999521830)]
    for (p, *_), values in zip(trace, expected, strict=True):
        assert p == pytest.approx(values, abs=1e-8)
    assert [b for _, b, *_ in trace] == pytest.approx(
        [-0.0002, -0.00033416, -0.000437867], abs=1e-8
    )
    assert trace[1][2] == pytest.approx([14.99916, 19.99888], abs=1e-4)
    assert trace[1][3] == pytest.approx(0.001, abs=1e-6)


def test_adam_without_clipping():
    expected = [
        (2.999800001, 3.9998), (2.999600002, 3.999600001), (2.999547505, 3.999400003)
    ]  # fmt: skip
    for (p, *_), values in zip(run(clip=False), expected, strict=True):
        assert p == pytest.approx(values, abs=2e-9)


def test_a_first_step_with_a_rate_of_zero():
    trace = run(2, gradients=((60, 80), (60, 80)), bias_gradients=(0, 1), rates=(0.0, 2e-4))
    assert trace[0][0] == [3, 4]
    assert trace[0][2] == pytest.approx([60.0003, 80.0004], abs=1e-8)
    assert trace[1][0] == pytest.approx([2.999833881, 3.999833881], abs=1e-8)


def test_sgd():
    expected = [
        (2.99987994, 3.99983992), (2.996772006, 3.995696008), (2.994094806, 3.991806407)
    ]  # fmt: skip
    trace = run(base="SGD", momentum=0.9)
    for (p, *_), values in zip(trace, expected, strict=True):
        assert p == pytest.approx(values, abs=1e-8)


def test_under_loss_scaling_it_sees_the_unscaled_gradients():
    results = []
    for wrapper in (dict(type="OptimWrapper"), dict(type="AutocastOptimWrapper", dtype="fp16")):
        p = torch.nn.Parameter(torch.tensor([3.0, 4.0]))
        optimizer = OPTIMIZERS.build(
            dict(type="LARC", base="Adam", params=[p], lr=2e-4, weight_decay=1e-4)
        )
        built = OPTIM_WRAPPERS.build(dict(**wrapper, optimizer=optimizer))
        for gradient in ((60.0, 80.0), (0.6, 0.8)):
            built.update_params((p * torch.tensor(gradient)).sum())
        results.append(p.detach().clone())
    torch.testing.assert_close(results[1], results[0], atol=1e-7, rtol=0)


def test_saved_and_loaded_it_goes_on_alike():
    weights = [vector(3, 4) for _ in range(2)]
    optimizers = [
        OPTIMIZERS.build(dict(type="LARC", base="Adam", params=[p], lr=0.1, weight_decay=1e-4))
        for p in weights
    ]
    weights[0].grad = torch.tensor([1.0, 2.0], dtype=torch.float64)
    optimizers[0].step()
    weights[1].data.copy_(weights[0].data)
    optimizers[1].load_state_dict(copy.deepcopy(optimizers[0].state_dict()))
    for p, optimizer in zip(weights, optimizers, strict=True):
        p.grad = torch.tensor([30.0, 2.0], dtype=torch.float64)
        optimizer.step()
    assert torch.equal(*weights)


def test_settings_out_of_range():
    with pytest.raises(ValueError, match="trust_coefficient must be above 0"):
        run(trust_coefficient=0.0)
