"""Images of what a network has learned, written to files."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from mmcontrast.apis.inference.extract import label_of
from mmcontrast.apis.inference.feature_table import FeatureTable
from mmcontrast.apis.inference.features import FeatureExtractor
from mmcontrast.apis.inference.method import MethodOnData
from mmcontrast.datasets.files import find_images
from mmcontrast.datasets.seeding import seeded
from mmcontrast.datasets.transforms import (
    HorizontalFlip,
    LoadImage,
    PackInputs,
    RandomResizedCrop,
    UnreadableImageError,
)
from mmcontrast.utils.errors import UserError, explain, input_errors
from mmcontrast.visualization.confusion import confusion_shares, draw_confusion
from mmcontrast.visualization.curves import draw_runs, read_log
from mmcontrast.visualization.dense import draw_correspondence, draw_dense_pca, draw_similarity
from mmcontrast.visualization.embedding import draw_embedding, project
from mmcontrast.visualization.images import Seen
from mmcontrast.visualization.neighbors import draw_neighbors, nearest

_THUMBNAIL = 48


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
        extractor: Of the features; its ``size`` sets how fine the grid is.
        images: One path or two.
        out: Image to write.
        threshold: Least cosine similarity of what is drawn.
        seed: Of the crops of a single image.
    """
    if len(images) not in (1, 2):
        raise UserError(f"Correspondence needs one image or two, got {len(images)}.")
    if not -1 <= threshold <= 1:
        raise UserError(f"A threshold is a cosine, between -1 and 1, got {threshold}.")
    sources: list[Any] = list(images)
    if len(images) == 1:
        sources = [_random_view(extractor, images[0], seed, number) for number in range(2)]
    seen, maps = _look(extractor, sources)
    _save(lambda: draw_correspondence((seen[0], seen[1]), (maps[0], maps[1]), threshold), out)


def visualize_similarity(
    extractor: FeatureExtractor,
    images: Sequence[str],
    point: tuple[float, float] | None,
    out: str | Path,
) -> None:
    """Draw how similar the places of an image are to a point of another.

    Args:
        extractor: Of the features.
        images: The image with the point, and the other one.
        point: x and y in pixels of the first image; None for the middle of its view.
        out: Image to write.
    """
    seen, maps = _look(extractor, images)
    x0, y0, x1, y1 = seen[0].box
    point = point or ((x0 + x1) / 2, (y0 + y1) / 2)
    _save(lambda: draw_similarity((seen[0], seen[1]), (maps[0], maps[1]), point), out)


def visualize_pca(
    extractor: FeatureExtractor, images: Sequence[str], out: str | Path, *, num: int = 12
) -> None:
    """Draw dense features as colors, by one principal component analysis of all images.

    Args:
        extractor: Of the features.
        images: Paths of images and folders.
        out: Image to write.
        num: At most so many images are drawn, spread over all of them.
    """
    seen, maps = _look(extractor, _choose(_expand(images), num))
    _save(lambda: draw_dense_pca(seen, maps), out)


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
        extractor: Of the images' features; None for a table.
        source: Folder of images, whose sub-folders are classes, or a table that
            ``extract_features`` wrote: of images, graphs, nodes, or rows of seen and unseen
            classes.
        out: Image to write.
        method: ``'tsne'``, ``'pca'`` or ``'umap'``.
        num: At most so many points, spread over all of them.
        thumbnails: Whether to draw small images where there is room.
        seed: Of the projection.
    """
    if extractor is None:
        table = FeatureTable.read(source)
        chosen = _spread(len(table.features), num)
        features, labels = table.features[chosen], table.labels[chosen].tolist()
        paths, classes = [table.paths[row] for row in chosen], table.classes
        what = "rows" if table.nodes is None else "nodes"
    else:
        if not Path(source).is_dir():
            raise UserError(f"{source} is not a folder of images.")
        found = extractor(_choose(_expand([source]), num), dense=False)
        features = found["global"].numpy()
        paths = [sample["path"] for sample in found["data_samples"]]
        classes = sorted(path.name for path in Path(source).iterdir() if path.is_dir())
        labels = [label_of(path, source, tuple(classes)) for path in paths]
        what = "images"
    small = [_thumbnail(path) for path in paths] if thumbnails else None
    projection = project(features, method, seed)
    title = f"{len(paths)} {what} of {source}"
    _save(lambda: draw_embedding(projection, labels, classes, small, title), out)


def visualize_neighbors(table: str, row: int, out: str | Path, *, num: int = 10) -> None:
    """Draw what is nearest to a row of a table that ``extract_features`` wrote.

    Args:
        table: Of images, graphs or nodes.
        row: From 0; of a single graph the number of the node.
        out: Image to write.
        num: How many neighbors.
    """
    known = FeatureTable.read(table)
    found = nearest(known.features, row, num)
    names = [known.name(neighbor) for neighbor in found.rows]
    own = known.labels[row]
    same = [
        None if own < 0 or known.labels[other] < 0 else bool(known.labels[other] == own)
        for other in found.rows
    ]
    _save(lambda: draw_neighbors(found, names, same, f"Nearest to {known.name(row)}"), out)


def visualize_confusion(
    checkpoint: str | None, config: str, out: str | Path, *, device: str | None = None
) -> None:
    """Draw which classes a zero-shot method takes for which, with the border of the unseen ones.

    Args:
        checkpoint: Weights; None for the untrained network.
        config: Config file of the training; its validation data are classified.
        out: Image to write.
        device: See :class:`~mmcontrast.apis.inference.method.MethodOnData`.

    Raises:
        UserError: The config's method does not classify seen and unseen classes.
    """
    prediction = next(MethodOnData(checkpoint, config, device=device).predict())
    missing = {"generalized", "label", "seen", "classes"} - set(prediction)
    if missing:
        raise UserError(f"{config} does not classify seen and unseen classes: it is no zero-shot.")
    labels, classes = np.asarray(prediction["label"]), prediction["classes"]
    # The last epoch of the classifier, as in the metric.
    found = prediction["generalized"][-1].cpu().numpy()
    shares = confusion_shares(labels, found, len(classes))
    title = f"{len(labels)} rows of {Path(prediction['path']).parent}"
    seen = np.asarray(prediction["seen"], dtype=bool)
    _save(lambda: draw_confusion(shares, seen, classes, title), out)


def visualize_curves(run_dirs: Iterable[str], out: str | Path) -> None:
    """Draw the logged figures of runs over each other.

    Raises:
        UserError: A folder has no logs.
    """
    runs = {run_dir: read_log(run_dir) for run_dir in run_dirs}
    for run_dir, records in runs.items():
        if not records:
            raise UserError(f"{run_dir} has no logged figures (<time>/vis_data/scalars.json).")
    _save(lambda: draw_runs(runs), out)


def _look(extractor: FeatureExtractor, sources: Sequence[Any]) -> tuple[list[Seen], list[Any]]:
    """Extract dense features and load the source images, as they were seen."""
    found = extractor(sources)
    seen = []
    for sample in found["data_samples"]:
        image = _read(sample["path"])
        view, name = sample["view0"], Path(sample["path"]).name
        seen.append(Seen(image, tuple(view["box"]), bool(view["flip"]), name))
    return seen, list(found["dense"])


def _random_view(extractor: FeatureExtractor, path: str, seed: int, number: int) -> dict[str, Any]:
    """A packed random crop, as large as what the network usually sees."""
    image = dict(path=path, index=number)
    try:
        size = extractor.pipeline(dict(image))["inputs"]["view0"].shape[-1]
        results = LoadImage()(image)
    except UnreadableImageError as error:
        raise UserError(explain(error)) from error
    with seeded(seed, number):
        for transform in (RandomResizedCrop(size), HorizontalFlip(), PackInputs()):
            results = transform(results)
    return results


def _expand(paths: Iterable[str]) -> list[str]:
    found: list[str] = []
    for path in paths:
        with input_errors(path):
            found += find_images(path) if Path(path).is_dir() else [path]
    return found


def _choose(paths: Sequence[str], num: int) -> list[str]:
    return [paths[row] for row in _spread(len(paths), num)]


def _spread(count: int, num: int) -> list[int]:
    """At most ``num`` of ``count`` places, at equal distances."""
    if num < 1:
        raise UserError(f"At least one is needed, got num={num}.")
    num = min(num, count)
    return [place * count // num for place in range(num)]


def _read(path: str) -> NDArray[np.uint8]:
    return LoadImage()(dict(path=path))["image"]


def _thumbnail(path: str) -> NDArray[np.uint8]:
    from PIL import Image

    image = Image.fromarray(_read(path))
    image.thumbnail((_THUMBNAIL, _THUMBNAIL))
    return np.asarray(image)


def _save(draw: Callable[[], Figure], out: str | Path) -> None:
    with input_errors(f"cannot draw {out}"):
        figure = draw()
        Path(out).parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(out, dpi=130)
