"""Linear classifiers of a graph's nodes, on frozen features.

There are two protocols, which are part of the names of their metrics:

``adam``
    The protocol of the authors of DGI and MVGRL: a linear layer with Xavier-uniform initialization,
    trained on unnormalized features of the training nodes with Adam for a fixed number of steps.
    The last step is evaluated.
``logistic``
    Logistic regression on features of unit length, trained until convergence, with the cost
    selected on the validation nodes.

Both report the accuracy on the test nodes. Nodes with the label -1 are in no part of the split.

Shapes: V nodes, C channels, M classes, R repetitions of a probe.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from mmengine.evaluator import BaseMetric
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor

from mmcontrast.registry import METRICS
from mmcontrast.utils.arguments import check_sizes

from .description import log_description

PROTOCOLS = ("adam", "logistic")
COSTS = tuple(10.0**power for power in range(-2, 5))
# Scores or features of test nodes, times probes, that are in memory: 2^22 floats are 16 MB.
_BLOCK_ELEMENTS = 2**22


def adam_probe(
    features_VC: Tensor | NDArray[np.floating] | sparse.sparray,
    labels_V: Tensor,
    train_V: Tensor,
    test_V: Tensor,
    *,
    steps: int = 300,
    learning_rate: float = 0.01,
    weight_decay: float = 0.0,
    repeats: int = 50,
    seed: int = 0,
) -> NDArray[np.float64]:
    """Train ``repeats`` probes from different random weights in parallel.

    Args:
        features_VC: Features of the nodes, dense or sparse; only the required rows are made dense.
        labels_V: Classes of the nodes, from 0; -1 is not allowed in either part.
        train_V: Mask of the training nodes, bool.
        test_V: Mask of the test nodes, bool.
        steps: Number of steps of Adam, each on all training nodes.
        learning_rate: Learning rate of Adam.
        weight_decay: L2 weight decay of Adam; the authors use 0.01 for Citeseer.
        repeats: Number of probes R.
        seed: Seed of the random weights.

    Returns:
        Accuracy of each probe in percent, (R,).
    """
    num_classes, channels = int(labels_V.max()) + 1, features_VC.shape[1]
    generator = torch.Generator().manual_seed(seed)
    bound = (6 / (channels + num_classes)) ** 0.5
    weight_RCM = torch.empty(repeats, channels, num_classes).uniform_(
        -bound, bound, generator=generator
    )
    bias_R1M = torch.zeros(repeats, 1, num_classes)
    parameters = [weight_RCM.requires_grad_(), bias_R1M.requires_grad_()]
    optimizer = torch.optim.Adam(parameters, lr=learning_rate, weight_decay=weight_decay)
    x, y = _dense_rows(features_VC, train_V), labels_V[train_V].cpu()
    with torch.enable_grad():
        for _ in range(steps):
            logits_RTM = x @ weight_RCM + bias_R1M
            # Mean over nodes and sum over probes, so that each probe is trained independently.
            loss = F.cross_entropy(logits_RTM.flatten(0, 1), y.repeat(repeats)) * repeats
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    size = max(_BLOCK_ELEMENTS // (repeats * max(num_classes, channels)), 1)
    correct_R = torch.zeros(repeats, dtype=torch.float64)
    with torch.no_grad():
        for nodes_T in torch.nonzero(test_V)[:, 0].split(size):
            predicted_RT = (_dense_rows(features_VC, nodes_T) @ weight_RCM + bias_R1M).argmax(2)
            correct_R += (predicted_RT == labels_V[nodes_T].cpu()).sum(1)
    return 100 * correct_R.numpy() / int(test_V.sum())


def _dense_rows(features_VC: Any, rows: Tensor) -> Tensor:
    """Select rows by mask or indices, as a dense float32 tensor on the CPU."""
    if isinstance(features_VC, Tensor):
        return features_VC[rows].float().cpu()
    selection = features_VC[rows.cpu().numpy()]
    dense = selection.toarray() if sparse.issparse(selection) else selection
    return torch.from_numpy(np.asarray(dense, np.float32))


def logistic_probe(
    features_VC: NDArray[np.floating] | sparse.sparray,
    labels_V: NDArray[np.integer],
    masks: Mapping[str, NDArray[np.bool_]],
    costs: Sequence[float] = COSTS,
) -> tuple[float, float]:
    """Fit logistic regressions on ``train`` and select the one with the best accuracy on ``val``.

    Args:
        features_VC: Features of the nodes, dense or sparse.
        labels_V: Classes of the nodes.
        masks: Masks of the nodes, ``train``, ``val`` and ``test``.
        costs: Values of scikit-learn's C; the smallest one is selected among equally good ones.

    Returns:
        Accuracy on ``test`` in percent, and the selected cost.

    Raises:
        ValueError: ``costs`` is empty.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import normalize

    rows = normalize(features_VC)
    best_accuracy, best_model = -1.0, None
    for cost in sorted(costs):
        model = LogisticRegression(C=cost, max_iter=2000)
        model.fit(rows[masks["train"]], labels_V[masks["train"]])
        accuracy = model.score(rows[masks["val"]], labels_V[masks["val"]])
        if accuracy > best_accuracy:
            best_accuracy, best_model = accuracy, model
    if best_model is None:
        raise ValueError("logistic_probe needs at least one value of costs.")
    return 100 * best_model.score(rows[masks["test"]], labels_V[masks["test"]]), best_model.C


def labeled_parts(
    labels_V: NDArray[np.integer], masks: Mapping[str, NDArray[np.bool_]], names: Sequence[str]
) -> dict[str, NDArray[np.bool_]]:
    """Return the masks of the labeled nodes in some parts of a split.

    Args:
        labels_V: Classes of the nodes, -1 for unlabeled nodes.
        masks: Masks of the nodes by name.
        names: Names of the required parts, with ``train`` and ``test``.

    Raises:
        ValueError: A part is missing or empty, parts share nodes, or a class of the test has no
            training node.
    """
    parts = {name: masks[name] & (labels_V >= 0) for name in names if name in masks}
    empty = [name for name in names if name not in parts or not parts[name].any()]
    if empty:
        raise ValueError(
            f"The graph has no labeled node for {', '.join(empty)}: give it masks, or draw a "
            "split with dict(type='RandomSplit') in the dataset's prepare."
        )
    shared = np.count_nonzero(np.sum(list(parts.values()), axis=0) > 1)
    if shared:
        raise ValueError(
            f"The masks {', '.join(parts)} share {shared} nodes; an accuracy needs separate ones."
        )
    unknown = np.setdiff1d(labels_V[parts["test"]], labels_V[parts["train"]])
    if len(unknown):
        raise ValueError(
            f"No training node has the class {', '.join(map(str, unknown))}, which test nodes "
            "have: a probe cannot learn it. Correct labels or masks."
        )
    return parts


@METRICS.register_module()
class NodeProbe(BaseMetric):
    """Accuracy of a linear classifier on the features ``nodes`` of a graph's nodes, in percent.

    Data samples have ``node_labels`` and ``masks``. With the dataset's option ``raw``, the metric
    is also computed for the nodes' input features.

    Args:
        protocol: ``'adam'`` or ``'logistic'``, see the module's docstring.
        weight_decay: Weight decay of ``'adam'``.
        repeats: Number of random starts of ``'adam'``; ``..._std_probes`` is the standard deviation
            over the starts, which does not include the variation over trainings of the encoder.
        **kwargs: Arguments of MMEngine's ``BaseMetric``, such as ``collect_device``.

    Raises:
        ValueError: The protocol is unknown.

    Attributes:
        description: Description of the split and the selection of the last metrics.
    """

    default_prefix = "nodes"
    description = ""

    def __init__(
        self,
        protocol: str = "logistic",
        weight_decay: float = 0.0,
        repeats: int = 50,
        **kwargs: Any,
    ):
        check_sizes("NodeProbe", repeats=repeats)
        super().__init__(**kwargs)
        if protocol not in PROTOCOLS:
            raise ValueError(f"protocol is one of {', '.join(PROTOCOLS)}, got {protocol!r}.")
        self.protocol, self.weight_decay, self.repeats = protocol, weight_decay, repeats

    def process(self, data_batch: Any, data_samples: Sequence[dict[str, Any]]) -> None:
        """Collect the nodes of a batch of graphs."""
        for sample in data_samples:
            if sample.get("node_labels") is None:
                raise ValueError(f"The nodes of {sample['path']} have no labels to be probed for.")
            self.results.append(
                dict(
                    nodes=sample["nodes"].float().cpu(),
                    labels=np.asarray(sample["node_labels"]),
                    masks=sample.get("masks", {}),
                    masks_from=sample.get("masks_from", "split of the file"),
                    raw=sample.get("raw"),
                )
            )

    def compute_metrics(self, results: list[dict[str, Any]]) -> dict[str, float]:
        """Train and test the probes of the only graph."""
        if len(results) != 1:
            raise ValueError(f"NodeProbe is for one graph with a split, got {len(results)}.")
        graph = results[0]
        if not torch.isfinite(graph["nodes"]).all():
            raise ValueError("Features of nodes are not finite: the encoder has diverged.")
        scores = self._score(graph["nodes"], graph)
        self.description = log_description(self._describe(graph))
        if graph["raw"] is not None:
            scores |= {
                f"raw_{name}": value for name, value in self._score(graph["raw"], graph).items()
            }
        return scores

    def _describe(self, graph: dict[str, Any]) -> str:
        is_labeled = graph["labels"] >= 0
        train, val, test = (
            f"{np.count_nonzero(graph['masks'][name] & is_labeled):,}"
            if name in graph["masks"]
            else ""
            for name in ("train", "val", "test")
        )
        if self.protocol == "logistic":
            return (
                f"nodes/logistic: {graph['masks_from']}, {train} nodes to train, C chosen on {val} "
                f"others, accuracy on {test} test nodes."
            )
        return (
            f"nodes/adam: {graph['masks_from']}, {train} nodes to train, accuracy on {test} test "
            f"nodes after the last step, mean of {self.repeats} starts; nothing is chosen."
        )

    def _score(self, features: Any, graph: dict[str, Any]) -> dict[str, float]:
        labels, masks = graph["labels"], graph["masks"]
        if self.protocol == "logistic":
            parts = labeled_parts(labels, masks, ("train", "val", "test"))
            matrix = features.numpy() if isinstance(features, Tensor) else features
            accuracy, cost = logistic_probe(matrix, labels, parts)
            return {"logistic_test": accuracy, "logistic_C_by_val": cost}
        parts = labeled_parts(labels, masks, ("train", "test"))
        accuracies = adam_probe(
            features,
            torch.from_numpy(labels),
            *(torch.from_numpy(parts[name]) for name in ("train", "test")),
            weight_decay=self.weight_decay,
            repeats=self.repeats,
        )
        return {
            "adam_last_step_test": float(accuracies.mean()),
            "adam_last_step_test_std_probes": float(accuracies.std()),
        }
