"""Labeled videos: masks (DAVIS, VIP and folders like them) and key points (JHMDB).

A sample is a whole video: ``inputs`` holds ``clip``, a :class:`~mmcontrast.datasets.clips.Clip`,
and the label of the first frame; ``data_sample`` where the other labels are.
"""

import os
from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mmcontrast.datasets.base import ImageDataset
from mmcontrast.datasets.clips import Clip
from mmcontrast.datasets.files import list_frames
from mmcontrast.datasets.masks import read_mask
from mmcontrast.registry import DATASETS

_JHMDB_FOLDERS = ("joint_positions", "Rename_Images")


class LabeledVideos(ImageDataset):
    """Base of the data sets whose samples are whole videos; see the module.

    Their ``pipeline`` is applied to every frame. A subclass lists the videos in ``load_data_list``
    (``sequence``, ``paths`` and its labels) and gives the first frame's label.

    Args:
        data_root: Folder of the data set.
        pipeline: Transforms of a frame, ``LoadImage`` first and ``PackInputs`` last.
        **kwargs: See ``ImageDataset``.
    """

    @abstractmethod
    def first_label(self, info: dict[str, Any]) -> dict[str, NDArray]:
        """Return the label that is given, under the name by which a method knows its kind."""

    def _load(self, index: int) -> dict[str, Any]:
        info = self.get_data_info(index)
        info["index"] = info.pop("sample_idx")
        clip = Clip(info["paths"], self.pipeline, info["sequence"])
        frames = [Path(path).stem for path in info["paths"]]
        return dict(
            inputs=dict(clip=clip, **self.first_label(info)),
            data_sample={**info, "frames": frames, **self.meta},
        )

    def _listed(self) -> list[str]:
        """The lines of ``ann_file``, without blanks at their ends and empty ones."""
        lines = Path(self.ann_file).read_text(encoding="utf-8").splitlines()
        return [line.strip() for line in lines if line.strip()]


@DATASETS.register_module()
class VideoMasks(LabeledVideos):
    """Videos with masks of object ids, or of parts; a sample's ``inputs['mask']`` is the first.

    The defaults are the layout of DAVIS. ``data_sample['annotations']`` has the path of each
    frame's mask; only the first one has to be there, or else all of them.

    Args:
        data_root: Such as ``data/DAVIS``.
        pipeline: Transforms of a frame.
        ann_file: One name of a sequence a line; without, all folders of frames are taken.
        frames: Folder of a sequence's frames; ``{}`` stands for its name.
        masks: Folder of its masks, which have the frames' names.
        binary: Everything that is not 0 is object 1, as DAVIS 2016 and other sets with masks of 0
            and 255 mean it.
        consecutive: Whether gaps in the frames' numbers are an error.
        **kwargs: See ``ImageDataset``.
    """

    def __init__(
        self,
        data_root: str | os.PathLike,
        pipeline: Sequence = (),
        *,
        ann_file: str = "",
        frames: str = "JPEGImages/480p/{}",
        masks: str = "Annotations/480p/{}",
        binary: bool = False,
        consecutive: bool = True,
        **kwargs: Any,
    ):
        self.frames, self.masks = frames, masks
        self.binary, self.consecutive = binary, consecutive
        super().__init__(data_root, pipeline, ann_file=ann_file, **kwargs)

    def load_data_list(self) -> list[dict]:
        """One dict a video.

        Raises:
            FileNotFoundError: Frames or masks are missing; they are named.
        """
        root = Path(self.data_root)
        if self.ann_file:
            names = self._listed()
        else:
            pattern = self.frames.format("*")
            depth = Path(pattern).parts.index("*")
            names = sorted(
                path.relative_to(root).parts[depth] for path in root.glob(pattern) if path.is_dir()
            )
        return [self._describe(name, root) for name in names]

    def _describe(self, name: str, root: Path) -> dict[str, Any]:
        paths = list_frames(root / self.frames.format(name), self.consecutive)
        folder = root / self.masks.format(name)
        masks = [folder / f"{Path(path).stem}.png" for path in paths]
        there = [mask.is_file() for mask in masks]
        missing = [mask.name for mask, found in zip(masks, there, strict=True) if not found]
        if not there[0] or (missing and sum(there) > 1):
            shown = ", ".join(missing[:10])
            raise FileNotFoundError(
                f"{folder} lacks {len(missing)} of {len(paths)} masks: {shown}"
                f"{', ...' if len(missing) > 10 else ''}. The first one has to be there, or all."
            )
        annotations = [str(m) if f else None for m, f in zip(masks, there, strict=True)]
        return dict(sequence=name, paths=paths, annotations=annotations, binary=self.binary)

    def first_label(self, info: dict[str, Any]) -> dict[str, NDArray]:
        """The first mask, (H, W) of ids.

        Raises:
            ValueError: It has another size than the frame, or shows no object.
        """
        mask_HW = read_mask(info["annotations"][0], self.binary)
        with Image.open(info["paths"][0]) as image:
            size = image.size
        if mask_HW.shape != size[::-1]:
            raise ValueError(
                f"The mask {info['annotations'][0]} has {mask_HW.shape[1]}x{mask_HW.shape[0]} "
                f"pixels, its frame {size[0]}x{size[1]}."
            )
        if not mask_HW.any():
            raise ValueError(
                f"The mask {info['annotations'][0]} shows no object, so there is nothing to carry "
                f"through {info['sequence']}: leave it out of ann_file."
            )
        return dict(mask=mask_HW)


@DATASETS.register_module()
class JHMDBPose(LabeledVideos):
    """Videos of JHMDB with the places of 15 joints; ``inputs['joints']`` (J, 2) are the first's.

    ``data_sample['joints']`` (T, J, 2) holds all of them, x and y in pixels from 0.

    Args:
        data_root: Folder that the list's paths begin in.
        pipeline: Transforms of a frame.
        ann_file: One line a video, ``<path of joint_positions.mat> <folder of frames>``; UVC's
            ``testlist_split1.txt`` has the 268 of the first test split. Of its paths, which are
            absolute on its author's machine, counts what begins with JHMDB's own folders.
        **kwargs: See ``ImageDataset``.
    """

    def load_data_list(self) -> list[dict]:
        """One dict a video.

        Raises:
            ValueError: A line is malformed, or a file of joints has none.
            FileNotFoundError: Frames are missing.
        """
        root = Path(self.data_root)
        found = []
        for number, line in enumerate(self._listed(), start=1):
            parts = line.split()
            if len(parts) != 2:
                raise ValueError(
                    f"{self.ann_file}, line {number}: {line!r} is not '<joint_positions.mat> "
                    "<folder of frames>'."
                )
            joints_TJ2 = read_joints(_find(root, parts[0]))
            paths = list_frames(_find(root, parts[1]))
            length = min(len(paths), len(joints_TJ2))
            found.append(
                dict(
                    sequence=str(Path(parts[1])),
                    paths=paths[:length],
                    joints=joints_TJ2[:length],
                )
            )
        return found

    def first_label(self, info: dict[str, Any]) -> dict[str, NDArray]:
        """The first frame's joints."""
        return dict(joints=info["joints"][0])


def _find(root: Path, written: str) -> Path:
    """A path of the list, in ``root`` where it was written on another machine."""
    path = Path(written)
    if path.is_absolute() and not path.exists():
        for folder in _JHMDB_FOLDERS:
            if folder in path.parts:
                return root.joinpath(*path.parts[path.parts.index(folder) :])
    return root / path


def read_joints(path: str | os.PathLike) -> NDArray[np.float64]:
    """Read ``pos_img`` (2, J, T), which counts pixels from 1.

    Returns:
        (T, J, 2), x and y in pixels from 0.

    Raises:
        ValueError: The file is missing or holds no such array.
    """
    from scipy.io import loadmat

    try:
        positions = loadmat(path)["pos_img"]
    except (OSError, KeyError, ValueError, NotImplementedError) as error:
        raise ValueError(f"{path} holds no joint positions (pos_img): {error}") from error
    if positions.ndim != 3 or positions.shape[0] != 2:
        raise ValueError(f"{path}: pos_img is (2, joints, frames), got {positions.shape}.")
    return positions.astype(np.float64).transpose(2, 1, 0) - 1
