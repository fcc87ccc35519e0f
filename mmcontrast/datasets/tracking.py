"""Videos with the boxes of one target (OTB and similar folders), whole or as pairs of crops.

Boxes are (x, y, width, height); all coordinates count pixels from 0.
"""

import os
import random
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from mmcontrast.datasets.annotated_videos import LabeledVideos
from mmcontrast.datasets.errors import UnreadableVideoError
from mmcontrast.datasets.files import class_folders, list_frames
from mmcontrast.datasets.transforms import LoadImage
from mmcontrast.ops.square_crops import crop_square, exemplar_size
from mmcontrast.registry import DATASETS
from mmcontrast.utils.atomic import write_atomically
from mmcontrast.utils.text import read_lines, read_text

# First and last frame that OTB's annotation covers, where the folder holds more.
_RANGES = {
    "David": (300, 770), "Football1": (1, 74), "Freeman3": (1, 460), "Freeman4": (1, 283),
    "Diving": (1, 215),
}  # fmt: skip
_BOXES = ("groundtruth_rect*.txt", "groundtruth_xywh.txt", "groundtruth.txt")


def read_boxes(path: str | os.PathLike) -> NDArray[np.float64]:
    """Read one box per line: four numbers, separated by commas, tabs or blanks.

    Args:
        path: Text file. Its first pixel has the number 1, as in OTB and GOT-10k.

    Returns:
        Boxes (T, 4), x and y counted from 0, NaN where the target is not visible; (0, 4) for an
        empty file.

    Raises:
        ValueError: A line is not a box; the message has the line.
    """
    boxes = []
    for number, line in enumerate(read_lines(path), start=1):
        if not line.strip():
            continue
        try:
            x, y, width, height = (float(value) for value in re.split(r"[,\s]+", line.strip()))
        except ValueError:
            raise ValueError(
                f"{path}, line {number}: {line!r} is not x, y, width, height."
            ) from None
        boxes.append((x - 1, y - 1, width, height))
    return np.array(boxes, dtype=np.float64).reshape(-1, 4)


def write_boxes(path: str | os.PathLike, boxes_T4: NDArray[np.floating]) -> None:
    """Write boxes (x, y, width, height) in pixels from 0 as :func:`read_boxes` reads them."""
    lines = [f"{x + 1:.3f},{y + 1:.3f},{w:.3f},{h:.3f}\n" for x, y, w, h in boxes_T4.tolist()]
    write_atomically("".join(lines).encode(), Path(path))


@DATASETS.register_module()
class TrackingVideos(LabeledVideos):
    """Sequences ``<name>/img/*.jpg`` with ``groundtruth_rect.txt``, the layout of OTB.

    A sample is a video. ``inputs`` has ``clip`` and ``box`` (4,), the box of the first frame;
    ``data_sample['truth']`` (T, 4) has the boxes of all frames. A sequence with several files of
    boxes (``groundtruth_rect.1.txt``...) is several samples; files without a box are skipped. The
    only box of a file, as in GOT-10k's test, is that of the first frame; the others in ``truth``
    are NaN.

    Args:
        data_root: Folder of the sequences.
        pipeline: ``LoadImage`` and ``PackInputs``: a tracker takes frames at their original size.
        frames: Folder of a sequence's frames; ``{}`` stands for the sequence's name. GOT-10k's is
            ``'{}'``.
        **kwargs: See ``FileDataset``. ``ann_file`` lists the sequences' names; by default all
            sequences are used.

    Attributes:
        first_box_is_enough: Whether a sequence may be annotated in the first frame alone.
    """

    first_box_is_enough = True

    def __init__(
        self,
        data_root: str | os.PathLike,
        pipeline: Sequence = (),
        *,
        frames: str = "{}/img",
        **kwargs: Any,
    ):
        self.frames = frames
        super().__init__(data_root, pipeline, **kwargs)

    def load_data_list(self) -> list[dict]:
        """Return one dict per target.

        Raises:
            FileNotFoundError: A sequence has no frames or no boxes.
            ValueError: A sequence's numbers of frames and boxes differ.
        """
        root = Path(self.data_root)
        names = self._read_list() if self.ann_file else class_folders(root)
        return [info for name in names for info in self._describe(name, root)]

    def _describe(self, name: str, root: Path) -> list[dict[str, Any]]:
        files = [path for pattern in _BOXES for path in sorted((root / name).glob(pattern))]
        if not files:
            raise FileNotFoundError(f"{root / name} has no boxes: none of {', '.join(_BOXES)}.")
        paths = list_frames(root / self.frames.format(name), consecutive=False)
        targets = []
        for file in files:
            boxes_T4 = read_boxes(file)
            if not len(boxes_T4):
                continue
            frames = paths
            if name in _RANGES and len(paths) > len(boxes_T4):
                first, last = _RANGES[name]
                frames = paths[first - 1 : last]
            if self.first_box_is_enough and len(boxes_T4) == 1:
                boxes_T4 = np.pad(boxes_T4, ((0, len(frames) - 1), (0, 0)), constant_values=np.nan)
            if len(frames) != len(boxes_T4):
                raise ValueError(
                    f"{name} has {len(frames)} frames and {len(boxes_T4)} boxes in {file.name}: "
                    "frames are missing, or it is the annotation of another sequence."
                )
            target = file.name.removeprefix("groundtruth_rect").removesuffix(".txt")
            label = f"{name}{target}" if len(files) > 1 else name
            targets.append(
                dict(sequence=label, folder=str(root / name), paths=frames, truth=boxes_T4)
            )
        return targets

    def first_label(self, info: dict[str, Any]) -> dict[str, NDArray]:
        """Return the first frame's box as ``box`` (4,)."""
        return dict(box=info["truth"][0])


def usable_boxes(
    boxes_T4: NDArray[np.float64],
    width: int,
    height: int,
    cover_T: NDArray[np.floating] | None = None,
) -> NDArray[np.bool_]:
    """Select the boxes that show enough of the target to learn from, by SiamFC's limits.

    Args:
        boxes_T4: x, y, width and height in pixels; NaN where the target is not visible.
        width: Width of the frames in pixels.
        height: Height of the frames in pixels.
        cover_T: Visible share of the target in eighths, 0..8, from GOT-10k's ``cover.label``.

    Returns:
        Booleans (T,). A box is usable if its area is at least 20, its sides are 20 to 500 pixels
        and 1% to 50% of the frame's, its aspect ratio is at most 4, and its cover is above 1 and
        above 0.3 of the sequence's maximum.
    """
    w_T, h_T = boxes_T4[:, 2], boxes_T4[:, 3]
    with np.errstate(invalid="ignore", divide="ignore"):
        usable_T: NDArray[np.bool_] = (
            (w_T * h_T >= 20)
            & (np.minimum(w_T, h_T) >= 20) & (np.maximum(w_T, h_T) <= 500)
            & (np.minimum(w_T / width, h_T / height) >= 0.01)
            & (np.maximum(w_T / width, h_T / height) <= 0.5)
            & (np.maximum(w_T / h_T, h_T / w_T) <= 4)
        )  # fmt: skip
    if cover_T is not None:
        usable_T &= cover_T > max(1, 0.3 * cover_T.max())
    return usable_T


def _read_cover(folder: str, length: int) -> NDArray[np.float64] | None:
    """Read GOT-10k's visible shares; None if the folder has none."""
    path = Path(folder, "cover.label")
    if not path.is_file():
        return None
    try:
        cover_T = np.array(read_text(path).split(), dtype=np.float64)
    except ValueError:
        raise ValueError(f"{path} is one number per line, 0 to 8.") from None
    if len(cover_T) != length:
        raise ValueError(f"{path} has {len(cover_T)} lines, and there are {length} boxes.")
    return cover_T


@DATASETS.register_module()
class TrackingPairs(TrackingVideos):
    """Pairs of frames of a video, less than 100 frames apart, as SiamFC is trained on them.

    A sample is a video. ``inputs`` has ``exemplar`` (3, 120, 120) and ``search`` (3, 239, 239),
    uint8 RGB, both centered on the target up to a random shift of a few pixels, with a random scale
    of up to 5%. A sequence without a usable box counts as an unreadable video.

    Args:
        data_root: Folder of the sequences.
        **kwargs: See ``TrackingVideos``; there is no pipeline.
    """

    exemplar, instance, max_gap, max_stretch = 120, 255, 100, 0.05
    first_box_is_enough = False

    def __init__(self, data_root: str | os.PathLike, **kwargs: Any):
        self._read = LoadImage()
        super().__init__(data_root, **kwargs)

    def _load(self, index: int) -> dict[str, Any]:
        info = self.get_data_info(index)
        height, width = self._image(info["paths"][0]).shape[:2]
        cover_T = _read_cover(info["folder"], len(info["truth"]))
        usable = np.flatnonzero(usable_boxes(info["truth"], width, height, cover_T))
        if len(usable) == 0:
            raise UnreadableVideoError.of(
                info["folder"],
                "none of its boxes is large enough to learn from, small enough in its frame and "
                "visible",
            )
        first = random.choice(usable)
        second = random.choice(usable[np.abs(usable - first) < self.max_gap])
        inputs = {}
        for name, number, crops in (
            ("exemplar", first, (self.instance - 8, self.instance - 16, self.exemplar)),
            ("search", second, (self.instance - 8, self.instance - 16)),
        ):
            patch = self._patch(self._image(info["paths"][number]), info["truth"][number])
            for step, side in enumerate(crops):
                patch = _cut(patch, side, at_random=step == 1)
            inputs[name] = torch.from_numpy(np.ascontiguousarray(patch.transpose(2, 0, 1)))
        return dict(inputs=inputs, data_sample=dict(index=index, sequence=info["sequence"]))

    def _image(self, path: str) -> NDArray[np.uint8]:
        return self._read(dict(path=path))["image"]

    def _patch(self, image: NDArray[np.uint8], box: NDArray[np.float64]) -> NDArray[np.uint8]:
        """Crop the target to the center of 255 pixels, at a random scale."""
        center = box[:2] + (box[2:] - 1) / 2
        size = exemplar_size(*box[2:]) * self.instance / self.exemplar
        patch = crop_square(image, center, size, self.instance)
        side = round(self.instance * random.uniform(1 - self.max_stretch, 1 + self.max_stretch))
        method = random.choice((cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_AREA))
        return cv2.resize(patch, (side, side), interpolation=method)


def _cut(patch: NDArray[np.uint8], side: int, at_random: bool) -> NDArray[np.uint8]:
    """Crop ``side`` x ``side`` pixels, centered or at random; pad a small patch with its mean."""
    missing = side - len(patch)
    if missing > 0:
        before = missing // 2
        color = patch.mean(axis=(0, 1)).tolist()
        margins = (before, missing - before) * 2
        patch = cv2.copyMakeBorder(patch, *margins, cv2.BORDER_CONSTANT, value=color)
    free = len(patch) - side
    top, left = (random.randint(0, free) if at_random else free // 2 for _ in range(2))
    return patch[top : top + side, left : left + side]
