"""Losses: each a pure function and, where configs name it, a registered module around it."""

from mmcontrast.structures.contrast import Contrast

from .balanced_focal import balanced_focal
from .cross_modal import CrossModalLoss, cross_modal_loss
from .frame_pairs import FramePairLoss, frame_pair_loss
from .gradient_penalty import gradient_penalty
from .info_nce import InfoNCE, info_nce
from .lab_color import LabColorLoss, lab_color_loss
from .mutual_information import MutualInformation
from .nt_xent import NTXent, nt_xent
from .supervised_contrast import supervised_contrast

__all__ = [
    "Contrast",
    "CrossModalLoss",
    "FramePairLoss",
    "InfoNCE",
    "LabColorLoss",
    "MutualInformation",
    "NTXent",
    "balanced_focal",
    "cross_modal_loss",
    "frame_pair_loss",
    "gradient_penalty",
    "info_nce",
    "lab_color_loss",
    "nt_xent",
    "supervised_contrast",
]
