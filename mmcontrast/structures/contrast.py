"""What contrastive losses return to the methods.

Shapes: R queries.
"""

from typing import NamedTuple

from torch import Tensor


class Contrast(NamedTuple):
    """The loss of each query, and the similarities that it was computed from."""

    loss: Tensor
    """(R,) float32; the only field with a gradient."""
    positive_similarity: Tensor
    """(R,) cosine of the query and its positive."""
    negative_similarity: Tensor
    """(R,) mean cosine of the query and its negatives."""
    correct: Tensor
    """(R,) bool, whether the positive is more similar than every negative."""

    def metrics(self) -> dict[str, Tensor]:
        """Scalars to log beside the loss: ``acc1`` in percent, ``pos_sim`` and ``neg_sim``.

        They are 0 where there is no query, as in a batch none of whose cells the other view shows.
        """
        count = max(len(self.loss), 1)
        return dict(
            acc1=100 * self.correct.sum() / count,
            pos_sim=self.positive_similarity.sum() / count,
            neg_sim=self.negative_similarity.sum() / count,
        )
