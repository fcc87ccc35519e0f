"""The order of a video's frames, from the names of their files."""

import os
import re
from collections.abc import Sequence

_DATE_AND_TIME = re.compile(
    r"(\d{4})[-_.]?(\d\d)[-_.]?(\d\d)[-_. T]?(\d\d)[-_.:h]?(\d\d)[-_.:m]?(\d\d)"
)


def frame_numbers(names: Sequence[str]) -> list[int]:
    """Return the number of each frame, for sorted names.

    It is the number in the names that differs from frame to frame. Of two such numbers, as of a
    counter and a time stamp, either may be taken if both give the same order. Date and time of 14
    digits are one number. Where no number varies, frames are numbered in the order of the names.

    Raises:
        ValueError: The names do not say the order of the frames.
    """
    rows = [_numbers_in(name) for name in names]
    if len(names) == 1 or not any(rows):
        return list(range(len(names)))
    if not all(rows):
        raise _unordered([names[i] for i, row in enumerate(rows) if not row], "no number")
    columns = _columns(rows)
    if _differ_in_texts_alone(names, columns):
        return list(range(len(names)))
    return _counter(names, columns)


def _columns(rows: Sequence[Sequence[int]]) -> list[tuple[int, ...]]:
    """Return the numbers of all names by their place in the name."""
    if len({len(row) for row in rows}) == 1:
        return list(zip(*rows, strict=True))
    # Names of several forms: their first numbers, or their last ones.
    return [tuple(row[i] for row in rows) for i in (0, -1)]


def _counter(names: Sequence[str], columns: Sequence[tuple[int, ...]]) -> list[int]:
    """Return the numbers that count the frames."""
    counters = [column for column in columns if len(set(column)) == len(names)]
    orders = {tuple(sorted(range(len(names)), key=column.__getitem__)) for column in counters}
    if len(orders) > 1:
        raise _unordered(names, "several numbers, which give different orders")
    if not counters:
        column = max(reversed(columns), key=lambda column: len(set(column)))
        twice = next(value for value in column if column.count(value) > 1)
        same = [name for name, value in zip(names, column, strict=True) if value == twice]
        raise _unordered(same, f"the number {twice} in common")
    return list(counters[-1])


def _differ_in_texts_alone(names: Sequence[str], columns: Sequence[Sequence[int]]) -> bool:
    texts = {re.sub(r"\d+", "", os.path.splitext(name)[0]) for name in names}
    return len(texts) == len(names) and all(len(set(column)) == 1 for column in columns)


def _numbers_in(name: str) -> list[int]:
    stem = _DATE_AND_TIME.sub(lambda match: "".join(match.groups()), os.path.splitext(name)[0])
    return [int(number) for number in re.findall(r"\d+", stem)]


def _unordered(names: Sequence[str], problem: str) -> ValueError:
    shown = ", ".join(names[:4])
    return ValueError(
        f"the order of the frames is not clear: {shown}{', ...' if len(names) > 4 else ''} have "
        f"{problem}. Put each video (of two cameras, each one's frames) into a folder of its own, "
        "without other images, and let the names differ in one number."
    )
