"""Stateful parts that methods share."""

from .color_codec import ColorAutoEncoder, PatchCodec
from .key_queue import KeyQueue
from .momentum_encoder import MomentumEncoder
from .norm import SplitBN, SyncBN, build_norm, warn_of_leaking_statistics
from .pretrained import PretrainedWeights, load_pretrained

__all__ = [
    "ColorAutoEncoder",
    "KeyQueue",
    "MomentumEncoder",
    "PatchCodec",
    "PretrainedWeights",
    "SplitBN",
    "SyncBN",
    "build_norm",
    "load_pretrained",
    "warn_of_leaking_statistics",
]
