"""LARS: the values of the specification, and what it leaves alone."""

import pytest
import torch

from mmcontrast.engine.optimizers.lars import LARS


def weight(*values):
    return torch.nn.Parameter(torch.tensor([values], dtype=torch.float64))


def step(parameter, optimizer, *gradient):
    parameter.grad = torch.tensor([gradient], dtype=torch.float64).view_as(parameter)
    optimizer.step()


def test_two_steps_with_the_learning_rate_inside_the_buffer():
    w = weight(3, 4)
    optimizer = LARS([w], lr=1.0, momentum=0.9, weight_decay=0.1, eta=1e-3)
    step(w, optimizer, 0.8, -0.6)
    torch.testing.assert_close(w.data, weight(2.9950806505, 4.0008944272).data, rtol=0, atol=1e-9)
    optimizer.param_groups[0]["lr"] = 0.5
    step(w, optimizer, 0.8, -0.6)
    torch.testing.assert_close(w.data, weight(2.9881946601, 4.0021464254).data, rtol=0, atol=1e-9)


def test_against_a_loop_over_random_weights():
    torch.manual_seed(0)
    w = torch.nn.Parameter(torch.randn(5, 3))
    reference, buffer = w.detach().clone(), torch.zeros(5, 3)
    optimizer = LARS([w], lr=0.3, momentum=0.8, weight_decay=0.01, eta=0.02)
    for _ in range(5):
        g = torch.randn(5, 3)
        decayed = g + 0.01 * reference
        trust = 0.02 * reference.norm() / decayed.norm()
        buffer = 0.8 * buffer + 0.3 * trust * decayed
        reference = reference - buffer
        w.grad = g
        optimizer.step()
    torch.testing.assert_close(w.data, reference)


def test_one_dimensional_parameters_get_plain_sgd():
    bias = torch.nn.Parameter(torch.tensor([3.0, 4.0]))
    plain = torch.nn.Parameter(bias.detach().clone())
    lars = LARS([bias], lr=0.1, momentum=0.0, weight_decay=0.5)
    sgd = torch.optim.SGD([plain], lr=0.1)
    for parameter, optimizer in ((bias, lars), (plain, sgd)):
        parameter.grad = torch.tensor([1.0, -2.0])
        optimizer.step()
    torch.testing.assert_close(bias.data, plain.data)


def test_layers_of_zeros_move_and_layers_without_gradient_stay():
    zeros, idle = weight(0, 0), weight(1, 2)
    optimizer = LARS([zeros, idle], lr=0.5)
    step(zeros, optimizer, 1, 0)
    assert zeros.data.tolist() == [[-0.5, 0]]
    assert idle.data.tolist() == [[1, 2]]


@pytest.mark.parametrize("wrong", [{"lr": -1}, {"momentum": 1.0}, {"eta": 0}, {"weight_decay": -1}])
def test_impossible_settings(wrong):
    with pytest.raises(ValueError, match="LARS needs"):
        LARS([weight(1, 1)], **{"lr": 0.1, **wrong})
