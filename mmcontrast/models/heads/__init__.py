"""Heads: from features to scores, of classes or of pairs."""

from .classification import (
    LinearHead,
    MultiStageHead,
    class_scores,
    classification_losses,
    predictions,
)
from .node_graph import BilinearCritic, DotCritic, ResidualMLP
from .siamese import SiameseHead

__all__ = [
    "BilinearCritic",
    "DotCritic",
    "LinearHead",
    "MultiStageHead",
    "ResidualMLP",
    "SiameseHead",
    "class_scores",
    "classification_losses",
    "predictions",
]
