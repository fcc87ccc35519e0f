"""ESC-50 and ESC-10 in their given folds; ``LoadClip(audio=...)`` reads them."""

import csv
import os
import re
from collections.abc import Sequence, Set
from pathlib import Path
from typing import Any, NamedTuple

from mmcontrast.datasets.base import FileDataset
from mmcontrast.datasets.files import SOUNDS, find_files
from mmcontrast.registry import DATASETS
from mmcontrast.utils.text import read_lines

_SHOWN = 5


class _Recording(NamedTuple):
    """A row of a list of ESC-50."""

    path: str
    fold: int
    target: str
    name: str
    is_esc10: bool


@DATASETS.register_module()
class ESC50(FileDataset):
    """ESC-50 and ESC-10 (Piczak, ACM MM 2015): environmental sounds of 5 s in given folds.

    The folds keep the parts of one source together. They are never drawn again: a random split
    would put parts of one recording on both sides.

    ``data_root`` has ``audio/`` and ``meta/esc50.csv``. ``ann_file`` may be another list with a
    line of names: ``filename`` (in ``audio/``) or ``path`` (relative to ``data_root``), ``fold``,
    and ``target`` with ``category``, or ``label``. Labels are the numbers of ``target``; those of
    ``label`` are counted in sorted order. Without a list, folds and classes are those in the names
    ``<fold>-<source>-<take>-<target>.wav``.

    Args:
        data_root: Folder of the data set.
        pipeline: Transforms, see ``mmcontrast.datasets.transforms``. Recordings are padded with
            silence: read them with ``LoadClip(min_valid=0)``.
        folds: Folds to use, such as ``[1, 2, 3, 4]`` for training and ``[5]`` for the test; None
            for all.
        esc10: Whether to use the ten classes of ESC-10 alone, numbered in the order of ``target``.
        ann_file: List of the recordings.
        **kwargs: See ``FileDataset``.

    Raises:
        FileNotFoundError: A list or the first recording is missing, or a fold is empty.
        ValueError: The list has no such columns, or a fold that is not that of the file's name, or
            parts of one source in several folds.
    """

    contents = "sound"
    _NAME = re.compile(r"(\d+)-([^-]+)-([A-Za-z]+)(?:-(\d+))?$")
    _LIST = os.path.join("meta", "esc50.csv")

    def __init__(
        self,
        data_root: str | os.PathLike,
        pipeline: Sequence = (),
        *,
        folds: Sequence[int] | None = None,
        esc10: bool = False,
        ann_file: str | os.PathLike = "",
        **kwargs: Any,
    ):
        self.folds = None if folds is None else sorted(set(folds))
        self.esc10 = esc10
        if not ann_file and os.path.isfile(os.path.join(data_root, self._LIST)):
            ann_file = self._LIST
        super().__init__(data_root, pipeline, ann_file=ann_file, **kwargs)

    def load_data_list(self) -> list[dict]:
        """Return one dict per recording of the folds, with its label and ``fold``."""
        rows = self._read_list() if self.ann_file else self._read_names()
        _refuse_split_sources([(row.path, row.fold) for row in rows], self._NAME)
        if self.esc10:
            rows = self._those_of_esc10(rows)
        labels = self._number(rows)
        self._refuse_missing_folds({row.fold for row in rows})
        return [
            dict(path=row.path, label=labels[row.target], fold=row.fold)
            for row in rows
            if self.folds is None or row.fold in self.folds
        ]

    def _those_of_esc10(self, rows: Sequence[_Recording]) -> list[_Recording]:
        kept = [row for row in rows if row.is_esc10]
        if not kept:
            raise ValueError(
                f"ESC50: {self.ann_file or self.data_root} does not say which classes are those of "
                "ESC-10 (the column esc10 of meta/esc50.csv). Leave out esc10=True if it has them "
                "alone."
            )
        return kept

    def _refuse_missing_folds(self, folds: Set[int]) -> None:
        missing = set(self.folds or ()) - folds
        if missing:
            raise FileNotFoundError(
                f"ESC50: {self.ann_file or self.data_root} has no recording of the folds "
                f"{sorted(missing)}; it has the folds {sorted(folds)}."
            )

    def _number(self, rows: Sequence[_Recording]) -> dict[str, int]:
        """Return the label of each target, and store the names of the classes."""
        names = {row.target: row.name for row in rows}
        is_numbered = all(target.isdecimal() for target in names)
        targets = sorted(names, key=int) if is_numbered else sorted(names)
        if is_numbered and not self.esc10:
            numbers = range(int(targets[-1]) + 1)
            self._metainfo["classes"] = tuple(names.get(str(n), str(n)) for n in numbers)
            return {target: int(target) for target in targets}
        self._metainfo["classes"] = tuple(names[target] for target in targets)
        return {target: label for label, target in enumerate(targets)}

    def _read_names(self) -> list[_Recording]:
        rows = []
        for path in find_files(self.data_root, "sound", SOUNDS):
            match = self._NAME.fullmatch(Path(path).stem)
            if match is None or match[4] is None:
                raise ValueError(
                    f"ESC50: {path} is not named <fold>-<source>-<take>-<target>, and there is no "
                    "list: give ann_file='clips.csv' with the columns path, fold and label."
                )
            rows.append(_Recording(path, int(match[1]), match[4], match[4], False))
        return rows

    def _read_list(self) -> list[_Recording]:
        reader = csv.DictReader(read_lines(self.ann_file), skipinitialspace=True)
        columns = reader.fieldnames or []
        path = next((name for name in ("filename", "path") if name in columns), None)
        target = next((name for name in ("target", "label") if name in columns), None)
        if path is None or target is None or "fold" not in columns:
            raise ValueError(
                f"ESC50: {self.ann_file} has the columns {', '.join(columns)}, not filename or "
                "path, fold, and target or label: is it the list of another data set?"
            )
        folder = os.path.join(self.data_root, "audio" if path == "filename" else "")
        rows = []
        for row in reader:
            if None in row or not str(row["fold"]).isdecimal():
                raise ValueError(
                    f"ESC50: line {reader.line_num} of {self.ann_file} does not fit its columns "
                    f"{', '.join(columns)}; texts with commas stand between quotes."
                )
            name = row.get("category", row[target])
            is_esc10 = row.get("esc10", "").lower() == "true"
            file = os.path.join(folder, row[path])
            rows.append(_Recording(file, int(row["fold"]), row[target], name, is_esc10))
        if rows and not os.path.isfile(rows[0].path):
            raise FileNotFoundError(
                f"{self.ann_file}: the first recording, {rows[0].path}, does not exist. Is "
                f"data_root={self.data_root!r} the folder that the paths start from?"
            )
        return rows


def _refuse_split_sources(recordings: Sequence[tuple[str, int]], pattern: re.Pattern) -> None:
    """Raise an error if folds are not those of the names, or mix parts of one source."""
    folds: dict[str, int] = {}
    wrong = []
    for path, fold in recordings:
        match = pattern.fullmatch(Path(path).stem)
        if match and (int(match[1]) != fold or folds.setdefault(match[2], fold) != fold):
            wrong.append(f"{os.path.basename(path)} in fold {fold}")
    if wrong:
        shown = ", ".join(wrong[:_SHOWN]) + (", ..." if len(wrong) > _SHOWN else "")
        raise ValueError(
            f"ESC50: the folds are not the given ones ({shown}): the first number of a name is its "
            "fold, and parts of one source (the second number) belong to one fold. Use the folds "
            "of meta/esc50.csv."
        )
