"""Accuracy on seen and unseen classes.

Xian et al., TPAMI 2018, section 4: each class counts the same,

    U, S   mean over unseen, and over seen, classes of the share of their rows that is found among
    all H      2 U S / (U + S) T1     the same as U where only unseen classes are candidates

Shapes: T rows, M classes, n training rows, D features, A attributes.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from mmengine.evaluator import BaseMetric
from numpy.typing import NDArray

from mmcontrast.ops.softmax_regression import softmax_regression
from mmcontrast.registry import METRICS

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
    seen = np.flatnonzero(seen_M)
    sign_nS = np.where(labels_n[:, None] == seen, 1.0, -1.0)
    x, a = np.asarray(features_nD, np.float64), np.asarray(attributes_MA, np.float64)[seen]
    left = x.T @ x + gamma * np.eye(x.shape[1])
    right = a.T @ a + eta * np.eye(a.shape[1])
    return np.linalg.solve(left, x.T @ sign_nS @ a) @ np.linalg.inv(right)


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
    best, chosen = -1.0, (1.0, 1.0)
    for gamma in _WEIGHTS:
        for eta in _WEIGHTS:
            v_DA = eszsl(
                features_nD[kept_n], labels_n[kept_n], attributes_MA, kept_M, gamma=gamma, eta=eta
            )
            scores = features_nD[~kept_n] @ v_DA @ attributes_MA[hidden].T
            accuracy = per_class_accuracy(hidden[scores.argmax(axis=1)], labels_n[~kept_n])
            if accuracy > best:
                best, chosen = accuracy, (gamma, eta)
    return eszsl(features_nD, labels_n, attributes_MA, seen_M, gamma=chosen[0], eta=chosen[1])


@METRICS.register_module()
class ZeroShot(BaseMetric):
    """U, S, H and T1 of what a method predicts for a ``ZeroShotTask``.

    The last epoch of the classifier counts.

    Args:
        best_on_test: Whether to add ``H_best_on_test``, the largest H of the classifier's epochs:
            the published figures of CE-GZSL are chosen so, by the test set.
        baselines: Whether to add what two simple classifiers of the same features reach:
            ``seen_only/...``, a softmax of the seen classes, whose U is 0, and ``eszsl/...``.
        collect_device: ``'cpu'`` or ``'gpu'``, where the ranks' results are exchanged.
    """

    default_prefix = "gzsl"

    def __init__(
        self, best_on_test: bool = False, baselines: bool = False, collect_device: str = "cpu"
    ):
        super().__init__(collect_device=collect_device)
        self.best_on_test, self.baselines = best_on_test, baselines

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
            for name, found in _baselines(data_batch["inputs"]).items():
                simple = generalized_scores(found, labels_T, seen_M)
                scores |= {f"{name}/{key}": value for key, value in simple.items()}
        self.results.append(scores)

    def compute_metrics(self, results: list[dict[str, float]]) -> dict[str, float]:
        """Return the scores."""
        return results[0]


def _baselines(inputs: dict[str, torch.Tensor]) -> dict[str, NDArray[np.integer]]:
    """Predicted classes of the test rows by two simple classifiers, (T,) each."""
    *_, layer = softmax_regression(
        inputs["train_feature"],
        inputs["train_label"],
        len(inputs["seen"]),
        num_epochs=25,
        batch_size=64,
    )
    with torch.no_grad():
        seen_only = layer(inputs["feature"]).masked_fill(~inputs["seen"], -torch.inf).argmax(dim=1)
    arrays = {name: value.numpy() for name, value in inputs.items()}
    v_DA = best_eszsl(
        arrays["train_feature"], arrays["train_label"], arrays["attributes"], arrays["seen"]
    )
    scores_TM = arrays["feature"] @ v_DA @ arrays["attributes"].T
    return dict(seen_only=seen_only.numpy(), eszsl=scores_TM.argmax(axis=1))
