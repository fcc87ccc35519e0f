"""Heads: from features to scores of classes."""

from .classification import (
    LinearHead,
    MultiStageHead,
    class_scores,
    classification_losses,
    predictions,
)
from .siamese import SiameseHead

__all__ = [
    "LinearHead",
    "MultiStageHead",
    "SiameseHead",
    "class_scores",
    "classification_losses",
    "predictions",
]
