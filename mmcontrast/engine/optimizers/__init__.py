"""Optimizers and optimizer wrappers."""

from .autocast import AutocastOptimWrapper
from .lars import LARS
from .per_part import OptimWrapperPerPart
from .trainable import TrainableParameters

__all__ = ["LARS", "AutocastOptimWrapper", "OptimWrapperPerPart", "TrainableParameters"]
