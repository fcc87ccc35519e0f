"""Writing of the mini-world to disk, with a manifest by which each layout is written only once."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from filelock import FileLock

from mmcontrast.utils.writing import writing

from .writers import (
    audiovisual,
    clips,
    coco,
    davis,
    graphs,
    imagenet,
    jhmdb,
    otb,
    vip,
    voc,
    zeroshot,
)
from .writers.files import SPLITS

VERSION = 7
"""Increased whenever the files of a seed change; layouts of older versions are written again."""

MANIFEST = "mini.json"
_TEMPORARY = ".mini-"


class Writer(Protocol):
    """A function that writes one layout into an empty folder."""

    def __call__(self, folder: Path, seed: int, num_train: int, num_val: int) -> None:
        """Write ``num_train`` and ``num_val`` images, clips, graphs or features."""


class Layout(NamedTuple):
    """The writer of a layout and its default numbers of samples.

    Samples are clips in a layout of videos, small graphs in ``graphs``, and features in
    ``zeroshot``. A split that a layout does not have has the number 0.
    """

    write: Writer
    num_train: int
    num_val: int


IMAGE_LAYOUTS: dict[str, Layout] = {
    "imagenet": Layout(imagenet.write, 1500, 400),
    "coco": Layout(coco.write, 240, 80),
    "voc": Layout(voc.write, 200, 80),
}
VIDEO_LAYOUTS: dict[str, Layout] = {
    "videos": Layout(clips.write, 40, 0),
    "audiovisual": Layout(audiovisual.write, 320, 160),
    "davis": Layout(davis.write, 0, 8),
    "jhmdb": Layout(jhmdb.write, 0, 6),
    "vip": Layout(vip.write, 0, 6),
    "otb": Layout(otb.write, 0, 8),
}
ARRAY_LAYOUTS: dict[str, Layout] = {
    "graphs": Layout(graphs.write, 120, 0),
    "zeroshot": Layout(zeroshot.write, 480, 320),
}
LAYOUTS = IMAGE_LAYOUTS | VIDEO_LAYOUTS | ARRAY_LAYOUTS
USUAL_LAYOUTS = (*IMAGE_LAYOUTS, *ARRAY_LAYOUTS)
"""All layouts but those of videos, which need a codec and some time."""


class LayoutFolder(NamedTuple):
    """Folder and size of a layout, and whether this call of ``make_mini`` wrote it (``fresh``)."""

    folder: Path
    num_train: int
    num_val: int
    fresh: bool


def make_mini(
    root: str | os.PathLike[str] = "data/mini",
    seed: int = 0,
    layouts: Sequence[str] = USUAL_LAYOUTS,
    num_images: Mapping[str, tuple[int, int]] | None = None,
) -> dict[str, LayoutFolder]:
    """Write the layouts of the mini-world that do not exist yet.

    An existing layout of the same options and version is kept; one of other options or of another
    version is written again. Each layout is written to a temporary folder and moved into place at
    the end, so it is either complete or absent. Several processes may call this function at once.

    Args:
        root: Folder of the mini-world, with one sub-folder per layout.
        seed: Seed of the mini-world; the same seed gives the same bytes.
        layouts: Names of the layouts to write, from ``LAYOUTS``; other existing layouts are kept.
        num_images: Pairs (train, val) that replace the default numbers of some layouts.

    Returns:
        Folder and size of each of ``layouts``, and whether this call wrote it.

    Raises:
        ValueError: A layout is unknown, or cannot have that number of samples.
        FileExistsError: The folder has files that are no mini-world; they are not changed.
        OSError: The folder cannot be written.
        ImportError: PyAV, which encodes videos, is not installed.
    """
    root = Path(root)
    options = {name: _options(name, seed, num_images or {}) for name in layouts}
    unknown = sorted(set(num_images or {}) - set(options))
    if unknown:
        raise ValueError(
            f"num_images names {', '.join(unknown)}, which is not among the layouts "
            f"to be made: {', '.join(options)}"
        )
    missing = [name for name in options if _manifest(root / name) != options[name]]
    if missing:
        _refuse_foreign(root, missing)
        _prepare(root)
        with FileLock(root / f"{_TEMPORARY}lock"):
            _sweep(root)
            missing = [name for name in missing if _manifest(root / name) != options[name]]
            for name in missing:
                with writing(root):
                    _make_layout(root, name, options[name])
    return {
        name: LayoutFolder(root / name, entry["num_train"], entry["num_val"], name in missing)
        for name, entry in options.items()
    }


def _options(name: str, seed: int, num_images: Mapping[str, tuple[int, int]]) -> dict[str, Any]:
    """Return the manifest of a layout that is written now."""
    if name not in LAYOUTS:
        raise ValueError(f"unknown layout {name!r}; there are {', '.join(LAYOUTS)}")
    usual = LAYOUTS[name][1:]
    num_train, num_val = num_images.get(name, usual)
    for split, number, default in zip(SPLITS, (num_train, num_val), usual, strict=True):
        if default and number < 1:
            raise ValueError(f"{name} needs at least one sample in its split {split}, not {number}")
        if number and not default:
            raise ValueError(f"{name} has no {split} split, so its number is 0, not {number}")
    return {
        "format": "mmcontrast mini-world",
        "version": VERSION,
        "seed": seed,
        "layout": name,
        "num_train": num_train,
        "num_val": num_val,
    }


def _manifest(folder: Path) -> dict[str, Any] | None:
    """Read the manifest of a layout on disk; None if there is none."""
    try:
        content = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None


def _refuse_foreign(root: Path, names: Sequence[str]) -> None:
    """Raise a ``FileExistsError`` if files that are no mini-world would be affected."""
    if root.exists() and not root.is_dir():
        raise FileExistsError(f"{root} is a file, not a folder; give another one")
    for folder in (root / name for name in names):
        if folder.exists() and _manifest(folder) is None:
            raise FileExistsError(
                f"{folder} is there but holds no {MANIFEST}, so it is not part "
                "of a mini-world and is left alone; give another folder"
            )
    entries = (
        [path for path in root.iterdir() if not path.name.startswith(_TEMPORARY)]
        if root.exists()
        else []
    )
    if entries and all(_manifest(path) is None for path in entries):
        raise FileExistsError(
            f"{root} is not empty and holds no mini-world (its first entry is "
            f"{min(entries).name}); give a new or an empty folder"
        )


def _prepare(root: Path) -> None:
    """Create the root and check that it can be written."""
    try:
        root.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=root).close()
    except OSError as error:
        raise OSError(
            f"cannot write the mini-world to {root}: {error.strerror}; "
            "give a folder that you may write to"
        ) from error


def _sweep(root: Path) -> None:
    """Remove temporary folders of killed runs; the caller holds the lock, so none is in use."""
    for path in root.glob(f"{_TEMPORARY}*"):
        if path.is_dir():
            shutil.rmtree(path)


def _make_layout(root: Path, name: str, options: dict[str, Any]) -> None:
    """Write one layout to a temporary folder and move it into place."""
    workspace = Path(tempfile.mkdtemp(prefix=_TEMPORARY, dir=root))
    new = workspace / "new"
    new.mkdir()
    LAYOUTS[name].write(new, options["seed"], options["num_train"], options["num_val"])
    (new / MANIFEST).write_text(json.dumps(options, indent=2) + "\n", encoding="utf-8")
    if (root / name).exists():
        os.rename(root / name, workspace / "old")
    os.rename(new, root / name)
    shutil.rmtree(workspace)
