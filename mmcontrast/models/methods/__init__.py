"""Methods of learning, one file a paper: equations, constructor, loss, from top to bottom.

``vfs_negatives`` and ``color_reconstruction`` are companions of VFS and ContrastCorr.
"""

from .base import Method
from .cegzsl import CEGZSL
from .color_reconstruction import ColorReconstruction
from .contrastcorr import ContrastCorr
from .crisscross import CrissCross
from .densecl import DenseCL
from .mocov2 import MoCoV2
from .mvgrl import MVGRL
from .simclr import SimCLR
from .vfs import VFS
from .vfs_negatives import VFSNegatives
from .xdc import XDC

__all__ = [
    "CEGZSL",
    "MVGRL",
    "VFS",
    "XDC",
    "ColorReconstruction",
    "ContrastCorr",
    "CrissCross",
    "DenseCL",
    "Method",
    "MoCoV2",
    "SimCLR",
    "VFSNegatives",
]
