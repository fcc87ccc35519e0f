"""Annotated videos: masks of objects or parts (DAVIS, VIP) and keypoints (JHMDB).

A sample is a whole video. ``inputs`` has ``clip``, a :class:`~mmcontrast.datasets.clips.Clip`, and
the label of the first frame; ``data_sample`` has the labels of the other frames or their paths.
"""

import io
import os
from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from mmcontrast.datasets.base import FileDataset
from mmcontrast.datasets.clips import Clip
from mmcontrast.datasets.files import list_frames
from mmcontrast.datasets.masks import read_mask
from mmcontrast.datasets.transforms.loading import upright_size
from mmcontrast.registry import DATASETS
from mmcontrast.utils.atomic import write_atomically
from mmcontrast.utils.errors import UserError
from mmcontrast.utils.matlab import read_mat
from mmcontrast.utils.text import read_lines

_JHMDB_FOLDERS = ("joint_positions", "Rename_Images")


class LabeledVideos(FileDataset):
    """Base class of the datasets whose samples are whole videos.

    ``pipeline`` is applied to every frame. A subclass lists the videos in ``load_data_list``
    (``sequence``, ``paths`` and the labels) and returns the first frame's label.

    Args:
        data_root: Folder of the dataset.
        pipeline: Transforms of a frame, ``LoadImage`` first and ``PackInputs`` last.
        **kwargs: See ``FileDataset``.
    """

    contents = "video"

    @abstractmethod
    def first_label(self, info: dict[str, Any]) -> dict[str, NDArray]:
        """Return the label to propagate, as ``mask``, ``joints`` or ``box``."""

    def _load(self, index: int) -> dict[str, Any]:
        info = self.get_data_info(index)
        info["index"] = info.pop("sample_idx")
        clip = Clip(info["paths"], self.pipeline, info["sequence"])
        frames = [Path(path).stem for path in info["paths"]]
        return dict(
            inputs=dict(clip=clip, **self.first_label(info)),
            data_sample={**info, "frames": frames, **self.meta},
        )

    def _read_list(self) -> list[str]:
        """Read the lines of ``ann_file``; blanks at the ends and empty lines are removed."""
        lines = read_lines(self.ann_file)
        return [line.strip() for line in lines if line.strip()]


@DATASETS.register_module()
class VideoMasks(LabeledVideos):
    """Videos with masks of objects or parts; ``inputs['mask']`` is the mask of the first frame.

    The default layout is that of DAVIS. ``data_sample['annotations']`` has the path of each frame's
    mask. Either all masks exist, or the first one alone.

    Args:
        data_root: Folder of the dataset, such as ``data/DAVIS``.
        pipeline: Transforms of a frame.
        ann_file: List of the sequences, one name per line; by default all folders of frames.
        frames: Folder of a sequence's frames; ``{}`` stands for the sequence's name.
        masks: Folder of a sequence's masks, which are named like the frames.
        binary: Whether every value other than 0 is read as object 1, as in DAVIS 2016 and other
            datasets whose masks are 0 and 255.
        consecutive: Whether a gap in the frames' numbers is an error.
        **kwargs: See ``FileDataset``.
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
        """Return one dict per video.

        Raises:
            FileNotFoundError: Frames or masks are missing; the message names them.
        """
        root = Path(self.data_root)
        if self.ann_file:
            names = self._read_list()
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
        annotations = [str(mask) if mask.is_file() else None for mask in masks]
        if annotations[0] is None or (None in annotations and any(annotations[1:])):
            _report_missing(folder, masks)
        return dict(sequence=name, paths=paths, annotations=annotations, binary=self.binary)

    def first_label(self, info: dict[str, Any]) -> dict[str, NDArray]:
        """Return the first frame's mask as ``mask``, object ids (H, W).

        Raises:
            ValueError: The mask and the frame differ in size, or the mask shows no object.
        """
        mask_HW = read_mask(info["annotations"][0], self.binary)
        size = upright_size(info["paths"][0])
        if mask_HW.shape != size[::-1]:
            raise ValueError(
                f"The mask {info['annotations'][0]} has {mask_HW.shape[1]}x{mask_HW.shape[0]} "
                f"pixels, its frame {size[0]}x{size[1]}."
            )
        if not mask_HW.any():
            remedy = "leave it out of ann_file"
            if read_mask(info["annotations"][0], void_is_background=False).any():
                remedy = (
                    "its pixels are 0 and 255, and 255 is the void label. If it shows one object "
                    "as 255, set dataset.binary=True of the data loader, for instance "
                    "--cfg-options test_dataloader.dataset.binary=True"
                )
            raise ValueError(
                f"The mask {info['annotations'][0]} shows no object, so there is nothing to "
                f"propagate in {info['sequence']}: {remedy}."
            )
        return dict(mask=mask_HW)


def _report_missing(folder: Path, masks: Sequence[Path]) -> NoReturn:
    missing = [mask.name for mask in masks if not mask.is_file()]
    raise FileNotFoundError(
        f"{folder} lacks {len(missing)} of {len(masks)} masks: {', '.join(missing[:10])}"
        f"{', ...' if len(missing) > 10 else ''}. The first one has to be there, or all."
    )


@DATASETS.register_module()
class JHMDBPose(LabeledVideos):
    """Videos of JHMDB with 15 keypoints; ``inputs['joints']`` (J, 2) are those of the first frame.

    ``data_sample['joints']`` (T, J, 2) are those of all frames, x and y in pixels from 0; NaN for
    frames beyond the annotated ones.

    Args:
        data_root: Folder that the paths in the list are relative to.
        pipeline: Transforms of a frame.
        ann_file: List of the videos, one ``<path of joint_positions.mat> <folder of frames>`` per
            line, such as UVC's ``testlist_split1.txt`` with the 268 videos of the first test split.
            Absolute paths of another machine, as UVC's list has them, are resolved in
            ``data_root`` from JHMDB's own folder on.
        **kwargs: See ``FileDataset``.
    """

    def load_data_list(self) -> list[dict]:
        """Return one dict per video.

        Raises:
            ValueError: A line is malformed, or a file has no keypoints.
            FileNotFoundError: Frames are missing.
        """
        root = Path(self.data_root)
        videos = []
        for number, line in enumerate(self._read_list(), start=1):
            parts = line.split()
            if len(parts) != 2:
                raise ValueError(
                    f"{self.ann_file}, line {number}: {line!r} is not '<joint_positions.mat> "
                    "<folder of frames>'."
                )
            joints_TJ2 = read_joints(_resolve(root, parts[0]))
            paths = list_frames(_resolve(root, parts[1]))
            missing = max(len(paths) - len(joints_TJ2), 0)
            padding = ((0, missing), (0, 0), (0, 0))
            joints_TJ2 = np.pad(joints_TJ2, padding, constant_values=np.nan)[: len(paths)]
            videos.append(dict(sequence=str(Path(parts[1])), paths=paths, joints=joints_TJ2))
        return videos

    def first_label(self, info: dict[str, Any]) -> dict[str, NDArray]:
        """Return the first frame's keypoints as ``joints`` (J, 2)."""
        return dict(joints=info["joints"][0])


def _resolve(root: Path, entry: str) -> Path:
    """Resolve a path of the list; an absolute path of another machine is looked up in ``root``."""
    path = Path(entry)
    if path.is_absolute() and not path.exists():
        for folder in _JHMDB_FOLDERS:
            if folder in path.parts:
                return root.joinpath(*path.parts[path.parts.index(folder) :])
    return root / path


def read_joints(path: str | os.PathLike) -> NDArray[np.float64]:
    """Read JHMDB's keypoints from ``pos_img`` (2, J, T), which counts pixels from 1.

    Returns:
        Keypoints (T, J, 2), x and y in pixels from 0.

    Raises:
        ValueError: The file is missing, is none of MATLAB, or has no such array.
    """
    try:
        positions = read_mat(path, ("pos_img",))["pos_img"]
    except UserError as error:
        raise ValueError(f"{path} holds no joint positions (pos_img): {error}") from error
    if positions.ndim != 3 or positions.shape[0] != 2:
        raise ValueError(f"{path}: pos_img is (2, joints, frames), got {positions.shape}.")
    return positions.astype(np.float64).transpose(2, 1, 0) - 1


def write_joints(path: str | os.PathLike, joints_TJ2: NDArray[np.floating]) -> None:
    """Write keypoints, x and y in pixels from 0, in the form that :func:`read_joints` reads."""
    from scipy.io import savemat

    content = io.BytesIO()
    savemat(content, dict(pos_img=np.asarray(joints_TJ2).transpose(2, 1, 0) + 1))
    write_atomically(content.getvalue(), Path(path))
