"""Clips of YouTube videos from the lists of Kinetics-400, Kinetics-Sound, AudioSet and VGGSound.

A part of these videos is no longer available: what is not on the disk is left out and counted.
"""

import csv
import logging
import os
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, ClassVar, NamedTuple

from mmengine.logging import print_log

from mmcontrast.datasets.files import SOUNDS, VIDEOS, find_files, has_extension
from mmcontrast.datasets.probed import ProbedVideos
from mmcontrast.registry import DATASETS
from mmcontrast.utils.text import read_lines

KINETICS_SOUND_CLASSES = (
    "blowing nose", "blowing out candles", "bowling", "chopping wood", "dribbling basketball",
    "laughing", "mowing lawn", "playing accordion", "playing bagpipes", "playing bass guitar",
    "playing clarinet", "playing drums", "playing guitar", "playing harmonica", "playing keyboard",
    "playing organ", "playing piano", "playing saxophone", "playing trombone", "playing trumpet",
    "playing violin", "playing xylophone", "ripping paper", "shoveling snow", "shuffling cards",
    "singing", "stomping grapes", "strumming guitar", "tap dancing", "tapping guitar",
    "tapping pen", "tickling",
)  # fmt: skip
"""The 32 classes of Kinetics-400 in Kinetics-Sound; two of the original 34 were renamed away."""


class _Row(NamedTuple):
    """A line of a list.

    Attributes:
        video: Id of the video on YouTube.
        start: Beginning of the clip in seconds.
        end: Its end.
        classes: Names of its classes; empty where the list has none.
    """

    video: str
    start: float
    end: float
    classes: tuple[str, ...]

    def stems(self) -> Iterator[str]:
        """Yield the names, without extension, that downloaders give to the clip."""
        for start, end in ((self.start, self.end), (1000 * self.start, 1000 * self.end)):
            yield f"{self.video}_{start:06.0f}_{end:06.0f}"
            yield f"{self.video}_{start:.0f}_{end:.0f}"
        yield f"{self.video}_{self.start:06.0f}"
        yield f"{self.video}_{self.start:.0f}"
        yield self.video
        yield f"Y{self.video}"


class _ListedClips(ProbedVideos):
    """Base of the data sets of listed clips.

    Args:
        data_root: Folder of the clips; sub-folders are searched too. Files are named by the video,
            and by the beginning of the clip, or by both of its ends.
        pipeline: Transforms, see ``mmcontrast.datasets.transforms``.
        ann_file: List of the clips.
        **kwargs: See :class:`~mmcontrast.datasets.probed.ProbedVideos`.
    """

    contents = "clip"
    line: ClassVar[str]

    def load_data_list(self) -> list[dict]:
        """Return one dict per clip that is there."""
        if not self.ann_file:
            raise ValueError(f"{type(self).__name__}: ann_file names the list; it is missing.")
        rows = list(self._read_rows())
        every = find_files(self.data_root, self.contents, (*VIDEOS, *SOUNDS))
        # Of a video and its extracted sound, the video.
        files = sorted(every, key=lambda path: has_extension(os.path.basename(path), VIDEOS))
        paths = {os.path.splitext(os.path.basename(path))[0]: path for path in files}
        samples, num_missing = [], 0
        classes = self._class_names(rows)
        self._metainfo["classes"] = classes
        numbers = {name: number for number, name in enumerate(classes)}
        for row in rows:
            path = next((paths[stem] for stem in row.stems() if stem in paths), None)
            if path is None:
                num_missing += 1
            else:
                samples.append(dict(path=path, **self._labels(row, numbers)))
        if not samples:
            example = ", ".join(dict.fromkeys(rows[0].stems())) if rows else "its list is empty"
            raise FileNotFoundError(
                f"{type(self).__name__}: none of the {len(rows)} clips of {self.ann_file} is in "
                f"{self.data_root}; the names of the first one would be {example}, each with the "
                "extension of a video."
            )
        if num_missing:
            print_log(
                f"{type(self).__name__}: {num_missing} of the {len(rows)} clips of {self.ann_file} "
                f"are not in {self.data_root}.",
                logger="current",
                level=logging.WARNING,
            )
        return samples

    @abstractmethod
    def _parse(self, fields: list[str]) -> _Row | None:
        """Return what a line of the list says; None if it is of another subset.

        Raises:
            ValueError: The fields are not those of such a list.
        """

    def _read_rows(self) -> Iterator[_Row]:
        """Yield the lines of the list that belong to the data set.

        Raises:
            ValueError: A line is malformed.
        """
        lines = [line for line in read_lines(self.ann_file) if not line.startswith("#")]
        reader = csv.reader(lines, skipinitialspace=True)
        for number, fields in enumerate(reader):
            if not fields or (number == 0 and not any(map(_is_seconds, fields))):
                continue  # a line of names
            try:
                row = self._parse(fields)
            except (ValueError, IndexError):
                raise ValueError(
                    f"{type(self).__name__}: a line of {self.ann_file} is not '{self.line}': "
                    f"{','.join(fields)!r}. Is it the list of another data set? Texts with commas "
                    "stand between quotes."
                ) from None
            if row is not None:
                yield row

    def _class_names(self, rows: Iterable[_Row]) -> tuple[str, ...]:
        """Return the classes in the order of their labels."""
        return tuple(sorted({name for row in rows for name in row.classes}))

    def _labels(self, row: _Row, numbers: dict[str, int]) -> dict[str, Any]:
        """Return what a sample says of its classes."""
        return dict(label=numbers[row.classes[0]]) if row.classes else {}


@DATASETS.register_module()
class Kinetics400(_ListedClips):
    """Kinetics-400 (Kay et al., 2017) by its lists; some of the clips have no sound.

    ``ann_file`` is one of the authors' lists with the columns ``label``, ``youtube_id``,
    ``time_start``, ``time_end`` and ``split``. Labels count the classes in sorted order. Clips in
    folders of classes are read by ``VideoFolder`` too, without a list.

    Args:
        data_root: Folder of the clips, ``<youtube_id>_<time_start>_<time_end>.mp4`` with times of
            six digits; sub-folders are searched too.
        pipeline: Transforms, see ``mmcontrast.datasets.transforms``.
        ann_file: List, absolute or relative to ``data_root``.
        **kwargs: See :class:`~mmcontrast.datasets.probed.ProbedVideos`; ``require_audio=True``
            leaves out what has no sound.

    Raises:
        FileNotFoundError: None of the clips is there.
        ValueError: A line of the list is malformed.
    """

    line = "label,youtube_id,time_start,time_end,split"

    def _parse(self, fields: list[str]) -> _Row | None:
        label, video, start, end = fields[:4]
        return _Row(video, float(start), float(end), (label.replace("_", " "),))


@DATASETS.register_module()
class KineticsSound(Kinetics400):
    """The 32 classes of Kinetics-400 that are seen and heard (Arandjelovic and Zisserman, 2017).

    Its list is made from that of Kinetics-400, see :class:`Kinetics400`.
    """

    def _parse(self, fields: list[str]) -> _Row | None:
        row = super()._parse(fields)
        return row if row and row.classes[0] in KINETICS_SOUND_CLASSES else None

    def _class_names(self, rows: Iterable[_Row]) -> tuple[str, ...]:
        return KINETICS_SOUND_CLASSES


@DATASETS.register_module()
class VGGSound(_ListedClips):
    """VGGSound (Chen et al., ICASSP 2020): 309 classes, clips of 10 s.

    ``ann_file`` is ``vggsound.csv``, whose lines are ``youtube_id,start,label,split``. Labels count
    the classes in sorted order.

    Args:
        data_root: Folder of the clips, ``<youtube_id>_<start>.mp4`` with six digits; sub-folders
            are searched too.
        pipeline: Transforms, see ``mmcontrast.datasets.transforms``.
        subset: ``'train'`` or ``'test'``.
        **kwargs: See :class:`~mmcontrast.datasets.probed.ProbedVideos`.

    Raises:
        FileNotFoundError: None of the clips is there.
        ValueError: There is no such subset, or a line of the list is malformed.
    """

    line = 'youtube_id,start,"label",split'
    _SECONDS = 10

    def __init__(
        self,
        data_root: str | os.PathLike,
        pipeline: Sequence = (),
        *,
        subset: str = "train",
        **kwargs: Any,
    ):
        if subset not in ("train", "test"):
            raise ValueError(f"VGGSound: subset is 'train' or 'test', got {subset!r}.")
        self.subset = subset
        super().__init__(data_root, pipeline, **kwargs)

    def _parse(self, fields: list[str]) -> _Row | None:
        video, start, label, subset = fields
        row = _Row(video, float(start), float(start) + self._SECONDS, (label,))
        if subset not in ("train", "test"):
            raise ValueError(subset)
        return row if subset == self.subset else None


@DATASETS.register_module()
class AudioSet(_ListedClips):
    """AudioSet (Gemmeke et al., ICASSP 2017): clips of 10 s with several of 527 classes.

    ``ann_file`` is a list such as ``balanced_train_segments.csv``: lines
    ``YTID, start_seconds, end_seconds, "id,id"`` behind comments that begin with ``#``; or the same
    with a line of names, or without quotes.

    Args:
        data_root: Folder of the clips, named by the video alone, or with the times in seconds or
            milliseconds; sub-folders are searched too.
        pipeline: Transforms, see ``mmcontrast.datasets.transforms``.
        class_file: ``class_labels_indices.csv``, absolute or relative to ``data_root``: with it,
            ``labels`` of a sample has one number per class, 1 for those of the clip and else -1.
        **kwargs: See :class:`~mmcontrast.datasets.probed.ProbedVideos`.

    Raises:
        FileNotFoundError: None of the clips is there.
        ValueError: A line of a list is malformed, or names a class that is not in ``class_file``.
    """

    line = 'YTID,start_seconds,end_seconds,"id,id"'

    def __init__(
        self,
        data_root: str | os.PathLike,
        pipeline: Sequence = (),
        *,
        class_file: str | os.PathLike | None = None,
        **kwargs: Any,
    ):
        self._names: dict[str, str] = {}
        if class_file is not None:
            self._names = _read_classes(os.path.join(data_root, class_file))
        super().__init__(data_root, pipeline, **kwargs)

    def _parse(self, fields: list[str]) -> _Row | None:
        video, start, end, *labels = fields
        classes = tuple(name.strip() for name in ",".join(labels).split(","))
        return _Row(video, float(start), float(end), classes)

    def _class_names(self, rows: Iterable[_Row]) -> tuple[str, ...]:
        unknown = {name for row in rows for name in row.classes} - self._names.keys()
        if self._names and unknown:
            raise ValueError(
                f"AudioSet: {self.ann_file} has classes that class_file lacks, such as "
                f"{min(unknown)!r}: is one of them of another data set?"
            )
        return tuple(self._names.values())

    def _labels(self, row: _Row, numbers: dict[str, int]) -> dict[str, Any]:
        if not self._names:
            return {}
        return dict(labels=[1 if name in row.classes else -1 for name in self._names])


def _read_classes(path: str) -> dict[str, str]:
    """Return the names of AudioSet's classes by their ids, in the order of their numbers.

    Raises:
        ValueError: The file has no such columns.
    """
    reader = csv.DictReader(read_lines(path))
    if not {"mid", "display_name"} <= set(reader.fieldnames or ()):
        raise ValueError(
            f"AudioSet: {path} has not the columns index, mid and display_name of "
            "class_labels_indices.csv."
        )
    return {row["mid"]: row["display_name"] for row in reader}


def _is_seconds(text: str) -> bool:
    return text.strip().replace(".", "", 1).isdecimal()
