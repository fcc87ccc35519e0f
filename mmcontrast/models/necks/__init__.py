"""Necks: from feature maps to the embeddings that are contrasted or predicted, or to features."""

from .pooling import BandStatistics, MaxPool
from .projection import DenseProjection, Prediction, Projection

__all__ = ["BandStatistics", "DenseProjection", "MaxPool", "Prediction", "Projection"]
