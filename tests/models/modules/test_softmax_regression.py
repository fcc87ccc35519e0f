"""The softmax of generative zero-shot learning against torch's own pieces."""

import pytest
import torch

from mmcontrast.models.modules.softmax_regression import softmax_regression


def two_clouds():
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(40) % 2
    return torch.randn(40, 3, generator=generator) + 4 * labels[:, None], labels


def test_a_layer_a_pass():
    features, labels = two_clouds()
    state = torch.get_rng_state()
    accuracies = [
        (layer(features).argmax(1) == labels).float().mean().item()
        for layer in softmax_regression(
            features, labels, 3, num_epochs=30, batch_size=8, learning_rate=0.05
        )
    ]
    assert len(accuracies) == 30 and accuracies[-1] > 0.95
    assert torch.equal(torch.get_rng_state(), state)


def test_one_step_is_adams():
    features, labels = two_clouds()
    (layer,) = softmax_regression(features, labels, 2, num_epochs=1, batch_size=40)
    generator = torch.Generator().manual_seed(0)
    weight = torch.empty(2, 3).normal_(std=0.02, generator=generator).requires_grad_()
    loss = torch.nn.functional.cross_entropy(features @ weight.T, labels)
    loss.backward()
    optimizer = torch.optim.Adam([weight], lr=1e-3, betas=(0.5, 0.999))
    optimizer.step()
    torch.testing.assert_close(layer.weight, weight)


def test_it_trains_where_gradients_are_off_and_repeats_itself():
    """A validation calls it without gradients."""
    features, labels = two_clouds()
    settings = dict(num_epochs=3, batch_size=7)
    with torch.no_grad():
        *_, first = softmax_regression(features, labels, 2, **settings)
    *_, again = softmax_regression(features, labels, 2, **settings)
    assert first.weight.std() > 0 and torch.equal(first.weight, again.weight)
    *_, other = softmax_regression(features, labels, 2, seed=1, **settings)
    assert not torch.equal(first.weight, other.weight)


def test_classes_without_rows_lose():
    features, labels = two_clouds()
    *_, layer = softmax_regression(features, labels, 4, num_epochs=50, batch_size=10)
    assert (layer(features).argmax(1) < 2).all()


@pytest.mark.parametrize("batch_size", [1, 1000])
def test_batches_of_any_size(batch_size):
    features, labels = two_clouds()
    *_, layer = softmax_regression(features, labels, 2, num_epochs=2, batch_size=batch_size)
    assert layer(features).isfinite().all()
