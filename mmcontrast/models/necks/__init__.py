"""Necks: from feature maps to the embeddings that are contrasted or predicted."""

from .projection import DenseProjection, Prediction, Projection

__all__ = ["DenseProjection", "Prediction", "Projection"]
