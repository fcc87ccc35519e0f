"""AudioSet, by its lists of segments or those of its strong labels."""

import csv
import os
from collections.abc import Sequence
from typing import Any

from mmcontrast.datasets.audiovisual.youtube import Segment, YouTubeClips, refuse_malformed, seconds
from mmcontrast.registry import DATASETS
from mmcontrast.utils.text import read_lines

_SHOWN = 5


@DATASETS.register_module()
class AudioSet(YouTubeClips):
    """AudioSet (Gemmeke et al., ICASSP 2017): clips of 10 s with several of 527 classes each.

    ``labels`` of a sample has one number per class: 1 if it is heard, and -1 otherwise.

    Args:
        data_root: Folder of the videos.
        pipeline: Transforms, see ``mmcontrast.datasets.transforms``.
        ann_file: List of the segments in one of two forms: the csv ``YTID, start_seconds,
            end_seconds, positive_labels`` behind comments or a line of names, with or without
            quotes around the labels; or the tsv of the strong labels, ``segment_id,
            start_time_seconds, end_time_seconds, label``, whose lines of one segment are joined.
        class_file: The csv ``index,mid,display_name``, or a tsv of the last two, which numbers the
            classes; absolute or relative to ``data_root``. Without it there are no labels.
        **kwargs: See :class:`~mmcontrast.datasets.probed.ProbedVideos`.

    Raises:
        FileNotFoundError: A list is missing, or no clip has a file.
        ValueError: A line is malformed, or names a class that the list of classes lacks.
    """

    def __init__(
        self,
        data_root: str | os.PathLike,
        pipeline: Sequence = (),
        *,
        class_file: str | os.PathLike | None = None,
        **kwargs: Any,
    ):
        self.class_file = None if class_file is None else os.path.join(data_root, class_file)
        super().__init__(data_root, pipeline, **kwargs)

    def load_data_list(self) -> list[dict]:
        """Return one dict per clip; ``positives`` are the numbers of its classes."""
        clips = self.find_segments()
        if self.class_file is None:
            return [dict(path=path) for path, _ in clips]
        names = self._read_classes(self.class_file)
        self._metainfo["classes"] = tuple(names.values())
        numbers = {name: number for number, name in enumerate(names)}
        unknown = sorted({name for _, classes in clips for name in classes} - set(names))
        if unknown:
            raise ValueError(
                f"AudioSet: {self.ann_file} has {len(unknown)} classes that {self.class_file} "
                f"lacks: {', '.join(unknown[:_SHOWN])}. Is it the list of another data set, or of "
                "the other form (strong labels have classes of their own)?"
            )
        return [
            dict(path=path, positives=sorted({numbers[name] for name in classes}))
            for path, classes in clips
        ]

    def get_data_info(self, idx: int) -> dict:
        """Return what is known about a clip, with ``labels``."""
        info = super().get_data_info(idx)
        if "positives" in info:  # 527 numbers of each of two million clips are not kept in memory
            positives = set(info.pop("positives"))
            info["labels"] = [
                1 if number in positives else -1 for number in range(len(self.metainfo["classes"]))
            ]
        return info

    def _read_classes(self, path: str) -> dict[str, str]:
        """Read the names of the classes by their ids."""
        if not os.path.isfile(path):
            raise FileNotFoundError(
                f"AudioSet: {path} is missing; class_file names class_labels_indices.csv of the "
                "data set."
            )
        lines = read_lines(path)
        delimiter = "\t" if lines and "\t" in lines[0] else ","
        rows = [row for row in csv.reader(lines, delimiter=delimiter) if row]
        names = {row[-2]: row[-1] for row in rows if len(row) in (2, 3) and row[-2] != "mid"}
        if len(names) < len(rows) - 1:
            raise ValueError(
                f"AudioSet: {path} does not have lines index,mid,display_name; names with "
                "commas stand between quotes."
            )
        return names

    def read_segments(self) -> list[Segment]:
        """Read either form of the list."""
        lines = read_lines(self.ann_file)
        is_strong = any("\t" in line for line in lines[:1])
        rows = csv.reader(lines, delimiter="\t" if is_strong else ",", skipinitialspace=True)
        segments: dict[tuple[str, float], tuple[str, ...]] = {}
        malformed = []
        for row in rows:
            if not row or row[0].startswith("#") or row[0].lower() in ("ytid", "segment_id"):
                continue
            video, start = row[0], row[1] if len(row) > 1 else ""
            if is_strong:
                video, _, start = row[0].rpartition("_")
            begin = seconds(start)
            if len(row) < 4 or begin is None or not video:
                malformed.append(rows.line_num)
                continue
            if is_strong:
                begin /= 1000
            classes = tuple(name.strip() for name in ",".join(row[3:]).split(","))
            segments[video, begin] = segments.get((video, begin), ()) + classes
        refuse_malformed(
            "AudioSet", self.ann_file, malformed,
            'YTID, start_seconds, end_seconds, "positive_labels", or the tsv of strong labels',
        )  # fmt: skip
        return [Segment(*key, classes) for key, classes in segments.items()]
