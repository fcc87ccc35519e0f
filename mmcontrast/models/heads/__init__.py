"""Heads: from features to scores of classes."""

from .classification import LinearHead, MultiStageHead, class_scores, classification_losses

__all__ = ["LinearHead", "MultiStageHead", "class_scores", "classification_losses"]
