"""Heads: classifiers, and networks that score pairs (nodes with graphs, targets, attributes)."""

from .classification import (
    LinearHead,
    MultiStageHead,
    class_scores,
    classification_losses,
    predictions,
)
from .node_graph import BilinearCritic, DotCritic, ResidualMLP
from .siamese import SiameseHead
from .zeroshot import Comparator, FeatureCritic, FeatureEmbedding, FeatureGenerator

__all__ = [
    "BilinearCritic",
    "Comparator",
    "DotCritic",
    "FeatureCritic",
    "FeatureEmbedding",
    "FeatureGenerator",
    "LinearHead",
    "MultiStageHead",
    "ResidualMLP",
    "SiameseHead",
    "class_scores",
    "classification_losses",
    "predictions",
]
