"""Files that names, folders and lists tell of."""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

IMAGES: tuple[str, ...] = (
    ".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".ppm", ".pgm", ".gif",
)  # fmt: skip
VIDEOS: tuple[str, ...] = (
    ".mp4", ".avi", ".mkv", ".webm", ".mov", ".m4v", ".mpg", ".mpeg", ".wmv", ".flv", ".3gp",
    ".ts", ".vob", ".ogv",
)  # fmt: skip


def is_image(name: str) -> bool:
    """Whether a file's name says that it is an image; hidden files are not."""
    return has_extension(name, IMAGES)


def has_extension(name: str, extensions: tuple[str, ...]) -> bool:
    """Whether a file's name ends in one of ``extensions``; hidden files do not count."""
    return name.lower().endswith(extensions) and not name.startswith(".")


def find_images(root: str) -> Iterator[str]:
    """Paths of all images below ``root``, in sorted order; links to folders are followed.

    Raises:
        FileNotFoundError: There is none; the message tells what is there instead.
    """
    return find_files(root, "image", IMAGES)


def find_videos(root: str) -> Iterator[str]:
    """Paths of all videos below ``root``, likewise."""
    return find_files(root, "video", VIDEOS)


def find_files(root: str, kind: str, extensions: tuple[str, ...]) -> Iterator[str]:
    """Paths of all files below ``root`` that end so, in sorted order, hidden ones left out.

    Args:
        root: Folder; links to folders in it are followed.
        kind: What the files are, for the message.
        extensions: Endings in lower case.

    Raises:
        FileNotFoundError: There is none; the message tells what is there instead.
    """
    others: list[str] = []
    found = False
    for folder, subfolders, names in os.walk(root, followlinks=True):
        # Sorting in place also fixes the order in which the sub-folders are entered.
        subfolders[:] = sorted(name for name in subfolders if not name.startswith("."))
        for name in sorted(names):
            if has_extension(name, extensions):
                found = True
                yield os.path.join(folder, name)
            else:
                others.append(os.path.join(folder, name))
    if not found:
        known = " ".join(extensions)
        hint = f"; the {len(others)} other files include {others[0]}" if others else ""
        raise FileNotFoundError(f"There is no {kind} ({known}) in {root} or below{hint}.")


def parse_line(line: str, extensions: tuple[str, ...] = IMAGES) -> tuple[str, int | None] | None:
    """Split a line ``path`` or ``path label`` of a list; paths may contain blanks.

    Args:
        line: Without blanks at its ends.
        extensions: How the files' names end.

    Returns:
        Path, and label if there is one; None if the line is neither.
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
    """Make a dict of each line of a list; empty lines are passed over.

    Args:
        path: Text file.
        parse: Makes a dict of a line, None of a bad one. A line whose dict has other keys than
            that of the first is bad as well.
        problem: What bad lines are, for the message.

    Raises:
        ValueError: Some lines are bad; the message holds the numbers of the first ones.
    """
    samples: list[dict] = []
    bad: list[str] = []
    lines = Path(path).read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        sample = parse(line.strip())
        if sample is None or (samples and sample.keys() != samples[0].keys()):
            bad.append(f"line {number}: {line!r}")
        else:
            samples.append(sample)
    if bad:
        shown = "\n  ".join(bad[:10])
        raise ValueError(f"{path}: {len(bad)} lines {problem}:\n  {shown}")
    return samples


def list_frames(folder: Path, consecutive: bool = True) -> list[str]:
    """Paths of a video's frames in the order of the last number in their names.

    Args:
        folder: Of the images.
        consecutive: Whether the numbers in their names must have no gap.

    Raises:
        FileNotFoundError: The folder or frames are missing; the first gaps are named.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder} is not a folder of frames.")
    names = sorted((e.name for e in folder.iterdir() if is_image(e.name)), key=_number)
    if not names:
        raise FileNotFoundError(f"There is no image in {folder}.")
    found = [_number(name)[0] for name in names]
    if consecutive and found[0] >= 0:
        missing = sorted(set(range(found[0], found[-1] + 1)) - set(found))
        if missing:
            shown = ", ".join(map(str, missing[:10]))
            raise FileNotFoundError(
                f"{folder} lacks {len(missing)} frames in the middle: {shown}"
                f"{', ...' if len(missing) > 10 else ''}. Labels would jump over the gap; copy the "
                "frames again."
            )
    return [str(folder / name) for name in names]


def _number(name: str) -> tuple[int, str]:
    """What frames are sorted by, so that 10.jpg follows 9.jpg; -1 where there is no number."""
    numbers = re.findall(r"\d+", Path(name).stem)
    return (int(numbers[-1]) if numbers else -1), name
