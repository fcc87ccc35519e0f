"""Transforms of images, clips and graphs, for pre-training and evaluation.

A transform takes and returns a ``results`` dict. The keys that matter:

``path``
    Where the image comes from (named in errors); ``bytes`` beside it if it is already read.
``image``
    ``(H, W, 3)`` uint8 RGB array, contiguous. Nothing here turns it into floats or normalizes it:
    uint8 leaves the workers and the data preprocessor does the rest, on the device.
``size``
    ``(width, height)`` of the upright source image.
``box``, ``flip``
    What part of the source ``image`` shows, ``(x0, y0, x1, y1)`` in source pixels, and whether it
    is mirrored. Each geometric transform keeps them up to date.
``frames``
    A clip: a list of such dicts, one a frame, see ``mmcontrast.datasets.transforms.clips``.

Random numbers come from Python's global generator. The datasets seed it for each sample, and
torch's and numpy's as well, for transforms of other libraries.
"""

from mmcontrast.datasets.transforms.clips import EachFrame, LoadFrames, PackClips, PackFrames
from mmcontrast.datasets.transforms.color import (
    ColorJitter,
    GaussianBlur,
    Grayscale,
    Solarize,
    ToLAB,
)
from mmcontrast.datasets.transforms.formatting import PackInputs, Views, compose
from mmcontrast.datasets.transforms.geometry import (
    CenterCrop,
    HorizontalFlip,
    RandomCrop,
    RandomResizedCrop,
    RandomRotation,
    RandomScale,
    Resize,
    ResizeAndPad,
    ShrinkToMultiple,
)
from mmcontrast.datasets.transforms.graphs import (
    GraphViews,
    NormalizeRows,
    RandomSplit,
    SampleNodes,
    ScaleDiffusion,
)
from mmcontrast.datasets.transforms.loading import LoadImage, UnreadableImageError

__all__ = [
    "CenterCrop",
    "ColorJitter",
    "EachFrame",
    "GaussianBlur",
    "GraphViews",
    "Grayscale",
    "HorizontalFlip",
    "LoadFrames",
    "LoadImage",
    "NormalizeRows",
    "PackClips",
    "PackFrames",
    "PackInputs",
    "RandomCrop",
    "RandomResizedCrop",
    "RandomRotation",
    "RandomScale",
    "RandomSplit",
    "Resize",
    "ResizeAndPad",
    "SampleNodes",
    "ScaleDiffusion",
    "ShrinkToMultiple",
    "Solarize",
    "ToLAB",
    "UnreadableImageError",
    "Views",
    "compose",
]
