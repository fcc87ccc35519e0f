"""Draw what a network has learned, into image files."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from mmcontrast.apis.inference.columns import label_of
from mmcontrast.apis.inference.feature_table import FeatureTable
from mmcontrast.apis.inference.features import FeatureExtractor
from mmcontrast.apis.inference.method import MethodOnData
from mmcontrast.apis.inference.views import (
    expand,
    look,
    random_view,
    thumbnail,
    thumbnail_or_none,
    whole_view,
)
from mmcontrast.datasets.files import class_folders
from mmcontrast.utils.errors import UserError, input_errors
from mmcontrast.visualization.confusion import confusion_shares, draw_confusion
from mmcontrast.visualization.curves import draw_runs, read_log
from mmcontrast.visualization.dense import draw_correspondence, draw_dense_pca, draw_similarity
from mmcontrast.visualization.embedding import PROJECTIONS, draw_embedding, project
from mmcontrast.visualization.neighbors import draw_neighbors, nearest
from mmcontrast.visualization.saving import save_figure


def visualize_correspondence(
    extractor: FeatureExtractor,
    images: Sequence[str],
    out: str | Path,
    *,
    threshold: float = 0.9,
    seed: int = 0,
) -> None:
    """Draw mutual nearest neighbors between two images, or two random crops of one.

    Args:
        extractor: The extractor of the features; its ``size`` sets how fine the grid is.
        images: One path or two.
        out: Image to write.
        threshold: Least cosine similarity, in [-1, 1], of the neighbors that are drawn; where there
            are none, the ten most similar pairs are.
        seed: Seed of the crops of a single image.

    Raises:
        UserError: The number of images or the threshold is out of range, or an image cannot be
            read.
    """
    if len(images) not in (1, 2):
        raise UserError(f"Correspondence needs one image or two, got {len(images)}.")
    if not -1 <= threshold <= 1:
        raise UserError(f"A threshold is a cosine, between -1 and 1, got {threshold}.")
    sources: list[Any] = list(images)
    if len(images) == 1:
        sources = [random_view(extractor, images[0], seed, number) for number in range(2)]
    seen, maps = look(extractor, sources)
    _save(lambda: draw_correspondence((seen[0], seen[1]), (maps[0], maps[1]), threshold), out)


def visualize_similarity(
    extractor: FeatureExtractor,
    images: Sequence[str],
    point: tuple[float, float] | None,
    out: str | Path,
    *,
    crop: bool = False,
) -> None:
    """Draw how similar the feature cells of an image are to a point of another.

    Args:
        extractor: The extractor of the features; its ``size`` is the short side of the images.
        images: The image with the point, and the other one.
        point: x and y in pixels of the first image; None for the middle of its view.
        out: Image to write.
        crop: Whether the network sees what the evaluation pipeline cuts out, usually the central
            square, instead of the whole images.

    Raises:
        UserError: An image cannot be read, or the point is outside of the network's input.
    """
    if crop:
        seen, maps = look(extractor, images)
    else:
        pairs = [look(extractor, [whole_view(extractor, path)]) for path in images]
        seen, maps = [views[0] for views, _ in pairs], [maps[0] for _, maps in pairs]
    x0, y0, x1, y1 = seen[0].box
    point = point or ((x0 + x1) / 2, (y0 + y1) / 2)
    _save(lambda: draw_similarity((seen[0], seen[1]), (maps[0], maps[1]), point), out)


def visualize_pca(
    extractor: FeatureExtractor,
    images: Sequence[str],
    out: str | Path,
    *,
    num: int = 12,
    rim: int = 0,
) -> None:
    """Draw dense features as colors, by one principal component analysis of all images.

    Args:
        extractor: The extractor of the features.
        images: Paths of images and folders.
        out: Image to write.
        num: Largest number of images to draw; they are spread over all of them.
        rim: Number of feature cells at each border that are left out, see
            :func:`~mmcontrast.visualization.dense.draw_dense_pca`.

    Raises:
        UserError: An option is out of range, or an image cannot be read.
    """
    if rim < 0:
        raise UserError(f"A rim has no negative number of cells, got rim={rim}.")
    seen, maps = look(extractor, _choose(expand(images), num))
    _save(lambda: draw_dense_pca(seen, maps, rim), out)


def visualize_embedding(
    extractor: FeatureExtractor | None,
    source: str,
    out: str | Path,
    *,
    method: str = "tsne",
    num: int = 2000,
    thumbnails: bool = False,
    seed: int = 0,
) -> None:
    """Draw the images of a folder, or the rows of a table, as points with colors for classes.

    Args:
        extractor: The extractor of the images' features; None for a table.
        source: Folder of images, whose sub-folders are classes, or a table that
            ``extract_features`` wrote: of images, graphs, nodes, or rows of seen and unseen
            classes.
        out: Image to write.
        method: ``'tsne'``, ``'pca'`` or ``'umap'``.
        num: Largest number of points; they are spread over all of them.
        thumbnails: Whether to draw small images where there is room.
        seed: Seed of the projection.

    Raises:
        UserError: ``source`` is neither a folder nor a table, or cannot be drawn this way.
    """
    if method not in PROJECTIONS:
        raise UserError(f"A projection is one of {', '.join(PROJECTIONS)}, got {method!r}.")
    points = _rows(source, num) if extractor is None else _images(extractor, source, num)
    small = [thumbnail(path) for path in points.paths] if thumbnails else None
    projection = project(points.features, method, seed)
    title = f"{len(points.paths)} {points.unit} of {source}"
    _save(lambda: draw_embedding(projection, points.labels, points.classes, small, title), out)


class _Points(NamedTuple):
    """What an embedding draws: features, label and path of each point, and names of classes."""

    features: NDArray[np.floating]
    labels: list[int]
    paths: list[str]
    classes: list[str]
    unit: str


def _rows(source: str, num: int) -> _Points:
    table = FeatureTable.read(source)
    rows = _spread(len(table.features), num)
    return _Points(
        table.features[rows],
        table.labels[rows].tolist(),
        [table.paths[row] for row in rows],
        table.classes,
        "rows" if table.nodes is None else "nodes",
    )


def _images(extractor: FeatureExtractor, source: str, num: int) -> _Points:
    if not Path(source).is_dir():
        raise UserError(f"{source} is not a folder of images.")
    batch = extractor(_choose(expand([source]), num), dense=False)
    paths = [sample["path"] for sample in batch["data_samples"]]
    classes = class_folders(source)
    labels = [label_of(path, source, tuple(classes)) for path in paths]
    return _Points(batch["global"].numpy(), labels, paths, classes, "images")


def visualize_neighbors(table: str, row: int, out: str | Path, *, num: int = 10) -> None:
    """Draw the nearest neighbors of a row of a table that ``extract_features`` wrote.

    Thumbnails stand beside the rows whose ``path`` is an image that is still there.

    Args:
        table: Path of a table of images, graphs or nodes.
        row: Number of the row, from 0; of a single graph the number of the node.
        out: Image to write.
        num: Number of neighbors to draw.

    Raises:
        UserError: The table cannot be read, or has no such row.
    """
    content = FeatureTable.read(table)
    neighbors = nearest(content.features, row, num)
    names = [content.name(neighbor) for neighbor in neighbors.rows]
    label = content.labels[row]
    same = [
        None if label < 0 or content.labels[other] < 0 else bool(content.labels[other] == label)
        for other in neighbors.rows
    ]
    title = f"Nearest to row {row}, {content.name(row)}"
    images = [thumbnail_or_none(content.paths[other]) for other in (row, *neighbors.rows)]
    thumbnails = images if any(image is not None for image in images) else ()
    _save(lambda: draw_neighbors(neighbors, names, same, title, thumbnails), out)


def visualize_confusion(
    checkpoint: str | None, config: str, out: str | Path, *, device: str | None = None
) -> None:
    """Draw the confusion matrix of a zero-shot method, with the border of the unseen classes.

    Args:
        checkpoint: Path of the weights; None for the untrained network.
        config: Config file of the training; its validation data are classified.
        out: Image to write.
        device: See :class:`~mmcontrast.apis.inference.method.MethodOnData`.

    Raises:
        UserError: The config's method does not classify seen and unseen classes.
    """
    prediction = next(MethodOnData(checkpoint, config, device=device).predict())
    missing = {"generalized", "label", "seen", "classes"} - set(prediction)
    if missing:
        raise UserError(f"{config} does not classify seen and unseen classes: not zero-shot.")
    labels, classes = np.asarray(prediction["label"]), prediction["classes"]
    # The last epoch of the classifier, as in the metric.
    predicted = prediction["generalized"][-1].cpu().numpy()
    shares = confusion_shares(labels, predicted, len(classes))
    title = f"{len(labels)} rows of {Path(prediction['path']).parent}"
    seen = np.asarray(prediction["seen"], dtype=bool)
    _save(lambda: draw_confusion(shares, seen, classes, title), out)


def visualize_curves(run_dirs: Iterable[str], out: str | Path) -> None:
    """Draw the logged metrics of runs over each other.

    Args:
        run_dirs: Work dirs of the runs.
        out: Image to write.

    Raises:
        UserError: A folder has no logs.
    """
    runs = {run_dir: read_log(run_dir) for run_dir in run_dirs}
    for run_dir, records in runs.items():
        if not records:
            raise UserError(f"{run_dir} has no logged metrics (<time>/vis_data/scalars.json).")
    _save(lambda: draw_runs(runs), out)


def _choose(paths: Sequence[str], num: int) -> list[str]:
    return [paths[row] for row in _spread(len(paths), num)]


def _spread(count: int, num: int) -> list[int]:
    """Return at most ``num`` of the indices below ``count``, at equal distances."""
    if num < 1:
        raise UserError(f"At least one is needed, got num={num}.")
    num = min(num, count)
    return [i * count // num for i in range(num)]


def _save(draw: Callable[[], Figure], out: str | Path) -> None:
    with input_errors(f"cannot draw {out}"):
        save_figure(draw(), out)
