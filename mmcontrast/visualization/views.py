"""Figures of augmented views and of the matches between their feature cells."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import ConnectionPatch

from mmcontrast.ops.correspondence import match_geometric


def draw_views(
    samples: Sequence[dict[str, Any]], grid: tuple[int, int] = (7, 7), pairs_per_row: int = 2
) -> Figure:
    """Draw the two views of each sample side by side, with lines between matching feature cells.

    Matches are computed from the recorded crop boxes and flips alone: a line connects the center of
    a cell of view 0 with the center of the cell of view 1 that covers the same point of the source
    image, and both ends have the number of the cell of view 0. (If several cells have one match,
    the number of the first is shown.) A cell whose center is outside view 1 has a gray dot and no
    line. Samples with one view are drawn without matches.

    Args:
        samples: Packed samples of a dataset, see ``mmcontrast.datasets.transforms``.
        grid: Numbers of rows and columns of feature cells.
        pairs_per_row: Number of samples per row of the figure.

    Raises:
        ValueError: There are no samples.
    """
    if not samples:
        raise ValueError("draw_views: there are no samples to draw")
    num_views = min(len(samples[0]["inputs"]), 2)
    columns = min(pairs_per_row, len(samples))
    rows = -(-len(samples) // columns)
    figure = Figure(figsize=(2.6 * num_views * columns, 2.8 * rows), layout="constrained")
    axes = figure.subplots(rows, columns * num_views, squeeze=False)
    for axis in axes.flat:
        axis.set_axis_off()
    for number, sample in enumerate(samples):
        row, column = divmod(number, columns)
        pair = axes[row, column * num_views : (column + 1) * num_views]
        for axis, (name, view) in zip(pair, sample["inputs"].items(), strict=False):
            _show(axis, name, view, sample["data_sample"])
        if num_views == 2:
            _connect(figure, pair, sample, grid)
    return figure


def _show(axis: Axes, name: str, view: torch.Tensor, data_sample: dict[str, Any]) -> None:
    # Of images with other channels than RGB, the first three bands, or the first one in gray.
    bands = view[:3] if len(view) >= 3 else view[:1].expand(3, -1, -1)
    axis.imshow(bands.permute(1, 2, 0).numpy())
    crop = data_sample[name]
    x0, y0, x1, y1 = (round(value) for value in crop["box"])
    width, height = crop["size"]
    flipped = ", flipped" if crop["flip"] else ""
    axis.set_title(
        f"#{data_sample['index']} {name}{flipped}\n"
        f"x {x0} to {x1} of {width}, y {y0} to {y1} of {height}",
        fontsize=7,
    )


def _connect(
    figure: Figure, pair: np.ndarray, sample: dict[str, Any], grid: tuple[int, int]
) -> None:
    crop0, crop1 = (
        dict(box=torch.tensor([crop["box"]]), flip=torch.tensor([crop["flip"]]))
        for crop in (sample["data_sample"]["view0"], sample["data_sample"]["view1"])
    )
    match_NS, inside_NS = match_geometric(crop0, crop1, grid)
    views = [sample["inputs"][f"view{i}"] for i in range(2)]
    # Pixel (0, 0) has its center at (0, 0), so the image starts at -0.5.
    scales = [(view.shape[2] / grid[1], view.shape[1] / grid[0]) for view in views]

    def center(view: int, cell: int) -> tuple[float, float]:
        row, column = divmod(cell, grid[1])
        return (column + 0.5) * scales[view][0] - 0.5, (row + 0.5) * scales[view][1] - 0.5

    # Neighbors in a row, whose lines overlap, differ in hue.
    hues = 0.8 * colormaps["hsv"](np.arange(grid[1]) / grid[1])[:, :3]
    labeled: set[int] = set()
    for cell, (match, inside) in enumerate(
        zip(match_NS[0].tolist(), inside_NS[0].tolist(), strict=True)
    ):
        start, end = center(0, cell), center(1, match)
        if not inside:
            pair[0].plot(*start, ".", color="0.7", markersize=2)
            continue
        color = hues[cell % grid[1]]
        _label(pair[0], start, cell, color)
        if match not in labeled:
            _label(pair[1], end, cell, color)
            labeled.add(match)
        line = ConnectionPatch(
            start, end, "data", "data", axesA=pair[0], axesB=pair[1],
            color=color, linewidth=0.7, alpha=0.6,
        )  # fmt: skip
        # Lines are excluded from the layout, so that they do not change the positions of images.
        line.set_in_layout(False)
        figure.add_artist(line)


def _label(axis: Axes, point: tuple[float, float], cell: int, color: np.ndarray) -> None:
    axis.plot(*point, "o", color=color, markersize=7, markeredgewidth=0)
    axis.annotate(
        str(cell), point, ha="center", va="center_baseline", fontsize=5, color="white"
    )  # fmt: skip
