"""One file a paper. Each reads top to bottom: equations, constructor, loss."""

from .base import Method
from .densecl import DenseCL
from .mocov2 import MoCoV2
from .simclr import SimCLR

__all__ = ["DenseCL", "Method", "MoCoV2", "SimCLR"]
