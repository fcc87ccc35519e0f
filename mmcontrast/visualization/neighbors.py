"""Nearest neighbors of one row of features."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.offsetbox import AnnotationBbox, OffsetImage
from matplotlib.patches import Patch
from numpy.typing import NDArray

from mmcontrast.utils.errors import UserError
from mmcontrast.visualization.palette import COLORS

# Longer side of an image in points.
_THUMBNAIL = 32


class Neighbors(NamedTuple):
    """Indices of rows, the nearest first, and their cosines to the query row."""

    rows: NDArray[np.int64]
    cosines: NDArray[np.floating]


def nearest(features_NC: NDArray[np.floating], row: int, num: int = 10) -> Neighbors:
    """Find the rows with the largest cosine to one row, which is excluded.

    Args:
        features_NC: Finite features; a row of zeros has a cosine of 0 to all others.
        row: Index of the query row, from 0.
        num: Number of neighbors; fewer are returned if there are fewer rows. Ties are in the order
            of the rows.

    Raises:
        UserError: The row does not exist, or ``num`` is below 1.
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
    neighbors: Neighbors,
    names: Sequence[str],
    same: Sequence[bool | None],
    title: str,
    thumbnails: Sequence[NDArray[np.uint8] | None] = (),
) -> Figure:
    """Draw the cosines of neighbors as bars.

    Args:
        neighbors: Neighbors as from :func:`nearest`, K of them.
        names: Name of each neighbor.
        same: Whether each neighbor is of the same class as the query; None if this is unknown.
        title: Title of the figure.
        thumbnails: Small images (H, W, 3) of the query and of the K neighbors, None for a row
            without image; nothing draws no images and no row of the query.
    """
    height = 0.55 if len(thumbnails) else 0.32
    rows = len(names) + (1 if len(thumbnails) else 0)
    figure = Figure(figsize=(7, 1.6 + height * rows), layout="constrained")
    axis = figure.subplots()
    color = {True: COLORS[0], False: COLORS[1], None: "0.55"}
    positions = np.arange(len(names))
    bars = axis.barh(
        positions, neighbors.cosines, height=0.75, color=[color[is_same] for is_same in same]
    )
    axis.bar_label(bars, fmt="%.3f", padding=3, fontsize=9)
    axis.set_yticks(positions, names, fontsize=9)
    if len(thumbnails):
        _add_thumbnails(axis, thumbnails)
    axis.set_ylim(len(names) - 0.5, -1.5 if len(thumbnails) else -0.5)
    axis.margins(x=0.12)
    axis.axvline(0, color="0.3", linewidth=0.8)
    axis.set_xlabel("cosine")
    axis.set_title(title, fontsize=11)
    text = {True: "same class", False: "other class", None: "class unknown"}
    handles = [Patch(color=color[key], label=text[key]) for key in text if key in same]
    figure.legend(handles=handles, loc="outside lower right", ncols=len(handles), fontsize=9)
    return figure


def _add_thumbnails(axis: Axes, thumbnails: Sequence[NDArray[np.uint8] | None]) -> None:
    """Draw images between the bars and their names, and that of the query above them."""
    names = [label.get_text() for label in axis.get_yticklabels()]
    axis.set_yticks([-1, *axis.get_yticks()], ["query", *names], fontsize=9)
    axis.tick_params(axis="y", length=0, pad=_THUMBNAIL + 8)
    for position, thumbnail in enumerate(thumbnails, start=-1):
        if thumbnail is not None:
            image = OffsetImage(thumbnail, zoom=_THUMBNAIL / max(thumbnail.shape[:2]))
            box = AnnotationBbox(
                image, (0, position), xybox=(-_THUMBNAIL / 2 - 4, 0), frameon=False,
                xycoords=("axes fraction", "data"), boxcoords="offset points",
            )  # fmt: skip
            axis.add_artist(box)
