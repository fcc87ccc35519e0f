"""Pictures of what a network has learnt, written to files."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from mmcontrast.datasets.files import find_pictures
from mmcontrast.datasets.seeding import seeded
from mmcontrast.datasets.transforms import (
    HorizontalFlip,
    LoadImage,
    PackInputs,
    RandomResizedCrop,
    UnreadableImageError,
)
from mmcontrast.utils.errors import UserError, explain, input_errors
from mmcontrast.visualization.curves import draw_runs, read_log
from mmcontrast.visualization.dense import draw_correspondence, draw_dense_pca, draw_similarity
from mmcontrast.visualization.embedding import draw_embedding, project
from mmcontrast.visualization.pictures import Seen

from .extract import label_of
from .features import FeatureExtractor

_THUMBNAIL = 48


def visualize_correspondence(
    extractor: FeatureExtractor,
    images: Sequence[str],
    out: str | Path,
    *,
    threshold: float = 0.9,
    seed: int = 0,
) -> None:
    """Draw mutual nearest neighbours between two pictures, or two random crops of one.

    Args:
        extractor: Of the features; its ``size`` sets how fine the grid is.
        images: One path or two.
        out: Picture to write.
        threshold: Least cosine similarity of what is drawn.
        seed: Of the crops of a single picture.
    """
    if len(images) not in (1, 2):
        raise UserError(f"Correspondence needs one picture or two, got {len(images)}.")
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
    """Draw how similar the places of a picture are to a point of another.

    Args:
        extractor: Of the features.
        images: The picture with the point, and the other one.
        point: x and y in pixels of the first picture; None for the middle of its view.
        out: Picture to write.
    """
    seen, maps = _look(extractor, images)
    x0, y0, x1, y1 = seen[0].box
    point = point or ((x0 + x1) / 2, (y0 + y1) / 2)
    _save(lambda: draw_similarity((seen[0], seen[1]), (maps[0], maps[1]), point), out)


def visualize_pca(
    extractor: FeatureExtractor, images: Sequence[str], out: str | Path, *, num: int = 12
) -> None:
    """Draw dense features as colours, by one principal component analysis of all pictures.

    Args:
        extractor: Of the features.
        images: Paths of pictures and folders.
        out: Picture to write.
        num: At most so many pictures are drawn, spread over all of them.
    """
    seen, maps = _look(extractor, _choose(_expand(images), num))
    _save(lambda: draw_dense_pca(seen, maps), out)


def visualize_embedding(
    extractor: FeatureExtractor,
    folder: str,
    out: str | Path,
    *,
    method: str = "tsne",
    num: int = 2000,
    thumbnails: bool = False,
    seed: int = 0,
) -> None:
    """Draw the pictures of a folder as points; sub-folders are classes.

    Args:
        extractor: Of the features.
        folder: Of the pictures.
        out: Picture to write.
        method: ``'tsne'``, ``'pca'`` or ``'umap'``.
        num: At most so many pictures, spread over all of them.
        thumbnails: Whether to draw small pictures where there is room.
        seed: Of the projection.
    """
    if not Path(folder).is_dir():
        raise UserError(f"{folder} is not a folder of pictures.")
    paths = _choose(_expand([folder]), num)
    found = extractor(paths, dense=False)
    paths = [sample["path"] for sample in found["data_samples"]]
    folders = sorted(path.name for path in Path(folder).iterdir() if path.is_dir())
    labels = [label_of(path, folder, tuple(folders)) for path in paths]
    small = [_thumbnail(path) for path in paths] if thumbnails else None
    projection = project(found["global"].numpy(), method, seed)
    title = f"{len(paths)} pictures of {folder}"
    _save(lambda: draw_embedding(projection, labels, folders, small, title), out)


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
    """Extract dense features and load the source pictures, as they were seen."""
    found = extractor(sources)
    seen = []
    for sample in found["data_samples"]:
        picture = _read(sample["path"])
        view, name = sample["view0"], Path(sample["path"]).name
        seen.append(Seen(picture, tuple(view["box"]), bool(view["flip"]), name))
    return seen, list(found["dense"])


def _random_view(extractor: FeatureExtractor, path: str, seed: int, number: int) -> dict[str, Any]:
    """A packed random crop, as large as what the network usually sees."""
    picture = dict(path=path, index=number)
    try:
        size = extractor.pipeline(dict(picture))["inputs"]["view0"].shape[-1]
        results = LoadImage()(picture)
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
            found += find_pictures(path) if Path(path).is_dir() else [path]
    return found


def _choose(paths: Sequence[str], num: int) -> list[str]:
    if num < 1:
        raise UserError(f"At least one picture is needed, got num={num}.")
    num = min(num, len(paths))
    return [paths[i * len(paths) // num] for i in range(num)]


def _read(path: str) -> NDArray[np.uint8]:
    return LoadImage()(dict(path=path))["image"]


def _thumbnail(path: str) -> NDArray[np.uint8]:
    from PIL import Image

    picture = Image.fromarray(_read(path))
    picture.thumbnail((_THUMBNAIL, _THUMBNAIL))
    return np.asarray(picture)


def _save(draw: Callable[[], Figure], out: str | Path) -> None:
    with input_errors(f"cannot draw {out}"):
        figure = draw()
        Path(out).parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(out, dpi=130)
