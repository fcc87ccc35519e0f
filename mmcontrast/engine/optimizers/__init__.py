"""Optimisers and optimiser wrappers."""

from .autocast import AutocastOptimWrapper
from .lars import LARS
from .trainable import TrainableParameters

__all__ = ["LARS", "AutocastOptimWrapper", "TrainableParameters"]
