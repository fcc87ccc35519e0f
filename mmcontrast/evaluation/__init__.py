"""Metrics over the features that a method extracts; each has a pure function inside."""

from .accuracy import Accuracy, topk_hits
from .knn import KNN, knn_scores
from .svm import SVM, average_precision

__all__ = ["KNN", "SVM", "Accuracy", "average_precision", "knn_scores", "topk_hits"]
