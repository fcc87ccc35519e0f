"""Transforms of images, clips and graphs, for pre-training and evaluation.

A transform takes and returns a ``results`` dict. The keys that matter:

``path``
    Path of the image, for error messages; with ``bytes``, the file's content, if it is in memory.
``image``
    Contiguous RGB array ``(H, W, 3)``, uint8. No transform converts it to floats or normalizes it:
    the workers return uint8, and the data preprocessor normalizes on the device.
``size``
    ``(width, height)`` of the upright source image.
``box``, ``flip``
    Region of the source that ``image`` shows, ``(x0, y0, x1, y1)`` in source pixels, and whether it
    is mirrored. Each geometric transform updates them.
``frames``
    A clip: a list of such dicts, one per frame, see ``mmcontrast.datasets.transforms.clips``.
``views``
    Clips of images and sound: a list of dicts, one per view, see
    ``mmcontrast.datasets.transforms.load_clip``.
``audio``, ``spectrogram``
    A sound and its spectrogram, see ``mmcontrast.datasets.transforms.audio``.

Random numbers come from Python's global generator. The datasets seed it for each sample, as well as
torch's and numpy's generators for transforms of other libraries.
"""

import importlib
from typing import TYPE_CHECKING, Any

from mmcontrast.datasets.transforms.audio import LogMelSpectrogram, VolumeJitter
from mmcontrast.datasets.transforms.audio_spectrogram import (
    FrequencyMask,
    RandomSpectrogramCrop,
    TimeMask,
    TimeWarp,
)
from mmcontrast.datasets.transforms.blur import AnisotropicBlur, GaussianBlur
from mmcontrast.datasets.transforms.clip_views import EachView, PackViews, SpectrogramWindows
from mmcontrast.datasets.transforms.clips import EachFrame, LoadFrames, PackClips, PackFrames
from mmcontrast.datasets.transforms.color import (
    ColorJitter,
    Grayscale,
    Solarize,
    ToLAB,
)
from mmcontrast.datasets.transforms.cutout import Cutout
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
from mmcontrast.datasets.transforms.load_clip import LoadClip
from mmcontrast.datasets.transforms.loading import LoadImage, UnreadableImageError
from mmcontrast.datasets.transforms.short_side import RandomShortSide, TopLeftCrop

if TYPE_CHECKING:
    from mmcontrast.datasets.transforms.graph_views import GraphViews, ScaleDiffusion
    from mmcontrast.datasets.transforms.graphs import NormalizeRows, RandomSplit, SampleNodes

# Imported at their first use: they need scipy, which takes longer than all the rest.
_GRAPHS = {
    "GraphViews": "graph_views",
    "NormalizeRows": "graphs",
    "RandomSplit": "graphs",
    "SampleNodes": "graphs",
    "ScaleDiffusion": "graph_views",
}

__all__ = [
    "AnisotropicBlur",
    "CenterCrop",
    "ColorJitter",
    "Cutout",
    "EachFrame",
    "EachView",
    "FrequencyMask",
    "GaussianBlur",
    "GraphViews",
    "Grayscale",
    "HorizontalFlip",
    "LoadClip",
    "LoadFrames",
    "LoadImage",
    "LogMelSpectrogram",
    "NormalizeRows",
    "PackClips",
    "PackFrames",
    "PackInputs",
    "PackViews",
    "RandomCrop",
    "RandomResizedCrop",
    "RandomRotation",
    "RandomScale",
    "RandomShortSide",
    "RandomSpectrogramCrop",
    "RandomSplit",
    "Resize",
    "ResizeAndPad",
    "SampleNodes",
    "ScaleDiffusion",
    "ShrinkToMultiple",
    "Solarize",
    "SpectrogramWindows",
    "TimeMask",
    "TimeWarp",
    "ToLAB",
    "TopLeftCrop",
    "UnreadableImageError",
    "Views",
    "VolumeJitter",
    "compose",
]


def __getattr__(name: str) -> Any:
    if name not in _GRAPHS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_GRAPHS[name]}"), name)
