"""Agreement of two partitions of the same items, such as clusters of two rounds.

Shapes: N items.
"""

import torch
from torch import Tensor


def normalized_mutual_information(first_N: Tensor, second_N: Tensor) -> float:
    """Mutual information divided by the arithmetic mean of the two entropies.

    Args:
        first_N: Part of each item, an integer from 0 on.
        second_N: Part of each item in the other partition. The names of the parts do not matter.

    Returns:
        1 for equal partitions, about 0 for independent ones; 1 where both have a single part. The
        value of scikit-learn's ``normalized_mutual_info_score``.

    Raises:
        ValueError: The partitions are not of the same items, or there are none.
    """
    if len(first_N) != len(second_N) or len(first_N) == 0:
        raise ValueError(
            f"Two partitions of the same items are needed, got {len(first_N)} and {len(second_N)}."
        )
    count = int(second_N.max()) + 1
    joint = (first_N * count + second_N).bincount(minlength=(int(first_N.max()) + 1) * count)
    joint_PQ = joint.view(-1, count).double() / len(first_N)
    first, second = _entropy(joint_PQ.sum(dim=1)), _entropy(joint_PQ.sum(dim=0))
    if first + second == 0:
        return 1.0
    mutual = first + second - _entropy(joint_PQ.flatten())
    return max(2 * mutual / (first + second), 0.0)


def _entropy(shares: Tensor) -> float:
    return float(-torch.special.xlogy(shares, shares).sum())
