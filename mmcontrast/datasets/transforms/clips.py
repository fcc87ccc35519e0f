"""Transforms of clips, which are frames of one video.

Between ``LoadFrames`` and packing, ``results['frames']`` is a list with one dict per frame, as
``LoadImage`` returns it (``image``, ``size``, ``box``, ``flip``), and the ``number`` of the frame
in the video. Through ``EachFrame``, every transform of an image can therefore be applied to frames.
"""

import os
import random
from collections.abc import Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mmcontrast.datasets.errors import UnreadableVideoError
from mmcontrast.datasets.files import list_frames
from mmcontrast.datasets.sampling.seeding import seeded
from mmcontrast.datasets.transforms.formatting import Transform, compose, describe, to_tensor
from mmcontrast.datasets.transforms.loading import LoadImage
from mmcontrast.datasets.video import open_video
from mmcontrast.registry import FUNCTIONS, TRANSFORMS
from mmcontrast.utils.arguments import check_sizes, check_types


@TRANSFORMS.register_module()
class LoadFrames:
    """Read the frames of ``results['path']``, a video file or a folder, that a sampler chooses.

    Frames of a file are requested by the middle of their display time, so that rounding never
    returns a neighbor.

    The transform adds ``frames`` and removes ``num_frames``, the number of frames stated in a list.

    Args:
        sampler: Config of a function in ``mmcontrast.datasets.sampling.frames``, such as
            ``dict(type='segments', num_segments=8)``.
        backend: Backend of ``mmcontrast.datasets.video.open_video``.

    Raises:
        UnreadableVideoError: The video cannot be decoded, is incomplete, or has a single frame
            although the clip needs several.
        UnreadableImageError: An image in the folder cannot be read.
    """

    def __init__(self, sampler: dict, backend: str = "auto"):
        settings = dict(sampler)
        if "type" not in settings:
            raise ValueError(f"LoadFrames: sampler names a function by its type, got {sampler}.")
        function = FUNCTIONS.get(settings.pop("type"))
        check_types(function, settings)
        self.sample = partial(function, **settings)
        with seeded(0):
            self.sample(1000)  # what does not fit is found before the first video
        self.backend = backend
        self._load_image = LoadImage()

    def __call__(self, results: dict) -> dict:
        """Apply the transform to ``results`` and return them."""
        path = str(results["path"])
        stated = results.pop("num_frames", 0)
        if os.path.isdir(path):
            results["frames"] = self._read_folder(path, stated)
        else:
            results["frames"] = self._read_file(path)
        return results

    def _read_folder(self, folder: str, stated: int) -> list[dict]:
        try:
            paths = list_frames(Path(folder), consecutive=False)
        except FileNotFoundError as error:
            raise UnreadableVideoError.of(folder, "there is no image in it") from error
        except ValueError as error:
            raise UnreadableVideoError.of(
                folder, str(error).removeprefix(f"{folder}: ").rstrip(".")
            ) from error
        if len(paths) < stated:
            raise UnreadableVideoError.of(
                folder, f"it has {len(paths)} frames, and its list says {stated}"
            )
        numbers = self._choose(folder, len(paths))
        return [
            {**self._load_image(dict(path=paths[number])), "number": number} for number in numbers
        ]

    def _read_file(self, path: str) -> list[dict]:
        with open_video(path, self.backend) as video:
            info = video.probe()
            numbers = self._choose(path, info.num_frames)
            images = video.read_times([(number + 0.5) / info.fps for number in numbers])
        return [
            dict(path=path, number=number, image=image, **full_view(image))
            for number, image in zip(numbers, images, strict=True)
        ]

    def _choose(self, path: str, num_frames: int) -> list[int]:
        if num_frames <= 0:  # OpenCV reports what a header says
            raise UnreadableVideoError.of(path, "it has no frames")
        numbers = self.sample(num_frames)
        if len(numbers) > 1 and num_frames == 1:
            raise UnreadableVideoError.of(
                path, f"it has a single frame, and a clip of {len(numbers)} needs at least two"
            )
        return numbers


def full_view(image: np.ndarray) -> dict[str, Any]:
    """Return ``size``, ``box`` and ``flip`` of an image (H, W, 3) that shows its whole source."""
    height, width = image.shape[:2]
    return dict(size=(width, height), box=(0.0, 0.0, float(width), float(height)), flip=False)


@TRANSFORMS.register_module()
class EachFrame:
    """Apply transforms of images to the frames of a clip.

    Args:
        transforms: Transforms of an image.
        shared: Whether all frames use the same random numbers (for frames of one size: the same
            crop and the same colors); otherwise each frame draws its own.
        frames: Indices of the frames to transform, such as ``[0]`` for the first one; all by
            default.
    """

    def __init__(
        self,
        transforms: Sequence[dict | Transform],
        shared: bool = False,
        frames: Sequence[int] | None = None,
    ):
        self.pipeline = compose(transforms)
        self.shared = shared
        self.frames = frames

    def __call__(self, results: dict) -> dict:
        """Apply the transform to ``results`` and return them."""
        frames = results["frames"]
        indices = range(len(frames)) if self.frames is None else self.frames
        key = random.getrandbits(64)
        for index in indices:
            with seeded(key) if self.shared else nullcontext():
                frames[index] = self.pipeline(frames[index])
        return results


@TRANSFORMS.register_module()
class PackClips:
    """Split a clip into equal parts and pack them as ``view0``, ``view1`` and so on.

    Each view is (3, T, H, W), uint8. The data sample has the dataset's information on the video
    and, for each view, the ``numbers`` of its frames, their ``box`` and ``flip``, and the ``size``
    of the video.

    Args:
        num_views: Number of parts.

    Raises:
        ValueError: The number of frames is not a multiple of ``num_views``, or the frames differ in
            size.
    """

    def __init__(self, num_views: int = 2):
        check_sizes("PackClips", num_views=num_views)
        self.num_views = num_views

    def __call__(self, results: dict) -> dict:
        """Apply the transform to ``results`` and return them."""
        frames = results["frames"]
        length, rest = divmod(len(frames), self.num_views)
        if rest or not length:
            raise ValueError(
                f"PackClips: a clip of {len(frames)} frames cannot be split into "
                f"{self.num_views} views; let the sampler draw a multiple of {self.num_views}."
            )
        refuse_different_sizes("PackClips", frames, results["path"])
        inputs, data_sample = {}, describe(results)
        for view in range(self.num_views):
            part = frames[view * length : (view + 1) * length]
            inputs[f"view{view}"], data_sample[f"view{view}"] = pack_clip(part)
        return dict(inputs=inputs, data_sample=data_sample)


def pack_clip(frames: Sequence[dict]) -> tuple[Tensor, dict[str, Any]]:
    """Return the images (3, T, H, W) of frames of one size, and what is known of each of them."""
    images = torch.stack([to_tensor(frame["image"]) for frame in frames], 1)
    return images, dict(
        numbers=[frame["number"] for frame in frames],
        box=[frame["box"] for frame in frames],
        flip=[frame["flip"] for frame in frames],
        size=frames[0]["size"],
    )


def refuse_different_sizes(owner: str, frames: Sequence[dict], path: str) -> None:
    """Raise a ``ValueError`` of the transform ``owner`` if images of ``path`` differ in size."""
    if len({frame["image"].shape for frame in frames}) > 1:
        raise ValueError(
            f"{owner}: the frames of {path} have different sizes; let the pipeline make them "
            "equal, for example by RandomResizedCrop."
        )


@TRANSFORMS.register_module()
class PackFrames:
    """Pack each frame of a clip as an image (3, H, W), uint8.

    The data sample has the dataset's information on the video and, for each frame, its ``number``,
    ``box``, ``flip`` and ``size``.

    Args:
        names: Names of the frames in ``inputs``, such as ``['reference', 'target']``.

    Raises:
        ValueError: The numbers of frames and names differ.
    """

    def __init__(self, names: Sequence[str]):
        self.names = list(names)

    def __call__(self, results: dict) -> dict:
        """Apply the transform to ``results`` and return them."""
        frames = results["frames"]
        if len(frames) != len(self.names):
            raise ValueError(
                f"PackFrames: a clip of {len(frames)} frames for {len(self.names)} names "
                f"({', '.join(self.names)}); let the sampler draw as many."
            )
        inputs, data_sample = {}, describe(results)
        for name, frame in zip(self.names, frames, strict=True):
            inputs[name] = to_tensor(frame["image"])
            data_sample[name] = {key: frame[key] for key in ("number", "box", "flip", "size")}
        return dict(inputs=inputs, data_sample=data_sample)
