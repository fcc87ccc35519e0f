"""Which samples a training sees in which order, their frames and clips, and the random seeds."""

from mmcontrast.datasets.sampling.clips import clip_pair, random_clips, uniform_clips
from mmcontrast.datasets.sampling.frames import gap, segments, window
from mmcontrast.datasets.sampling.samplers import ResumableSampler
from mmcontrast.datasets.sampling.uniform_labels import UniformLabelSampler

__all__ = [
    "ResumableSampler",
    "UniformLabelSampler",
    "clip_pair",
    "gap",
    "random_clips",
    "segments",
    "uniform_clips",
    "window",
]
