"""Heads: from features to scores of classes."""

from .classification import (
    LinearHead,
    MultiStageHead,
    class_scores,
    classification_losses,
    predictions,
)
from .siamese import SiameseHead
from .zeroshot import Comparator, FeatureCritic, FeatureEmbedding, FeatureGenerator

__all__ = [
    "Comparator",
    "FeatureCritic",
    "FeatureEmbedding",
    "FeatureGenerator",
    "LinearHead",
    "MultiStageHead",
    "SiameseHead",
    "class_scores",
    "classification_losses",
    "predictions",
]
