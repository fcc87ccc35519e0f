"""Kinetics-400 and Kinetics-Sound, by the data set's csv, another list, or folders."""

import csv
import os
from collections.abc import Sequence
from typing import Any

from mmcontrast.datasets.audiovisual.youtube import Segment, YouTubeClips, refuse_malformed, seconds
from mmcontrast.datasets.files import VIDEOS, class_folders, find_videos, parse_line
from mmcontrast.registry import DATASETS
from mmcontrast.utils.text import read_lines

_SHOWN = 5

KINETICS_SOUND = (
    "blowing nose", "blowing out candles", "bowling", "chopping wood", "dribbling basketball",
    "laughing", "mowing lawn", "playing accordion", "playing bagpipes", "playing bass guitar",
    "playing clarinet", "playing drums", "playing guitar", "playing harmonica", "playing keyboard",
    "playing organ", "playing piano", "playing saxophone", "playing trombone", "playing trumpet",
    "playing violin", "playing xylophone", "ripping paper", "shoveling snow", "shuffling cards",
    "singing", "stomping grapes", "strumming guitar", "tap dancing", "tapping guitar",
    "tapping pen", "tickling",
)  # fmt: skip
"""The classes of Kinetics-Sound (Arandjelovic and Zisserman, ICCV 2017) that Kinetics-400 has: 32
of 34, since two were renamed."""


@DATASETS.register_module()
class Kinetics400(YouTubeClips):
    """Kinetics-400 (Kay et al., 2017), and Kinetics-Sound, which is made of it.

    The label is the position of a clip's class among the sorted names of all classes of the list,
    or of the folder; with ``subset='sound'`` among the 32 of :data:`KINETICS_SOUND`.

    Args:
        data_root: Folder of the videos, with one sub-folder per class unless a csv is given.
        pipeline: Transforms, see ``mmcontrast.datasets.transforms``.
        ann_file: The data set's own csv with the columns ``label``, ``youtube_id`` and
            ``time_start``; or a list of lines ``<class>/<video>``, with or without a number behind;
            by default all videos in the folders of the classes.
        subset: ``'sound'`` for Kinetics-Sound; None for all classes.
        **kwargs: See :class:`~mmcontrast.datasets.probed.ProbedVideos`.

    Raises:
        FileNotFoundError: There are no videos.
        ValueError: The list has other columns, or a class of the subset is missing.
    """

    def __init__(
        self,
        data_root: str | os.PathLike,
        pipeline: Sequence = (),
        *,
        subset: str | None = None,
        **kwargs: Any,
    ):
        if subset not in (None, "sound"):
            raise ValueError(f"Kinetics400: subset is 'sound' or None, got {subset!r}.")
        self.subset = subset
        self._names: list[str] = []
        super().__init__(data_root, pipeline, **kwargs)

    def load_data_list(self) -> list[dict]:
        """Return one dict per clip, with its label."""
        clips = self._find_clips()
        names = self._names
        if self.subset:
            by_name = {_plain(name): name for name in names}
            missing = [name for name in KINETICS_SOUND if name not in by_name]
            if missing:
                raise ValueError(
                    f"Kinetics400: {self.ann_file or self.data_root} lacks {len(missing)} of the "
                    f"{len(KINETICS_SOUND)} classes of Kinetics-Sound: "
                    f"{', '.join(missing[:_SHOWN])}. It is made of all of Kinetics-400."
                )
            names = [by_name[name] for name in KINETICS_SOUND]
        labels = {name: label for label, name in enumerate(names)}
        self._metainfo["classes"] = tuple(map(_plain, names))
        return [dict(path=path, label=labels[name]) for path, name in clips if name in labels]

    def _find_clips(self) -> list[tuple[str, str]]:
        """Return path and class of each clip, and keep the names of all classes."""
        if not self.ann_file:
            return self._find_in_folders()
        lines = [line.strip() for line in read_lines(self.ann_file) if line.strip()]
        parsed = [parse_line(line, VIDEOS) for line in lines]
        if not all(parsed):
            return [(path, name) for path, (name,) in self.find_segments()]
        paths = [os.path.join(self.data_root, line[0]) for line in parsed if line is not None]
        if paths and not os.path.exists(paths[0]):
            raise FileNotFoundError(
                f"{self.ann_file}: the first video, {paths[0]}, does not exist. Is "
                f"data_root={self.data_root!r} the folder that the paths start from?"
            )
        self._names = sorted({self._folder(path) for path in paths})
        return [(path, self._folder(path)) for path in paths]

    def _find_in_folders(self) -> list[tuple[str, str]]:
        self._names = class_folders(self.data_root)
        if not self._names:
            raise FileNotFoundError(
                f"Kinetics400: {self.data_root} has no sub-folders, and each should be a class. "
                "Files without folders need the data set's csv as ann_file."
            )
        pairs = [(path, self._folder(path)) for path in find_videos(self.data_root)]
        return [(path, name) for path, name in pairs if name in self._names]

    def _folder(self, path: str) -> str:
        return os.path.relpath(path, self.data_root).split(os.sep)[0]

    def read_segments(self) -> list[Segment]:
        """Read the data set's csv."""
        rows = csv.DictReader(read_lines(self.ann_file), skipinitialspace=True)
        columns = rows.fieldnames or []
        if not {"label", "youtube_id", "time_start"} <= set(columns):
            raise ValueError(
                f"Kinetics400: {self.ann_file} has the columns {', '.join(columns)[:200]}, not "
                "label, youtube_id and time_start, and its lines are not '<class>/<video>': is it "
                "the list of another data set?"
            )
        segments, malformed = [], []
        for row in rows:
            start = seconds(row["time_start"])
            if None in row or start is None or not row["label"]:
                malformed.append(rows.line_num)
            else:
                segments.append(Segment(row["youtube_id"], start, (row["label"],)))
        refuse_malformed("Kinetics400", self.ann_file, malformed, "label,youtube_id,time_start,...")
        self._names = sorted({name for segment in segments for name in segment.classes})
        return segments


def _plain(name: str) -> str:
    return name.replace("_", " ").lower()
