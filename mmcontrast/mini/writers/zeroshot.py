"""Zero-shot data in the files of Xian et al. (CVPR 2017), ``res101.mat`` and ``att_splits.mat``.

Attributes and features of a class are functions of a few latent traits, so what is learned from
some classes transfers to others. Features are a fixed non-linear map of the traits, with noise
before and after it. Four classes are not in the training set.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .files import SPLITS, save_mat

NUM_FEATURES = 64
NUM_ATTRIBUTES = 85
NUM_TRAITS = 6
NUM_CLASSES = 16
UNSEEN = (3, 7, 10, 14)
"""Labels, from 0, of the classes that only the test set has."""
BLUR = 0.35
"""Standard deviation of an image's traits from those of its class, whose own is 1."""
NOISE = 0.25
"""Standard deviation of the noise of the features."""


def write(folder: Path, seed: int, num_train: int, num_val: int) -> None:
    """Write the layout into an empty folder.

    Args:
        folder: Folder of the two files.
        seed: Seed of the mini-world.
        num_train: Number of training features, spread evenly over the seen classes.
        num_val: Number of test features, spread evenly over all classes.
    """
    rng = np.random.default_rng((seed, *b"zeroshot"))
    traits_MT = rng.normal(size=(NUM_CLASSES, NUM_TRAITS))
    attributes_MA = _attributes(rng, traits_MT)
    seen = np.setdiff1d(np.arange(NUM_CLASSES), UNSEEN)
    classes = (seen[np.arange(num_train) % len(seen)], np.arange(num_val) % NUM_CLASSES)
    maps = _maps(rng)
    features = [
        _features(np.random.default_rng((seed, *b"zeroshot", *split.encode())), traits_MT[y], maps)
        for split, y in zip(SPLITS, classes, strict=True)
    ]
    labels = np.concatenate(classes)
    is_test = np.arange(len(labels)) >= num_train
    unseen = np.isin(labels, UNSEEN)
    save_mat(
        folder / "res101.mat",
        dict(
            features=np.concatenate(features).T,
            labels=_column(labels + 1),
            image_files=_cells(f"mini_{index:05d}" for index in range(len(labels))),
        ),
    )
    save_mat(
        folder / "att_splits.mat",
        dict(
            att=attributes_MA.T,
            allclasses_names=_cells(f"class{label:02d}" for label in range(NUM_CLASSES)),
            trainval_loc=_locations(~is_test),
            test_seen_loc=_locations(is_test & ~unseen),
            test_unseen_loc=_locations(is_test & unseen),
        ),
    )


def _attributes(rng: np.random.Generator, traits_MT: NDArray[np.float64]) -> NDArray[np.float64]:
    """Draw non-negative attributes (M, A) with rows of unit length."""
    loadings_TA = rng.normal(size=(NUM_TRAITS, NUM_ATTRIBUTES))
    ratings_MA = 50 + 12 * traits_MT @ loadings_TA
    ratings_MA += rng.normal(0, 3, ratings_MA.shape)
    ratings_MA = ratings_MA.clip(0, 100)
    return ratings_MA / np.linalg.norm(ratings_MA, axis=1, keepdims=True)


def _maps(rng: np.random.Generator) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Draw the weights of the two layers from traits to features."""
    width = 4 * NUM_TRAITS
    return (
        rng.normal(0, NUM_TRAITS**-0.5, (NUM_TRAITS, width)),
        rng.normal(0, 2 * width**-0.5, (width, NUM_FEATURES)),
    )


def _features(
    rng: np.random.Generator,
    traits_NT: NDArray[np.float64],
    maps: tuple[NDArray[np.float64], NDArray[np.float64]],
) -> NDArray[np.float32]:
    """Draw non-negative features (N, D), like those after a network's last ReLU."""
    blur_NT = BLUR * rng.normal(size=traits_NT.shape)
    noise_ND = NOISE * rng.normal(size=(len(traits_NT), NUM_FEATURES))
    activations = np.tanh((traits_NT + blur_NT) @ maps[0])
    return np.maximum(activations @ maps[1] + noise_ND, 0).astype(np.float32)


def _locations(rows: NDArray[np.bool_]) -> NDArray[Any]:
    """Return row numbers from 1."""
    return _column(np.flatnonzero(rows) + 1)


def _column(values: NDArray[np.int64]) -> NDArray[np.uint16]:
    return values[:, None].astype(np.uint16)


def _cells(names: Any) -> NDArray[np.object_]:
    return np.array(list(names), dtype=object)[:, None]
