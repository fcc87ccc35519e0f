"""Linear classifiers of a graph's nodes, on frozen features.

Two protocols, which are named in their results:

``adam``
    That of the authors of DGI and MVGRL: a linear layer, Xavier-uniform, trained on the training
    nodes with Adam for a fixed number of steps; features as they are; the last step counts.
``logistic``
    Rows of unit length, logistic regression to its optimum, its cost chosen on the validation
    nodes.

Both report the accuracy on the test nodes. Nodes with the label -1 are in none of the parts.

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

from .description import described

PROTOCOLS = ("adam", "logistic")
COSTS = tuple(10.0**power for power in range(-2, 5))
# Numbers of test nodes, scores or features, times probes at a time: 2^22 floats are 16 MB.
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
    """Train ``repeats`` probes from different random weights, all at once.

    Args:
        features_VC: Of the nodes, dense or sparse; only rows that are needed are made dense.
        labels_V: From 0; -1 is not allowed in either part.
        train_V: Which nodes to train on, bool.
        test_V: Which to test on, bool.
        steps: Of Adam, each over all training nodes.
        learning_rate: Of Adam.
        weight_decay: Of Adam, L2; the authors have 0.01 for Citeseer.
        repeats: R.
        seed: Of the random weights.

    Returns:
        Accuracy of each in percent, (R,).
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
            # The mean over nodes and the sum over probes: each is trained as if it were alone.
            loss = F.cross_entropy(logits_RTM.flatten(0, 1), y.repeat(repeats)) * repeats
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    size = max(_BLOCK_ELEMENTS // (repeats * max(num_classes, channels)), 1)
    correct_R = torch.zeros(repeats, dtype=torch.float64)
    with torch.no_grad():
        for nodes_T in torch.nonzero(test_V)[:, 0].split(size):
            found_RT = (_dense_rows(features_VC, nodes_T) @ weight_RCM + bias_R1M).argmax(2)
            correct_R += (found_RT == labels_V[nodes_T].cpu()).sum(1)
    return 100 * correct_R.numpy() / int(test_V.sum())


def _dense_rows(features_VC: Any, rows: Tensor) -> Tensor:
    """Some nodes' features, by bool or number, as a dense float32 tensor on the CPU."""
    if isinstance(features_VC, Tensor):
        return features_VC[rows].float().cpu()
    found = features_VC[rows.cpu().numpy()]
    dense = found.toarray() if sparse.issparse(found) else found
    return torch.from_numpy(np.asarray(dense, np.float32))


def logistic_probe(
    features_VC: NDArray[np.floating] | sparse.sparray,
    labels_V: NDArray[np.integer],
    masks: Mapping[str, NDArray[np.bool_]],
    costs: Sequence[float] = COSTS,
) -> tuple[float, float]:
    """Fit logistic regressions on ``train`` and take the one that is best on ``val``.

    Args:
        features_VC: Of the nodes, dense or sparse.
        labels_V: Their classes.
        masks: ``train``, ``val`` and ``test``.
        costs: Values of scikit-learn's C; the smallest of equally good ones is taken.

    Returns:
        Accuracy on ``test`` in percent, and the cost.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import normalize

    rows = normalize(features_VC)
    best, chosen = -1.0, None
    for cost in sorted(costs):
        model = LogisticRegression(C=cost, max_iter=2000)
        model.fit(rows[masks["train"]], labels_V[masks["train"]])
        accuracy = model.score(rows[masks["val"]], labels_V[masks["val"]])
        if accuracy > best:
            best, chosen = accuracy, model
    assert chosen is not None
    return 100 * chosen.score(rows[masks["test"]], labels_V[masks["test"]]), chosen.C


def labeled_parts(
    labels_V: NDArray[np.integer], masks: Mapping[str, NDArray[np.bool_]], needed: Sequence[str]
) -> dict[str, NDArray[np.bool_]]:
    """The parts of a split without unlabeled nodes.

    Raises:
        ValueError: A part is missing or empty, parts share nodes, or a class of the test has no
            training node.
    """
    parts = {name: masks[name] & (labels_V >= 0) for name in needed if name in masks}
    empty = [name for name in needed if name not in parts or not parts[name].any()]
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
    """Accuracy of a linear classifier on a graph's nodes; what is predicted has ``nodes``.

    Data samples have ``node_labels`` and ``masks``; with ``raw``, the dataset's option, the same
    probe is fitted to the nodes' own features, and its result stands beside the other.

    Args:
        protocol: ``'adam'`` or ``'logistic'``, see the module.
        weight_decay: Of ``'adam'``.
        repeats: Random starts of ``'adam'``; ``..._std_probes`` is their deviation, which says
            nothing of other trainings of the encoder.
        **kwargs: Arguments of MMEngine's ``BaseMetric``, such as ``collect_device``.

    Raises:
        ValueError: The protocol is unknown.

    Attributes:
        description: Split and selection of the last result.
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
        super().__init__(**kwargs)
        if protocol not in PROTOCOLS:
            raise ValueError(f"protocol is one of {', '.join(PROTOCOLS)}, got {protocol!r}.")
        self.protocol, self.weight_decay, self.repeats = protocol, weight_decay, repeats

    def process(self, data_batch: Any, data_samples: Sequence[dict[str, Any]]) -> None:
        """Keep the graphs of a batch."""
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
        """Fit and score the probes of the one graph."""
        if len(results) != 1:
            raise ValueError(f"NodeProbe is for one graph with a split, got {len(results)}.")
        graph = results[0]
        if not torch.isfinite(graph["nodes"]).all():
            raise ValueError("Features of nodes are not finite: the encoder has diverged.")
        scores = self._score(graph["nodes"], graph)
        self.description = described(self._describe(graph))
        if graph["raw"] is not None:
            scores |= {
                f"raw_{name}": value for name, value in self._score(graph["raw"], graph).items()
            }
        return scores

    def _describe(self, graph: dict[str, Any]) -> str:
        known = graph["labels"] >= 0
        train, val, test = (
            f"{np.count_nonzero(graph['masks'][name] & known):,}" if name in graph["masks"] else ""
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
