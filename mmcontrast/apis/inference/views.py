"""Images as a network sees them, to draw its features on."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from mmcontrast.apis.inference.features import FeatureExtractor
from mmcontrast.datasets.files import find_images
from mmcontrast.datasets.sampling.seeding import seeded
from mmcontrast.datasets.transforms import (
    HorizontalFlip,
    LoadImage,
    PackInputs,
    RandomResizedCrop,
    Resize,
    UnreadableImageError,
)
from mmcontrast.utils.errors import UserError, explain, input_errors
from mmcontrast.visualization.images import SourceView


def look(
    extractor: FeatureExtractor, sources: Sequence[Any]
) -> tuple[list[SourceView], list[Tensor]]:
    """Extract dense features, and load the source images as the network saw them.

    Args:
        extractor: Extractor of the features.
        sources: Paths of images, or packed samples of them.

    Returns:
        The views, and their maps (C, H, W).
    """
    batch = extractor(sources)
    views = []
    for sample in batch["data_samples"]:
        image = _read(sample["path"])
        crop, name = sample["view0"], Path(sample["path"]).name
        views.append(SourceView(image, tuple(crop["box"]), bool(crop["flip"]), name))
    return views, list(batch["dense"])


def random_view(extractor: FeatureExtractor, path: str, seed: int, number: int) -> dict[str, Any]:
    """Return a packed random crop, as large as what the network usually sees.

    Args:
        extractor: Extractor whose pipeline gives the size.
        path: Path of the image.
        seed: Seed of the crop.
        number: Number of the crop; different ones give different crops.
    """
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


def whole_view(extractor: FeatureExtractor, path: str) -> dict[str, Any]:
    """Return a packed image that is not cut.

    Its short side is as long as the network's usual input, up to rounding: both sides are multiples
    of a feature cell of that input, which is what a transformer of patches needs.
    """
    try:
        results = LoadImage()(dict(path=path, index=0))
        usual = extractor.pipeline(dict(path=path, index=0))
    except UnreadableImageError as error:
        raise UserError(explain(error)) from error
    side = usual["inputs"]["view0"].shape[-1]
    cell = max(round(side / extractor(usual)["dense"].shape[-1]), 1)
    height, width = results["image"].shape[:2]
    scale = side / min(height, width)
    size = tuple(max(round(length * scale / cell), 1) * cell for length in (height, width))
    return PackInputs()(Resize(size)(results))


def expand(paths: Iterable[str]) -> list[str]:
    """Replace each folder by the images in it."""
    images: list[str] = []
    for path in paths:
        with input_errors(path):
            images += find_images(path) if Path(path).is_dir() else [path]
    return images


def _read(path: str) -> NDArray[np.uint8]:
    return LoadImage()(dict(path=path))["image"]


def thumbnail(path: str) -> NDArray[np.uint8]:
    """Return an image with a longer side of 64 pixels, (H, W, 3), RGB.

    Raises:
        UnreadableImageError: The file is missing or is not an image.
    """
    image = Image.fromarray(_read(path))
    image.thumbnail((64, 64))
    return np.asarray(image)


def thumbnail_or_none(path: str) -> NDArray[np.uint8] | None:
    """Return the same, or None for a file that is missing or is not an image."""
    try:
        return thumbnail(path)
    except UnreadableImageError:
        return None
