"""InfoNCE against closed forms, cross entropy and automatic differentiation."""

import math
import textwrap

import pytest
import torch
import torch.nn.functional as F

from mmcontrast.models.losses import Contrast, InfoNCE, info_nce
from mmcontrast.ops import online_softmax


def cross_entropy_form(query, key, negatives, temperature):
    logits = torch.cat([(query * key).sum(1, keepdim=True), query @ negatives], dim=1)
    return F.cross_entropy(
        logits / temperature, torch.zeros(len(query), dtype=torch.long), reduction="none"
    )


def random_case(num_queries=7, channels=8, num_keys=50):
    torch.manual_seed(0)
    query = F.normalize(torch.randn(num_queries, channels), dim=1).requires_grad_()
    key = F.normalize(torch.randn(num_queries, channels), dim=1)
    return query, key, F.normalize(torch.randn(channels, num_keys), dim=0)


def test_orthogonal_negatives():
    e = torch.eye(4)
    loss = info_nce(e[:1], e[:1], e[1:].t(), 0.2).loss
    assert loss.shape == (1,)
    assert loss.item() == pytest.approx(0.0200122534, abs=1e-7)
    assert loss.item() == pytest.approx(math.log(1 + 3 * math.exp(-5)), abs=1e-7)


def test_uniform_similarities_give_log_of_all_candidates():
    one = torch.tensor([[1.0, 0.0]])
    loss = info_nce(one, one, one.t().expand(2, 65536), 0.2).loss
    assert loss.item() == pytest.approx(11.0903701476, abs=1e-5)


def test_first_step_of_a_perfect_pair():
    # The expectation over random unit keys; 6.0926 with keys that are exactly orthogonal.
    torch.manual_seed(0)
    query = F.normalize(torch.randn(64, 128), dim=1)
    keys = F.normalize(torch.randn(128, 65536), dim=0)
    assert info_nce(query, query, keys, 0.2).loss.mean().item() == pytest.approx(6.18999, abs=0.01)
    orthogonal = math.log(1 + 65536 * math.exp(-5))
    assert orthogonal == pytest.approx(6.0926169, abs=1e-6)


def test_known_value():
    query, key = torch.tensor([[0.6, 0.8]]), torch.tensor([[1.0, 0.0]])
    negatives = torch.tensor([[0.0, -1.0, 0.8], [1.0, 0.0, 0.6]])
    result = info_nce(query, key, negatives, 0.2)
    assert result.loss.item() == pytest.approx(2.2793582303, abs=1e-6)
    assert result.positive_similarity.item() == pytest.approx(0.6)
    assert result.negative_similarity.item() == pytest.approx((0.8 - 0.6 + 0.96) / 3)
    assert result.metrics()["acc1"] == 0


def test_known_dense_and_global_values_add_up():
    cells = torch.tensor([[0.6, 0.8], [0.0, 1.0]])
    keys = torch.tensor([[0.0, 1.0], [1.0, 0.0]])  # matched by [1, 0]
    queue = torch.tensor([[-1.0, 0.6], [0.0, -0.8]])
    dense = info_nce(cells, keys, queue, 0.2)
    torch.testing.assert_close(
        dense.loss, torch.tensor([0.0054137819, 0.7022633214]), atol=1e-6, rtol=0
    )
    assert dense.loss.mean().item() == pytest.approx(0.3538385517, abs=1e-6)
    # Global logits .6 against .8 and 0.
    query, key = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.6, 0.8]])
    other = info_nce(query, key, torch.tensor([[0.8, 0.0], [0.6, 1.0]]), 0.2)
    assert other.loss.item() == pytest.approx(1.3265626413, abs=1e-6)
    assert 0.5 * (other.loss + dense.loss.mean()).item() == pytest.approx(0.8402005965, abs=1e-6)


@pytest.mark.parametrize("block", [(7, 50), (1, 1), (3, 7), (7, 13), (2, 50)])
@pytest.mark.parametrize("temperature", [0.01, 0.07, 0.2])
def test_loss_and_gradient_equal_cross_entropy(block, temperature, monkeypatch):
    monkeypatch.setattr(online_softmax, "block_shape", lambda *_: block)
    query, key, negatives = random_case()
    weights = torch.rand(len(query))
    expected = cross_entropy_form(query, key, negatives, temperature)
    (expected_grad,) = torch.autograd.grad((weights * expected).sum(), query)
    result = info_nce(query, key, negatives, temperature)
    (grad,) = torch.autograd.grad((weights * result.loss).sum(), query)
    torch.testing.assert_close(result.loss, expected, atol=1e-5, rtol=1e-5)
    # A gradient grows with 1 / temperature, and its rounding error with it.
    torch.testing.assert_close(
        temperature * grad, temperature * expected_grad, atol=1e-6, rtol=1e-5
    )


def test_the_lines_of_the_docstring_agree():
    lines = info_nce.__doc__.split("::\n\n")[1].split("\n\n")[0]
    query, key, negatives = random_case()
    names = dict(query_RC=query, key_RC=key, negatives_CK=negatives, temperature=0.07)
    exec(textwrap.dedent(lines), dict(torch=torch, Contrast=Contrast), names)
    plain, blockwise = names["result"], info_nce(query, key, negatives, 0.07)
    for expected, value in zip(plain, blockwise, strict=True):
        torch.testing.assert_close(value, expected)
    torch.testing.assert_close(
        *(torch.autograd.grad(result.loss.sum(), query)[0] for result in (blockwise, plain))
    )


def test_gradient_by_finite_differences():
    query, key, negatives = (x.detach()[:2].clone() for x in random_case(2, 8, 5))
    negatives = random_case(2, 8, 5)[2]
    query.requires_grad_()
    info_nce(query, key, negatives, 0.5).loss.sum().backward()
    step = 1e-2
    for channel in range(8):
        shift = torch.zeros_like(query)
        shift[0, channel] = step
        with torch.no_grad():
            up = info_nce(query + shift, key, negatives, 0.5).loss.sum()
            down = info_nce(query - shift, key, negatives, 0.5).loss.sum()
        assert query.grad[0, channel].item() == pytest.approx(
            ((up - down) / (2 * step)).item(), abs=2e-3
        )


def test_negatives_may_be_overwritten_before_backward():
    query, key, negatives = random_case()
    expected = torch.autograd.grad(info_nce(query, key, negatives, 0.2).loss.sum(), query)[0]
    loss = info_nce(query, key, negatives, 0.2).loss.sum()
    negatives.zero_()
    assert torch.equal(torch.autograd.grad(loss, query)[0], expected)


def test_keys_with_gradient_are_refused():
    query, key, negatives = random_case()
    with pytest.raises(ValueError, match="detach them"):
        info_nce(query, key.requires_grad_(), negatives, 0.2)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_is_computed_in_float32(dtype):
    query, key, negatives = random_case()
    with torch.autocast("cpu", torch.bfloat16):
        result = info_nce(query.to(dtype), key.to(dtype), negatives, 0.01)
    assert result.loss.dtype == torch.float32
    assert result.loss.isfinite().all()


def test_no_queries():
    _, _, negatives = random_case()
    empty = torch.zeros(0, 8, requires_grad=True)
    result = info_nce(empty, empty.detach(), negatives, 0.2)
    assert result.loss.shape == (0,)
    assert result.metrics() == dict(acc1=0, pos_sim=0, neg_sim=0)
    result.loss.sum().backward()
    assert empty.grad.shape == (0, 8)


def test_module_equals_function():
    query, key, negatives = random_case()
    assert torch.equal(
        InfoNCE(0.3)(query, key, negatives).loss,
        info_nce(query, key, negatives, 0.3).loss,
    )
    with pytest.raises(ValueError, match="temperature must be positive"):
        InfoNCE(-1)
