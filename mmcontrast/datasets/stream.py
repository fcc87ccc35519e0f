"""Batches of images from files, folders of any size, arrays, or datasets."""

import io
import itertools
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from mmengine.dataset import Compose
from PIL import ExifTags
from PIL import Image as PILImage
from torch import Tensor
from torch.utils.data import Dataset, IterableDataset, get_worker_info

from mmcontrast.datasets.base import check_on_error
from mmcontrast.datasets.collate import collate
from mmcontrast.datasets.files import find_images
from mmcontrast.datasets.transforms import UnreadableImageError
from mmcontrast.datasets.video import open_video
from mmcontrast.structures import DataSamples
from mmcontrast.utils.errors import UserError

Image: TypeAlias = str | Path | np.ndarray | Tensor | PILImage.Image | dict[str, Any]
"""A path; an RGB array (H, W, 3), uint8; a tensor (3, H, W), uint8 or floating point; a Pillow
image of any mode; or a packed sample."""

_PNG_MODES = ("1", "L", "LA", "I", "I;16", "I;16B", "P", "RGB", "RGBA")

PackedBatch: TypeAlias = tuple[dict[str, Any], DataSamples, list[str]]
"""``inputs``, ``data_samples`` and the paths of unreadable images."""


class ImageStream(IterableDataset):
    """Packed batches in the order of their source, for any number of workers.

    Worker ``w`` of W loads every W-th batch, and a data loader with ``batch_size=None`` takes the
    batches in turn. Only the batches that are being loaded are in memory.

    Args:
        source: An image file; a folder, which is read recursively in sorted order; an image in
            memory, or a stack or an iterable of images; or a dataset, whose own pipeline is used.
        pipeline: Transforms from ``LoadImage`` to ``PackInputs``. Arrays and tensors skip
            ``LoadImage``; tensors of floating-point numbers, which are normalized already, skip all
            transforms and become float32.
        batch_size: Number of images per batch.
        on_error: ``'raise'`` to raise an error at an unreadable image, ``'skip'`` to leave such
            images out and list them. What a data set with ``on_error='skip'`` replaces is listed
            too.

    Raises:
        UserError: There is no such file or folder.
    """

    def __init__(
        self,
        source: Image | Iterable[Image],
        pipeline: Compose,
        batch_size: int,
        on_error: str = "raise",
    ):
        check_on_error(on_error)
        self.dataset: Dataset | None = source if isinstance(source, Dataset) else None
        self.items = _items_of(source)
        self.pipeline = pipeline
        self.batch_size = batch_size
        self.on_error = on_error

    def __iter__(self) -> Iterator[PackedBatch]:
        worker = get_worker_info()
        first, step = (worker.id, worker.num_workers) if worker else (0, 1)
        items = enumerate(self.items)
        for number in itertools.count():
            chunk = list(itertools.islice(items, self.batch_size))
            if not chunk:
                return
            if number % step == first:
                yield self._load_batch(chunk)

    def _load_batch(self, chunk: list[tuple[int, Any]]) -> PackedBatch:
        samples, skipped = [], []
        for index, item in chunk:
            try:
                samples.append(self._load(index, item))
            except UnreadableImageError as error:
                if self.on_error == "raise":
                    raise
                skipped.append(error.path)
        if not samples:
            return {}, [], skipped
        for sample in samples:  # a data set may have replaced files by itself
            skipped += sample["data_sample"].get("skipped", ())
        batch = collate(samples)
        if isinstance(batch["inputs"]["view0"], list):
            raise UserError(
                "Images of one batch have different sizes after the pipeline: let it end in a "
                "CenterCrop, or take batch_size=1."
            )
        types = {sample["inputs"]["view0"].dtype for sample in samples}
        if len(types) > 1:
            raise UserError(
                "Images of uint8 and normalized tensors of floating-point numbers are in one "
                "batch: pass them in separate calls."
            )
        return batch["inputs"], batch["data_samples"], skipped

    def _load(self, index: int, item: Any) -> dict[str, Any]:
        if self.dataset is not None:
            return self.dataset[item]
        if isinstance(item, dict):
            return item
        if isinstance(item, str | Path):
            return self.pipeline(dict(path=str(item), index=index))
        if isinstance(item, Tensor) and item.is_floating_point() and item.dim() == 3:
            height, width = item.shape[1:]
            view = _full_view(width, height)
            sample = dict(path=f"image {index}", index=index, view0=view)
            return dict(inputs=dict(view0=item.detach().cpu().float()), data_sample=sample)
        if isinstance(item, PILImage.Image):
            encoded = _encode(item)
            return self.pipeline(dict(path=f"image {index}", index=index, bytes=encoded))
        results = _to_results(index, item)
        for transform in self.pipeline.transforms[1:]:
            results = transform(results)
        return results


def _items_of(source: Any) -> Iterable[Any]:
    if isinstance(source, str | Path):
        path = Path(source).expanduser()
        if not path.exists():
            raise UserError(f"There is neither an image nor a folder {path}.")
        return _Folder(str(path)) if path.is_dir() else [path]
    if isinstance(source, Dataset):
        return range(len(source))  # type: ignore[arg-type]
    if isinstance(source, np.ndarray | Tensor):
        return source[None] if source.ndim == 3 else source
    return [source] if isinstance(source, dict | PILImage.Image) else source


class VideoFrames:
    """Frames (H, W, 3) of a video at given times, which each worker reads by itself.

    Args:
        path: Path of the video.
        seconds: Ascending times relative to the first frame.
        num_at_once: Number of frames that are in memory.
    """

    def __init__(self, path: str, seconds: Sequence[float], num_at_once: int = 32):
        self.path, self.seconds, self.num_at_once = path, seconds, num_at_once

    def __iter__(self) -> Iterator[np.ndarray]:
        with open_video(self.path) as video:
            for first in range(0, len(self.seconds), self.num_at_once):
                yield from video.read_times(self.seconds[first : first + self.num_at_once])


class _Folder:
    """The images of a folder, which each worker lists lazily to keep memory constant."""

    def __init__(self, root: str):
        self.root = root

    def __iter__(self) -> Iterator[str]:
        return find_images(self.root)


def _encode(image: PILImage.Image) -> bytes:
    """Write an image without loss, so that ``LoadImage`` treats it like one of a file."""
    file = io.BytesIO()
    orientation = image.getexif().get(ExifTags.Base.Orientation)
    exif = PILImage.Exif()
    if isinstance(orientation, int):
        exif[ExifTags.Base.Orientation] = orientation
    if image.mode == "F":
        image.save(file, "TIFF", exif=exif)
    else:
        image = image if image.mode in _PNG_MODES else image.convert("RGB")
        image.save(file, "PNG", compress_level=1, exif=exif)
    return file.getvalue()


def _to_results(index: int, item: Any) -> dict[str, Any]:
    """Convert an image in memory to the results of ``LoadImage``."""
    pixels = item.cpu().numpy().transpose(1, 2, 0) if _is_chw(item) else item
    is_uint8 = isinstance(pixels, np.ndarray) and pixels.dtype == np.uint8
    if not (is_uint8 and pixels.ndim == 3 and pixels.shape[2] == 3 and pixels.size):
        shape = f"{tuple(item.shape)} {item.dtype}" if hasattr(item, "dtype") else ""
        raise UserError(
            f"image {index} is a {type(item).__name__} {shape}; it should be a path, a Pillow "
            "image, an array (H, W, 3) of uint8 RGB, a tensor (3, H, W) of uint8, or a tensor of "
            "floating-point numbers that is normalized already."
        )
    height, width = pixels.shape[:2]
    return dict(
        path=f"image {index}",
        index=index,
        image=np.ascontiguousarray(pixels),
        **_full_view(width, height),
    )


def _is_chw(item: Any) -> bool:
    return isinstance(item, Tensor) and item.dim() == 3


def _full_view(width: int, height: int) -> dict[str, Any]:
    return dict(size=(width, height), box=(0.0, 0.0, float(width), float(height)), flip=False)
