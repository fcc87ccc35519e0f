"""Data sets of actions with three given splits each: UCF101 and HMDB51."""

import os
import re
from abc import abstractmethod
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, ClassVar

from mmcontrast.datasets.files import find_videos
from mmcontrast.datasets.probed import ProbedVideos
from mmcontrast.registry import DATASETS
from mmcontrast.utils.text import read_lines

_SHOWN = 5
_SPLITS = ("train", "test")


class GivenSplits(ProbedVideos):
    """Base of the data sets of actions; videos may be transcoded to another format.

    Args:
        data_root: Folder of the two folders below.
        pipeline: Transforms, see ``mmcontrast.datasets.transforms``.
        split: ``'train'`` or ``'test'``.
        fold: Number of the given split, 1 to 3. Published scores are the mean of the three.
        videos: Folder of the videos, with one sub-folder per class.
        lists: Folder of the lists.
        **kwargs: See :class:`~mmcontrast.datasets.probed.ProbedVideos`.

    Raises:
        FileNotFoundError: A list or a listed video is missing.
        ValueError: There is no such split, a line is malformed, a class is unknown, or training
            and test share a group of videos.
    """

    contents = "video"
    folders: ClassVar[tuple[str, str]]

    def __init__(
        self,
        data_root: str | os.PathLike,
        pipeline: Sequence = (),
        *,
        split: str = "train",
        fold: int = 1,
        videos: str = "",
        lists: str = "",
        **kwargs: Any,
    ):
        name = type(self).__name__
        if split not in _SPLITS:
            raise ValueError(f"{name}: split is 'train' or 'test', got {split!r}.")
        if fold not in (1, 2, 3):
            raise ValueError(f"{name}: fold is 1, 2 or 3, got {fold!r}.")
        self.split = split
        self.fold = fold
        self.videos = os.path.join(data_root, videos or self.folders[0])
        self.lists = os.path.join(data_root, lists or self.folders[1])
        super().__init__(data_root, pipeline, **kwargs)

    @abstractmethod
    def read_classes(self) -> list[str]:
        """Read the names of the classes in the order of their labels."""

    @abstractmethod
    def read_split(self, split: str) -> list[str]:
        """Read the videos of a split, ``<class>/<video>``."""

    @abstractmethod
    def group(self, video: str) -> str:
        """Return what must not be on both sides: a video, or the group that it belongs to."""

    def load_data_list(self) -> list[dict]:
        """Return one dict per video of the split, with its label."""
        name = type(self).__name__
        for folder in (self.videos, self.lists):
            if not os.path.isdir(folder):
                raise FileNotFoundError(
                    f"{name}: {folder} is missing; data_root has the folders of the videos and of "
                    "the lists, whose names are the options videos and lists."
                )
        classes = self.read_classes()
        names, others = (self.read_split(split) for split in (self.split, _other(self.split)))
        both = sorted({*map(self.group, names)} & {*map(self.group, others)})
        if both:
            raise ValueError(
                f"{name}: training and test of fold {self.fold} in {self.lists} share "
                f"{_shown(both)}. Use the lists of the data set as they are."
            )
        unknown = sorted({os.path.dirname(video) for video in names} - set(classes))
        if unknown:
            raise ValueError(
                f"{name}: {self.lists} has {len(unknown)} classes that are not among the "
                f"{len(classes)} of the data set: {_shown(unknown)}. Are they lists of another one?"
            )
        paths = _without_suffix(find_videos(self.videos), self.videos)
        missing = [video for video in names if os.path.splitext(video)[0] not in paths]
        if missing:
            raise FileNotFoundError(
                f"{name}: {len(missing)} of {len(names)} videos are not in {self.videos}: "
                f"{_shown(missing)}."
            )
        self._metainfo["classes"] = tuple(classes)
        return [
            dict(
                path=paths[os.path.splitext(video)[0]],
                label=classes.index(os.path.dirname(video)),
            )
            for video in names
        ]


@DATASETS.register_module()
class UCF101(GivenSplits):
    """UCF101 (Soomro et al., 2012): ``UCF-101/<class>/*.avi`` and ``ucfTrainTestlist``.

    Labels are the numbers in ``classInd.txt``, counted from 0. Videos of one group, which were cut
    from one recording (``g01`` in their names), are on one side of a split. For the other arguments
    see :class:`GivenSplits`.
    """

    folders = ("UCF-101", "ucfTrainTestlist")
    _CLASSES = "classInd.txt"

    def read_classes(self) -> list[str]:
        """Read ``classInd.txt``."""
        path = _existing(type(self).__name__, self.lists, self._CLASSES)
        rows = [line.split() for line in read_lines(path) if line.strip()]
        if any(len(row) != 2 or row[0] != str(i) for i, row in enumerate(rows, start=1)):
            raise ValueError(f"UCF101: {path} does not have lines '<number> <class>' from 1 on.")
        return [row[1] for row in rows]

    def read_split(self, split: str) -> list[str]:
        """Read ``trainlist01.txt`` or ``testlist01.txt``."""
        path = _existing(type(self).__name__, self.lists, f"{split}list{self.fold:02d}.txt")
        lines = [re.sub(r"\s+\d+$", "", line.strip()) for line in read_lines(path) if line.strip()]
        _refuse_lines("UCF101", path, [line for line in lines if line.count("/") != 1])
        return lines

    def group(self, video: str) -> str:
        """Return class and group, ``v_<class>_g01``."""
        return re.sub(r"_c\d+\.\w+$", "", os.path.basename(video))


@DATASETS.register_module()
class HMDB51(GivenSplits):
    """HMDB51 (Kuehne et al., ICCV 2011): ``hmdb51_org/<class>/*.avi`` and the lists of its splits.

    The label is the position of a class among the sorted names. A list marks videos for training by
    1 and those for the test by 2; the ones marked by 0 belong to neither. HMDB51 counts as silent:
    few of its videos have sound. For the arguments see :class:`GivenSplits`.
    """

    folders = ("hmdb51_org", "testTrainMulti_7030_splits")

    def read_classes(self) -> list[str]:
        """Return the classes that have lists of the fold."""
        end = f"_test_split{self.fold}.txt"
        names = sorted(path.name.removesuffix(end) for path in Path(self.lists).glob(f"*{end}"))
        if not names:
            raise FileNotFoundError(f"HMDB51: {self.lists} has no lists <class>{end}.")
        return names

    def read_split(self, split: str) -> list[str]:
        """Read the list of each class."""
        mark = dict(train="1", test="2")[split]
        videos = []
        for name in self.read_classes():
            path = os.path.join(self.lists, f"{name}_test_split{self.fold}.txt")
            rows = [line.rsplit(maxsplit=1) for line in read_lines(path) if line.strip()]
            _refuse_lines(
                "HMDB51", path, [" ".join(r) for r in rows if len(r) != 2 or r[1] not in "012"]
            )
            videos += [f"{name}/{row[0]}" for row in rows if row[1] == mark]
        return videos

    def group(self, video: str) -> str:
        """Return the video itself."""
        return video


def _other(split: str) -> str:
    return _SPLITS[1 - _SPLITS.index(split)]


def _existing(owner: str, folder: str, name: str) -> str:
    path = os.path.join(folder, name)
    if not os.path.isfile(path):
        raise FileNotFoundError(f"{owner}: {path} is missing; lists names the folder of the lists.")
    return path


def _refuse_lines(owner: str, path: str, lines: Sequence[str]) -> None:
    if lines:
        raise ValueError(
            f"{owner}: {len(lines)} lines of {path} do not name a video, such as {lines[0]!r}. Is "
            "it a list of another data set?"
        )


def _without_suffix(paths: Iterable[str], root: str) -> dict[str, str]:
    """Return paths by their names in ``root`` without extension."""
    return {
        os.path.splitext(os.path.relpath(path, root).replace(os.sep, "/"))[0]: path
        for path in paths
    }


def _shown(names: Sequence[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (", ..." if len(names) > _SHOWN else "")
