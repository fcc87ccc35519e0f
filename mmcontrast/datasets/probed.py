"""Leaving out videos that are too short or have no sound, by the table of ``probe-videos``."""

import json
import logging
import os
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from mmengine.logging import print_log

from mmcontrast.datasets.base import FileDataset
from mmcontrast.utils.text import read_lines

_SHOWN = 20


class ProbedVideos(FileDataset):
    """Base of the data sets of videos, which leave out some by what is known about them.

    Args:
        data_root: Folder of the videos.
        pipeline: Transforms, see ``mmcontrast.datasets.transforms``.
        min_seconds: Duration that the images have at least, and the sound too with
            ``require_audio``. CrissCross takes 1.1.
        require_audio: Whether to leave out videos without a sound track, and those whose sound is
            of zeros alone.
        table: File of ``mmcontrast probe-videos``, which either of them reads, absolute or relative
            to ``data_root``. The log names what is left out.
        **kwargs: See ``FileDataset``.

    Raises:
        FileNotFoundError: The table is missing, or lacks a video.
    """

    data_list: list[dict]

    def __init__(
        self,
        data_root: str | os.PathLike,
        pipeline: Sequence = (),
        *,
        min_seconds: float = 0.0,
        require_audio: bool = False,
        table: str | os.PathLike = "meta.jsonl",
        **kwargs: Any,
    ):
        self.min_seconds = min_seconds
        self.require_audio = require_audio
        self.table = os.path.join(data_root, table)
        super().__init__(data_root, pipeline, **kwargs)

    def filter_data(self) -> list[dict]:
        """Return the samples that remain; raise an error if there is none."""
        if self.min_seconds or self.require_audio:
            self.data_list = self._remaining(self.data_list)
        return super().filter_data()

    def _remaining(self, samples: Sequence[dict]) -> list[dict]:
        records = self._read_table()
        remaining: list[dict] = []
        left_out: dict[str, list[str]] = defaultdict(list)
        for sample in samples:
            name = os.path.relpath(sample["path"], self.data_root).replace(os.sep, "/")
            if name not in records:
                raise FileNotFoundError(
                    f"{self.table} does not have {name}: probe the folder again by 'mmcontrast "
                    f"probe-videos {self.data_root} --out {self.table}'."
                )
            if reason := self._reason_against(records[name]):
                left_out[reason].append(name)
            else:
                remaining.append(sample)
        for reason, names in left_out.items():
            shown = ", ".join(names[:_SHOWN]) + (", ..." if len(names) > _SHOWN else "")
            print_log(
                f"{self.data_root}: {len(names)} of {len(samples)} videos are left out, as "
                f"{reason}: {shown}.",
                logger="current",
                level=logging.WARNING,
            )
        return remaining

    def _reason_against(self, record: dict[str, Any]) -> str:
        if "duration" not in record:
            return "they cannot be read"
        if record["duration"] < self.min_seconds:
            return f"they are shorter than {self.min_seconds:g} s"
        if not self.require_audio:
            return ""
        if not record["has_audio"]:
            return "they have no sound track"
        if "audio_duration" not in record:
            return "their sound cannot be read, or the table is of an earlier version"
        if record["is_silent"]:
            return "their sound is silent"
        if record["audio_duration"] < self.min_seconds:
            return f"their sound is shorter than {self.min_seconds:g} s"
        return ""

    def _read_table(self) -> dict[str, dict[str, Any]]:
        if not os.path.isfile(self.table):
            raise FileNotFoundError(
                f"{type(self).__name__}: min_seconds and require_audio need {self.table}, which "
                f"'mmcontrast probe-videos {self.data_root} --out {self.table}' writes."
            )
        records = (json.loads(line) for line in read_lines(self.table) if line.strip())
        return {record["path"]: record for record in records}
