"""One file a paper or protocol. Each reads top to bottom: equations, constructor, loss."""

from .base import Method
from .cegzsl import CEGZSL
from .color_reconstruction import ColorReconstruction
from .contrastcorr import ContrastCorr
from .densecl import DenseCL
from .fine_tuning import FineTuning
from .frozen_backbone import FrozenBackbone
from .label_propagation import LabelPropagation
from .linear_probe import LinearProbe
from .mocov2 import MoCoV2
from .mvgrl import MVGRL
from .siamfc import SiamFC
from .simclr import SimCLR
from .vfs import VFS
from .vfs_negatives import VFSNegatives

__all__ = [
    "CEGZSL",
    "MVGRL",
    "VFS",
    "ColorReconstruction",
    "ContrastCorr",
    "DenseCL",
    "FineTuning",
    "FrozenBackbone",
    "LabelPropagation",
    "LinearProbe",
    "Method",
    "MoCoV2",
    "SiamFC",
    "SimCLR",
    "VFSNegatives",
]
