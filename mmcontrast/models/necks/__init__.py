"""Projection necks: from feature maps to the embeddings that are contrasted."""

from .projection import DenseProjection, Projection

__all__ = ["DenseProjection", "Projection"]
