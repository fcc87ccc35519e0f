"""Losses: each a pure function, and the registered module that configs name."""

from .frame_pairs import FramePairLoss, frame_pair_loss
from .info_nce import Contrast, InfoNCE, info_nce
from .nt_xent import NTXent, nt_xent

__all__ = [
    "Contrast",
    "FramePairLoss",
    "InfoNCE",
    "NTXent",
    "frame_pair_loss",
    "info_nce",
    "nt_xent",
]
