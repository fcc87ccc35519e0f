"""From one image to named views, and from views to what a batch is made of."""

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

_NOT_DATA_SAMPLE = {"image", "bytes", "box", "flip", "size", "views", "frames"}


def compose(transforms: Sequence[dict | Transform]) -> Compose:
    """One transform out of many, each a callable or a config of the ``TRANSFORMS`` registry."""
    return Compose([TRANSFORMS.build(t) if isinstance(t, dict) else t for t in transforms])


def describe(results: dict) -> dict[str, Any]:
    """What the dataset said of a sample."""
    return {key: value for key, value in results.items() if key not in _NOT_DATA_SAMPLE}


def to_tensor(image: NDArray[np.uint8]) -> Tensor:
    """(H, W, 3) pixels as a (3, H, W) tensor."""
    # Splitting and stacking the channels is OpenCV's fast way.
    return torch.from_numpy(np.stack(cv2.split(image)))


@TRANSFORMS.register_module()
class Views:
    """Several views of the one image, each through its own transforms.

    Args:
        views: One list of transforms a view; view ``i`` becomes ``inputs['view<i>']``. Give the
            same list twice for two views that are drawn independently from one distribution.
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
    """The last transform: ``dict(inputs={'view0': ...}, data_sample={...})``.

    Each view is a ``(3, H, W)`` uint8 RGB tensor. The data sample holds what the dataset said of
    the image (``index``, ``path``, ``label``, ``split``, ...) and, for each view, its ``box``
    in source pixels, its ``flip`` and the ``size`` (width, height) of the source. Without
    ``Views`` the image itself is ``view0``.
    """

    def __call__(self, results: dict) -> dict:
        """Apply the transform to ``results`` and return them."""
        inputs, data_sample = {}, describe(results)
        for number, view in enumerate(results.get("views", [results])):
            name = f"view{number}"
            inputs[name] = to_tensor(view["image"])
            data_sample[name] = {key: view[key] for key in ("box", "flip", "size")}
        return dict(inputs=inputs, data_sample=data_sample)
