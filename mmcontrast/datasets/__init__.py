"""Datasets, transforms, samplers and collate functions."""

import importlib
from typing import TYPE_CHECKING, Any

from mmcontrast.datasets.annotated_videos import JHMDBPose, VideoMasks
from mmcontrast.datasets.audiovisual.actions import HMDB51, UCF101
from mmcontrast.datasets.audiovisual.audioset import AudioSet
from mmcontrast.datasets.audiovisual.esc50 import ESC50
from mmcontrast.datasets.audiovisual.kinetics import Kinetics400
from mmcontrast.datasets.audiovisual.sounds import DCASE2013, FSDD, SoundFolder, Sounds
from mmcontrast.datasets.audiovisual.youtube import VGGSound
from mmcontrast.datasets.base import ConcatDataset, FileDataset
from mmcontrast.datasets.clips import Clip
from mmcontrast.datasets.coco import CocoImages
from mmcontrast.datasets.collate import collate
from mmcontrast.datasets.images import ImageFolder, ImageList, Images
from mmcontrast.datasets.sampling.samplers import ResumableSampler
from mmcontrast.datasets.shards import TarShards
from mmcontrast.datasets.tracking import TrackingPairs, TrackingVideos
from mmcontrast.datasets.videos import (
    FrameFolders,
    GOT10k,
    TrackingNet,
    VideoFolder,
    VideoList,
    Videos,
)
from mmcontrast.datasets.voc import VOCClassification
from mmcontrast.datasets.zeroshot import SeenBatches, ZeroShotTask, collate_one

if TYPE_CHECKING:
    from mmcontrast.datasets.graphs import (
        EdgeListGraph,
        Graphs,
        NpzGraph,
        PlanetoidGraph,
        PyGGraphs,
        TUGraphs,
        collate_graphs,
    )

# Imported at their first use: they need scipy, which takes longer than all the rest.
_GRAPHS = (
    "EdgeListGraph",
    "Graphs",
    "NpzGraph",
    "PlanetoidGraph",
    "PyGGraphs",
    "TUGraphs",
    "collate_graphs",
)

__all__ = [
    "DCASE2013",
    "ESC50",
    "FSDD",
    "HMDB51",
    "UCF101",
    "AudioSet",
    "Clip",
    "CocoImages",
    "ConcatDataset",
    "EdgeListGraph",
    "FileDataset",
    "FrameFolders",
    "GOT10k",
    "Graphs",
    "ImageFolder",
    "ImageList",
    "Images",
    "JHMDBPose",
    "Kinetics400",
    "NpzGraph",
    "PlanetoidGraph",
    "PyGGraphs",
    "ResumableSampler",
    "SeenBatches",
    "SoundFolder",
    "Sounds",
    "TUGraphs",
    "TarShards",
    "TrackingNet",
    "TrackingPairs",
    "TrackingVideos",
    "VGGSound",
    "VOCClassification",
    "VideoFolder",
    "VideoList",
    "VideoMasks",
    "Videos",
    "ZeroShotTask",
    "collate",
    "collate_graphs",
    "collate_one",
]


def __getattr__(name: str) -> Any:
    if name not in _GRAPHS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module("mmcontrast.datasets.graphs"), name)
