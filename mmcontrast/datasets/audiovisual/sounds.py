"""Sounds in folders, and data sets of sounds: DCASE 2013, spoken digits.

``LoadClip(audio=...)`` reads them.
"""

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from mmcontrast.datasets.base import FileDataset
from mmcontrast.datasets.files import SOUNDS, find_files
from mmcontrast.datasets.images import ImageFolder, Images
from mmcontrast.registry import DATASETS


@DATASETS.register_module()
class Sounds(Images):
    """All sounds in a folder and its sub-folders, without labels, sorted by folder and name.

    ``dict(type='Sounds', data_root='/my/sounds', pipeline=...)`` is a complete config for your own
    sounds. The log names the extensions of the files that are left out, with their numbers.

    Args:
        data_root: Folder of the sounds.
        pipeline: Transforms, see ``mmcontrast.datasets.transforms``.
        extensions: Extensions of the sounds with the dot; those of videos are allowed too.
        **kwargs: See ``FileDataset``.
    """

    contents = "sound"
    default_extensions = SOUNDS


@DATASETS.register_module()
class SoundFolder(ImageFolder):
    """Sounds in one sub-folder per class: ``data_root/<class>/**/<sound>``.

    See :class:`~mmcontrast.datasets.ImageFolder` for labels and lists, and :class:`Sounds`.
    """

    contents = "sound"
    default_extensions = SOUNDS
    without_labels = "Sounds"


@DATASETS.register_module()
class FSDD(FileDataset):
    """The Free Spoken Digit Dataset: files ``<digit>_<speaker>_<take>.wav``, 8 kHz.

    The label is the digit. They are whole recordings of 0.14 s and more: read them with
    ``LoadClip(min_valid=0)``.

    Args:
        data_root: Folder of the recordings, or the one above it.
        pipeline: Transforms, see ``mmcontrast.datasets.transforms``.
        split: ``'test'`` for the takes 0 to 4 of each speaker and digit, the data set's own split,
            ``'train'`` for the others, None for all.
        **kwargs: See ``FileDataset``.

    Raises:
        FileNotFoundError: There is no recording.
        ValueError: There is no such split.
    """

    contents = "sound"
    _NAME = re.compile(r"(\d)_([^_]+)_(\d+)\.wav$")
    _TEST_TAKES = range(5)

    def __init__(
        self,
        data_root: str | os.PathLike,
        pipeline: Sequence = (),
        *,
        split: str | None = None,
        **kwargs: Any,
    ):
        if split is not None:
            _check_split("FSDD", split)
        self.split = split
        super().__init__(data_root, pipeline, **kwargs)

    def load_data_list(self) -> list[dict]:
        """Return one dict per recording, with its label, ``speaker`` and ``take``."""
        self._metainfo["classes"] = tuple("0123456789")
        samples = []
        for path in find_files(self.data_root, "sound", (".wav",)):
            if match := self._NAME.fullmatch(os.path.basename(path)):
                digit, speaker, take = match.groups()
                is_test = int(take) in self._TEST_TAKES
                if self.split is None or (self.split == "test") == is_test:
                    samples.append(
                        dict(path=path, label=int(digit), speaker=speaker, take=int(take))
                    )
        return samples


@DATASETS.register_module()
class DCASE2013(FileDataset):
    """The acoustic scenes of the DCASE 2013 challenge, 10 classes of 30 s each.

    ``data_root`` has the folders ``scenes_stereo`` (training) and ``scenes_stereo_testset``; the
    class is the name of a file without its two digits, as in ``busystreet07.wav``. Papers on
    learning from sound and images name it DCASE2014.

    Args:
        data_root: Folder of the two folders.
        pipeline: Transforms, see ``mmcontrast.datasets.transforms``.
        split: ``'train'`` or ``'test'``.
        **kwargs: See ``FileDataset``.

    Raises:
        FileNotFoundError: The folder of the split is missing or has no recording.
        ValueError: There is no such split, or the name of a file has no class.
    """

    contents = "sound"
    _FOLDERS: ClassVar = dict(train="scenes_stereo", test="scenes_stereo_testset")

    def __init__(
        self,
        data_root: str | os.PathLike,
        pipeline: Sequence = (),
        *,
        split: str = "train",
        **kwargs: Any,
    ):
        _check_split("DCASE2013", split)
        self.split = split
        super().__init__(data_root, pipeline, **kwargs)

    def load_data_list(self) -> list[dict]:
        """Return one dict per recording, with its label."""
        folder = os.path.join(self.data_root, self._FOLDERS[self.split])
        if not os.path.isdir(folder):
            raise FileNotFoundError(
                f"DCASE2013: {folder} is missing; data_root is the folder of "
                f"{' and '.join(self._FOLDERS.values())}."
            )
        names: dict[str, str] = {}
        for path in find_files(folder, "sound", SOUNDS):
            stem = Path(path).stem
            names[path] = re.sub(r"\d\d$", "", stem)
            if names[path] in ("", stem):
                raise ValueError(f"DCASE2013: {path} is not named by class and two digits.")
        classes = tuple(sorted(set(names.values())))
        self._metainfo["classes"] = classes
        return [dict(path=path, label=classes.index(name)) for path, name in names.items()]


def _check_split(owner: str, split: str) -> None:
    if split not in ("train", "test"):
        raise ValueError(f"{owner}: split is 'train' or 'test', got {split!r}.")
