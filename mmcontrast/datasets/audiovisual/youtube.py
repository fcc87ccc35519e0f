"""Clips from YouTube that a csv lists: what all of these data sets share, and VGGSound.

``LoadClip`` reads them. A file is found by the 11 characters of its video's id and the start of the
clip, wherever it lies below ``data_root``: ``<id>``, ``<id>_<start>`` and ``<id>_<start>_<end>``,
in seconds or milliseconds. Of a video and its extracted sound it is the video; sounds alone are
found too. Clips that have no file, since not all videos are available any more, are left out; the
log has their number.
"""

import csv
import logging
import os
import re
from abc import abstractmethod
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from mmengine.logging import print_log

from mmcontrast.datasets.files import (
    SOUNDS,
    VIDEOS,
    find_files,
    has_extension,
)
from mmcontrast.datasets.probed import ProbedVideos
from mmcontrast.registry import DATASETS
from mmcontrast.utils.text import read_lines

_SHOWN = 5
_STEM = re.compile(r"Y?([\w-]{11})(?:_(\d+(?:\.\d+)?)(?:_\d+(?:\.\d+)?)?)?")


class Segment(NamedTuple):
    """A row of a list.

    Attributes:
        video: Id of the video.
        start: Beginning of the clip in the video, in seconds.
        classes: Names of the classes.
    """

    video: str
    start: float
    classes: tuple[str, ...]


class YouTubeClips(ProbedVideos):
    """Base of the data sets of clips from YouTube that a list names.

    Attributes:
        num_unavailable: Number of clips of the list that have no file.
    """

    contents = "video"
    num_unavailable = 0

    @abstractmethod
    def read_segments(self) -> list[Segment]:
        """Read ``ann_file``."""

    def find_segments(self) -> list[tuple[str, tuple[str, ...]]]:
        """Return the path and the classes of each segment that has a file, and count the others.

        Raises:
            FileNotFoundError: No segment has a file.
            ValueError: There is no list.
        """
        if not self.ann_file:
            raise ValueError(f"{type(self).__name__}: ann_file names the list; it is missing.")
        every = find_files(self.data_root, self.contents, (*VIDEOS, *SOUNDS))
        # Videos come before the sounds that were extracted from them.
        files = _index(sorted(every, key=_is_no_video))
        clips, missing = [], []
        for segment in self.read_segments():
            clip = _choose(files.get(segment.video, ()), segment.start)
            if clip is None:
                missing.append(f"{segment.video} from {segment.start:g} s on")
            else:
                clips.append((clip, segment.classes))
        self.num_unavailable = len(missing)
        if missing and not clips:
            raise FileNotFoundError(
                f"{type(self).__name__}: none of the {len(missing)} clips of {self.ann_file} is in "
                f"{self.data_root}. Files are named <id>, <id>_<start> or <id>_<start>_<end>; is "
                "the list that of another data set or split?"
            )
        if missing:
            shown = ", ".join(missing[:_SHOWN]) + (", ..." if len(missing) > _SHOWN else "")
            print_log(
                f"{self.ann_file}: {len(missing)} of {len(missing) + len(clips)} clips are "
                f"unavailable, as {self.data_root} has no file of them: {shown}.",
                logger="current",
                level=logging.WARNING,
            )
        return clips


@DATASETS.register_module()
class VGGSound(YouTubeClips):
    """VGGSound (Chen et al., ICASSP 2020): clips of 10 s of 309 classes.

    ``ann_file`` is the data set's csv with lines ``id,start,label,split``. Labels count the classes
    of both splits in sorted order.

    Args:
        data_root: Folder of the videos.
        pipeline: Transforms, see ``mmcontrast.datasets.transforms``.
        split: ``'train'`` or ``'test'``.
        **kwargs: See :class:`~mmcontrast.datasets.probed.ProbedVideos`.

    Raises:
        FileNotFoundError: No clip has a file.
        ValueError: A line has other columns, or there is no such split.
    """

    def __init__(
        self,
        data_root: str | os.PathLike,
        pipeline: Sequence = (),
        *,
        split: str = "train",
        **kwargs: Any,
    ):
        self.split = split
        super().__init__(data_root, pipeline, **kwargs)

    def load_data_list(self) -> list[dict]:
        """Return one dict per clip of the split, with its label."""
        clips = self.find_segments()
        names: tuple[str, ...] = self._metainfo["classes"]
        labels = {name: label for label, name in enumerate(names)}
        return [dict(path=path, label=labels[name]) for path, (name,) in clips]

    def read_segments(self) -> list[Segment]:
        """Read the csv, and the names of the classes of both splits."""
        rows, malformed = [], []
        lines = csv.reader(read_lines(self.ann_file), skipinitialspace=True)
        for row in lines:
            if len(row) == 4 and seconds(row[1]) is not None:
                rows.append(row)
            elif row:
                malformed.append(lines.line_num)
        refuse_malformed("VGGSound", self.ann_file, malformed, "id,start,label,split")
        splits = sorted({row[3] for row in rows})
        if self.split not in splits:
            raise ValueError(
                f"VGGSound: {self.ann_file} has the splits {', '.join(splits)}, not {self.split}."
            )
        self._metainfo["classes"] = tuple(sorted({row[2] for row in rows}))
        return [Segment(row[0], float(row[1]), (row[2],)) for row in rows if row[3] == self.split]


def _is_no_video(path: str) -> bool:
    return not has_extension(os.path.basename(path), VIDEOS)


def _index(paths: Iterable[str]) -> dict[str, list[tuple[str, str]]]:
    """Return by the id of a video its files: the start in the file's name, or '', and the path."""
    files: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for path in paths:
        if match := _STEM.fullmatch(Path(path).stem):
            files[match[1]].append((match[2] or "", path))
    return files


def _choose(files: Sequence[tuple[str, str]], start: float) -> str | None:
    """Return the file that begins at ``start``, or else the one whose name has no start."""
    for name, path in files:
        if name and float(name) in (start, 1000 * start):
            return path
    return next((path for name, path in files if not name), None)


def seconds(text: str | None) -> float | None:
    """Read a number; None if the text is none."""
    try:
        return float(text or "")
    except ValueError:
        return None


def refuse_malformed(owner: str, path: str, lines: Sequence[int], form: str) -> None:
    """Raise a ``ValueError`` of a data set if there are malformed lines in its list.

    Args:
        owner: Name of the data set.
        path: The list.
        lines: Numbers of the malformed lines.
        form: What a line should be.
    """
    if lines:
        shown = ", ".join(map(str, lines[:_SHOWN])) + (", ..." if len(lines) > _SHOWN else "")
        raise ValueError(
            f"{owner}: {len(lines)} lines of {path} are not {form}: {shown}. Names with commas "
            "stand between quotes; is it the list of another data set?"
        )
