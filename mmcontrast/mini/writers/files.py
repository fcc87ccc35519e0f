"""Shared parts of all layouts: random numbers of an image, parallel calls, file formats."""

from __future__ import annotations

import gc
import io
import os
import signal
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from ..render import Rendered, render
from ..sample import sample_group

Result = TypeVar("Result")

SPLITS = ("train", "val")
JPEG_QUALITY = 85
_WORTH_A_PROCESS = 32  # images; fewer take less time than starting a process
MIN_PIXELS = 24
"""Objects with fewer visible pixels are not annotated."""
_MAT_HEADER = b"MATLAB 5.0 MAT-file, mini-world".ljust(116)
"""Replaces scipy's header, which has the date, so that a seed always gives the same bytes."""


def make_images(make: Callable[[int], Result], count: int, images: int = 1) -> list[Result]:
    """Call ``make(0)`` to ``make(count - 1)`` on all cores.

    Args:
        make: Function of a module, or a partial of one, which can be sent to other processes.
        count: Number of calls.
        images: Number of images that one call makes.

    Returns:
        Results of the calls, in order.
    """
    workers = min(len(os.sched_getaffinity(0)), count * images // _WORTH_A_PROCESS)
    if workers < 2:
        return [make(index) for index in range(count)]
    # Forked, since a new interpreter would import torch, which takes longer than the images.
    with ProcessPoolExecutor(workers, get_context("fork"), _become_worker) as pool:
        try:
            chunk = max(1, _WORTH_A_PROCESS // 4 // images)
            return list(pool.map(make, range(count), chunksize=chunk))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _become_worker() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # only the parent handles Ctrl-C
    # What the parent left to its garbage collector may own threads, which a fork does not have:
    # freeing it here would wait for them for ever.
    gc.freeze()
    cv2.setNumThreads(0)


def image_rng(seed: int, layout: str, split: str, index: int) -> np.random.Generator:
    """Return the generator of one image, independent of the order and process of making it."""
    return np.random.default_rng((seed, *layout.encode(), SPLITS.index(split), index))


def render_group(seed: int, layout: str, split: str, index: int) -> tuple[Rendered, list[str]]:
    """Render an image of several objects, and return it with the class name of each."""
    rng = image_rng(seed, layout, split, index)
    size = (160, 120) if rng.random() < 0.7 else (120, 160)
    scene = sample_group(rng, size, int(rng.integers(1, 6)))
    return render(scene), [state.name for state in scene.objects]


def visible_objects(rendered: Rendered) -> list[int]:
    """Return the indices of the objects with enough visible pixels to be annotated."""
    return [i for i in range(len(rendered.boxes)) if rendered.mask(i).sum() >= MIN_PIXELS]


def save_jpeg(path: Path, image: NDArray[np.uint8]) -> None:
    """Write an RGB image (H, W, 3)."""
    _, data = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    path.write_bytes(data.tobytes())


def save_mat(path: Path, arrays: Mapping[str, Any]) -> None:
    """Write arrays as a MATLAB 5 file."""
    from scipy.io import savemat

    content = io.BytesIO()
    savemat(content, arrays)
    path.write_bytes(_MAT_HEADER + content.getvalue()[len(_MAT_HEADER) :])
