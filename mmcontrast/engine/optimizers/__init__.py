"""Optimizers and optimizer wrappers."""

from .autocast import AutocastOptimWrapper
from .groups import ParameterGroups
from .larc import larc
from .lars import LARS
from .per_part import OptimWrapperPerPart
from .trainable import TrainableParameters

__all__ = [
    "LARS",
    "AutocastOptimWrapper",
    "OptimWrapperPerPart",
    "ParameterGroups",
    "TrainableParameters",
    "larc",
]
