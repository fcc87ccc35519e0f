"""One file a paper or protocol. Each reads top to bottom: equations, constructor, loss."""

from .base import Method
from .densecl import DenseCL
from .fine_tuning import FineTuning
from .frozen_backbone import FrozenBackbone
from .label_propagation import LabelPropagation
from .linear_probe import LinearProbe
from .mocov2 import MoCoV2
from .siamfc import SiamFC
from .simclr import SimCLR

__all__ = [
    "DenseCL",
    "FineTuning",
    "FrozenBackbone",
    "LabelPropagation",
    "LinearProbe",
    "Method",
    "MoCoV2",
    "SiamFC",
    "SimCLR",
]
