"""What can be called from Python: the command line, the tools and the demos call the same.

Train and test what a config describes (:mod:`mmcontrast.apis.training`)
    train                     Train, in one process or many.
    test                      Evaluate a checkpoint, or the untrained network.
    run_sweep                 Train with each value of a grid and each seed, and compare.
    launch                    Run a tool in several processes.
    load_config               Read a config file and apply options to it.
    print_config              Print the merged config and where each key was set.
    check_config              Build everything that a config describes.

Use trained weights (:mod:`mmcontrast.apis.inference`)
    FeatureExtractor          Features of images, clips and arrays.
    load_backbone             The backbone of a checkpoint, as a module.
    MethodOnData              A method that extracts and predicts on the data of a config.
    extract_features          Write the features of a data set as a table.
    FeatureTable              Read such a table.
    propagate                 Propagate masks through a video.
    track                     Track a box through a video.
    read_frames               Yield the frames of a video, RGB.
    write_overlay             Write a video with masks over its frames.
    save_masks                Write masks as PNG files.
    visualize_correspondence  Draw mutual nearest neighbors between two images.
    visualize_similarity      Draw how similar an image is to a point of another.
    visualize_pca             Draw dense features as colors.
    visualize_embedding       Draw images or rows of a table as points of a plane.
    visualize_neighbors       Draw the nearest neighbors of a row of a table.
    visualize_confusion       Draw the confusion matrix of a zero-shot method.
    visualize_curves          Draw the logged metrics of runs over each other.

Give weights to other libraries (:mod:`mmcontrast.apis.export`)
    export_weights            Write a backbone in the layout of another library.

Compare runs (:mod:`mmcontrast.apis.reports`)
    find_runs                 Read the runs below folders.
    write_report              Write one HTML page that compares runs.

Prepare and check data (:mod:`mmcontrast.apis.data`)
    browse_dataset            Draw the augmented views that a config trains on.
    extract_audio             Write the sound of videos beside them as FLAC files.
    probe_videos              Decode each video of a folder once and describe it.
    transcode                 Re-encode videos so that clips are read fast.
    subset_of_images          Draw a seeded part of an image folder.
    subset_of_coco            Draw a seeded part of a COCO annotation file.
"""

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .data.browse import browse_dataset as browse_dataset
    from .data.extract_audio import extract_audio as extract_audio
    from .data.probe import probe_videos as probe_videos
    from .data.subset import subset_of_coco as subset_of_coco
    from .data.subset import subset_of_images as subset_of_images
    from .data.transcode import transcode as transcode
    from .export.weights import export_weights as export_weights
    from .inference.backbone import load_backbone as load_backbone
    from .inference.extract import extract_features as extract_features
    from .inference.feature_table import FeatureTable as FeatureTable
    from .inference.features import FeatureExtractor as FeatureExtractor
    from .inference.method import MethodOnData as MethodOnData
    from .inference.propagation import propagate as propagate
    from .inference.propagation import read_frames as read_frames
    from .inference.propagation import save_masks as save_masks
    from .inference.propagation import track as track
    from .inference.propagation import write_overlay as write_overlay
    from .inference.visualize import visualize_confusion as visualize_confusion
    from .inference.visualize import visualize_correspondence as visualize_correspondence
    from .inference.visualize import visualize_curves as visualize_curves
    from .inference.visualize import visualize_embedding as visualize_embedding
    from .inference.visualize import visualize_neighbors as visualize_neighbors
    from .inference.visualize import visualize_pca as visualize_pca
    from .inference.visualize import visualize_similarity as visualize_similarity
    from .reports.page import write_report as write_report
    from .reports.runs import find_runs as find_runs
    from .training.config import load_config as load_config
    from .training.inspect import check_config as check_config
    from .training.inspect import print_config as print_config
    from .training.launch import launch as launch
    from .training.sweep import run_sweep as run_sweep
    from .training.test import test as test
    from .training.train import train as train

# Each module is imported at the first use of its names: the command-line tools import this package
# before torch.
_NAMES = {
    "data.browse": ("browse_dataset",),
    "data.extract_audio": ("extract_audio",),
    "data.probe": ("probe_videos",),
    "data.subset": ("subset_of_coco", "subset_of_images"),
    "data.transcode": ("transcode",),
    "export.weights": ("export_weights",),
    "inference.backbone": ("load_backbone",),
    "inference.extract": ("extract_features",),
    "inference.feature_table": ("FeatureTable",),
    "inference.features": ("FeatureExtractor",),
    "inference.method": ("MethodOnData",),
    "inference.propagation": ("propagate", "read_frames", "save_masks", "track", "write_overlay"),
    "inference.visualize": (
        "visualize_confusion", "visualize_correspondence", "visualize_curves",
        "visualize_embedding", "visualize_neighbors", "visualize_pca", "visualize_similarity",
    ),
    "reports.page": ("write_report",),
    "reports.runs": ("find_runs",),
    "training.config": ("load_config",),
    "training.inspect": ("check_config", "print_config"),
    "training.launch": ("launch",),
    "training.sweep": ("run_sweep",),
    "training.test": ("test",),
    "training.train": ("train",),
}  # fmt: skip
_MODULES = {name: module for module, names in _NAMES.items() for name in names}

__all__ = sorted(_MODULES)


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    return __all__


class _Package(ModuleType):
    """Keeps ``train`` the function where ``mmcontrast.apis.train``, the old path, is imported."""

    def __setattr__(self, name: str, value: Any) -> None:
        if not (name in _MODULES and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
