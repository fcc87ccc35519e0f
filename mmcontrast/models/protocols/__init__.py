"""Evaluation protocols, one file each: what is trained or run to judge a backbone."""

from .fine_tuning import FineTuning
from .frozen_backbone import FrozenBackbone
from .label_propagation import LabelPropagation
from .linear_probe import LinearProbe
from .siamfc import SiamFC

__all__ = ["FineTuning", "FrozenBackbone", "LabelPropagation", "LinearProbe", "SiamFC"]
