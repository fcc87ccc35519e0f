"""Metrics over the features that a method extracts; each has a pure function inside."""

from .knn import KNN, knn_scores

__all__ = ["KNN", "knn_scores"]
