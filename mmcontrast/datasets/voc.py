"""PASCAL VOC as multi-label classification."""

import os
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mmcontrast.datasets.base import FileDataset
from mmcontrast.registry import DATASETS
from mmcontrast.utils.text import read_lines

VOC_CLASSES = (
    "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow",
    "diningtable", "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train",
    "tvmonitor",
)  # fmt: skip


@DATASETS.register_module()
class VOCClassification(FileDataset):
    """The images of one list in ``ImageSets/Main``, with the classes that they show.

    ``labels`` of a sample has one number per class, as in VOC's own lists: 1 if the image shows an
    object of the class, 0 if all such objects are marked difficult, which counts as neither
    positive nor negative, and -1 otherwise.

    Args:
        data_root: Folder of a year, such as ``data/VOCdevkit/VOC2007``.
        image_set: ``train``, ``val``, ``trainval`` or ``test``.
        classes: Names of the classes in the order of the labels; VOC's twenty by default.
        **kwargs: See ``FileDataset``.
    """

    contents = "image"

    def __init__(
        self,
        data_root: str | os.PathLike,
        image_set: str = "trainval",
        classes: Sequence[str] = VOC_CLASSES,
        **kwargs: Any,
    ):
        self.classes = tuple(classes)
        super().__init__(data_root, ann_file=f"ImageSets/Main/{image_set}.txt", **kwargs)

    def load_data_list(self) -> list[dict]:
        """Return one dict per image.

        Raises:
            FileNotFoundError: A listed image has no annotation.
            ValueError: An annotation cannot be read, or has an unknown class.
        """
        self._metainfo["classes"] = self.classes
        # Lists of a single class have a second column.
        lines = read_lines(self.ann_file)
        names = [line.split()[0] for line in lines if line.strip()]
        root = Path(self.data_root)
        return [
            dict(
                path=str(root / "JPEGImages" / f"{name}.jpg"),
                labels=self._labels(root / "Annotations" / f"{name}.xml"),
            )
            for name in names
        ]

    def _labels(self, path: Path) -> list[int]:
        labels = [-1] * len(self.classes)
        try:
            objects = ElementTree.parse(path).iter("object")
        except FileNotFoundError:
            raise FileNotFoundError(
                f"VOCClassification: {path} is missing, and {self.ann_file} lists its image. The "
                "test images of VOC 2007 come in an archive of their own, with annotations."
            ) from None
        except ElementTree.ParseError as error:
            raise ValueError(f"VOCClassification: {path} is not an XML file ({error}).") from error
        for entry in objects:
            name = entry.findtext("name", "")
            if name not in self.classes:
                raise ValueError(
                    f"VOCClassification: {path} names the class {name!r}, which is not among "
                    f"classes={self.classes}."
                )
            index = self.classes.index(name)
            certain = entry.findtext("difficult", "0").strip() != "1"
            labels[index] = max(labels[index], int(certain))
        return labels
