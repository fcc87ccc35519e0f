"""Linear SVMs that classify recordings by frozen features of their clips, over given folds.

The protocol of Sarkar and Etemad (CrissCross, AAAI 2023) on ESC-50: clips of the training
recordings are the rows of one linear SVM per class, the decision values of the clips of a test
recording are averaged, and the class with the highest mean is predicted.

What differs from the authors' code: they choose the cost by the accuracy on the test fold. Here
that choice is reported under the name ``oracle`` alone; the main metric has a fixed cost, or one
that inner folds of the training recordings choose.

Shapes: R recordings, V clips of a recording, C numbers of a feature, M classes.
"""

import warnings
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log
from numpy.typing import NDArray

from mmcontrast.registry import METRICS
from mmcontrast.utils.arguments import check_number

Array = NDArray[np.float32]
# Those of the authors' code.
COSTS = (1e-5, 5e-5, 1e-4, 5e-4, 1e-3, 5e-3, 1e-2, 1.0)
_INNER_FOLDS = 3


class Recordings(NamedTuple):
    """Features of the clips of recordings (R, V, C), labels (R,), and folds (R,) or None."""

    features: Array
    labels: NDArray[np.int64]
    folds: NDArray[np.int64] | None

    def where(self, mask: NDArray[np.bool_]) -> "Recordings":
        """Return a part of them."""
        folds = None if self.folds is None else self.folds[mask]
        return Recordings(self.features[mask], self.labels[mask], folds)


def fold_scores(bank: Recordings, queries: Recordings, cost: float, standardize: bool) -> Array:
    """Train one SVM per class and score the recordings of the test.

    Args:
        bank: Recordings of the training; each of their clips is a row with the label of its
            recording.
        queries: Recordings of the test.
        cost: Cost of violating the margin, scikit-learn's C.
        standardize: Whether numbers get mean 0 and variance 1 over the rows of the training.

    Returns:
        Decision values (R, M), the means over the clips, for the classes of the bank in ascending
        order.
    """
    from sklearn.svm import LinearSVC

    rows = bank.features.reshape(-1, bank.features.shape[-1])
    tests = queries.features.reshape(-1, queries.features.shape[-1])
    if standardize:
        mean, deviation = rows.mean(axis=0), rows.std(axis=0)
        deviation[deviation == 0] = 1
        rows, tests = (rows - mean) / deviation, (tests - mean) / deviation
    labels = np.repeat(bank.labels, bank.features.shape[1])
    # The dual form, as in the authors' version, which a later one leaves for wide data alone.
    machine = LinearSVC(C=cost, dual=True, tol=1e-4, max_iter=1000, random_state=0)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Liblinear failed to converge")
        machine.fit(rows, labels)
    scores = machine.decision_function(tests)
    if scores.ndim == 1:  # two classes share one SVM
        scores = np.stack([-scores, scores], axis=1)
    return scores.reshape(*queries.features.shape[:2], -1).mean(axis=1)


def accuracy(bank: Recordings, queries: Recordings, cost: float, standardize: bool) -> float:
    """Return the share of the test recordings whose class is predicted, 0..1.

    Of classes with equal decision values the last one is predicted, as in the authors' code.
    """
    scores = fold_scores(bank, queries, cost, standardize)
    classes = np.unique(bank.labels)
    last = scores.shape[1] - 1 - scores[:, ::-1].argmax(axis=1)
    return float((classes[last] == queries.labels).mean())


def inner_folds(recordings: Recordings) -> NDArray[np.int64]:
    """Return the folds by which the cost is chosen on the recordings of a training.

    They are the given folds where there are at least two; else three, to which the recordings of
    each class are dealt in turn. All clips of a recording are in one fold.
    """
    if recordings.folds is not None and len(np.unique(recordings.folds)) > 1:
        return recordings.folds
    folds = np.zeros(len(recordings.labels), np.int64)
    for label in np.unique(recordings.labels):
        members = np.flatnonzero(recordings.labels == label)
        folds[members] = np.arange(len(members)) % _INNER_FOLDS
    return folds


def best_cost(costs: Sequence[float], score: Callable[[float], float]) -> tuple[float, float]:
    """Return the cost with the highest score, and the score; of equal ones the largest cost."""
    scored = [(score(cost), cost) for cost in costs]
    best, cost = max(scored)
    return cost, best


def choose_cost(bank: Recordings, costs: Sequence[float], standardize: bool) -> float:
    """Return the cost with the best mean accuracy over inner folds of the training recordings.

    Raises:
        ValueError: A class has too few recordings: one of them would be in no training.
    """
    folds = inner_folds(bank)
    for label in np.unique(bank.labels):
        if len(np.unique(folds[bank.labels == label])) < 2:
            raise ValueError(
                f"LinearSVM: the cost cannot be chosen, since the training recordings of class "
                f"{label} are all in one fold. Set a fixed cost, such as test_evaluator.cost=1e-4."
            )

    def mean_accuracy(cost: float) -> float:
        return float(
            np.mean(
                [
                    accuracy(bank.where(folds != f), bank.where(folds == f), cost, standardize)
                    for f in np.unique(folds)
                ]
            )
        )

    return best_cost(costs, mean_accuracy)[0]


@METRICS.register_module()
class LinearSVM(BaseMetric):
    """Accuracy of linear SVMs on one label a recording, in percent.

    The evaluation data is one dataset with two parts, as for k-NN: samples with the ``split``
    ``'bank'`` train the SVMs, those with ``'query'`` test them. Where samples have a ``fold``, both
    parts hold all folds: each fold is tested by SVMs that are trained on the others. Features are
    ``clips`` (V, C), or ``global`` of samples with a single one.

    Metrics are ``svm/accuracy``, over the folds the mean, ``svm/std``, their standard deviation,
    and with ``oracle`` ``svm/oracle``, with the cost that is best on the recordings of each test,
    which is no fair result but what papers report. The log has the cost and accuracy of each fold.

    Args:
        cost: Fixed cost of the main metric; None for the one of ``costs`` with the best accuracy
            over inner folds of the training recordings: the other given folds, or three folds.
        costs: Costs to select from.
        oracle: Whether to report the best cost on the test too.
        standardize: Whether numbers get mean 0 and variance 1 over the rows of the training.
        **kwargs: Arguments of MMEngine's ``BaseMetric``, such as ``prefix``.

    Raises:
        ValueError: A cost is not positive.
    """

    default_prefix = "svm"
    required = ("split", "label")

    def __init__(
        self,
        cost: float | None = None,
        costs: Sequence[float] = COSTS,
        oracle: bool = False,
        standardize: bool = False,
        **kwargs: Any,
    ):
        for value in (*costs, *(() if cost is None else (cost,))):
            check_number("LinearSVM: cost", value, 0, above=True)
        if not costs:
            raise ValueError("LinearSVM: costs has at least one.")
        super().__init__(**kwargs)
        self.cost = cost
        self.costs = tuple(costs)
        self.oracle = oracle
        self.standardize = standardize

    def process(self, data_batch: Any, data_samples: Sequence[dict[str, Any]]) -> None:
        """Collect split, label, fold and features of a batch of predictions.

        Raises:
            ValueError: A sample has no ``split`` or ``label``.
        """
        for sample in data_samples:
            if sample.get("split") not in ("bank", "query") or "label" not in sample:
                raise ValueError(
                    f"LinearSVM needs 'label', and split='bank' or 'query', of every sample; "
                    f"{sample.get('path')} has {sorted(sample)}. The datasets need labels, and "
                    "meta=dict(split='bank') or meta=dict(split='query')."
                )
            clips = sample["clips"] if "clips" in sample else sample["global"][None]
            # A copy, since a view would be sent between processes with its entire batch.
            feature = clips.float().cpu().numpy().copy()
            if not np.isfinite(feature).all():
                raise ValueError(
                    f"LinearSVM: a feature of {sample.get('path')} is not finite. Has the training "
                    "diverged?"
                )
            row = (sample["split"], int(sample["label"]), sample.get("fold"), feature)
            self.results.append(row)

    def compute_metrics(self, results: list[tuple]) -> dict[str, float]:
        """Train and test the SVMs of all folds.

        Raises:
            ValueError: A part is missing, or its recordings have different numbers of clips.
        """
        bank, queries = (_part(results, split) for split in ("bank", "query"))
        pairs = [("", bank, queries)]
        if queries.folds is not None and bank.folds is not None:
            pairs = [
                (
                    f"fold {fold}: ",
                    bank.where(bank.folds != fold),
                    queries.where(queries.folds == fold),
                )
                for fold in np.unique(queries.folds)
            ]
        judged = []
        for name, train, test in pairs:
            if not len(train.labels):
                raise ValueError(
                    f"LinearSVM: {name}there is no other fold to train on; give the data sets all "
                    "folds."
                )
            judged.append(self._judge(name, train, test))
        mains, oracles = zip(*judged, strict=True)
        metrics = dict(accuracy=100 * float(np.mean(mains)))
        if len(pairs) > 1:
            metrics["std"] = 100 * float(np.std(mains))
        if self.oracle:
            metrics["oracle"] = 100 * float(np.mean(oracles))
        return metrics

    def _judge(self, name: str, train: Recordings, test: Recordings) -> tuple[float, float]:
        """Return the accuracy of one test, and the one with the cost that is best on it."""

        def on_test(cost: float) -> float:
            return accuracy(train, test, cost, self.standardize)

        cost = self.cost or choose_cost(train, self.costs, self.standardize)
        main = on_test(cost)
        message = f"SVM, {name}accuracy {100 * main:.2f} at cost {cost:g}"
        best = main
        if self.oracle:
            cost, best = best_cost(self.costs, on_test)
            message += f"; best on the test {100 * best:.2f} at {cost:g}"
        print_log(message, logger="current")
        return main, best


def _part(results: list[tuple], split: str) -> Recordings:
    part = [result for result in results if result[0] == split]
    if not part:
        raise ValueError(
            f"LinearSVM: there are no samples with split={split!r} among {len(results)} results; "
            f"give one of the evaluation datasets meta=dict(split={split!r})."
        )
    shapes = {feature.shape for *_, feature in part}
    if len(shapes) > 1:
        raise ValueError(
            f"LinearSVM: the recordings with split={split!r} have features of different shapes "
            f"(clips, numbers): {sorted(shapes)[:3]}. Let the pipeline cut clips of equal length."
        )
    folds = [fold for _, _, fold, _ in part]
    return Recordings(
        np.stack([feature for *_, feature in part]),
        np.array([label for _, label, _, _ in part]),
        None if None in folds else np.array(folds),
    )
