"""The comparator against the network applied to each pair, and the published shapes of all."""

import pytest
import torch
import torch.nn.functional as F

from mmcontrast.models.heads.zeroshot import (
    Comparator,
    FeatureCritic,
    FeatureEmbedding,
    FeatureGenerator,
)


def test_comparator_by_hand():
    comparator = Comparator(2, 2, hidden_channels=2).double()
    comparator.first.weight.data = torch.tensor([[1.0, 0, 1, 0], [0, 1, 0, -1]]).double()
    comparator.last.weight.data = torch.ones(1, 2).double()
    scores = comparator(torch.tensor([[1.0, 0]]).double(), torch.eye(2).double())
    torch.testing.assert_close(scores, torch.tensor([[2.0, 0.8]]).double())
    label = torch.tensor([0])
    assert F.cross_entropy(scores, label).item() == pytest.approx(0.2632824673, abs=1e-9)
    assert F.cross_entropy(scores / 0.1, label).item() == pytest.approx(6.1441934777e-6, rel=1e-8)


@pytest.mark.parametrize(
    ("temperature", "each", "mean"),
    [(1.0, (0.9729189, 1.0082565), 0.9905877048), (0.1, (0.3490122, 0.7177359), 0.5333740677)],
)
def test_class_loss_by_hand(temperature, each, mean):
    scores, labels = torch.tensor([[0.2, 0.1, -0.1], [0, 0.3, 0.3]]), torch.tensor([0, 1])
    found = F.cross_entropy(scores.double() / temperature, labels, reduction="none")
    assert found.tolist() == pytest.approx(each, abs=1e-7)
    assert F.cross_entropy(scores / temperature, labels).item() == pytest.approx(mean, abs=1e-6)


@pytest.mark.parametrize("block", [2**24, 100])  # whole, and by two rows at a time
def test_comparator_is_the_network_of_each_pair(monkeypatch, block):
    monkeypatch.setattr("mmcontrast.models.heads.zeroshot._BLOCK_ELEMENTS", block)
    torch.manual_seed(0)
    comparator = Comparator(5, 3, hidden_channels=7)
    torch.nn.init.normal_(comparator.first.weight)
    torch.nn.init.normal_(comparator.first.bias)
    h, a = torch.randn(9, 5, requires_grad=True), torch.randn(6, 3)
    slow = torch.stack([
        torch.cat([
            comparator.last(comparator.activation(comparator.first(torch.cat([row, each]))))
            for each in a
        ])
        for row in h
    ])  # fmt: skip
    fast = comparator(h, a)
    torch.testing.assert_close(fast, slow)
    inputs = [h, *comparator.parameters()]
    for one, other in zip(
        torch.autograd.grad(fast.sin().sum(), inputs),
        torch.autograd.grad(slow.sin().sum(), inputs),
        strict=True,
    ):
        torch.testing.assert_close(one, other)


def test_networks():
    generator = FeatureGenerator(3, 4, 8, hidden_channels=16)
    features = generator(torch.randn(5, 3), torch.randn(5, 4))
    assert features.shape == (5, 8) and (features >= 0).all()
    assert FeatureCritic(8, 4, hidden_channels=16)(features, torch.randn(5, 4)).shape == (5, 1)
    embedding = FeatureEmbedding(8, 6)
    assert (embedding(torch.randn(50, 8)) >= 0).all()
    assert (FeatureEmbedding(8, 6, relu=False)(torch.randn(50, 8)) < 0).any()
    with pytest.raises(ValueError, match="num_attributes=4, but the data have 5"):
        generator(torch.randn(5, 3), torch.randn(5, 5))
    with pytest.raises(ValueError, match="num_features=8, but the data have 7"):
        FeatureCritic(8, 4)(torch.randn(5, 7), torch.randn(5, 4))
    with pytest.raises(ValueError, match="in_channels=8, but the data have 7"):
        embedding(torch.randn(5, 7))
    large = FeatureGenerator(85, 85, 2048)
    assert large.layers[0].weight.shape == (4096, 170)
    assert large.layers[0].weight.std().item() == pytest.approx(0.02, rel=0.02)
    assert not large.layers[2].bias.any()
