"""Losses: each a pure function, and the registered module that configs name."""

from .balanced_focal import balanced_focal
from .frame_pairs import FramePairLoss, frame_pair_loss
from .info_nce import Contrast, InfoNCE, info_nce
from .lab_color import LabColorLoss, lab_color_loss
from .mutual_information import MutualInformation
from .nt_xent import NTXent, nt_xent

__all__ = [
    "Contrast",
    "FramePairLoss",
    "InfoNCE",
    "LabColorLoss",
    "MutualInformation",
    "NTXent",
    "balanced_focal",
    "frame_pair_loss",
    "info_nce",
    "lab_color_loss",
    "nt_xent",
]
