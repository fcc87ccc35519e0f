"""Metrics of generalized zero-shot learning: accuracy on seen and unseen classes.

Xian et al., TPAMI 2018, section 4. All metrics are means over classes:

    U    accuracy on rows of unseen classes, with all classes as candidates
    S    accuracy on rows of seen classes, with all classes as candidates
    H    harmonic mean 2 U S / (U + S)
    T1   accuracy on rows of unseen classes, with the unseen classes as candidates

Shapes: T rows, M classes, n training rows, D features, A attributes.
"""

import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from mmengine.evaluator import BaseMetric
from numpy.typing import NDArray

from mmcontrast.registry import METRICS

from .description import log_description

_WEIGHTS = tuple(10.0**power for power in range(-3, 4))


def per_class_accuracy(predicted_T: NDArray[np.integer], labels_T: NDArray[np.integer]) -> float:
    """Return the accuracy in percent, averaged over the classes of ``labels_T``."""
    classes = np.unique(labels_T)
    return 100 * float(np.mean([(predicted_T[labels_T == c] == c).mean() for c in classes]))


def harmonic_mean(unseen: float, seen: float) -> float:
    """Return 2 U S / (U + S), or 0 if both are 0."""
    return 2 * unseen * seen / (unseen + seen) if unseen + seen else 0.0


def generalized_scores(
    predicted_T: NDArray[np.integer], labels_T: NDArray[np.integer], seen_M: NDArray[np.bool_]
) -> dict[str, float]:
    """Compute U, S and H in percent.

    Args:
        predicted_T: Predicted classes, with all classes as candidates.
        labels_T: True classes.
        seen_M: Whether each class is seen.

    Raises:
        ValueError: There is no row of a seen class, or none of an unseen class.
    """
    is_seen_T = seen_M[labels_T]
    if is_seen_T.all() or not is_seen_T.any():
        raise ValueError("Rows of seen and of unseen classes are needed, and there is one kind.")
    unseen = per_class_accuracy(predicted_T[~is_seen_T], labels_T[~is_seen_T])
    seen = per_class_accuracy(predicted_T[is_seen_T], labels_T[is_seen_T])
    return dict(U=unseen, S=seen, H=harmonic_mean(unseen, seen))


def eszsl(
    features_nD: NDArray[np.floating],
    labels_n: NDArray[np.integer],
    attributes_MA: NDArray[np.floating],
    seen_M: NDArray[np.bool_],
    *,
    gamma: float = 1.0,
    eta: float = 1.0,
) -> NDArray[np.float64]:
    """Solve ESZSL's bilinear map in closed form (Romera-Paredes and Torr, ICML 2015, equation 5).

    Args:
        features_nD: Training features, of seen classes.
        labels_n: Classes of the training features.
        attributes_MA: Attributes of all classes; those of unseen classes are not used.
        seen_M: Whether each class is seen.
        gamma: Regularization weight in the space of features.
        eta: Regularization weight in the space of attributes.

    Returns:
        V (D, A); the score of a feature x for a class with attributes a is x^T V a.
    """
    of_x, of_a, middle_DA = _eszsl_terms(features_nD, labels_n, attributes_MA, seen_M)
    return of_x.vectors @ _regularized(of_x, of_a, middle_DA, gamma, eta) @ of_a.vectors.T


def _eszsl_terms(
    features_nD: NDArray[np.floating],
    labels_n: NDArray[np.integer],
    attributes_MA: NDArray[np.floating],
    seen_M: NDArray[np.bool_],
) -> tuple["_Eigen", "_Eigen", NDArray[np.float64]]:
    """Return the eigenvectors of X^T X and of A^T A, and X^T Y A in their coordinates."""
    seen = np.flatnonzero(seen_M)
    sign_nS = np.where(labels_n[:, None] == seen, 1.0, -1.0)
    x, a = np.asarray(features_nD, np.float64), np.asarray(attributes_MA, np.float64)[seen]
    of_x, of_a = (_Eigen(*np.linalg.eigh(matrix.T @ matrix)) for matrix in (x, a))
    return of_x, of_a, of_x.vectors.T @ (x.T @ sign_nS @ a) @ of_a.vectors


def _regularized(
    of_x: "_Eigen", of_a: "_Eigen", middle_DA: NDArray[np.float64], gamma: float, eta: float
) -> NDArray[np.float64]:
    """Return V in the coordinates of the eigenvectors, where regularizing is a division."""
    return middle_DA / (of_x.values[:, None] + gamma) / (of_a.values + eta)


class _Eigen(NamedTuple):
    values: NDArray[np.float64]
    vectors: NDArray[np.float64]


def best_eszsl(
    features_nD: NDArray[np.floating],
    labels_n: NDArray[np.integer],
    attributes_MA: NDArray[np.floating],
    seen_M: NDArray[np.bool_],
    seed: int = 0,
) -> NDArray[np.float64]:
    """Fit ESZSL with the weights that are best on a third of the seen classes, held out.

    Args:
        features_nD: See :func:`eszsl`.
        labels_n: See :func:`eszsl`.
        attributes_MA: See :func:`eszsl`.
        seen_M: See :func:`eszsl`; at least three classes are seen.
        seed: Seed by which the held-out classes are drawn.

    Returns:
        V (D, A), fitted to all seen classes.
    """
    order = np.random.default_rng(seed).permutation(np.flatnonzero(seen_M))
    held_out = np.sort(order[: max(len(order) // 3, 1)])
    train_M = seen_M & ~np.isin(np.arange(len(seen_M)), held_out)
    train_n = train_M[labels_n]
    of_x, of_a, middle_DA = _eszsl_terms(
        features_nD[train_n], labels_n[train_n], attributes_MA, train_M
    )
    left = features_nD[~train_n] @ of_x.vectors
    right = (attributes_MA[held_out] @ of_a.vectors).T

    def accuracy(weights: tuple[float, float]) -> float:
        scores = left @ _regularized(of_x, of_a, middle_DA, *weights) @ right
        return per_class_accuracy(held_out[scores.argmax(axis=1)], labels_n[~train_n])

    gamma, eta = max(itertools.product(_WEIGHTS, _WEIGHTS), key=accuracy)
    return eszsl(features_nD, labels_n, attributes_MA, seen_M, gamma=gamma, eta=eta)


@METRICS.register_module()
class ZeroShot(BaseMetric):
    """U, S, H and T1 of the predictions for a ``ZeroShotTask``, at the classifier's last epoch.

    Args:
        best_on_test: Whether to add ``H_best_on_test``, the largest H over the classifier's epochs.
            The published results of CE-GZSL are selected in this way, by the test set.
        baselines: Whether to add the metrics of two simple classifiers of the same features:
            ``seen_only/...``, a softmax over the seen classes, whose U is 0, and ``eszsl/...``.
        **kwargs: Arguments of MMEngine's ``BaseMetric``, such as ``collect_device``.

    Attributes:
        description: Description of the data and selection of the last metrics.
    """

    default_prefix = "gzsl"
    description = ""

    def __init__(self, best_on_test: bool = False, baselines: bool = False, **kwargs: Any):
        super().__init__(**kwargs)
        self.best_on_test, self.baselines = best_on_test, baselines
        self._baseline_metrics: dict[str, float] | None = None

    def process(self, data_batch: dict[str, Any], data_samples: Sequence[dict[str, Any]]) -> None:
        """Compute the metrics of the only task."""
        sample = data_samples[0]
        labels_T, seen_M = np.asarray(sample["label"]), np.asarray(sample["seen"])
        epochs = np.asarray(sample["generalized"])
        scores = generalized_scores(epochs[-1], labels_T, seen_M)
        unseen_T = ~seen_M[labels_T]
        conventional = np.asarray(sample["conventional"])
        scores["T1"] = per_class_accuracy(conventional[unseen_T], labels_T[unseen_T])
        if self.best_on_test:
            scores["H_best_on_test"] = max(
                generalized_scores(predicted_T, labels_T, seen_M)["H"] for predicted_T in epochs
            )
        if self.baselines:
            if self._baseline_metrics is None:  # the same at every validation of a run
                self._baseline_metrics = {
                    f"{name}/{key}": value
                    for name, predicted_T in _baselines(data_batch["inputs"]).items()
                    for key, value in generalized_scores(predicted_T, labels_T, seen_M).items()
                }
            scores |= self._baseline_metrics
        text = (
            f"gzsl: {sample.get('part', 'test')}, "
            f"{(~unseen_T).sum():,} rows of {seen_M.sum()} seen and "
            f"{unseen_T.sum():,} of {(~seen_M).sum()} unseen classes, last epoch of the softmax."
        )
        self.results.append(dict(scores=scores, text=text))

    def compute_metrics(self, results: list[dict[str, Any]]) -> dict[str, float]:
        """Return the metrics of the only task."""
        self.description = log_description(results[0]["text"])
        return results[0]["scores"]


def _baselines(inputs: dict[str, torch.Tensor]) -> dict[str, NDArray[np.integer]]:
    """Return the classes (T,) that two simple classifiers predict for the test rows."""
    from sklearn.linear_model import LogisticRegression

    arrays = {name: value.numpy() for name, value in inputs.items()}
    softmax = LogisticRegression(max_iter=1000)  # until convergence
    softmax.fit(arrays["train_feature"], arrays["train_label"])
    seen_only = softmax.predict(arrays["feature"])
    v_DA = best_eszsl(
        arrays["train_feature"], arrays["train_label"], arrays["attributes"], arrays["seen"]
    )
    scores_TM = arrays["feature"] @ v_DA @ arrays["attributes"].T
    return dict(seen_only=seen_only, eszsl=scores_TM.argmax(axis=1))
