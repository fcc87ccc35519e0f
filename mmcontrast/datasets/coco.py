"""COCO images without their labels."""

import json
import logging
import os
from typing import Any

from mmengine.logging import print_log

from mmcontrast.datasets.base import FileDataset
from mmcontrast.datasets.files import find_missing
from mmcontrast.registry import DATASETS
from mmcontrast.utils.text import read_text


@DATASETS.register_module()
class CocoImages(FileDataset):
    """The images listed in a COCO annotation file; boxes and masks are not read.

    Every data sample has ``image_id``; samples are sorted by it.

    Args:
        data_root: Folder that ``ann_file`` and ``image_dir`` are relative to.
        ann_file: JSON file with a list ``images``, such as
            ``annotations/instances_train2017.json``.
        image_dir: Folder of the images, such as ``train2017``.
        **kwargs: See ``FileDataset``.
    """

    contents = "image"

    def __init__(
        self,
        data_root: str | os.PathLike,
        ann_file: str | os.PathLike,
        image_dir: str = "",
        **kwargs: Any,
    ):
        self.image_dir = image_dir
        super().__init__(data_root, ann_file=ann_file, **kwargs)

    def load_data_list(self) -> list[dict]:
        """Return one dict per image.

        Raises:
            ValueError: The file is not a COCO JSON file.
            FileNotFoundError: Images are missing (``on_error='skip'`` leaves them out instead).
        """
        names = self._read_names()
        folder = os.path.join(self.data_root, self.image_dir)
        paths = {image_id: os.path.join(folder, name) for image_id, name in names.items()}
        missing = set(find_missing(paths.values()))
        if missing:
            relative = sorted(names[i] for i, path in paths.items() if path in missing)
            self._report_missing(relative, len(names), folder)
        return [
            dict(path=path, image_id=image_id)
            for image_id, path in sorted(paths.items())
            if path not in missing
        ]

    def _read_names(self) -> dict[int, str]:
        """File names of the images by id."""
        try:
            images = json.loads(read_text(self.ann_file))["images"]
            return {int(image["id"]): str(image["file_name"]) for image in images}
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(
                f"CocoImages: {self.ann_file} is not a COCO file with a list 'images' of entries "
                f"with 'id' and 'file_name' ({type(error).__name__}: {error})"
            ) from error

    def _report_missing(self, missing: list[str], total: int, folder: str) -> None:
        message = (
            f"CocoImages: {len(missing)} of the {total} images listed in {self.ann_file} are "
            f"missing in {folder}: {', '.join(missing[:10])}{', ...' if len(missing) > 10 else ''}"
        )
        if self.on_error == "raise":
            raise FileNotFoundError(
                f"{message}. Check data_root and image_dir, or set on_error='skip' to leave "
                "missing images out."
            )
        print_log(f"{message}. They are left out.", logger="current", level=logging.WARNING)
