"""Two-dimensional embeddings of features."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.offsetbox import AnnotationBbox, OffsetImage
from numpy.typing import NDArray

from mmcontrast.utils.errors import UserError
from mmcontrast.visualization.palette import style

PROJECTIONS = ("tsne", "pca", "umap")
# Points of more classes cannot be distinguished.
_MAX_CLASSES = 56


class Projection(NamedTuple):
    """Points (N, 2), and the names of their two axes."""

    points: NDArray[np.float32]
    axes: tuple[str, str]


def project(features_NC: NDArray, method: str = "tsne", seed: int = 0) -> Projection:
    """Project features to two dimensions.

    Args:
        features_NC: At least 3 rows, which are normalized first, since features are compared by
            their cosine.
        method: ``'tsne'`` (van der Maaten and Hinton, JMLR 2008; perplexity 30, or less for few
            rows), ``'pca'``, or ``'umap'`` (McInnes et al., 2018; needs the extra ``umap``).
        seed: Seed of the random initialization; the same seed gives the same points.

    Raises:
        UserError: The method is unknown, there are too few rows, values are not finite, or
            umap-learn is not installed.
    """
    if method not in PROJECTIONS:
        raise UserError(f"A projection is one of {', '.join(PROJECTIONS)}, got {method!r}.")
    if len(features_NC) < 3 or not np.isfinite(features_NC).all():
        raise UserError(
            f"A projection needs 3 or more finite features, got {len(features_NC)}"
            + (", some not finite." if len(features_NC) >= 3 else ".")
        )
    lengths = np.linalg.norm(features_NC, axis=1, keepdims=True)
    unit_NC = features_NC / np.maximum(lengths, 1e-12)
    if method == "pca":
        from sklearn.decomposition import PCA

        pca = PCA(2, svd_solver="full")
        points = pca.fit_transform(unit_NC)
        first, second = (f"{100 * share:.0f} %" for share in pca.explained_variance_ratio_)
        axes = (f"component 1 ({first} of the variance)", f"component 2 ({second})")
        return Projection(points, axes)
    if method == "tsne":
        from sklearn.manifold import TSNE

        perplexity = min(30.0, (len(unit_NC) - 1) / 3)
        tsne = TSNE(perplexity=perplexity, init="pca", random_state=seed)
        return Projection(tsne.fit_transform(unit_NC), ("t-SNE 1", "t-SNE 2"))
    try:
        from umap import UMAP
    except ImportError as error:
        raise UserError(
            "UMAP needs umap-learn: pip install 'mmcontrast[umap]', or take tsne or pca."
        ) from error
    neighbors = min(15, len(unit_NC) - 1)
    umap = UMAP(n_neighbors=neighbors, random_state=seed, n_jobs=1)
    return Projection(umap.fit_transform(unit_NC), ("UMAP 1", "UMAP 2"))


def draw_embedding(
    projection: Projection,
    labels: Sequence[int] | None = None,
    classes: Sequence[str] = (),
    thumbnails: Sequence[NDArray[np.uint8]] | None = None,
    title: str = "",
) -> Figure:
    """Draw points with a color and marker per class, optionally with thumbnails.

    Args:
        projection: Projection of N features.
        labels: Class of each point, negative for points without one; None draws all points alike.
        classes: Names of the classes.
        thumbnails: One image (H, W, 3) per point. Of overlapping images only one is drawn, and the
            others remain points.
        title: Title of the figure.
    """
    points_N2 = projection.points
    figure = Figure(figsize=(9.5, 7), layout="constrained")
    axis = figure.subplots()
    labels_N = np.full(len(points_N2), -1) if labels is None else np.asarray(labels)
    num_present = _scatter(axis, points_N2, labels_N, classes)
    if thumbnails is not None:
        _add_thumbnails(axis, points_N2, thumbnails)
    axis.set_xlabel(projection.axes[0])
    axis.set_ylabel(projection.axes[1])
    if "component" not in projection.axes[0]:
        # Distances of t-SNE and UMAP have no unit.
        axis.set(xticks=[], yticks=[])
    axis.set_title(title, fontsize=11)
    if num_present:
        columns = 1 + (num_present - 1) // 28
        figure.legend(loc="outside right upper", ncols=columns, fontsize=9, markerscale=1.3)
    return figure


def _scatter(
    axis: Axes,
    points_N2: NDArray[np.float32],
    labels_N: NDArray[np.integer],
    classes: Sequence[str],
) -> int:
    """Draw the points of each class, and return the number of classes."""
    x_N, y_N = points_N2.T
    present = sorted(set(labels_N[labels_N >= 0].tolist()))
    size = float(np.clip(10_000 / len(points_N2), 8, 60))
    unlabeled_N = labels_N < 0
    if unlabeled_N.any():
        name = "no class" if present else None
        axis.scatter(
            x_N[unlabeled_N], y_N[unlabeled_N], s=size, color="0.55", label=name, linewidths=0
        )
    for number, label in enumerate(present[:_MAX_CLASSES]):
        color, marker = style(number)
        name = classes[label] if label < len(classes) else str(label)
        members_N = labels_N == label
        axis.scatter(
            x_N[members_N], y_N[members_N], s=size, color=color, marker=marker, label=name,
            alpha=0.8, linewidths=0,
        )  # fmt: skip
    if len(present) > _MAX_CLASSES:
        rest_N = np.isin(labels_N, present[_MAX_CLASSES:])
        axis.scatter(
            x_N[rest_N], y_N[rest_N], s=size / 2, color="0.7", label="other classes", zorder=0
        )
    return len(present)


def _add_thumbnails(
    axis: Axes, points_N2: NDArray[np.float32], thumbnails: Sequence[NDArray[np.uint8]]
) -> None:
    low, extent = points_N2.min(axis=0), np.maximum(np.ptp(points_N2, axis=0), 1e-12)
    positions: list[NDArray[np.float32]] = []
    for point, thumbnail in zip(points_N2, thumbnails, strict=True):
        position = (point - low) / extent
        # An image is 32 points wide, and the axes are about 500 wide and 450 high.
        if all((np.abs(position - other) > (0.08, 0.09)).any() for other in positions):
            positions.append(position)
            box = OffsetImage(thumbnail, zoom=32 / max(thumbnail.shape[:2]))
            axis.add_artist(AnnotationBbox(box, tuple(point), pad=0.1, frameon=True))
