"""What all layouts share: the randomness of a picture and how it is stored."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ..render import Rendered, render
from ..sample import sample_group

SPLITS = ("train", "val")
JPEG_QUALITY = 85
MIN_PIXELS = 24
"""Objects of which less is seen are not annotated."""


def picture_rng(seed: int, layout: str, split: str, index: int) -> np.random.Generator:
    """Randomness of one picture: the same in whatever order and process pictures are made."""
    return np.random.default_rng((seed, *layout.encode(), SPLITS.index(split), index))


def render_group(seed: int, layout: str, split: str, index: int) -> tuple[Rendered, list[str]]:
    """A picture of several objects and the class name of each."""
    rng = picture_rng(seed, layout, split, index)
    size = (160, 120) if rng.random() < 0.7 else (120, 160)
    scene = sample_group(rng, size, int(rng.integers(1, 6)))
    return render(scene), [state.name for state in scene.objects]


def annotated(rendered: Rendered) -> list[int]:
    """Indices of the objects of which enough is seen."""
    return [i for i in range(len(rendered.boxes)) if rendered.mask(i).sum() >= MIN_PIXELS]


def save_jpeg(path: Path, image: NDArray[np.uint8]) -> None:
    """Store an RGB picture (H, W, 3)."""
    _, data = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    path.write_bytes(data.tobytes())
