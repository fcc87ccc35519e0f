"""Which samples a training sees in which order, and the seeds of their augmentations."""

from mmcontrast.datasets.sampling.samplers import ResumableSampler

__all__ = ["ResumableSampler"]
