"""Optimisers and optimiser wrappers."""

from .autocast import AutocastOptimWrapper
from .lars import LARS

__all__ = ["LARS", "AutocastOptimWrapper"]
