"""Losses: each a pure function, and the registered module that configs name."""

from .balanced_focal import balanced_focal
from .info_nce import Contrast, InfoNCE, info_nce
from .nt_xent import NTXent, nt_xent

__all__ = ["Contrast", "InfoNCE", "NTXent", "balanced_focal", "info_nce", "nt_xent"]
