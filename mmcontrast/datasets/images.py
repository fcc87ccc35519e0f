"""Images in folders and list files."""

import os
from collections.abc import Iterator, Sequence
from typing import Any, NoReturn

from mmcontrast.datasets.base import FileDataset
from mmcontrast.datasets.files import (
    ARRAYS,
    HEIF,
    IMAGES,
    class_folders,
    find_files,
    parse_line,
    parse_lines,
    report_left_out,
)
from mmcontrast.registry import DATASETS
from mmcontrast.utils.text import read_lines


class _FilesOfFolder(FileDataset):
    contents = "image"
    default_extensions: tuple[str, ...] = IMAGES
    without_labels = "Images"

    def __init__(
        self,
        data_root: str | os.PathLike,
        pipeline: Sequence = (),
        *,
        extensions: Sequence[str] | None = None,
        **kwargs: Any,
    ):
        chosen = self.default_extensions if extensions is None else extensions
        self.extensions = tuple(extension.lower() for extension in chosen)
        super().__init__(data_root, pipeline, **kwargs)

    def _find(self, folder: str) -> Iterator[str]:
        """Yield the sorted paths of the files below a folder; raise an error if there is none."""
        return find_files(folder, self.contents, self.extensions)


@DATASETS.register_module()
class Images(_FilesOfFolder):
    """All images in a folder and its sub-folders, without labels.

    ``dict(type='Images', data_root='/my/photos', pipeline=...)`` is a complete config for your own
    images. They are sorted by folder and name. Links to folders are followed; each folder is read
    once. The log names the extensions of the files that are left out, with their numbers.

    Args:
        data_root: Folder of the images.
        pipeline: Transforms, see ``mmcontrast.datasets.transforms``.
        extensions: Extensions of the images with the dot; by default those of all formats that
            Pillow reads. ``('.npy',)`` takes arrays, see ``LoadImage``.
        **kwargs: See ``FileDataset``.
    """

    def load_data_list(self) -> list[dict]:
        """Return one dict per image."""
        return [dict(path=path) for path in self._find(self.data_root)]


@DATASETS.register_module()
class ImageFolder(_FilesOfFolder):
    """Images in one sub-folder per class, as in ImageNet: ``data_root/<class>/**/<image>``.

    The label is the position of the sub-folder among their sorted names, which are in
    ``metainfo['classes']``.

    With ``ann_file``, a text file, only the images that it lists are used, for example 1% of
    ImageNet. A line is ``<class>/<image>``, relative to ``data_root``, optionally followed by the
    label of the class. A line without a folder, as in SimCLR's lists of ImageNet, belongs to the
    class before its first ``_``.

    Args:
        data_root: Folder of the sub-folders.
        pipeline: Transforms, see ``mmcontrast.datasets.transforms``.
        extensions: See :class:`Images`.
        **kwargs: See ``FileDataset``.
    """

    def load_data_list(self) -> list[dict]:
        """Return one dict per image, with its label.

        Raises:
            FileNotFoundError: There are no sub-folders, or one of them has no image.
            ValueError: A line of the list is malformed, names a missing image, or has another
                label than its folder; or a class has no listed image.
        """
        classes = class_folders(self.data_root)
        if not classes:
            raise FileNotFoundError(
                f"{type(self).__name__}: {self.data_root} has no sub-folders, and each should be a "
                f"class. For {self.contents}s without labels use type='{self.without_labels}'."
            )
        self._metainfo["classes"] = tuple(classes)
        labels = self._labels(classes)
        paths = self._read_list(labels, classes) if self.ann_file else labels
        return [dict(path=path, label=labels[path]) for path in paths]

    def _labels(self, classes: Sequence[str]) -> dict[str, int]:
        """Return the label of each image, in the order of the classes."""
        by_class: dict[str, list[str]] = {name: [] for name in classes}
        outside: list[str] = []
        for path in self._find(self.data_root):
            name, *inside = os.path.relpath(path, self.data_root).split(os.sep)
            (by_class[name] if inside else outside).append(path)
        report_left_out(
            self.data_root, f"{self.contents}s of a class (they lie beside its folders)", outside
        )
        for name, paths in by_class.items():
            if not paths:
                self._refuse_empty(os.path.join(self.data_root, name))
        return {path: label for label, paths in enumerate(by_class.values()) for path in paths}

    def _refuse_empty(self, folder: str) -> NoReturn:
        path = next(self._find(folder))  # It raises if there is none.
        raise FileNotFoundError(
            f"{type(self).__name__}: {folder} is a link to a folder of another class, which has "
            f"{path}, and every folder is read once. Remove the link."
        )

    def _read_list(self, labels: dict[str, int], classes: list[str]) -> list[str]:
        """Read the paths in ``ann_file`` and check them against those of the folder."""
        paths: list[str] = []
        problems: list[str] = []
        lines = read_lines(self.ann_file)
        for number, line in enumerate(lines, start=1):
            if line.strip():
                path, problem = self._resolve(line.strip(), labels, classes)
                paths.append(path)
                problems += [f"line {number}: {line!r} {problem}"] if problem else []
        if problems:
            shown = "\n  ".join(problems[:10])
            raise ValueError(
                f"{type(self).__name__}: {len(problems)} lines of {self.ann_file} do not fit the "
                f"folder {self.data_root!r} with its {len(classes)} classes:\n  {shown}"
            )
        empty = sorted(set(range(len(classes))) - {labels[path] for path in paths})
        if empty:
            names = ", ".join(classes[label] for label in empty[:10])
            raise ValueError(
                f"{type(self).__name__}: {len(empty)} of the {len(classes)} classes have no "
                f"{self.contents} in {self.ann_file}: {names}{', ...' if len(empty) > 10 else ''}. "
                "Draw the list with balanced classes, or a longer one (tools/data/make_subset.py)."
            )
        return paths

    def _resolve(self, line: str, labels: dict[str, int], classes: list[str]) -> tuple[str, str]:
        """Return the path that a line refers to, and the problem with it (empty if none)."""
        name, label = parse_line(line) or ("", None)
        if not name:
            return "", "is not 'path' or 'path label'"
        if not os.path.dirname(name):
            name = os.path.join(name.split("_")[0], name)
        path = os.path.join(self.data_root, os.path.normpath(name))
        if path not in labels:
            return path, "is not there"
        if label not in (None, labels[path], classes[labels[path]]):
            return path, f"is in the folder of class {labels[path]}"
        return path, ""


@DATASETS.register_module()
class ImageList(FileDataset):
    """The images listed in a text file, one ``path`` or ``path label`` per line.

    Paths are absolute or relative to ``data_root`` and may contain blanks; labels are integers
    from 0, or names of classes, which are numbered in sorted order. Blanks, a tab or a comma are
    between them. Either all lines have a label or none. Empty lines and a first line of names, such
    as ``path,label``, are skipped; the order of the lines is preserved.
    """

    contents = "image"
    extensions: tuple[str, ...] = tuple(dict.fromkeys((*IMAGES, *HEIF, *ARRAYS)))

    def load_data_list(self) -> list[dict]:
        """Return one dict per line.

        Raises:
            ValueError: Some lines are malformed; the message has the numbers of the first ones. Or
                some labels are integers and others are names.
            FileNotFoundError: The first file does not exist, so ``data_root`` is likely wrong.
        """
        if not self.ann_file:
            raise ValueError(
                f"{type(self).__name__}: ann_file names the list of {self.contents}s; it is missing"
            )
        samples = parse_lines(
            self.ann_file,
            self._parse,
            "are not 'path' or 'path label', or differ from the first line in having a label or "
            "not",
        )
        # Looking for every file would take minutes on a network disk; the loader reports missing
        # ones. The first file is enough to detect a wrong root.
        if samples and not os.path.exists(samples[0]["path"]):
            raise FileNotFoundError(
                f"{self.ann_file}: the first {self.contents}, {samples[0]['path']}, does not "
                f"exist. Is data_root={self.data_root!r} the folder that the paths start from?"
            )
        names = sorted({s["label"] for s in samples if isinstance(s.get("label"), str)})
        if names:
            numbers = [s["label"] for s in samples if isinstance(s["label"], int)]
            if numbers:
                raise ValueError(
                    f"{self.ann_file}: labels are integers or names of classes, got both, such as "
                    f"{numbers[0]} and {names[0]!r}."
                )
            self._metainfo["classes"] = tuple(names)
            numbered = {name: label for label, name in enumerate(names)}
            samples = [{**s, "label": numbered[s["label"]]} for s in samples]
        return samples

    def _parse(self, line: str) -> dict | None:
        parsed = parse_line(line, self.extensions)
        if parsed is None:
            return None
        path, label = parsed
        sample: dict = dict(path=os.path.join(self.data_root, path))
        return sample if label is None else {**sample, "label": label}
