"""Parts that several methods share: norms, queue, encoders, codecs, clusters as labels."""

from .color_codec import ColorAutoEncoder, PatchCodec
from .momentum_contrast import (
    KeyQueue,
    MomentumEncoder,
    SplitBN,
    gather,
    shuffle_batch,
    unshuffle,
    warn_of_leaking_statistics,
)
from .norm import GroupNorm, SyncBN
from .pretrained import PretrainedInit, check_pretrained, load_pretrained, skip_pretrained
from .pseudo_labels import PseudoLabels
from .variance_scaling import VarianceScaling

__all__ = [
    "ColorAutoEncoder",
    "GroupNorm",
    "KeyQueue",
    "MomentumEncoder",
    "PatchCodec",
    "PretrainedInit",
    "PseudoLabels",
    "SplitBN",
    "SyncBN",
    "VarianceScaling",
    "check_pretrained",
    "gather",
    "load_pretrained",
    "shuffle_batch",
    "skip_pretrained",
    "unshuffle",
    "warn_of_leaking_statistics",
]
