"""Linear support vector machines of whole graphs, on frozen features.

The protocol is that of InfoGraph and MVGRL: ten stratified folds, in each of which the cost is
selected by five-fold cross-validation of the training part; mean and standard deviation over the
ten folds are reported. The same metrics of the input features summed over each graph, and the share
of the largest class, are reported as baselines: on small datasets both are close.

Shapes: N graphs, C channels.
"""

import sys
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from mmengine.evaluator import BaseMetric
from mmengine.utils import track_iter_progress
from numpy.typing import NDArray

from mmcontrast.registry import METRICS
from mmcontrast.utils.arguments import check_number

from .description import log_description

COSTS = tuple(10.0**power for power in range(-3, 4))
_INNER_FOLDS = 5


def svm_folds(
    features_NC: NDArray[np.floating],
    labels_N: NDArray[np.integer],
    *,
    num_folds: int = 10,
    inner_folds: int = _INNER_FOLDS,
    costs: Sequence[float] = COSTS,
    scaled: bool = False,
    seed: int = 0,
) -> Iterator[float]:
    """Yield the accuracy of each fold in percent.

    Args:
        features_NC: One feature vector per graph.
        labels_N: Class of each graph.
        num_folds: Number of folds, each of which is the test set once.
        inner_folds: Number of folds of the training part, by which the cost is selected.
        costs: Values of scikit-learn's C to choose from.
        scaled: Whether to standardize each channel by mean and standard deviation of the training
            part; the published protocol does not.
        seed: Seed of the folds.

    Raises:
        ValueError: A class has fewer graphs than there are folds.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.model_selection import GridSearchCV, StratifiedKFold
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import LinearSVC

    values, counts = np.unique(labels_N, return_counts=True)
    if len(values) < 2 or counts.min() < num_folds:
        raise ValueError(
            f"{num_folds} folds need as many graphs of each of at least two classes, and there are "
            f"{dict(zip(values.tolist(), counts.tolist(), strict=True))}; lower num_folds."
        )
    steps = [StandardScaler()] if scaled else []
    pipeline = make_pipeline(*steps, LinearSVC(random_state=seed))
    search = GridSearchCV(pipeline, {"linearsvc__C": list(costs)}, cv=inner_folds)
    folds = StratifiedKFold(num_folds, shuffle=True, random_state=seed)
    for train, test in folds.split(features_NC, labels_N):
        with warnings.catch_warnings():
            # As in the published protocol, large costs do not converge on unscaled features.
            warnings.simplefilter("ignore", ConvergenceWarning)
            search.fit(features_NC[train], labels_N[train])
        yield 100 * search.score(features_NC[test], labels_N[test])


@METRICS.register_module()
class GraphSVM(BaseMetric):
    """Accuracy of a linear SVM on the ``global`` features of graphs, in percent.

    Data samples have ``label``. With the dataset's option ``raw``, the metric is also computed for
    the sums of the nodes' input features.

    Args:
        num_folds: See :func:`svm_folds`.
        costs: See :func:`svm_folds`. Values above 1 do not converge on unnormalized features, and
            take minutes per fold for thousands of graphs or several classes.
        scaled: See :func:`svm_folds`.
        seed: Seed of the folds.
        **kwargs: Arguments of MMEngine's ``BaseMetric``, such as ``collect_device``.

    Attributes:
        description: Description of the split and the selection of the last metrics.
    """

    default_prefix = "graphs"
    description = ""

    def __init__(
        self,
        num_folds: int = 10,
        costs: Sequence[float] = COSTS,
        scaled: bool = False,
        seed: int = 0,
        **kwargs: Any,
    ):
        check_number("GraphSVM: num_folds", num_folds, 2)
        super().__init__(**kwargs)
        self.num_folds, self.costs = num_folds, costs
        self.scaled, self.seed = scaled, seed

    def process(self, data_batch: Any, data_samples: Sequence[dict[str, Any]]) -> None:
        """Collect the features of a batch of graphs."""
        for sample in data_samples:
            if sample.get("label") is None:
                raise ValueError(f"{sample['path']} has no label to be classified by.")
            raw = sample.get("raw")
            self.results.append(
                dict(
                    index=sample["index"],
                    label=int(sample["label"]),
                    feature=sample["global"].float().cpu(),
                    raw=None if raw is None else np.asarray(raw.sum(axis=0)).ravel(),
                )
            )

    def compute_metrics(self, results: list[dict[str, Any]]) -> dict[str, float]:
        """Train and test an SVM per fold, and return mean and standard deviation."""
        results = sorted(results, key=lambda result: result["index"])
        labels = np.array([result["label"] for result in results])
        learned = torch.stack([result["feature"] for result in results]).numpy()
        if not np.isfinite(learned).all():
            raise ValueError("Features of graphs are not finite: the encoder has diverged.")
        scores = self._score("svm", learned, labels)
        if results[0]["raw"] is not None:
            raw = np.stack([result["raw"] for result in results])
            scores |= self._score("raw_svm", raw, labels)
        self.description = log_description(
            f"graphs: {self.num_folds} folds of {len(labels):,} graphs (seed {self.seed}), each "
            f"once the test; C chosen among {len(self.costs)} by {_INNER_FOLDS} inner folds of the "
            "others."
        )
        scores["largest_class"] = 100 * float(np.bincount(labels).max() / len(labels))
        return scores

    def _score(
        self, name: str, features: NDArray[np.floating], labels: NDArray[np.integer]
    ) -> dict[str, float]:
        folds = svm_folds(
            features,
            labels,
            num_folds=self.num_folds,
            costs=self.costs,
            scaled=self.scaled,
            seed=self.seed,
        )
        # Thousands of graphs take some minutes.
        progress = track_iter_progress((folds, self.num_folds), file=sys.stderr)
        accuracies = np.array(list(progress))
        name = f"{name}_{self.num_folds}_folds"
        return {name: float(accuracies.mean()), f"{name}_std": float(accuracies.std())}
