"""Transforms that make named views of an image and pack them."""

from collections.abc import Callable, Sequence
from typing import Any

import cv2
import numpy as np
import torch
from mmengine.dataset import Compose
from numpy.typing import NDArray
from torch import Tensor

from mmcontrast.registry import TRANSFORMS

Transform = Callable[[dict], dict]

_NOT_DATA_SAMPLE = {
    "image", "bytes", "box", "flip", "size", "views", "frames", "audio", "spectrogram",
}  # fmt: skip


def compose(transforms: Sequence[dict | Transform]) -> Compose:
    """Compose transforms, each a callable or a config of the ``TRANSFORMS`` registry."""
    return Compose([TRANSFORMS.build(t) if isinstance(t, dict) else t for t in transforms])


def describe(results: dict) -> dict[str, Any]:
    """Return the dataset's information on a sample, without what the transforms added."""
    return {key: value for key, value in results.items() if key not in _NOT_DATA_SAMPLE}


def to_tensor(image: NDArray[np.uint8]) -> Tensor:
    """Convert an image (H, W, C) to a tensor (C, H, W)."""
    # Splitting and stacking the channels is OpenCV's fast way.
    return torch.from_numpy(np.stack(cv2.split(image)))


@TRANSFORMS.register_module()
class Views:
    """Make several views of an image, each with its own transforms.

    Args:
        views: One list of transforms per view; view ``i`` becomes ``inputs['view<i>']``. The same
            list twice gives two views that are drawn independently from one distribution.
    """

    def __init__(self, views: Sequence[Sequence[dict | Transform]]):
        if not views:
            raise ValueError("Views: give at least one list of transforms")
        self.pipelines = [compose(view) for view in views]

    def __call__(self, results: dict) -> dict:
        """Apply the transform to ``results`` and return them."""
        results["views"] = [pipeline(dict(results)) for pipeline in self.pipelines]
        return results


@TRANSFORMS.register_module()
class PackInputs:
    """Pack a sample as ``dict(inputs={'view0': ...}, data_sample={...})``; the last transform.

    Each view is a tensor ``(C, H, W)``, uint8, RGB by default. The data sample has the dataset's
    information on the image (``index``, ``path``, ``label``, ``split``, ...) and, for each view,
    its ``box`` in source pixels, its ``flip`` and the ``size`` (width, height) of the source.
    Without ``Views`` the image itself is ``view0``.
    """

    def __call__(self, results: dict) -> dict:
        """Apply the transform to ``results`` and return them."""
        inputs, data_sample = {}, describe(results)
        for number, view in enumerate(results.get("views", [results])):
            name = f"view{number}"
            inputs[name] = to_tensor(view["image"])
            data_sample[name] = {key: view[key] for key in ("box", "flip", "size")}
        return dict(inputs=inputs, data_sample=data_sample)
