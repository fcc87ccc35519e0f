"""Linear SVMs for multi-label classification on frozen features.

Goyal et al., "Scaling and Benchmarking Self-Supervised Visual Representation Learning", ICCV 2019,
section 5.1 and its code: one SVM per class on features of unit length, with positives weighted
twice and the cost selected by 3-fold cross-validation on the training images. Low-shot training has
k positives and (M - 1) k negatives of each class, drawn five times.

What differs from the authors' code: images in which all objects of a class are marked difficult
are ignored for this class in training too. Their code trains on them as negatives, and ignores them
in low-shot training and in tests.

Shapes: B training (bank) images, N test (query) images, C channels, M classes. Labels are 1,
-1, or 0 for neither.
"""

import warnings
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log
from numpy.typing import NDArray

from mmcontrast.registry import METRICS
from mmcontrast.utils.arguments import check_sizes

Array = NDArray[np.float64]
# Powers of two, and three large costs, as in the authors' scripts.
COSTS = (*(0.5**n for n in range(19, 3, -1)), 1.0, 10.0, 100.0)


class Split(NamedTuple):
    """Features of unit length (N, C) and labels (N, M)."""

    features: Array
    labels: NDArray[np.int64]


def average_precision(scores_N: Array, labels_N: NDArray[np.int64]) -> float:
    """Compute the area under the precision-recall curve with monotonic precision.

    This is the rule of VOC 2010 and later, which the protocol also uses on VOC 2007, not the mean
    over 11 points.

    Args:
        scores_N: Scores of the images, higher for positive ones.
        labels_N: 1, -1, or 0 for images that are ignored.

    Returns:
        Average precision, 0..1.

    Raises:
        ValueError: There is no positive image.
    """
    used = labels_N != 0
    order = np.argsort(-scores_N[used], kind="stable")
    positive = labels_N[used][order] == 1
    if not positive.any():
        raise ValueError("The average precision needs a positive image.")
    precision = np.cumsum(positive) / np.arange(1, len(positive) + 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    # Recall rises by the same step at each positive.
    return float(envelope[positive].mean())


def svm_scores(bank: Array, labels_B: NDArray[np.int64], queries: Array, cost: float) -> Array:
    """Train the SVM of one class and score the queries.

    Args:
        bank: Features of the training images (B, C).
        labels_B: 1, -1, or 0 for images that are ignored.
        queries: Features of the test images (N, C).
        cost: Cost of violating the margin, scikit-learn's C.

    Returns:
        Signed distances (N,), positive on the side of the class.
    """
    used = labels_B != 0
    return _machine(cost).fit(bank[used], labels_B[used]).decision_function(queries)


def choose_cost(bank: Array, labels_B: NDArray[np.int64], costs: Sequence[float]) -> float:
    """Return the cost with the best mean average precision in 3-fold cross-validation.

    Raises:
        ValueError: There are fewer than three positive or three negative images.
    """
    from sklearn.model_selection import cross_val_score

    used = labels_B != 0
    fewest = min((labels_B == 1).sum(), (labels_B == -1).sum())
    if fewest < 3:
        raise ValueError(f"3-fold cross-validation needs 3 images of each kind, not {fewest}.")
    means = [
        cross_val_score(
            _machine(cost), bank[used], labels_B[used], cv=3, scoring="average_precision"
        ).mean()
        for cost in costs
    ]
    return costs[int(np.argmax(means))]


def full_svm(bank: Split, queries: Split, index: int, costs: Sequence[float]) -> float:
    """Return the average precision of class ``index``, trained on the entire bank."""
    labels_B = bank.labels[:, index]
    cost = costs[0] if len(costs) == 1 else choose_cost(bank.features, labels_B, costs)
    scores_N = svm_scores(bank.features, labels_B, queries.features, cost)
    return average_precision(scores_N, queries.labels[:, index])


def draw_shots(labels_BM: NDArray[np.int64], k: int, seed: Sequence[int]) -> NDArray[np.int64]:
    """Keep ``k`` positives and (M - 1) k negatives of each class; set all other labels to 0.

    Args:
        labels_BM: Labels of all training images.
        k: Number of shots.
        seed: Numbers that seed the random draw.

    Raises:
        ValueError: A class has too few positive or negative images.
    """
    generator = np.random.default_rng(seed)
    num_classes = labels_BM.shape[1]
    shots_BM = np.zeros_like(labels_BM)
    for index in range(num_classes):
        for sign, number in ((1, k), (-1, (num_classes - 1) * k)):
            members = np.flatnonzero(labels_BM[:, index] == sign)
            if len(members) < number:
                kind = "positive" if sign == 1 else "negative"
                raise ValueError(
                    f"{k}-shot needs {number} {kind} images of class {index}, and there are "
                    f"{len(members)}. Take smaller shots."
                )
            shots_BM[generator.permutation(members)[:number], index] = sign
    return shots_BM


def low_shot_svm(
    bank: Split, queries: Split, k: int, seed: Sequence[int], costs: Sequence[float]
) -> Array:
    """Return the mean average precision over the classes for each cost, of one draw of shots."""
    shots_BM = draw_shots(bank.labels, k, seed)
    classes = range(shots_BM.shape[1])
    return np.array(
        [
            np.mean(
                [
                    average_precision(
                        svm_scores(bank.features, shots_BM[:, m], queries.features, cost),
                        queries.labels[:, m],
                    )
                    for m in classes
                ]
            )
            for cost in costs
        ]
    )


def _machine(cost: float) -> Any:
    from sklearn.svm import LinearSVC

    # The seed determines the order in which the solver visits the images.
    return LinearSVC(
        C=cost, class_weight={1: 2, -1: 1}, dual=True, tol=1e-4, max_iter=2000, random_state=0
    )


def _quietly(function: Any, *args: Any) -> Any:
    """Call a function without warnings of SVMs that do not converge at high costs."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Liblinear failed to converge")
        return function(*args)


@METRICS.register_module()
class SVM(BaseMetric):
    """Mean average precision of one linear SVM per class on the ``global`` features, in percent.

    The evaluation data is one dataset with two parts, as for k-NN: samples with the ``split``
    ``'bank'`` train the SVMs, those with ``'query'`` test them. Samples have ``labels``, see
    :class:`~mmcontrast.datasets.voc.VOCClassification`. Metrics are ``svm/mAP``, and for each
    number of shots ``svm/mAP_k8`` and ``svm/std_k8``, mean and standard deviation over the draws.

    As in the authors' code, the cost of low-shot training is the one whose mean over the draws is
    best on the *test* images, so the low-shot metrics are slightly optimistic.

    Args:
        costs: Costs to select from.
        shots: Numbers of positive images per class; empty for the full training set alone.
        num_draws: Number of draws of each number of shots.
        seed: Seed of the draws.
        jobs: Number of processes that train SVMs in parallel; -1 for one per core.
        **kwargs: Arguments of MMEngine's ``BaseMetric``, such as ``collect_device``.
    """

    default_prefix = "svm"
    required = ("split", "labels")

    def __init__(
        self,
        costs: Sequence[float] = COSTS,
        shots: Sequence[int] = (),
        num_draws: int = 5,
        seed: int = 0,
        jobs: int = 1,
        **kwargs: Any,
    ):
        check_sizes("SVM", shots=shots, num_draws=num_draws)
        super().__init__(**kwargs)
        self.costs = tuple(costs)
        self.shots = tuple(shots)
        self.num_draws = num_draws
        self.seed = seed
        self.jobs = jobs

    def process(self, data_batch: Any, data_samples: Sequence[dict[str, Any]]) -> None:
        """Collect split, labels and features of a batch of predictions.

        Raises:
            ValueError: A sample has no ``split`` or ``labels``.
        """
        for sample in data_samples:
            if sample.get("split") not in ("bank", "query") or "labels" not in sample:
                raise ValueError(
                    f"The SVM needs 'labels', and split='bank' or 'query', of every sample; "
                    f"{sample.get('path')} has {sorted(sample)}. Use VOCClassification with "
                    "meta=dict(split='bank') or meta=dict(split='query')."
                )
            # A copy, since a view would be sent between processes with its entire batch.
            feature = sample["global"].float().cpu().numpy().copy()
            self.results.append((sample["split"], sample["labels"], feature))

    def compute_metrics(self, results: list[tuple[str, list[int], Any]]) -> dict[str, float]:
        """Train and test all SVMs.

        Raises:
            ValueError: A part is missing, or a class has too few images.
        """
        bank, queries = _part(results, "bank"), _part(results, "query")
        names = (self.dataset_meta or {}).get("classes", range(bank.labels.shape[1]))
        for part, name in ((bank, "bank"), (queries, "query")):
            empty = [str(names[m]) for m in np.flatnonzero(~(part.labels == 1).any(axis=0))]
            if empty:
                raise ValueError(f"No {name} image shows {', '.join(empty)}.")
        calls = [(full_svm, bank, queries, m, self.costs) for m in range(bank.labels.shape[1])]
        precisions = []
        for name, precision in zip(names, self._run(calls), strict=True):
            print_log(f"SVM of {name}: AP {100 * precision:.2f}", logger="current")
            precisions.append(precision)
        metrics = {"mAP": 100 * float(np.mean(precisions))}
        for k in self.shots:
            seeds = [(self.seed, k, draw) for draw in range(self.num_draws)]
            draws = self._run((low_shot_svm, bank, queries, k, seed, self.costs) for seed in seeds)
            precision_DJ = np.array(list(draws))
            best = int(precision_DJ.mean(axis=0).argmax())
            metrics[f"mAP_k{k}"] = 100 * float(precision_DJ[:, best].mean())
            metrics[f"std_k{k}"] = 100 * float(precision_DJ[:, best].std())
            print_log(
                f"{k} shots: mAP {metrics[f'mAP_k{k}']:.2f} +- {metrics[f'std_k{k}']:.2f} over "
                f"{self.num_draws} draws, cost {self.costs[best]:g} (chosen on the test images)",
                logger="current",
            )
        return metrics

    def _run(self, calls: Any) -> Iterator[Any]:
        from joblib import Parallel, delayed

        workers = Parallel(n_jobs=self.jobs, return_as="generator")
        return workers(delayed(_quietly)(*call) for call in calls)


def _part(results: list[tuple[str, list[int], Any]], name: str) -> Split:
    part = [result for result in results if result[0] == name]
    if not part:
        raise ValueError(
            f"The SVM found no samples with split={name!r} among {len(results)} results; give one "
            f"of the evaluation datasets meta=dict(split={name!r})."
        )
    features = np.stack([feature for _, _, feature in part]).astype(np.float64)
    length = np.linalg.norm(features, axis=1, keepdims=True)
    return Split(features / (length + 1e-5), np.array([labels for _, labels, _ in part]))
