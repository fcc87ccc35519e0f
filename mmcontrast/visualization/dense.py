"""Figures of dense features: correspondences, similarities and principal components."""

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import ConnectionPatch
from numpy.typing import NDArray
from torch import Tensor

from mmcontrast.ops.correspondence import mutual_nearest
from mmcontrast.visualization.images import SourceView, show

_COLORS = "viridis"
# The numbers of more pairs would overlap.
_MAX_NUMBERED = 64
# How many pairs are drawn where none is above the threshold.
_NUM_BEST = 10


def draw_correspondence(
    views: tuple[SourceView, SourceView], maps: tuple[Tensor, Tensor], threshold: float = 0.9
) -> Figure:
    """Draw lines between the feature cells of two views that are mutual nearest neighbors.

    As in DenseCL's figures of correspondences, pairs are mutual nearest neighbors by the cosine of
    their features, above a threshold. The centers of their cells are mapped through crops and flips
    to the source images.

    Args:
        views: The two views, of one image or of two.
        maps: Dense features of the views, (C, H, W) each.
        threshold: Smallest cosine similarity of the pairs that are drawn.
    """
    match_NS, similarity_NS, mutual_NS = mutual_nearest(
        maps[0].flatten(1)[None], maps[1].flatten(1)[None]
    )
    centers = [v.centers((m.shape[1], m.shape[2])) for v, m in zip(views, maps, strict=True)]
    similarity_S, mutual_S = similarity_NS[0], mutual_NS[0]
    cells = (mutual_S & (similarity_S >= threshold)).nonzero()[:, 0].tolist()
    num_cells, largest = len(similarity_S), similarity_S.max().item()
    text = f"a mutual nearest neighbor with a cosine similarity of at least {threshold:g}"
    title = f"{len(cells)} of {num_cells} cells have {text}; the largest is {largest:.2f}"
    if not cells:
        order = similarity_S.masked_fill(~mutual_S, -torch.inf).argsort(descending=True)
        cells = order[: min(_NUM_BEST, int(mutual_S.sum()))].tolist()
        title = (
            f"None of {num_cells} cells has {text}; the largest is {largest:.2f}.\n"
            f"Drawn are the {len(cells)} most similar pairs"
        )
    figure = Figure(figsize=_pair_size(views), layout="constrained")
    axes = figure.subplots(1, 2)
    for axis, view in zip(axes, views, strict=True):
        show(axis, view)
    # The largest cosine is 1.
    low = min([threshold, 0.99, *similarity_S[cells].tolist()])
    shade = colormaps[_COLORS]
    for number, cell in enumerate(cells, start=1):
        color = shade((similarity_S[cell].item() - low) / (1 - low))
        ends = centers[0][cell], centers[1][match_NS[0, cell]]
        line = ConnectionPatch(
            ends[0], ends[1], "data", "data", axesA=axes[0], axesB=axes[1],
            color=color, linewidth=1.1, alpha=0.8,
        )  # fmt: skip
        line.set_in_layout(False)
        figure.add_artist(line)
        for axis, (x, y) in zip(axes, ends, strict=True):
            axis.plot(x, y, "o", color=color, markersize=11, markeredgecolor="white")
            if len(cells) <= _MAX_NUMBERED:
                text = "black" if sum(color[:3]) > 1.6 else "white"
                axis.annotate(
                    str(number), (x, y), ha="center", va="center_baseline", fontsize=7, color=text
                )
    figure.suptitle(title, fontsize=11)
    _add_scale(figure, list(axes), low, 1)
    return figure


def draw_similarity(
    views: tuple[SourceView, SourceView], maps: tuple[Tensor, Tensor], point: tuple[float, float]
) -> Figure:
    """Draw the similarity of each feature cell of an image to one point of another image.

    Args:
        views: View of the image with the point, and view of the image to compare with it.
        maps: Dense features of the views, (C, H, W) each.
        point: Point x, y in pixels of the first image.

    Raises:
        ValueError: The point is outside the view.
    """
    cell = views[0].cell_at(point, (maps[0].shape[1], maps[0].shape[2]))
    query_C = F.normalize(maps[0].float().flatten(1)[:, cell], dim=0)
    heat_HW = torch.einsum("c,chw->hw", query_C, F.normalize(maps[1].float(), dim=0))
    if views[1].flip:
        heat_HW = heat_HW.flip(1)
    figure = Figure(figsize=_pair_size(views), layout="constrained")
    axes = figure.subplots(1, 2)
    show(axes[0], views[0])
    axes[0].plot(*point, "o", markersize=13, markerfacecolor="none", markeredgecolor="white", mew=4)
    axes[0].plot(*point, "o", markersize=13, markerfacecolor="none", markeredgecolor="black", mew=2)
    show(axes[1], views[1], gray=True)
    x0, y0, x1, y1 = views[1].box
    low, high = heat_HW.min().item(), heat_HW.max().item()
    axes[1].imshow(
        heat_HW.numpy(), cmap=_COLORS, vmin=low, vmax=high, alpha=0.6, extent=(x0, x1, y1, y0),
        interpolation="bilinear",
    )  # fmt: skip
    height, width = views[1].image.shape[:2]
    axes[1].set(xlim=(0, width), ylim=(height, 0))
    rows, columns = heat_HW.shape
    row, column = divmod(int(heat_HW.argmax()), columns)
    best = (x0 + (column + 0.5) / columns * (x1 - x0), y0 + (row + 0.5) / rows * (y1 - y0))
    axes[1].plot(*best, "X", color="white", markersize=12, markeredgecolor="black")
    figure.suptitle(
        f"Similarity to the cell at x {point[0]:g}, y {point[1]:g} (circle); the cross marks the "
        "most similar cell",
        fontsize=11,
    )
    _add_scale(figure, [axes[1]], low, high)
    return figure


def draw_dense_pca(
    views: Sequence[SourceView], maps: Sequence[Tensor], rim: int = 0, per_row: int = 6
) -> Figure:
    """Draw dense features as colors, so that similar features have similar colors.

    The colors of the feature cells are interpolated to the pixels of the view.

    Args:
        views: Views of the images.
        maps: Dense features of the views, (C, H, W) each; grids may differ.
        rim: Number of feature cells at each border that are left out, of the components too, since
            they tell the padding of the convolutions. They stay gray.
        per_row: Number of images per row of the figure.

    Raises:
        ValueError: Without the rim there are fewer than three feature cells or channels.
    """
    inner = [m[:, rim : m.shape[1] - rim, rim : m.shape[2] - rim] for m in maps]
    colors, explained = dense_pca(inner)
    columns = min(per_row, len(views))
    rows = -(-len(views) // columns)
    figure = Figure(figsize=(2.3 * columns + 0.4, 4.9 * rows + 0.5), layout="constrained")
    axes = figure.subplots(2 * rows, columns, squeeze=False)
    for axis in axes.flat:
        axis.set_axis_off()
    for number, (view, color) in enumerate(zip(views, colors, strict=True)):
        row, column = divmod(number, columns)
        x0, y0, x1, y1 = (round(side) for side in view.box)
        pixels = view.image[y0:y1, x0:x1]
        axes[2 * row, column].imshow(pixels[:, ::-1] if view.flip else pixels)
        axes[2 * row, column].set_title(view.name, fontsize=9)
        grid = (maps[number].shape[1], maps[number].shape[2])
        axes[2 * row + 1, column].imshow(
            _upsample(color, grid, rim, (pixels.shape[0], pixels.shape[1]))
        )
    left_out = f", without {rim} row{'s' if rim > 1 else ''} of cells at each border" if rim else ""
    figure.suptitle(
        "The first three principal components of all cells as red, green and blue\n"
        f"({100 * explained:.0f} % of the variance{left_out})",
        fontsize=11,
    )
    return figure


def _upsample(
    color_HW3: NDArray[np.float32], grid: tuple[int, int], rim: int, size: tuple[int, int]
) -> NDArray[np.float32]:
    """Interpolate the colors of the inner cells of a grid to pixels; the rim becomes gray."""
    y0, x0 = (round(rim * length / cells) for length, cells in zip(size, grid, strict=True))
    inner = size[0] - 2 * y0, size[1] - 2 * x0
    color_13HW = torch.from_numpy(color_HW3).permute(2, 0, 1)[None]
    enlarged = F.interpolate(color_13HW, inner, mode="bilinear", align_corners=False)
    pixels = np.full((*size, 3), 0.85, np.float32)
    pixels[y0 : y0 + inner[0], x0 : x0 + inner[1]] = enlarged[0].permute(1, 2, 0).numpy()
    return pixels


def dense_pca(maps: Sequence[Tensor]) -> tuple[list[NDArray[np.float32]], float]:
    """Project the feature cells of several maps on their first three principal components.

    Args:
        maps: Dense features, (C, H, W) each; grids may differ.

    Returns:
        One array (H, W, 3) per map, in 0..1, where 0 and 1 are the 2nd and 98th percentile of a
        component over all maps; and the share of the variance that the three components explain.

    Raises:
        ValueError: There are fewer than three feature cells or channels.
    """
    from sklearn.decomposition import PCA

    cells_SC = np.concatenate([m.float().flatten(1).T.numpy() for m in maps])
    if min(cells_SC.shape) < 3:
        raise ValueError(
            f"three components need three cells and three channels, got {cells_SC.shape}: take "
            "more images, a larger --size, or a smaller --rim"
        )
    pca = PCA(3, svd_solver="full")
    with np.errstate(invalid="ignore"):  # collapsed features have no variance
        components_S3 = pca.fit_transform(cells_SC)
    low, high = np.percentile(components_S3, (2, 98), axis=0)
    colors_S3 = np.clip((components_S3 - low) / np.maximum(high - low, 1e-12), 0, 1)
    ends = np.cumsum([m[0].numel() for m in maps])[:-1]
    parts = np.split(colors_S3.astype(np.float32), ends)
    images = [part.reshape(*m.shape[1:], 3) for part, m in zip(parts, maps, strict=True)]
    return images, float(np.nansum(pca.explained_variance_ratio_))


def _pair_size(views: tuple[SourceView, SourceView]) -> tuple[float, float]:
    """Return width and height in inches of a figure of two images without empty margins."""
    tallest = max(view.image.shape[0] / view.image.shape[1] for view in views)
    return 11, min(max(4.6 * tallest + 0.9, 3), 9)


def _add_scale(figure: Figure, axes: list[Axes], low: float, high: float) -> None:
    scale = ScalarMappable(Normalize(low, high), _COLORS)
    figure.colorbar(scale, ax=axes, label="cosine similarity", shrink=0.8, pad=0.01)
