"""Zero-shot datasets: features of images, attributes of classes, and a split into seen and unseen.

Xian et al., "Zero-Shot Learning - A Comprehensive Evaluation", TPAMI 2018: classes are seen or
unseen; the training set has images of seen classes alone, and the test sets have both.

Shapes: n rows, D features, A attributes, M classes.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mmcontrast.datasets.labels import to_integers
from mmcontrast.utils.delimited import MISSING, normalized
from mmcontrast.utils.errors import UserError
from mmcontrast.utils.matlab import read_mat
from mmcontrast.utils.tables import Table, as_keys, read_table

_PARTS = ("trainval", "test_seen", "test_unseen")
_CLASS_NAMES = frozenset({"class", "classes", "classname", "name", "category"})


@dataclass
class ZeroShotSet:
    """Features, attributes and split of a zero-shot dataset.

    Attributes:
        features: Features of the images (n, D), float32.
        labels: Class of each row (n,), int64.
        attributes: Attributes of the classes (M, A), float32.
        classes: Names of the M classes.
        trainval, test_seen, test_unseen: Row indices of the training set and of the two test sets.
        path: Path of the features, for messages.
    """

    features: NDArray[np.float32]
    labels: NDArray[np.int64]
    attributes: NDArray[np.float32]
    classes: tuple[str, ...]
    trainval: NDArray[np.int64]
    test_seen: NDArray[np.int64]
    test_unseen: NDArray[np.int64]
    path: str

    @property
    def seen(self) -> NDArray[np.int64]:
        """The seen classes, ascending."""
        return np.unique(self.labels[self.trainval])

    @property
    def unseen(self) -> NDArray[np.int64]:
        """The unseen classes, ascending."""
        return np.unique(self.labels[self.test_unseen])


def read_xlsa17(features: str | os.PathLike, splits: str | os.PathLike) -> ZeroShotSet:
    """Read the two MATLAB files of Xian et al.

    Args:
        features: ``res101.mat`` with ``features`` (D, n) and ``labels`` (n, 1) from 1.
        splits: ``att_splits.mat`` or ``sent_splits.mat`` with ``att`` (A, M) and the rows
            ``trainval_loc``, ``test_seen_loc`` and ``test_unseen_loc`` from 1. Without
            ``allclasses_names``, as in FLO's file, classes are named ``class 1`` and so on, in the
            order of the columns of ``att``. ``train_loc`` and ``val_loc`` contain test images in
            the published files and are not used.

    Raises:
        UserError: A file or a variable is missing.
        ValueError: The variables do not match, see :func:`check`.
    """
    data = read_mat(features, ("features", "labels"))
    names = ("att", *(f"{name}_loc" for name in _PARTS))
    split = read_mat(splits, names, optional=("allclasses_names",))
    numbered = [f"class {number + 1}" for number in range(split["att"].shape[1])]
    parts = {
        name: to_integers(split[f"{name}_loc"].ravel(), f"{splits}: {name}_loc") - 1
        for name in _PARTS
    }
    return check(
        ZeroShotSet(
            np.ascontiguousarray(data["features"].T, dtype=np.float32),
            to_integers(data["labels"].ravel(), f"{features}: labels") - 1,
            np.ascontiguousarray(split["att"].T, dtype=np.float32),
            tuple(str(name) for name in split.get("allclasses_names", numbered)),
            path=os.fspath(features),
            **parts,
        )
    )


def read_extracted(
    features: str | os.PathLike,
    attributes: str | os.PathLike,
    unseen: Sequence[str],
    *,
    test_share: float = 0.2,
    seed: int = 0,
) -> ZeroShotSet:
    """Read features of your own images, as ``tools/extract_features.py`` writes them.

    Args:
        features: ``.npz`` or ``.parquet`` file with ``global`` (n, D) and ``class`` (n,), the name
            of each row's class.
        attributes: Table (``.csv``, ``.tsv``, ``.parquet`` and others) with a row for each class:
            its name in the column that is called ``class``, ``name`` or ``category``, or else in
            the first one, and numbers in all others.
        unseen: Names of the classes that are not trained on.
        test_share: Share of each seen class' rows that is held out for the test.
        seed: Seed by which the held-out rows are drawn.

    Raises:
        UserError: A file is missing or has another format.
        ValueError: The files do not match, see :func:`check`.
    """
    columns = read_table(features)
    missing = [name for name in ("global", "class") if name not in columns]
    if missing:
        raise UserError(
            f"{features} has no {' and no '.join(missing)}: tools/extract_features.py writes both "
            "from a folder with one sub-folder a class."
        )
    rows, names = columns["global"].astype(np.float32), np.array(as_keys(columns["class"]))
    classes, table = _read_attributes(attributes)
    unknown = sorted({*names.tolist(), *unseen} - set(classes))
    if unknown:
        raise ValueError(
            f"{attributes} has no attributes of {', '.join(unknown)}; it has "
            f"{', '.join(classes[:10])}{', ...' if len(classes) > 10 else ''}."
        )
    labels = np.array([classes.index(name) for name in names], dtype=np.int64)
    is_unseen = np.isin(labels, [classes.index(name) for name in unseen])
    trainval, test_seen = _hold_out(labels, np.flatnonzero(~is_unseen), test_share, seed, classes)
    return check(
        ZeroShotSet(
            rows, labels, table, classes, trainval, test_seen, np.flatnonzero(is_unseen),
            os.fspath(features),
        )
    )  # fmt: skip


def check(data: ZeroShotSet) -> ZeroShotSet:
    """Check that a dataset can be trained on and tested, and return it.

    Raises:
        ValueError: Sizes differ, a number is not finite, a part of the split is empty or overlaps
            another, or a class is both seen and unseen.
    """
    _check_arrays(data)
    _check_rows(data)
    _check_classes(data)
    return data


def _check_arrays(data: ZeroShotSet) -> None:
    count, num_classes = len(data.labels), len(data.classes)
    if len(data.features) != count or len(data.attributes) != num_classes:
        raise ValueError(
            f"{data.path}: {len(data.features)} rows of features and {count} labels, "
            f"{len(data.attributes)} rows of attributes and {num_classes} classes."
        )
    if count and (data.labels.min() < 0 or data.labels.max() >= num_classes):
        raise ValueError(
            f"{data.path}: labels from {data.labels.min() + 1} to {data.labels.max() + 1}, but "
            f"{num_classes} classes with attributes."
        )
    for name, values in (("features", data.features), ("attributes", data.attributes)):
        bad = np.flatnonzero(~np.isfinite(values).all(axis=1))
        if len(bad):
            raise ValueError(
                f"{data.path}: {name} of {len(bad)} rows are not finite, the first is {bad[0]}."
            )


def _check_rows(data: ZeroShotSet) -> None:
    rows = {name: getattr(data, name) for name in _PARTS}
    for name, part in rows.items():
        if not len(part) or part.min() < 0 or part.max() >= len(data.labels):
            raise ValueError(f"{data.path}: {name} is empty or names rows that are not there.")
    union = np.concatenate(list(rows.values()))
    if len(np.unique(union)) != len(union):
        raise ValueError(f"{data.path}: trainval, test_seen and test_unseen share rows.")


def _check_classes(data: ZeroShotSet) -> None:
    for message, classes in (
        ("are seen and unseen at once", np.intersect1d(data.seen, data.unseen)),
        (
            "are in test_seen, but no row of trainval is of them",
            np.setdiff1d(data.labels[data.test_seen], data.seen),
        ),
    ):
        if len(classes):
            names = ", ".join(data.classes[label] for label in classes[:10])
            raise ValueError(f"{data.path}: the classes {names} {message}.")


def scaled(data: ZeroShotSet) -> ZeroShotSet:
    """Scale each feature to 0..1 on the training set; test features may exceed this range."""
    train = data.features[data.trainval]
    low, span = train.min(axis=0), np.ptp(train, axis=0)
    features = (data.features - low) / np.where(span > 0, span, 1)
    return replace(data, features=features.astype(np.float32))


def for_validation(
    data: ZeroShotSet, unseen_share: float = 0.3, test_share: float = 0.2, seed: int = 0
) -> ZeroShotSet:
    """Split the training set into one of the same kind for validation, to select settings.

    Args:
        data: Dataset whose training set is split; its test rows are not used.
        unseen_share: Share of the seen classes that become the unseen ones.
        test_share: Share of the other classes' rows that become ``test_seen``.
        seed: Seed by which classes and rows are drawn.
    """
    seen = data.seen
    rng = np.random.default_rng(seed)
    unseen = rng.choice(seen, max(round(unseen_share * len(seen)), 1), replace=False)
    is_unseen = np.isin(data.labels[data.trainval], unseen)
    trainval, test_seen = _hold_out(
        data.labels, data.trainval[~is_unseen], test_share, seed, data.classes
    )
    return check(
        replace(data, trainval=trainval, test_seen=test_seen, test_unseen=data.trainval[is_unseen])
    )


def _hold_out(
    labels: NDArray[np.int64],
    rows: NDArray[np.int64],
    share: float,
    seed: int,
    classes: Sequence[str],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Split rows into training and test rows, with at least one of each for every class."""
    order = np.random.default_rng(seed).permutation(rows)
    test_parts = []
    for label in np.unique(labels[rows]):
        members = order[labels[order] == label]
        if len(members) < 2:
            raise ValueError(
                f"The seen class {classes[label]} has one row, and it takes two: to train and test."
            )
        test_parts.append(members[: max(round(share * len(members)), 1)])
    test = np.sort(np.concatenate(test_parts)) if test_parts else rows[:0]
    return np.setdiff1d(rows, test), test


def _read_attributes(path: str | os.PathLike) -> tuple[tuple[str, ...], NDArray[np.float32]]:
    if not os.path.isfile(path):
        raise UserError(f"There are no attributes {path}.")
    table = Table.read(path, names=_CLASS_NAMES)
    candidates = [name for name in table.columns if normalized(name) in _CLASS_NAMES]
    column = candidates[0] if candidates else next(iter(table.columns))
    names = tuple(as_keys(table.columns[column]))
    unnamed_rows = [row for row, name in enumerate(names) if name in MISSING]
    if unnamed_rows:
        raise UserError(f"{table.place(unnamed_rows[0])}, column {column!r}: a class has no name.")
    duplicates = sorted({name for name in names if names.count(name) > 1})
    if duplicates:
        raise UserError(f"{path}: {', '.join(duplicates)} more than once.")
    others = [name for name in table.columns if name != column]
    if not others:
        raise UserError(f"{path} has no column of attributes beside the classes, {column!r}.")
    return names, table.matrix(others, "attribute")
