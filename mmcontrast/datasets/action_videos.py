"""Videos of actions in their given splits: UCF101 and HMDB51."""

import os
import re
from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

from mmcontrast.datasets.files import VIDEOS, find_files
from mmcontrast.datasets.probed import ProbedVideos
from mmcontrast.registry import DATASETS
from mmcontrast.utils.text import read_lines

_SUBSETS = ("train", "test")
_NUM_SPLITS = 3


class _SplitVideos(ProbedVideos):
    """Base of the data sets that have three splits of the same videos.

    Args:
        data_root: Folder of one sub-folder per class.
        pipeline: Transforms, see ``mmcontrast.datasets.transforms``.
        split_root: Folder of the lists, absolute or relative to ``data_root``.
        subset: ``'train'`` or ``'test'``.
        split: Number of the split, 1 to 3.
        **kwargs: See :class:`~mmcontrast.datasets.probed.ProbedVideos`.
    """

    contents = "video"
    lists: ClassVar[str]

    def __init__(
        self,
        data_root: str | os.PathLike,
        pipeline: Sequence = (),
        *,
        split_root: str | os.PathLike,
        subset: str = "train",
        split: int = 1,
        **kwargs: Any,
    ):
        if subset not in _SUBSETS or split not in range(1, _NUM_SPLITS + 1):
            raise ValueError(
                f"{type(self).__name__}: subset is 'train' or 'test' and split 1, 2 or 3, got "
                f"{subset!r} and {split!r}."
            )
        self.split_root = os.path.join(data_root, split_root)
        self.subset = subset
        self.split = split
        super().__init__(data_root, pipeline, **kwargs)

    def load_data_list(self) -> list[dict]:
        """Return one dict per video of the subset, with its label."""
        classes, names = self._read_lists()
        self._metainfo["classes"] = classes
        labels = {name: label for label, name in enumerate(classes)}
        paths = {
            os.path.splitext(os.path.relpath(path, self.data_root))[0]: path
            for path in find_files(self.data_root, self.contents, VIDEOS)
        }
        missing = [name for name in names if name not in paths]
        if missing:
            raise FileNotFoundError(
                f"{type(self).__name__}: {len(missing)} of the {len(names)} videos of split "
                f"{self.split} ({self.subset}) are not in {self.data_root}, the first one "
                f"{missing[0]}. data_root is the folder of the {len(classes)} classes."
            )
        return [dict(path=paths[name], label=labels[os.path.dirname(name)]) for name in names]

    @abstractmethod
    def _read_lists(self) -> tuple[tuple[str, ...], list[str]]:
        """Return the classes in the order of their labels, and the videos ``class/name``."""

    def _read(self, name: str) -> list[str]:
        """Return the lines of a list that are not empty.

        Raises:
            FileNotFoundError: The list is missing.
        """
        path = os.path.join(self.split_root, name)
        if not os.path.isfile(path):
            raise FileNotFoundError(
                f"{type(self).__name__}: {path} is missing; split_root is the folder of "
                f"{self.lists}."
            )
        return [line.strip() for line in read_lines(path) if line.strip()]

    def _malformed(self, name: str, line: str, expected: str) -> ValueError:
        path = os.path.join(self.split_root, name)
        return ValueError(f"{type(self).__name__}: a line of {path} is not {expected}: {line!r}.")


@DATASETS.register_module()
class UCF101(_SplitVideos):
    """UCF101 (Soomro et al., 2012): 101 classes, 13,320 videos, some of them without sound.

    ``data_root`` has ``<class>/v_<class>_g01_c01.avi``; videos may have another extension, as after
    transcoding. The label is the number in ``classInd.txt``, less one.

    Args:
        data_root: Folder of one sub-folder per class.
        pipeline: Transforms, see ``mmcontrast.datasets.transforms``.
        split_root: Folder of ``classInd.txt``, ``trainlist01.txt``, ``testlist01.txt`` and so on,
            absolute or relative to ``data_root``.
        subset: ``'train'`` or ``'test'``.
        split: Number of the split, 1 to 3.
        **kwargs: See :class:`~mmcontrast.datasets.probed.ProbedVideos`.

    Raises:
        FileNotFoundError: A list or one of its videos is missing.
        ValueError: There is no such subset or split, or a line of a list is malformed.
    """

    lists = "classInd.txt, trainlist01.txt and testlist01.txt"

    def _read_lists(self) -> tuple[tuple[str, ...], list[str]]:
        names: dict[int, str] = {}
        for line in self._read("classInd.txt"):
            number, _, name = line.partition(" ")
            if not number.isdecimal() or not name:
                raise self._malformed("classInd.txt", line, "'number class'")
            names[int(number)] = name.strip()
        classes = tuple(names[number] for number in sorted(names))
        file = f"{self.subset}list{self.split:02d}.txt"
        videos = []
        for line in self._read(file):
            name = os.path.splitext(line.split()[0])[0]
            if os.path.dirname(name) not in classes:
                raise self._malformed(file, line, "'class/video.avi' of a class in classInd.txt")
            videos.append(name)
        return classes, videos


@DATASETS.register_module()
class HMDB51(_SplitVideos):
    """HMDB51 (Kuehne et al., ICCV 2011): 51 classes; its sound is of no use.

    ``data_root`` has ``<class>/<video>.avi``; videos may have another extension, as after
    transcoding. Labels count the classes in sorted order.

    Args:
        data_root: Folder of one sub-folder per class.
        pipeline: Transforms, see ``mmcontrast.datasets.transforms``.
        split_root: Folder of ``<class>_test_split1.txt`` and so on, absolute or relative to
            ``data_root``. Of each line ``video.avi id``, the id is 1 for training, 2 for the test
            and 0 for videos that are not used.
        subset: ``'train'`` or ``'test'``.
        split: Number of the split, 1 to 3.
        **kwargs: See :class:`~mmcontrast.datasets.probed.ProbedVideos`.

    Raises:
        FileNotFoundError: A list or one of its videos is missing.
        ValueError: There is no such subset or split, or a line of a list is malformed.
    """

    lists = "<class>_test_split1.txt and so on"
    _IDS: ClassVar = dict(train="1", test="2")

    def _read_lists(self) -> tuple[tuple[str, ...], list[str]]:
        ending = f"_test_split{self.split}.txt"
        folder = self.split_root
        names = os.listdir(folder) if os.path.isdir(folder) else []
        files = sorted(name for name in names if name.endswith(ending))
        if not files:
            raise FileNotFoundError(
                f"HMDB51: there is no list <class>{ending} in {self.split_root}; split_root is the "
                f"folder of {self.lists}."
            )
        classes = tuple(name.removesuffix(ending) for name in files)
        videos = []
        for name, file in zip(classes, files, strict=True):
            for line in self._read(file):
                parts = re.fullmatch(r"(.+)\s+([012])", line)
                if parts is None:
                    raise self._malformed(file, line, "'video.avi id' with an id of 0, 1 or 2")
                if parts[2] == self._IDS[self.subset]:
                    videos.append(os.path.join(name, os.path.splitext(parts[1])[0]))
        return classes, videos
