"""Lists of files: by extension, in folders, and in text files."""

import itertools
import logging
import os
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from mmengine.logging import print_log

from mmcontrast.datasets.frame_order import frame_numbers
from mmcontrast.utils.delimited import is_number
from mmcontrast.utils.text import read_lines

HEIF: tuple[str, ...] = (".heic", ".heif", ".hif")
ARRAYS: tuple[str, ...] = (".npy",)
# What Pillow decodes, the most frequent ones first, without PostScript, which it hands to an
# interpreter, and without .pcd, which more often is a point cloud.
IMAGES: tuple[str, ...] = (
    ".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".ppm", ".pgm", ".gif",
    ".jfif", ".jpe", ".mpo", ".jp2", ".j2k", ".j2c", ".jpc", ".jpf", ".jpx", ".avif", ".avifs",
    ".apng", ".pbm", ".pnm", ".pfm", ".tga", ".icb", ".vda", ".vst", ".dib", ".sgi", ".rgb",
    ".rgba", ".bw", ".ras", ".pcx", ".dcx", ".psd", ".dds", ".qoi", ".xbm", ".xpm", ".ico", ".icns",
    ".cur", ".fit", ".fits", ".fli", ".flc", ".im", ".msp", ".pxr", ".blp", ".ftc", ".ftu", ".gbr",
    *(HEIF if find_spec("pillow_heif") else ()),
)  # fmt: skip
VIDEOS: tuple[str, ...] = (
    ".mp4", ".avi", ".mkv", ".webm", ".mov", ".m4v", ".mpg", ".mpeg", ".wmv", ".flv", ".3gp",
    ".ts", ".vob", ".ogv",
)  # fmt: skip
SOUNDS: tuple[str, ...] = (
    ".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".m4a", ".aac", ".aif", ".aiff", ".wma",
    ".mka", ".ac3",
)  # fmt: skip

# Files that lie beside images and videos without being any.
_COMPANIONS = (
    ".txt", ".xml", ".json", ".jsonl", ".csv", ".tsv", ".md", ".html", ".yaml", ".yml", ".py",
    ".pdf", ".mat", ".cls", ".db", ".ini", ".log",
)  # fmt: skip
_SHOWN_EXTENSIONS = 14


def is_image(name: str) -> bool:
    """Whether a file has the extension of an image and is not hidden."""
    return has_extension(name, IMAGES)


def has_extension(name: str, extensions: tuple[str, ...]) -> bool:
    """Whether a file has one of ``extensions`` and is not hidden."""
    return name.lower().endswith(extensions) and not name.startswith(".")


def class_folders(root: str | os.PathLike[str]) -> list[str]:
    """Return the sorted names of the sub-folders that are classes: all that are not hidden."""
    with os.scandir(os.fspath(root)) as entries:
        return sorted(e.name for e in entries if e.is_dir() and not e.name.startswith("."))


def walk(root: str | os.PathLike) -> list[tuple[str, list[str]]]:
    """List all folders below ``root``, each once, and the names of their files.

    Links to folders are followed. A folder that can be reached in several ways, as through a link
    to a folder above it or through two folders that link each other, has its own path in ``root``,
    or that of the first link to it where it lies elsewhere. Links to files are files of their own.

    Returns:
        Folders in the order of ``os.walk`` over sorted names, with the sorted names of the files in
        each; hidden files and folders are left out.
    """
    root = os.fspath(root)
    visited: set[tuple[int, int]] = set()
    listing: dict[tuple[str, ...], tuple[str, list[str]]] = {}
    # Folders come before the links to them, so that they keep their own paths.
    starts: list[tuple[str, ...]] = [()]
    while starts:
        links: list[tuple[str, ...]] = []
        for start in starts:
            links += _walk_without_links(root, start, visited, listing)
        starts = sorted(links)
    return [listing[parts] for parts in sorted(listing)]


def _walk_without_links(
    root: str,
    start: tuple[str, ...],
    visited: set[tuple[int, int]],
    listing: dict[tuple[str, ...], tuple[str, list[str]]],
) -> list[tuple[str, ...]]:
    """Add the folders below ``start`` to ``listing``, and return the links to folders there."""
    pending, links = [start], []
    while pending:
        parts = pending.pop()
        folder = os.path.join(root, *parts)
        try:
            status = os.stat(folder)
            entries = list(os.scandir(folder))
        except OSError:  # A folder that may not be read, as in os.walk.
            continue
        if (status.st_dev, status.st_ino) in visited:
            continue
        visited.add((status.st_dev, status.st_ino))
        names = []
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if not entry.is_dir():
                names.append(entry.name)
            elif entry.is_symlink():
                links.append((*parts, entry.name))
            else:
                pending.append((*parts, entry.name))
        listing[parts] = folder, sorted(names)
    return links


def find_images(root: str | os.PathLike, extensions: tuple[str, ...] = IMAGES) -> Iterator[str]:
    """Yield the paths of all images below ``root``, sorted, see :func:`find_files`."""
    return find_files(root, "image", extensions)


def find_videos(root: str | os.PathLike) -> Iterator[str]:
    """Yield the paths of all videos below ``root``, sorted, see :func:`find_files`."""
    return find_files(root, "video", VIDEOS)


def find_files(root: str | os.PathLike, kind: str, extensions: tuple[str, ...]) -> Iterator[str]:
    """Yield the paths of all files below ``root`` with certain extensions, sorted.

    The log says once for each folder how many files of which other extensions are left out.

    Args:
        root: Folder; it is walked through by :func:`walk`.
        kind: What the files are in the singular, for the messages.
        extensions: Extensions in lower case, with the dot.

    Raises:
        FileNotFoundError: There is no such file; the message names another one, if there is one.
    """
    others: list[str] = []
    is_empty = True
    for folder, names in walk(root):
        for name in names:
            if has_extension(name, extensions):
                is_empty = False
                yield os.path.join(folder, name)
            else:
                others.append(os.path.join(folder, name))
    if is_empty:
        hint = f"; the {len(others)} other files include {others[0]}" if others else ""
        shown = " ".join(extensions[:_SHOWN_EXTENSIONS])
        more = " ..." if len(extensions) > _SHOWN_EXTENSIONS else ""
        raise FileNotFoundError(
            f"There is no {kind} ({shown}{more}) in {root} or below{hint}{remedy_for(others)}."
        )
    report_left_out(root, f"{kind}s", others)


def report_left_out(root: str | os.PathLike, kind: str, paths: Iterable[str]) -> None:
    """Log how many files of which extensions are left out, once for each folder.

    It is a warning if some of them may be meant to be read, since their extensions are not those of
    lists and annotations.
    """
    counts = Counter(os.path.splitext(path)[1].lower() or "no extension" for path in paths)
    if counts:
        shown = ", ".join(f"{number} {suffix}" for suffix, number in counts.most_common())
        remedy = remedy_for(counts)
        level = logging.INFO if set(counts) <= {*_COMPANIONS, "no extension"} else logging.WARNING
        _log_once(f"{os.fspath(root)}: left out, as they are no {kind}: {shown}{remedy}.", level)


@cache
def _log_once(message: str, level: int) -> None:
    print_log(message, logger="current", level=level)


def remedy_for(names: Iterable[str]) -> str:
    """Return how files of the extensions in ``names`` can be read, as part of a sentence."""
    suffixes = {os.path.splitext(name)[1].lower() or name for name in names}
    remedy = ""
    if not suffixes.isdisjoint(HEIF) and HEIF[0] not in IMAGES:
        remedy += f"; pip install 'mmcontrast[heif]' reads {' '.join(HEIF)}"
    if not suffixes.isdisjoint(ARRAYS):
        remedy += "; extensions=('.npy',) of Images and ImageFolder reads arrays"
    return remedy


def find_missing(paths: Iterable[str]) -> list[str]:
    """Return those files that do not exist, in their order; each of their folders is listed once.

    One listing is much faster than a look at each of 118,287 files.
    """
    paths = list(paths)
    by_folder: dict[str, set[str]] = defaultdict(set)
    for path in paths:
        by_folder[os.path.dirname(path)].add(os.path.basename(path))
    present = {
        folder: set(os.listdir(folder or ".")) if os.path.isdir(folder or ".") else set()
        for folder in by_folder
    }
    return [path for path in paths if os.path.basename(path) not in present[os.path.dirname(path)]]


# First fields of a line that holds the names of a list's columns.
_NAMES = ("path", "file", "filename", "image", "img", "video", "name", "folder")


def parse_line(
    line: str, extensions: tuple[str, ...] = IMAGES
) -> tuple[str, int | str | None] | None:
    """Split a line ``path`` or ``path label`` of a list; both may contain blanks.

    Args:
        line: The line, without blanks at its ends. Blanks, a tab, a comma or a semicolon are
            between path and label.
        extensions: Extensions of the files, in lower case.

    Returns:
        Path and label: an integer from 0, the name of a class, or None if there is no label. None
        if the line is malformed, or its label another number.
    """
    if has_extension(os.path.basename(line), extensions):
        return line, None
    for separator in reversed(list(re.finditer(r"[\s,;]+", line))):
        path, label = line[: separator.start()], line[separator.end() :]
        if has_extension(os.path.basename(path), extensions):
            # isdecimal() also accepts digits of other scripts, which int() reads as well.
            if label.isdecimal():
                return path, int(label)
            return None if is_number(label) else (path, label)
    return None


def parse_lines(path: str, parse: Callable[[str], dict | None], problem: str) -> list[dict]:
    """Parse each line of a list to a dict; empty lines and a first line of names are skipped.

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
        if sample is None and number == 1 and re.split(r"[\s,;]", line.lower())[0] in _NAMES:
            continue
        if sample is None or (samples and sample.keys() != samples[0].keys()):
            malformed.append(f"line {number}: {line!r}")
        else:
            samples.append(sample)
    if malformed:
        shown = "\n  ".join(malformed[:10])
        raise ValueError(f"{path}: {len(malformed)} lines {problem}:\n  {shown}")
    return samples


def list_frames(folder: Path, consecutive: bool = True) -> list[str]:
    """List the paths of a video's frames, sorted by the number in their names that varies.

    ``9_v2.jpg`` comes before ``10_v2.jpg``. Date and time of 14 digits, with or without separators,
    are one number. Names without any number that varies are sorted as texts.

    Args:
        folder: Folder of the frames.
        consecutive: Whether a gap in the numbers is an error. Numbers without a common step, such
            as time stamps, have no gaps.

    Raises:
        FileNotFoundError: The folder or frames are missing; the message has the first gaps.
        ValueError: The names do not say the order of the frames.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder} is not a folder of frames.")
    names = sorted(e.name for e in folder.iterdir() if is_image(e.name))
    if not names:
        raise FileNotFoundError(f"There is no image in {folder}.")
    try:
        numbers = frame_numbers(names)
    except ValueError as error:
        raise ValueError(f"{folder}: {error}") from None
    order = sorted(range(len(names)), key=numbers.__getitem__)
    if consecutive:
        _refuse_gaps(folder, [numbers[i] for i in order])
    return [str(folder / names[i]) for i in order]


def _refuse_gaps(folder: Path, numbers: Sequence[int]) -> None:
    gaps = [after - before for before, after in itertools.pairwise(numbers)]
    step = min(gaps, default=1)
    if any(gap % step for gap in gaps):
        return
    missing = sum(gap // step - 1 for gap in gaps)
    if missing:
        lacking = (
            number
            for last, gap in zip(numbers, gaps, strict=False)
            for number in range(last + step, last + gap, step)
        )
        shown = ", ".join(map(str, itertools.islice(lacking, 10)))
        raise FileNotFoundError(
            f"{folder} lacks {missing} frames in the middle: {shown}"
            f"{', ...' if missing > 10 else ''}. Labels would jump over the gap; copy the "
            "frames again."
        )
