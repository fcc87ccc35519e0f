"""COCO images without their labels."""

import json
import os
from pathlib import Path
from typing import Any

from mmengine.logging import print_log

from mmcontrast.datasets.base import ImageDataset
from mmcontrast.registry import DATASETS


@DATASETS.register_module()
class CocoImages(ImageDataset):
    """The images that a COCO annotation file names; boxes and masks are not read.

    Args:
        data_root: Folder that ``ann_file`` and ``image_dir`` are relative to.
        ann_file: JSON file with an ``images`` list, such as
            ``annotations/instances_train2017.json``.
        image_dir: Folder of the images, such as ``train2017``.
        **kwargs: See ``ImageDataset``.

    Every data sample has ``image_id``; the order is that of the ids.
    """

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
        """One dict an image.

        Raises:
            ValueError: The file is no COCO JSON.
            FileNotFoundError: Images are missing (``on_error='skip'`` leaves them out instead).
        """
        try:
            images = json.loads(Path(self.ann_file).read_text(encoding="utf-8"))["images"]
            names = {int(image["id"]): str(image["file_name"]) for image in images}
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(
                f"CocoImages: {self.ann_file} is not a COCO file with a list 'images' of entries "
                f"with 'id' and 'file_name' ({type(error).__name__}: {error})"
            ) from error
        folder = os.path.join(self.data_root, self.image_dir)
        # One listing is much faster than a look at each of 118,287 files.
        there = {
            os.path.relpath(os.path.join(parent, name), folder)
            for parent, _, files in os.walk(folder, followlinks=True)
            for name in files
        }
        missing = [name for name in names.values() if os.path.normpath(name) not in there]
        if missing:
            shown = ", ".join(sorted(missing)[:10])
            message = (
                f"CocoImages: {len(missing)} of the {len(names)} images named in {self.ann_file} "
                f"are missing in {folder}: {shown}{', ...' if len(missing) > 10 else ''}"
            )
            if self.on_error == "raise":
                raise FileNotFoundError(
                    f"{message}. Check data_root and image_dir, or set on_error='skip' to leave "
                    "missing images out."
                )
            print_log(f"{message}. They are left out.", logger="current", level=30)
        gone = set(missing)
        return [
            dict(path=os.path.join(folder, name), image_id=image_id)
            for image_id, name in sorted(names.items())
            if name not in gone
        ]
