"""The base of all datasets of files: keys, seeded transforms, unreadable files.

A key is ``epoch * len(dataset) + index``, so a plain index is a key of epoch 0. A sample is a
function of ``(seed, epoch, index)`` alone: it does not depend on the number of workers or
processes, on the order of reading, or on the iteration at which a run was resumed.
"""

import os
from collections.abc import Iterator, Sequence
from typing import Any

import mmengine.dataset
import numpy as np
import torch

from mmcontrast.datasets.classes import refuse_other_classes
from mmcontrast.datasets.errors import UnreadableFileError
from mmcontrast.datasets.sampling.epochs import takes_keys
from mmcontrast.datasets.sampling.seeding import seeded_sample
from mmcontrast.datasets.subsets import random_subset
from mmcontrast.datasets.transforms import compose
from mmcontrast.registry import DATASETS

ON_ERROR = ("raise", "skip")


class TooManyUnreadableError(OSError):
    """More than ``LIMIT`` files in a row are unreadable, which points to a fault of the storage."""

    LIMIT = 20

    @classmethod
    def check(cls, unreadable: Sequence[str], error: UnreadableFileError) -> None:
        """Raise it if ``unreadable`` is longer than the limit."""
        if len(unreadable) > cls.LIMIT:
            raise cls(
                f"{len(unreadable)} files in a row could not be read, the last one "
                f"{error.path} ({error.reason}). Is the disk still there?"
            ) from error


def check_on_error(on_error: str) -> None:
    """Raise a ``ValueError`` unless ``on_error`` is one of ``ON_ERROR``."""
    if on_error not in ON_ERROR:
        raise ValueError(f"on_error is 'raise' or 'skip', got {on_error!r}")


class FileDataset(mmengine.dataset.BaseDataset):
    """Base class of the datasets of files; a subclass lists the files in ``load_data_list``.

    Args:
        data_root: Folder of the files.
        pipeline: Transforms, see ``mmcontrast.datasets.transforms``.
        ann_file: List or annotation file, absolute or relative to ``data_root``.
        indices: Indices of the samples to use, or a number n for the first n samples, or
            ``dict(num=2000, seed=0)`` for at most 2,000 samples drawn at random.
        meta: Constants that are added to every data sample, such as ``dict(split='bank')``.
        seed: Seed of the transforms. The engine sets it from the run's seed.
        on_error: What to do with an unreadable file. ``'raise'`` raises an error that names it.
            ``'skip'`` replaces it by another file, chosen by (seed, epoch, index), and lists the
            unreadable paths in ``data_sample['skipped']``.

    Raises:
        FileNotFoundError: ``data_root`` or ``ann_file`` does not exist, or lists no file.

    Attributes:
        contents: What one file is, in the singular, for messages.
        takes_keys: Whether ``dataset[key]`` understands keys.
    """

    contents = "file"
    takes_keys = True

    ann_file: str

    def __init__(
        self,
        data_root: str | os.PathLike,
        pipeline: Sequence = (),
        *,
        ann_file: str | os.PathLike = "",
        indices: int | Sequence[int] | dict[str, int] | None = None,
        meta: dict[str, Any] | None = None,
        seed: int = 0,
        on_error: str = ON_ERROR[0],
    ):
        check_on_error(on_error)
        self.meta = dict(meta or {})
        self.seed = seed
        self.on_error = on_error
        self._subset = indices if isinstance(indices, dict) else None
        super().__init__(
            ann_file=os.fspath(ann_file),
            data_root=os.fspath(data_root),
            indices=None if self._subset is not None else indices,
        )
        self.pipeline = compose(pipeline)

    def full_init(self) -> None:
        """Read the list of files. The constructor calls it."""
        name = type(self).__name__
        if not os.path.isdir(self.data_root):
            raise FileNotFoundError(
                f"{name}: data_root={self.data_root!r} is not a folder "
                f"(absolute: {os.path.abspath(self.data_root)}). Correct the config, or pass "
                "--cfg-options train_dataloader.dataset.data_root=FOLDER."
            )
        # ".." is the folder above data_root as it is written, also where that is a link.
        if self.ann_file and os.path.isfile(normal := os.path.normpath(self.ann_file)):
            self.ann_file = normal
        if self.ann_file and not os.path.isfile(self.ann_file):
            raise FileNotFoundError(
                f"{name}: ann_file={self.ann_file!r} does not exist; a relative one is looked for "
                f"in data_root={self.data_root!r}."
            )
        super().full_init()

    def filter_data(self) -> list[dict]:
        """Return all samples, and draw ``indices`` if they are random. Raise if there is none."""
        if not self.data_list:
            source = self.ann_file or self.data_root
            raise FileNotFoundError(
                f"{type(self).__name__}: there is no {self.contents} in {source}."
            )
        if self._subset is not None:
            self._indices = random_subset(len(self.data_list), **self._subset)
        return self.data_list

    def __getitem__(self, key: int) -> Any:
        unreadable: list[str] = []
        with seeded_sample(self.seed, key, len(self)) as index:
            while True:
                try:
                    sample = self._load(index)
                    break
                except UnreadableFileError as error:
                    if self.on_error == "raise":
                        raise
                    unreadable.append(error.path)
                    TooManyUnreadableError.check(unreadable, error)
                    index = int(torch.randint(len(self), ()))
        if unreadable:
            sample["data_sample"]["skipped"] = unreadable
        return sample

    def __iter__(self) -> Iterator[Any]:
        return (self[index] for index in range(len(self)))

    def get_cat_ids(self, idx: int) -> list[int]:
        """Return the classes of a sample, which MMEngine's ``ClassBalancedDataset`` asks for.

        Raises:
            ValueError: The data set has no labels.
        """
        info = self.get_data_info(idx)
        if "labels" in info:  # 1 for each class that is there, else 0 or -1
            return np.flatnonzero(np.asarray(info["labels"]) > 0).tolist()
        if "label" not in info:
            raise ValueError(
                f"{type(self).__name__} has no labels, so its classes cannot be balanced; use a "
                "data set with labels, such as ImageFolder or ImageList."
            )
        return [int(info["label"])]

    def _load(self, index: int) -> Any:
        info = self.get_data_info(index)
        info["index"] = info.pop("sample_idx")
        return self.pipeline({**info, **self.meta})


@DATASETS.register_module()
class ConcatDataset(mmengine.dataset.ConcatDataset):
    """Concatenation of datasets, with keys and ``seed`` as in :class:`FileDataset`.

    Args:
        datasets: Datasets, or configs of datasets.

    Raises:
        UserError: The labels of two datasets stand for different classes.
    """

    def __init__(self, datasets: Sequence):
        parts = [DATASETS.build(d) if isinstance(d, dict) else d for d in datasets]
        for part in parts[1:]:
            names = [getattr(p, "data_root", type(p).__name__) for p in (parts[0], part)]
            refuse_other_classes(
                parts[0].metainfo, part.metainfo, f"The data in {names[0]} have", f"in {names[1]}"
            )
        # MMEngine takes wrapping data sets as configs only.
        super().__init__(
            [
                part
                if isinstance(part, mmengine.dataset.BaseDataset)
                else dict(type=lambda p=part: p)
                for part in parts
            ]
        )

    @property
    def takes_keys(self) -> bool:
        """Whether all datasets understand keys."""
        return all(takes_keys(dataset) for dataset in self.datasets)

    @property
    def seed(self) -> int:
        """Seed of the transforms of all datasets."""
        return self.datasets[0].seed

    @seed.setter
    def seed(self, seed: int) -> None:
        for dataset in self.datasets:
            dataset.seed = seed

    def __getitem__(self, key: int) -> Any:
        epoch, index = divmod(int(key), len(self))
        part, index = self._get_ori_dataset_idx(index)
        dataset = self.datasets[part]
        return dataset[epoch * len(dataset) + index]

    def __iter__(self) -> Iterator[Any]:
        return (self[index] for index in range(len(self)))
