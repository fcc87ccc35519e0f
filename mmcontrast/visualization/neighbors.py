"""What is nearest to one row of features."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray

from mmcontrast.utils.errors import UserError
from mmcontrast.visualization.palette import COLORS


class Neighbors(NamedTuple):
    """Rows, the nearest first, and their cosines to the one that was asked for."""

    rows: NDArray[np.int64]
    cosines: NDArray[np.floating]


def nearest(features_NC: NDArray[np.floating], row: int, num: int = 10) -> Neighbors:
    """Find the rows with the largest cosine to one of them, itself left out.

    Args:
        features_NC: Finite; a row of zeros has a cosine of 0 to all.
        row: From 0.
        num: How many; less where there are fewer rows. Of equal ones the first come first.

    Raises:
        UserError: There is no such row, or ``num`` is below 1.
    """
    count = len(features_NC)
    if not 0 <= row < count or num < 1:
        raise UserError(f"A row is 0 to {count - 1} and num at least 1, got {row} and {num}.")
    lengths = np.maximum(np.linalg.norm(features_NC, axis=1), 1e-12)
    cosines = features_NC @ features_NC[row] / (lengths * lengths[row])
    cosines[row] = -np.inf
    rows = np.argsort(-cosines, kind="stable")[: min(num, count - 1)]
    return Neighbors(rows, cosines[rows])


def draw_neighbors(
    neighbors: Neighbors, names: Sequence[str], same: Sequence[bool | None], title: str
) -> Figure:
    """Draw cosines as bars, with what each neighbor is.

    Args:
        neighbors: K of them.
        names: Of each.
        same: Whether each is of the same class; None where that is not known.
        title: Of the figure.
    """
    figure = Figure(figsize=(7, 1.6 + 0.32 * len(names)), layout="constrained")
    axis = figure.subplots()
    color = {True: COLORS[0], False: COLORS[1], None: "0.55"}
    places = np.arange(len(names))
    bars = axis.barh(places, neighbors.cosines, color=[color[known] for known in same])
    axis.bar_label(bars, fmt="%.3f", padding=3, fontsize=9)
    axis.set_yticks(places, names, fontsize=9)
    axis.invert_yaxis()
    axis.margins(x=0.12)
    axis.axvline(0, color="0.3", linewidth=0.8)
    axis.set_xlabel("cosine")
    axis.set_title(title, fontsize=11)
    text = {True: "same class", False: "other class", None: "class not known"}
    handles = [Patch(color=color[known], label=text[known]) for known in text if known in same]
    figure.legend(handles=handles, loc="outside lower right", ncols=len(handles), fontsize=9)
    return figure
