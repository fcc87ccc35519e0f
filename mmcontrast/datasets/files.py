"""Lists of files: by extension, in folders, and in text files."""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from mmcontrast.utils.text import read_lines

IMAGES: tuple[str, ...] = (
    ".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".ppm", ".pgm", ".gif",
)  # fmt: skip
VIDEOS: tuple[str, ...] = (
    ".mp4", ".avi", ".mkv", ".webm", ".mov", ".m4v", ".mpg", ".mpeg", ".wmv", ".flv", ".3gp",
    ".ts", ".vob", ".ogv",
)  # fmt: skip


def is_image(name: str) -> bool:
    """Whether a file has the extension of an image and is not hidden."""
    return has_extension(name, IMAGES)


def has_extension(name: str, extensions: tuple[str, ...]) -> bool:
    """Whether a file has one of ``extensions`` and is not hidden."""
    return name.lower().endswith(extensions) and not name.startswith(".")


def find_images(root: str) -> Iterator[str]:
    """Yield the paths of all images below ``root``, sorted; links to folders are followed.

    Raises:
        FileNotFoundError: There is no image; the message names another file, if there is one.
    """
    return find_files(root, "image", IMAGES)


def find_videos(root: str) -> Iterator[str]:
    """Yield the paths of all videos below ``root``, as :func:`find_images` does."""
    return find_files(root, "video", VIDEOS)


def find_files(root: str, kind: str, extensions: tuple[str, ...]) -> Iterator[str]:
    """Yield the paths of all files below ``root`` with certain extensions, sorted.

    Args:
        root: Folder; links to folders in it are followed, hidden files and folders are skipped.
        kind: What the files are, for the message.
        extensions: Extensions in lower case, with the dot.

    Raises:
        FileNotFoundError: There is no such file; the message names another one, if there is one.
    """
    others: list[str] = []
    is_empty = True
    for folder, subfolders, names in os.walk(root, followlinks=True):
        # Sorting in place also fixes the order in which the sub-folders are entered.
        subfolders[:] = sorted(name for name in subfolders if not name.startswith("."))
        for name in sorted(names):
            if has_extension(name, extensions):
                is_empty = False
                yield os.path.join(folder, name)
            else:
                others.append(os.path.join(folder, name))
    if is_empty:
        hint = f"; the {len(others)} other files include {others[0]}" if others else ""
        raise FileNotFoundError(
            f"There is no {kind} ({' '.join(extensions)}) in {root} or below{hint}."
        )


def parse_line(line: str, extensions: tuple[str, ...] = IMAGES) -> tuple[str, int | None] | None:
    """Split a line ``path`` or ``path label`` of a list; paths may contain blanks.

    Args:
        line: The line, without blanks at its ends.
        extensions: Extensions of the files, in lower case.

    Returns:
        Path and label (None if there is no label); None if the line is malformed.
    """
    if has_extension(os.path.basename(line), extensions):
        return line, None
    path, _, label = line.rpartition(" ")
    path = path.rstrip()
    # isdecimal() also accepts digits of other scripts, which int() reads as well.
    if has_extension(os.path.basename(path), extensions) and label.isdecimal():
        return path, int(label)
    return None


def parse_lines(path: str, parse: Callable[[str], dict | None], problem: str) -> list[dict]:
    """Parse each line of a list to a dict; empty lines are skipped.

    Args:
        path: Text file.
        parse: Function from a line to a dict, or to None if the line is malformed. A line whose
            dict has other keys than that of the first line is malformed as well.
        problem: What malformed lines are, for the message.

    Raises:
        ValueError: Some lines are malformed; the message has the numbers of the first ones.
    """
    samples: list[dict] = []
    malformed: list[str] = []
    lines = read_lines(path)
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        sample = parse(line.strip())
        if sample is None or (samples and sample.keys() != samples[0].keys()):
            malformed.append(f"line {number}: {line!r}")
        else:
            samples.append(sample)
    if malformed:
        shown = "\n  ".join(malformed[:10])
        raise ValueError(f"{path}: {len(malformed)} lines {problem}:\n  {shown}")
    return samples


def list_frames(folder: Path, consecutive: bool = True) -> list[str]:
    """List the paths of a video's frames, sorted by the last number in their names.

    Args:
        folder: Folder of the frames.
        consecutive: Whether a gap in the numbers is an error.

    Raises:
        FileNotFoundError: The folder or frames are missing; the message has the first gaps.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder} is not a folder of frames.")
    names = sorted((e.name for e in folder.iterdir() if is_image(e.name)), key=_number)
    if not names:
        raise FileNotFoundError(f"There is no image in {folder}.")
    if consecutive:
        _refuse_gaps(folder, [_number(name)[0] for name in names])
    return [str(folder / name) for name in names]


def _refuse_gaps(folder: Path, numbers: list[int]) -> None:
    if numbers[0] < 0:
        return
    missing = sorted(set(range(numbers[0], numbers[-1] + 1)) - set(numbers))
    if missing:
        shown = ", ".join(map(str, missing[:10]))
        raise FileNotFoundError(
            f"{folder} lacks {len(missing)} frames in the middle: {shown}"
            f"{', ...' if len(missing) > 10 else ''}. Labels would jump over the gap; copy the "
            "frames again."
        )


def _number(name: str) -> tuple[int, str]:
    """Sort key of frames, by which 10.jpg follows 9.jpg; -1 if the name has no number."""
    numbers = re.findall(r"\d+", Path(name).stem)
    return (int(numbers[-1]) if numbers else -1), name
