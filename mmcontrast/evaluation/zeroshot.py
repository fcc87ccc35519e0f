"""Accuracy on seen and unseen classes.

Xian et al., TPAMI 2018, section 4: each class counts the same,

    U    mean over the unseen classes of the share of their rows that is recognized
    S    the same over the seen classes; all classes are candidates in both
    H    2 U S / (U + S)
    T1   as U, with the unseen classes as the only candidates

Shapes: T rows, M classes, n training rows, D features, A attributes.
"""

import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from mmengine.evaluator import BaseMetric
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from mmcontrast.registry import METRICS

from .description import described

_WEIGHTS = tuple(10.0**power for power in range(-3, 4))


def per_class_accuracy(found_T: NDArray[np.integer], labels_T: NDArray[np.integer]) -> float:
    """Mean over the classes of ``labels_T`` of the share of their rows that is right, in %."""
    classes = np.unique(labels_T)
    return 100 * float(np.mean([(found_T[labels_T == c] == c).mean() for c in classes]))


def harmonic_mean(unseen: float, seen: float) -> float:
    """2 U S / (U + S); 0 if both are 0."""
    return 2 * unseen * seen / (unseen + seen) if unseen + seen else 0.0


def generalized_scores(
    found_T: NDArray[np.integer], labels_T: NDArray[np.integer], seen_M: NDArray[np.bool_]
) -> dict[str, float]:
    """U, S and H in percent.

    Args:
        found_T: Classes among all.
        labels_T: True classes.
        seen_M: Which classes are seen.

    Raises:
        ValueError: No row is of a seen, or of an unseen, class.
    """
    is_seen_T = seen_M[labels_T]
    if is_seen_T.all() or not is_seen_T.any():
        raise ValueError("Rows of seen and of unseen classes are needed, and there is one kind.")
    unseen = per_class_accuracy(found_T[~is_seen_T], labels_T[~is_seen_T])
    seen = per_class_accuracy(found_T[is_seen_T], labels_T[is_seen_T])
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
    """The bilinear map of ESZSL in closed form (Romera-Paredes and Torr, ICML 2015, equation 5).

    Args:
        features_nD: Training rows of seen classes.
        labels_n: Their classes.
        attributes_MA: Of all classes; those of unseen ones are not used.
        seen_M: Which classes are seen.
        gamma: Weight of |V|^2 in the space of features.
        eta: Weight in the space of attributes.

    Returns:
        V (D, A): the score of x for a class a is x^T V a.
    """
    of_x, of_a, middle_DA = _eszsl_terms(features_nD, labels_n, attributes_MA, seen_M)
    return of_x.vectors @ _regularized(of_x, of_a, middle_DA, gamma, eta) @ of_a.vectors.T


def _eszsl_terms(
    features_nD: NDArray[np.floating],
    labels_n: NDArray[np.integer],
    attributes_MA: NDArray[np.floating],
    seen_M: NDArray[np.bool_],
) -> tuple["_Eigen", "_Eigen", NDArray[np.float64]]:
    """Eigenvectors of X^T X and of A^T A, and X^T Y A in their coordinates."""
    seen = np.flatnonzero(seen_M)
    sign_nS = np.where(labels_n[:, None] == seen, 1.0, -1.0)
    x, a = np.asarray(features_nD, np.float64), np.asarray(attributes_MA, np.float64)[seen]
    of_x, of_a = (_Eigen(*np.linalg.eigh(matrix.T @ matrix)) for matrix in (x, a))
    return of_x, of_a, of_x.vectors.T @ (x.T @ sign_nS @ a) @ of_a.vectors


def _regularized(
    of_x: "_Eigen", of_a: "_Eigen", middle_DA: NDArray[np.float64], gamma: float, eta: float
) -> NDArray[np.float64]:
    """V in the coordinates of the eigenvectors, where each pair of weights is a division."""
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
    """ESZSL whose weights tell apart best a third of the seen classes, when trained on the others.

    Args:
        features_nD: See :func:`eszsl`.
        labels_n: See :func:`eszsl`.
        attributes_MA: See :func:`eszsl`.
        seen_M: See :func:`eszsl`; there are at least three.
        seed: Of the choice of the third.

    Returns:
        V (D, A), fitted to all seen classes.
    """
    order = np.random.default_rng(seed).permutation(np.flatnonzero(seen_M))
    hidden = np.sort(order[: max(len(order) // 3, 1)])
    kept_M = seen_M & ~np.isin(np.arange(len(seen_M)), hidden)
    kept_n = kept_M[labels_n]
    of_x, of_a, middle_DA = _eszsl_terms(
        features_nD[kept_n], labels_n[kept_n], attributes_MA, kept_M
    )
    left = features_nD[~kept_n] @ of_x.vectors
    right = (attributes_MA[hidden] @ of_a.vectors).T

    def accuracy(weights: tuple[float, float]) -> float:
        scores = left @ _regularized(of_x, of_a, middle_DA, *weights) @ right
        return per_class_accuracy(hidden[scores.argmax(axis=1)], labels_n[~kept_n])

    gamma, eta = max(itertools.product(_WEIGHTS, _WEIGHTS), key=accuracy)
    return eszsl(features_nD, labels_n, attributes_MA, seen_M, gamma=gamma, eta=eta)


@METRICS.register_module()
class ZeroShot(BaseMetric):
    """U, S, H and T1 of what a method predicts for a ``ZeroShotTask``.

    The last epoch of the classifier counts.

    Args:
        best_on_test: Whether to add ``H_best_on_test``, the largest H of the classifier's epochs:
            the published figures of CE-GZSL are chosen so, by the test set.
        baselines: Whether to add what two simple classifiers of the same features reach:
            ``seen_only/...``, a softmax of the seen classes, whose U is 0, and ``eszsl/...``.
        **kwargs: Arguments of MMEngine's ``BaseMetric``, such as ``collect_device``.

    Attributes:
        description: What the last result is of.
    """

    default_prefix = "gzsl"
    description = ""

    def __init__(self, best_on_test: bool = False, baselines: bool = False, **kwargs: Any):
        super().__init__(**kwargs)
        self.best_on_test, self.baselines = best_on_test, baselines
        self._of_baselines: dict[str, float] | None = None

    def process(self, data_batch: dict[str, Any], data_samples: Sequence[dict[str, Any]]) -> None:
        """Score the one task."""
        sample = data_samples[0]
        labels_T, seen_M = np.asarray(sample["label"]), np.asarray(sample["seen"])
        epochs = np.asarray(sample["generalized"])
        scores = generalized_scores(epochs[-1], labels_T, seen_M)
        unseen_T = ~seen_M[labels_T]
        conventional = np.asarray(sample["conventional"])
        scores["T1"] = per_class_accuracy(conventional[unseen_T], labels_T[unseen_T])
        if self.best_on_test:
            scores["H_best_on_test"] = max(
                generalized_scores(found, labels_T, seen_M)["H"] for found in epochs
            )
        if self.baselines:
            if self._of_baselines is None:  # the same at every validation of a run
                self._of_baselines = {
                    f"{name}/{key}": value
                    for name, found in _baselines(data_batch["inputs"]).items()
                    for key, value in generalized_scores(found, labels_T, seen_M).items()
                }
            scores |= self._of_baselines
        text = (
            f"gzsl: {sample.get('part', 'test')}, "
            f"{(~unseen_T).sum():,} rows of {seen_M.sum()} seen and "
            f"{unseen_T.sum():,} of {(~seen_M).sum()} unseen classes, last epoch of the softmax."
        )
        self.results.append(dict(scores=scores, text=text))

    def compute_metrics(self, results: list[dict[str, Any]]) -> dict[str, float]:
        """Return the scores."""
        self.description = described(results[0]["text"])
        return results[0]["scores"]


def _baselines(inputs: dict[str, torch.Tensor]) -> dict[str, NDArray[np.integer]]:
    """Predicted classes of the test rows by two simple classifiers, (T,) each."""
    arrays = {name: value.numpy() for name, value in inputs.items()}
    softmax = LogisticRegression(max_iter=1000)  # to its optimum
    softmax.fit(arrays["train_feature"], arrays["train_label"])
    seen_only = softmax.predict(arrays["feature"])
    v_DA = best_eszsl(
        arrays["train_feature"], arrays["train_label"], arrays["attributes"], arrays["seen"]
    )
    scores_TM = arrays["feature"] @ v_DA @ arrays["attributes"].T
    return dict(seen_only=seen_only, eszsl=scores_TM.argmax(axis=1))
