"""Metrics over what a method extracts or predicts; each has a pure function inside."""

from .accuracy import Accuracy, topk_hits
from .knn import KNN, knn_scores
from .parts import PartIoU, confusion_matrix, mean_iou
from .pose import PCK, pck, relative_distances
from .svm import SVM, average_precision
from .tracking import OTB, tracking_scores
from .vos import DAVIS, boundary_similarity, region_similarity, score_folder, score_video

__all__ = [
    "DAVIS",
    "KNN",
    "OTB",
    "PCK",
    "SVM",
    "Accuracy",
    "PartIoU",
    "average_precision",
    "boundary_similarity",
    "confusion_matrix",
    "knn_scores",
    "mean_iou",
    "pck",
    "region_similarity",
    "relative_distances",
    "score_folder",
    "score_video",
    "topk_hits",
    "tracking_scores",
]
