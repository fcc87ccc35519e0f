"""Normalized mutual information: known values, and scikit-learn's."""

import pytest
import torch
from sklearn.metrics import normalized_mutual_info_score

from mmcontrast.ops.partitions import normalized_mutual_information


def nmi(first, second):
    return normalized_mutual_information(torch.tensor(first), torch.tensor(second))


def test_known_values():
    assert nmi([0, 0, 1, 1, 2, 2], [2, 2, 0, 0, 1, 1]) == pytest.approx(1)
    assert nmi([0, 0, 1, 1, 2, 2], [0, 0, 0, 1, 1, 1]) == pytest.approx(0.515804, abs=1e-6)
    assert nmi([0, 0, 0], [1, 1, 1]) == 1
    assert nmi([0, 1, 0, 1], [0, 0, 1, 1]) == pytest.approx(0, abs=1e-12)
    assert nmi([0, 1], [0, 0]) == 0


def test_against_scikit_learn():
    generator = torch.Generator().manual_seed(0)
    first = torch.randint(9, (500,), generator=generator)
    second = (first + torch.randint(3, (500,), generator=generator)) % 12
    expected = normalized_mutual_info_score(first.numpy(), second.numpy())
    assert normalized_mutual_information(first, second) == pytest.approx(expected, abs=1e-12)


def test_partitions_of_other_items():
    with pytest.raises(ValueError, match="same items are needed, got 2 and 3"):
        nmi([0, 1], [0, 1, 1])
