"""Images in folders and list files."""

import os
from pathlib import Path

from mmcontrast.datasets.base import ImageDataset
from mmcontrast.datasets.files import IMAGES, find_images, parse_line, parse_lines
from mmcontrast.registry import DATASETS


@DATASETS.register_module()
class Images(ImageDataset):
    """All images in a folder and its sub-folders, without labels.

    ``dict(type='Images', data_root='/my/photos', pipeline=...)`` is all that one's own images
    need. They are sorted by folder and name.
    """

    def load_data_list(self) -> list[dict]:
        """One dict an image."""
        return [dict(path=path) for path in find_images(self.data_root)]


@DATASETS.register_module()
class ImageFolder(ImageDataset):
    """One sub-folder a class, as in ImageNet: ``data_root/<class>/**/<image>``.

    Labels count the sorted names of the sub-folders; ``metainfo['classes']`` holds the names.

    With ``ann_file``, a text file, only the images that it lists are used, such as 1% of
    ImageNet: one ``<class>/<image>`` a line, relative to ``data_root``. The label of the class
    may follow; a name alone, as in SimCLR's lists of ImageNet, is of the class before its ``_``.
    """

    def load_data_list(self) -> list[dict]:
        """One dict an image, with its label.

        Raises:
            FileNotFoundError: There are no sub-folders, or one holds no image.
            ValueError: A line of the list is malformed, names an image that is not there, or has
                another label than its folder; or a class has no listed image.
        """
        with os.scandir(self.data_root) as entries:
            classes = sorted(e.name for e in entries if e.is_dir() and not e.name.startswith("."))
        if not classes:
            raise FileNotFoundError(
                f"ImageFolder: {self.data_root} has no sub-folders, and each should be a class. "
                "For images without labels use type='Images'."
            )
        self._metainfo["classes"] = tuple(classes)
        labels = {
            path: label
            for label, name in enumerate(classes)
            for path in find_images(os.path.join(self.data_root, name))
        }
        paths = self._listed(labels, classes) if self.ann_file else labels
        return [dict(path=path, label=labels[path]) for path in paths]

    def _listed(self, labels: dict[str, int], classes: list[str]) -> list[str]:
        """The paths that ``ann_file`` lists, checked against those of the folder."""
        paths: list[str] = []
        bad: list[str] = []
        lines = Path(self.ann_file).read_text(encoding="utf-8").splitlines()
        for number, line in enumerate(lines, start=1):
            if line.strip():
                path, problem = self._find(line.strip(), labels)
                paths.append(path)
                bad += [f"line {number}: {line!r} {problem}"] if problem else []
        if bad:
            shown = "\n  ".join(bad[:10])
            raise ValueError(
                f"ImageFolder: {len(bad)} lines of {self.ann_file} do not fit the folder "
                f"{self.data_root!r} with its {len(classes)} classes:\n  {shown}"
            )
        empty = sorted(set(range(len(classes))) - {labels[path] for path in paths})
        if empty:
            names = ", ".join(classes[label] for label in empty[:10])
            raise ValueError(
                f"ImageFolder: {len(empty)} of the {len(classes)} classes have no image in "
                f"{self.ann_file}: {names}{', ...' if len(empty) > 10 else ''}. Draw the list with "
                "balanced classes, or a longer one (tools/data/make_subset.py)."
            )
        return paths

    def _find(self, line: str, labels: dict[str, int]) -> tuple[str, str]:
        """The path behind a line, and what is wrong with it, if anything."""
        name, label = parse_line(line) or ("", None)
        if not name:
            return "", "is not 'path' or 'path label'"
        if not os.path.dirname(name):
            name = os.path.join(name.split("_")[0], name)
        path = os.path.join(self.data_root, os.path.normpath(name))
        if path not in labels:
            return path, "is not there"
        if label not in (None, labels[path]):
            return path, f"is in the folder of class {labels[path]}"
        return path, ""


@DATASETS.register_module()
class ImageList(ImageDataset):
    """The images named by a text file, one ``path`` or ``path label`` a line.

    Paths are relative to ``data_root`` (or absolute) and may contain blanks; labels are whole
    numbers from 0. Either all lines have a label or none. Empty lines are passed over; the order
    of the lines is kept.
    """

    extensions: tuple[str, ...] = IMAGES

    def load_data_list(self) -> list[dict]:
        """One dict a line.

        Raises:
            ValueError: Some lines are bad; the message holds the numbers of the first ones.
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
        # Looking for every file would take minutes on a network disk; the loader names a missing
        # one. A wrong root shows in the first.
        if samples and not os.path.exists(samples[0]["path"]):
            raise FileNotFoundError(
                f"{self.ann_file}: the first {self.contents}, {samples[0]['path']}, does not "
                f"exist. Is data_root={self.data_root!r} the folder that the paths start from?"
            )
        return samples

    def _parse(self, line: str) -> dict | None:
        parsed = parse_line(line, self.extensions)
        if parsed is None:
            return None
        path, label = parsed
        sample: dict = dict(path=os.path.join(self.data_root, path))
        return sample if label is None else {**sample, "label": label}
