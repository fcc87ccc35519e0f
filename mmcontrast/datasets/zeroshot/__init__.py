"""Datasets of generalized zero-shot learning: classes are described by attributes, some are unseen.

:class:`SeenBatches` is what a method is trained on: features, labels and attributes of the seen
classes. :class:`ZeroShotTask` is the test, a single sample: the same training set, attributes of
all classes, and features to classify. The test labels are in its data sample, which methods do not
read.

Shapes: n rows, D features, A attributes, M classes, S of them seen; K batches of B rows.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset

from mmcontrast.datasets.sampling.seeding import seeded_sample
from mmcontrast.datasets.zeroshot.files import (
    ZeroShotSet,
    for_validation,
    read_extracted,
    read_xlsa17,
    scaled,
)
from mmcontrast.registry import DATASETS, FUNCTIONS
from mmcontrast.utils.arguments import check_sizes


def _read(source: dict[str, Any], validation: bool) -> ZeroShotSet:
    settings = dict(source)
    layout = settings.pop("layout", None)
    if layout not in ("xlsa17", "extracted"):
        raise ValueError(f"source: layout is 'xlsa17' or 'extracted', got {layout!r}.")
    data = read_xlsa17(**settings) if layout == "xlsa17" else read_extracted(**settings)
    # The scaler is fitted to the training set, which is smaller in a validation.
    return scaled(for_validation(data) if validation else data)


@DATASETS.register_module()
class SeenBatches(Dataset):
    """The training set of a zero-shot method; a sample is the data of one training step.

    ``inputs`` of a sample has ``feature`` (K, B, D), ``label`` (K, B), the index of each row's
    class among the seen classes, and ``attributes`` (S, A) of the seen classes. The rows of a batch
    are drawn without replacement, and the batches independently. An epoch has ceil(n / B) samples.

    Args:
        source: ``dict(layout='xlsa17', features=..., splits=...)`` or ``dict(layout='extracted',
            features=..., attributes=..., unseen=[...])``, see ``read_xlsa17`` and
            ``read_extracted``.
        num_rows: Number of rows per batch, B.
        num_batches: Number of batches per sample, K.
        validation: Whether to train on the split of :func:`for_validation`.

    Raises:
        ValueError: There are fewer rows than ``num_rows``.

    Attributes:
        seed: Seed of the random draws. The engine sets it from the run's seed.
    """

    metainfo: dict[str, Any] = {}  # noqa: RUF012  MMEngine's visualizer asks for it
    takes_keys = True

    def __init__(
        self, source: dict[str, Any], num_rows: int, num_batches: int = 5, validation: bool = False
    ):
        check_sizes("SeenBatches", num_rows=num_rows, num_batches=num_batches)
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
        with seeded_sample(self.seed, key, len(self)) as index:
            rows_KB = torch.stack(
                [torch.randperm(len(self.labels))[: self.num_rows] for _ in range(self.num_batches)]
            )
        inputs = dict(
            feature=self.features[rows_KB], label=self.labels[rows_KB], attributes=self.attributes
        )
        return dict(inputs=inputs, data_sample=dict(index=index))


@DATASETS.register_module()
class ZeroShotTask(Dataset):
    """The test of a zero-shot dataset, as a single sample.

    ``inputs`` has ``train_feature`` (n, D) and ``train_label`` (n,) of the seen classes,
    ``attributes`` (M, A) and ``seen`` (M,), bool, of all classes, and ``feature`` (T, D) to
    classify. ``data_sample`` has ``label`` (T,), ``seen`` (M,), ``classes`` and ``part``, which is
    ``test`` or ``validation``.

    Args:
        source: See :class:`SeenBatches`.
        validation: Whether to test on the split of :func:`for_validation`.
    """

    def __init__(self, source: dict[str, Any], validation: bool = False):
        data = _read(source, validation)
        rows = np.concatenate([data.test_seen, data.test_unseen])
        present = np.union1d(data.seen, data.unseen)
        # Classes that are neither seen nor unseen, as in a validation, are no candidates.
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
    """Return the only sample of a batch without a batch dimension, since it has rows already.

    Raises:
        ValueError: There are several samples.
    """
    if len(samples) != 1:
        raise ValueError(
            f"A sample is a batch of rows already: batch_size is 1, not {len(samples)}."
        )
    return dict(inputs=samples[0]["inputs"], data_samples=[samples[0]["data_sample"]])
