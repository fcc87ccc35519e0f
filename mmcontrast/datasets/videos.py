"""Videos in folders and list files, and videos whose frames are images.

A sample's ``path`` is a video file or a folder of frames; ``LoadFrames`` reads either.
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from mmcontrast.datasets.base import FileDataset
from mmcontrast.datasets.files import (
    VIDEOS,
    find_videos,
    is_image,
    parse_lines,
    report_left_out,
    walk,
)
from mmcontrast.datasets.images import ImageFolder, ImageList
from mmcontrast.datasets.probed import ProbedVideos
from mmcontrast.registry import DATASETS
from mmcontrast.utils.text import read_lines


@DATASETS.register_module()
class Videos(ProbedVideos):
    """All videos in a folder and its sub-folders, without labels, sorted by folder and name.

    ``dict(type='Videos', data_root='/my/videos', pipeline=...)`` is a complete config for your own
    videos; see :class:`~mmcontrast.datasets.probed.ProbedVideos` for ``require_audio``. With
    ``on_error='skip'`` a video that cannot be decoded is replaced by another random one, which
    other libraries call resampling.
    """

    contents = "video"

    def load_data_list(self) -> list[dict]:
        """Return one dict per video."""
        return [dict(path=path) for path in find_videos(self.data_root)]


@DATASETS.register_module()
class VideoList(ProbedVideos, ImageList):
    """The videos listed in a text file, one ``path`` or ``path label`` per line.

    This is the layout of Kinetics-400's lists. See :class:`~mmcontrast.datasets.ImageList` for
    details, and :class:`~mmcontrast.datasets.probed.ProbedVideos` for ``require_audio``.
    """

    contents = "video"
    extensions = VIDEOS


@DATASETS.register_module()
class VideoFolder(ProbedVideos, ImageFolder):
    """Videos in one sub-folder per class, as in UCF101: ``data_root/<class>/**/<video>``.

    See :class:`~mmcontrast.datasets.ImageFolder` for labels and lists, and
    :class:`~mmcontrast.datasets.probed.ProbedVideos` for ``require_audio``.
    """

    contents = "video"
    default_extensions = VIDEOS
    without_labels = "Videos"


@DATASETS.register_module()
class FrameFolders(FileDataset):
    """Videos that are folders of numbered images.

    Without ``ann_file`` every folder below ``data_root`` that has images is a video. With it, each
    line is ``folder frames label``, as in the lists of VFS: a folder relative to ``data_root``, its
    number of frames and a label. A folder that has fewer frames counts as unreadable, and so does
    one whose names do not say the order of the frames, see
    :func:`~mmcontrast.datasets.files.list_frames`.
    """

    contents = "folder of frames"

    def load_data_list(self) -> list[dict]:
        """Return one dict per folder.

        Raises:
            ValueError: Some lines are malformed; the message has the numbers of the first ones.
            FileNotFoundError: The first folder does not exist, so ``data_root`` is likely wrong.
        """
        if not self.ann_file:
            return [dict(path=path) for path in _find_frame_folders(self.data_root)]
        samples = parse_lines(self.ann_file, self._parse, "are not 'folder frames label'")
        _check_first(samples, self.ann_file)
        return samples

    def _parse(self, line: str) -> dict | None:
        parts = line.rsplit(maxsplit=2)
        if len(parts) < 3 or not all(part.isdecimal() for part in parts[1:]):
            return None
        path = os.path.join(self.data_root, parts[0])
        return dict(path=path, num_frames=int(parts[1]), label=int(parts[2]))


@DATASETS.register_module()
class TrackingNet(FileDataset):
    """The training videos of TrackingNet (Mueller et al., ECCV 2018), without their boxes.

    ``data_root`` has ``TRAIN_<k>/anno/<video>.txt``, of which only the names are used, and the
    extracted frames in ``TRAIN_<k>/frames/<video>/<number>.jpg`` or ``TRAIN_<k>/zips/<video>/``.

    Args:
        data_root: Folder of the chunks ``TRAIN_<k>``.
        pipeline: Transforms, see ``mmcontrast.datasets.transforms``.
        set_ids: Numbers of the chunks to use, of ``TRAIN_0`` to ``TRAIN_11``. In supervised
            tracking, four chunks give most of the accuracy of all twelve.
        **kwargs: See ``FileDataset``.

    Raises:
        FileNotFoundError: A chunk is missing.
    """

    contents = "video"

    def __init__(
        self,
        data_root: str | os.PathLike,
        pipeline: Sequence = (),
        *,
        set_ids: Sequence[int] = tuple(range(12)),
        **kwargs: Any,
    ):
        self.set_ids = sorted(set(set_ids))
        super().__init__(data_root, pipeline, **kwargs)

    def load_data_list(self) -> list[dict]:
        """Return one dict per video."""
        samples = []
        for number in self.set_ids:
            folder = Path(self.data_root, f"TRAIN_{number}")
            if not (folder / "anno").is_dir():
                raise FileNotFoundError(
                    f"TrackingNet: {folder / 'anno'} is missing. Download that chunk, or list "
                    "those that you have, such as set_ids=[0, 1]."
                )
            frames = folder / ("frames" if (folder / "frames").is_dir() else "zips")
            names = sorted(path.stem for path in (folder / "anno").glob("*.txt"))
            samples += [dict(path=str(frames / name)) for name in names]
        _check_first(samples, self.data_root)
        return samples


@DATASETS.register_module()
class GOT10k(FileDataset):
    """The videos of GOT-10k (Huang et al., PAMI 2021) without their boxes.

    ``data_root`` is one split, such as ``data/GOT-10k/train``: ``list.txt`` has one name per line,
    and the frames are ``<name>/<8 digits>.jpg``.
    """

    contents = "video"

    def load_data_list(self) -> list[dict]:
        """Return one dict per video.

        Raises:
            FileNotFoundError: The list or the first video is missing.
        """
        listing = Path(self.data_root, "list.txt")
        if not listing.is_file():
            raise FileNotFoundError(
                f"GOT10k: {listing} is missing. data_root is one split, such as "
                "data/GOT-10k/train; folders without a list are read by type='FrameFolders'."
            )
        names = [line.strip() for line in read_lines(listing) if line.strip()]
        samples = [dict(path=os.path.join(self.data_root, name)) for name in names]
        _check_first(samples, str(listing))
        return samples


def _find_frame_folders(root: str) -> Iterator[str]:
    others: list[str] = []
    for folder, names in walk(root):
        if any(is_image(name) for name in names):
            yield folder
        others += [name for name in names if not is_image(name)]
    report_left_out(root, "images", others)


def _check_first(samples: list[dict], source: str) -> None:
    """Check the first folder, which detects a wrong root; checking all would take minutes."""
    if samples and not os.path.isdir(samples[0]["path"]):
        raise FileNotFoundError(
            f"{source}: the frames of the first video should be in {samples[0]['path']}, which is "
            "not a folder. Is data_root right, and are the frames extracted?"
        )
