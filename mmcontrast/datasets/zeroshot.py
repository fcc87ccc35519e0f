"""Features of images whose classes are described by attributes, some of them never seen.

Xian et al., "Zero-Shot Learning - A Comprehensive Evaluation", TPAMI 2018: classes are seen or
unseen; the training set has images of seen classes alone, and what is tested has both.

Two data sets serve a method. :class:`SeenBatches` is what it trains on: features, labels and
attributes of the seen classes, and nothing of the others. :class:`ZeroShotTask` is one sample, what
a test gets: the same training set, attributes of all classes, and features to classify. Labels of
the test are in its data sample, which methods do not look at.

Shapes: n rows, D features, A attributes, M classes, S of them seen; K batches of B rows.
"""

import csv
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import Dataset

from mmcontrast.datasets.seeding import seeded
from mmcontrast.registry import DATASETS, FUNCTIONS
from mmcontrast.utils.errors import UserError
from mmcontrast.utils.matlab import read_mat
from mmcontrast.utils.tables import read_table


@dataclass
class ZeroShotSet:
    """Features, attributes and the split of a set.

    Attributes:
        features: (n, D) float32.
        labels: (n,) int64, the class of each row.
        attributes: (M, A) float32.
        classes: Names of the M classes.
        trainval, test_seen, test_unseen: Rows of the parts.
        path: Where it was read, for messages.
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
            ``allclasses_names``, which FLO's file does not have, classes are called ``class 1`` and
            so on, by the columns of ``att``. ``train_loc`` and ``val_loc`` hold test images in
            the published files and are not used.

    Raises:
        UserError: A file or a variable is missing.
        ValueError: They do not fit together.
    """
    data = read_mat(features, ("features", "labels"))
    needed = ("att", *(f"{name}_loc" for name in _PARTS))
    split = read_mat(splits, needed, optional=("allclasses_names",))
    numbered = [f"class {number + 1}" for number in range(split["att"].shape[1])]
    parts = {name: split[f"{name}_loc"].ravel().astype(np.int64) - 1 for name in _PARTS}
    return check(
        ZeroShotSet(
            np.ascontiguousarray(data["features"].T, dtype=np.float32),
            data["labels"].ravel().astype(np.int64) - 1,
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
    """Read features of one's own images, as ``tools/extract_features.py`` writes them.

    Args:
        features: ``.npz`` or ``.parquet`` with ``global`` (n, D) and ``class`` (n,), the names of
            the rows' classes.
        attributes: ``.csv`` with a line of names: a class in the first column, numbers in the
            others.
        unseen: Names of the classes that no training sees.
        test_share: Share of each seen class' rows that is kept for the test.
        seed: Of the rows that are.

    Raises:
        UserError: A file is missing or holds something else.
        ValueError: They do not fit together.
    """
    columns = read_table(features)
    missing = [name for name in ("global", "class") if name not in columns]
    if missing:
        raise UserError(
            f"{features} has no {' and no '.join(missing)}: tools/extract_features.py writes both "
            "from a folder with one sub-folder a class."
        )
    rows, names = columns["global"].astype(np.float32), columns["class"].astype(str)
    classes, table = _read_attributes(Path(attributes))
    unknown = sorted({*names.tolist(), *unseen} - set(classes))
    if unknown:
        raise ValueError(
            f"{attributes} has no attributes of {', '.join(unknown)}; it has "
            f"{', '.join(classes[:10])}{', ...' if len(classes) > 10 else ''}."
        )
    labels = np.array([classes.index(name) for name in names], dtype=np.int64)
    hidden = np.isin(labels, [classes.index(name) for name in unseen])
    trainval, test_seen = _hold_out(labels, np.flatnonzero(~hidden), test_share, seed, classes)
    return check(
        ZeroShotSet(
            rows, labels, table, classes, trainval, test_seen, np.flatnonzero(hidden),
            os.fspath(features),
        )
    )  # fmt: skip


_PARTS = ("trainval", "test_seen", "test_unseen")


def check(data: ZeroShotSet) -> ZeroShotSet:
    """Return a set that can be trained on and tested.

    Raises:
        ValueError: Sizes differ, a number is not finite, a part is empty or shares rows with
            another, or a class is on both sides.
    """
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
    rows = {name: getattr(data, name) for name in _PARTS}
    for name, part in rows.items():
        if not len(part) or part.min() < 0 or part.max() >= count:
            raise ValueError(f"{data.path}: {name} is empty or names rows that are not there.")
    together = np.concatenate(list(rows.values()))
    if len(np.unique(together)) != len(together):
        raise ValueError(f"{data.path}: trainval, test_seen and test_unseen share rows.")
    both = np.intersect1d(data.seen, data.unseen)
    foreign = np.setdiff1d(data.labels[data.test_seen], data.seen)
    for message, classes in (
        ("are seen and unseen at once", both),
        ("are in test_seen, but no row of trainval is of them", foreign),
    ):
        if len(classes):
            named = ", ".join(data.classes[label] for label in classes[:10])
            raise ValueError(f"{data.path}: the classes {named} {message}.")
    return data


def scaled(data: ZeroShotSet) -> ZeroShotSet:
    """Bring each feature of the training set to 0..1; those of tests may leave it."""
    known = data.features[data.trainval]
    low, span = known.min(axis=0), np.ptp(known, axis=0)
    features = (data.features - low) / np.where(span > 0, span, 1)
    return replace(data, features=features.astype(np.float32))


def for_validation(
    data: ZeroShotSet, unseen_share: float = 0.3, test_share: float = 0.2, seed: int = 0
) -> ZeroShotSet:
    """A set of the same kind out of the training set alone, to choose settings by.

    Args:
        data: Its test rows are used for nothing.
        unseen_share: Share of the seen classes that play the unseen ones.
        test_share: Share of the others' rows that play ``test_seen``.
        seed: Of both draws.
    """
    seen = data.seen
    rng = np.random.default_rng(seed)
    hidden = rng.choice(seen, max(round(unseen_share * len(seen)), 1), replace=False)
    is_hidden = np.isin(data.labels[data.trainval], hidden)
    trainval, test_seen = _hold_out(
        data.labels, data.trainval[~is_hidden], test_share, seed, data.classes
    )
    return check(
        replace(data, trainval=trainval, test_seen=test_seen, test_unseen=data.trainval[is_hidden])
    )


def _hold_out(
    labels: NDArray[np.int64],
    rows: NDArray[np.int64],
    share: float,
    seed: int,
    classes: Sequence[str],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows to train on and rows to keep, of each class; at least one on either side."""
    order = np.random.default_rng(seed).permutation(rows)
    kept = []
    for label in np.unique(labels[rows]):
        own = order[labels[order] == label]
        if len(own) < 2:
            raise ValueError(
                f"The seen class {classes[label]} has one row, and it takes two: to train and test."
            )
        kept.append(own[: max(round(share * len(own)), 1)])
    test = np.sort(np.concatenate(kept)) if kept else rows[:0]
    return np.setdiff1d(rows, test), test


def _read_attributes(path: Path) -> tuple[tuple[str, ...], NDArray[np.float32]]:
    if not path.is_file():
        raise UserError(f"There are no attributes {path}.")
    with path.open(newline="", encoding="utf-8-sig") as file:
        rows = [row for row in csv.reader(file) if row][1:]
    names = tuple(row[0] for row in rows)
    double = sorted({name for name in names if names.count(name) > 1})
    if double:
        raise UserError(f"{path}: {', '.join(double)} more than once.")
    try:
        return names, np.array([row[1:] for row in rows], dtype=np.float32)
    except ValueError as error:
        raise UserError(
            f"{path}: a class in the first column and equally many numbers behind it: {error}."
        ) from error


def _read(source: dict[str, Any], validation: bool) -> ZeroShotSet:
    settings = dict(source)
    layout = settings.pop("layout", None)
    if layout not in ("xlsa17", "extracted"):
        raise ValueError(f"source: layout is 'xlsa17' or 'extracted', got {layout!r}.")
    data = read_xlsa17(**settings) if layout == "xlsa17" else read_extracted(**settings)
    # The scaler sees what is trained on, and that is less in a validation.
    return scaled(for_validation(data) if validation else data)


@DATASETS.register_module()
class SeenBatches(Dataset):
    """What a zero-shot method trains on; a sample is what one training step needs.

    A sample has ``inputs`` with ``feature`` (K, B, D), ``label`` (K, B), the class of each row
    counted among the seen ones, and ``attributes`` (S, A) of those. Each batch is drawn without
    replacement, and the batches independently. There are ceil(n / B) samples in an epoch.

    Args:
        source: ``dict(layout='xlsa17', features=..., splits=...)`` or ``dict(layout='extracted',
            features=..., attributes=..., unseen=[...])``, see the two readers.
        num_rows: B.
        num_batches: K.
        validation: Whether to train on the part that :func:`for_validation` leaves.

    Raises:
        ValueError: There are fewer rows than a batch has.

    Attributes:
        seed: Of the draws. The engine sets it from the run's seed.
    """

    metainfo: dict[str, Any] = {}  # noqa: RUF012  MMEngine's visualizer asks for it

    def __init__(
        self, source: dict[str, Any], num_rows: int, num_batches: int = 5, validation: bool = False
    ):
        data = _read(source, validation)
        self.features = torch.from_numpy(data.features[data.trainval])
        self.labels = torch.from_numpy(np.searchsorted(data.seen, data.labels[data.trainval]))
        self.attributes = torch.from_numpy(data.attributes[data.seen])
        self.num_rows, self.num_batches = num_rows, num_batches
        self.seed = 0
        if len(self.labels) < num_rows:
            raise ValueError(
                f"{data.path} has {len(self.labels)} rows to train on, fewer than the "
                f"num_rows={num_rows} of a batch."
            )

    def __len__(self) -> int:
        return -(-len(self.labels) // self.num_rows)

    def __getitem__(self, key: int) -> dict[str, Any]:
        epoch, index = divmod(int(key), len(self))
        with seeded(self.seed, epoch % 2**32, index):
            rows_KB = torch.stack(
                [torch.randperm(len(self.labels))[: self.num_rows] for _ in range(self.num_batches)]
            )
        inputs = dict(
            feature=self.features[rows_KB], label=self.labels[rows_KB], attributes=self.attributes
        )
        return dict(inputs=inputs, data_sample=dict(index=index))


@DATASETS.register_module()
class ZeroShotTask(Dataset):
    """The test of a zero-shot set, as one sample.

    ``inputs`` has ``train_feature`` (n, D) and ``train_label`` (n,) of seen classes, ``attributes``
    (M, A) and ``seen`` (M,) bool of all classes, and ``feature`` (T, D) to classify.
    ``data_sample`` has ``label`` (T,), ``seen`` (M,), ``classes``, and ``part``: ``test`` or
    ``validation``.

    Args:
        source: See :class:`SeenBatches`.
        validation: Whether to test on what :func:`for_validation` takes out of the training set.
    """

    def __init__(self, source: dict[str, Any], validation: bool = False):
        data = _read(source, validation)
        rows = np.concatenate([data.test_seen, data.test_unseen])
        present = np.union1d(data.seen, data.unseen)
        # Classes that are on neither side, as in a validation, are no candidates.
        labels = np.searchsorted(present, data.labels)
        seen = np.isin(present, data.seen)
        self.metainfo = dict(classes=tuple(data.classes[label] for label in present))
        self.sample = dict(
            inputs=dict(
                train_feature=torch.from_numpy(data.features[data.trainval]),
                train_label=torch.from_numpy(labels[data.trainval]),
                attributes=torch.from_numpy(data.attributes[present]),
                seen=torch.from_numpy(seen),
                feature=torch.from_numpy(data.features[rows]),
            ),
            data_sample=dict(
                index=0,
                path=data.path,
                part="validation" if validation else "test",
                label=labels[rows],
                seen=seen,
                classes=self.metainfo["classes"],
            ),
        )

    def __len__(self) -> int:
        return 1

    def __getitem__(self, key: int) -> dict[str, Any]:
        return self.sample


@FUNCTIONS.register_module()
def collate_one(samples: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The one sample of a batch as it is: it holds rows, and gets no further dimension.

    Raises:
        ValueError: There are several.
    """
    if len(samples) != 1:
        raise ValueError(
            f"A sample is a batch of rows already: batch_size is 1, not {len(samples)}."
        )
    return dict(inputs=samples[0]["inputs"], data_samples=[samples[0]["data_sample"]])
