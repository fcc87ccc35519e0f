"""Stateful parts that methods share."""

from .key_queue import KeyQueue
from .momentum_encoder import MomentumEncoder
from .norm import SplitBN, SyncBN, build_norm, warn_of_leaking_statistics

__all__ = [
    "KeyQueue",
    "MomentumEncoder",
    "SplitBN",
    "SyncBN",
    "build_norm",
    "warn_of_leaking_statistics",
]
