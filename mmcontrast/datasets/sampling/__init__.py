"""Which samples a training sees in which order, and the seeds of their augmentations."""

from mmcontrast.datasets.sampling.samplers import ResumableSampler
from mmcontrast.datasets.sampling.uniform_labels import UniformLabelSampler

__all__ = ["ResumableSampler", "UniformLabelSampler"]
