"""Metrics of the features or predictions of a method, each computed by a pure function."""

from .accuracy import Accuracy, topk_hits
from .clustering import NodeClustering, cluster_agreement
from .graph_svm import GraphSVM, svm_folds
from .knn import KNN, knn_scores
from .linear_svm import LinearSVM
from .node_probe import NodeProbe, adam_probe, logistic_probe
from .parts import PartIoU, confusion_matrix, mean_iou
from .pose import JHMDBPCK, jhmdb_pck, relative_distances
from .region_boundary import boundary_similarity, region_similarity
from .retrieval import CrossModalRetrieval, Retrieval, class_ranks, pair_ranks
from .svm import SVM, average_precision
from .tracking import OTB, tracking_scores
from .vos import DAVIS, score_folder, score_video
from .zeroshot import ZeroShot, eszsl, generalized_scores, harmonic_mean, per_class_accuracy

__all__ = [
    "DAVIS",
    "JHMDBPCK",
    "KNN",
    "OTB",
    "SVM",
    "Accuracy",
    "CrossModalRetrieval",
    "GraphSVM",
    "LinearSVM",
    "NodeClustering",
    "NodeProbe",
    "PartIoU",
    "Retrieval",
    "ZeroShot",
    "adam_probe",
    "average_precision",
    "boundary_similarity",
    "class_ranks",
    "cluster_agreement",
    "confusion_matrix",
    "eszsl",
    "generalized_scores",
    "harmonic_mean",
    "jhmdb_pck",
    "knn_scores",
    "logistic_probe",
    "mean_iou",
    "pair_ranks",
    "per_class_accuracy",
    "region_similarity",
    "relative_distances",
    "score_folder",
    "score_video",
    "svm_folds",
    "topk_hits",
    "tracking_scores",
]
