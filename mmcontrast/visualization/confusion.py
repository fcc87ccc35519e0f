"""Confusion matrices of seen and unseen classes."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

# With more classes, only every n-th name is written, so that names remain readable.
_MAX_NAMES = 60


def confusion_shares(
    labels_T: NDArray[np.integer], predicted_T: NDArray[np.integer], num_classes: int
) -> NDArray[np.float64]:
    """Compute the share of each true class that is predicted as each class.

    Args:
        labels_T: True classes, 0..M-1.
        predicted_T: Predicted classes, 0..M-1.
        num_classes: Number of classes M.

    Returns:
        Shares (M, M), one row per true class, which sums to 1; nan for a class without samples.
    """
    counts_MM = np.zeros((num_classes, num_classes))
    np.add.at(counts_MM, (labels_T, predicted_T), 1)
    totals_M1 = counts_MM.sum(axis=1, keepdims=True)
    return np.divide(counts_MM, totals_M1, out=np.full_like(counts_MM, np.nan), where=totals_M1 > 0)


def draw_confusion(
    shares_MM: NDArray[np.floating],
    seen_M: NDArray[np.bool_],
    classes: Sequence[str],
    title: str = "",
) -> Figure:
    """Draw a confusion matrix with seen classes first and a line between seen and unseen ones.

    Args:
        shares_MM: Shares as from :func:`confusion_shares`.
        seen_M: Whether each class is seen.
        classes: Names of the classes.
        title: Title of the figure.
    """
    order = np.concatenate([np.flatnonzero(seen_M), np.flatnonzero(~seen_M)])
    count, border = len(order), seen_M.sum() - 0.5
    side = float(np.clip(3.5 + 0.16 * count, 5.5, 13))
    figure = Figure(figsize=(side + 0.8, side), layout="constrained")
    axis = figure.subplots()
    axis.set_facecolor("0.85")  # for classes without samples
    image = axis.imshow(shares_MM[np.ix_(order, order)], vmin=0, vmax=1, cmap="cividis")
    figure.colorbar(image, ax=axis, label="share of the true class", shrink=0.8)
    for line in (axis.axhline, axis.axvline):
        line(border, color="white", linewidth=3)
        line(border, color="#D55E00", linewidth=1.5)
    ticks = np.arange(0, count, -(-count // _MAX_NAMES))
    names = [classes[label] for label in order[ticks]]
    axis.set_xticks(ticks, names, rotation=90, fontsize=8)
    axis.set_yticks(ticks, names, fontsize=8)
    axis.set_xlabel("predicted:  seen | unseen")
    axis.set_ylabel("true:  unseen | seen")
    axis.set_title(title, fontsize=11)
    return figure
