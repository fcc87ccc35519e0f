"""MVGRL: what nodes of one view of a graph and the whole graph in another view tell of each other.

Hassani and Khasahmadi, "Contrastive Multi-View Representation Learning on Graphs", ICML 2020,
arXiv 2006.05582.

    H_a = f(g_a(X, A)),   c_a = f'(readout(g_a(X, A)))      a view: the adjacency
    H_b = f(g_b(X, S)),   c_b = f'(readout(g_b(X, S)))      another: its diffusion
    L   = 1/2 [ -I(H_a; c_b) - I(H_b; c_a) ]                (algorithm 1)

I is an estimate of mutual information from scores D(h, c) of nodes and graphs. Pairs that do not
belong together have

    level 'node':   the graph, and nodes of the same graph whose features were exchanged at random
    level 'graph':  a node, and the other graphs of the batch

What is learned of a node is H_a + H_b, of a graph c_a + c_b.

What differs from the authors' code: graphs of a batch are blocks of one sparse matrix, where theirs
are padded to one size, which makes padding a negative and costs 100 times the time and memory; all
layers of the graph encoders are trained (theirs sit in a plain list that the optimizer does not
see; ``frozen_encoder`` gives that); and the two terms are averaged at both levels.

Shapes: V nodes of all graphs of the batch, N graphs, D features, C channels.
"""

import copy
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmcontrast.models.heads.node_graph import READOUTS
from mmcontrast.models.methods.base import Method, embedding_std
from mmcontrast.ops.diffusion import diffusion_of
from mmcontrast.registry import MODELS
from mmcontrast.structures import DataSamples, Features, Inputs

LEVELS = ("node", "graph")
_WATCHED_NODES = 250


@MODELS.register_module()
class MVGRL(Method):
    """MVGRL; batches hold the graphs of ``mmcontrast.datasets.graphs``.

    Args:
        encoder: Encoder g, ``GCN`` or ``PyGEncoder``. Each view has its own; given as a module, it
            is that of the first view, and the second one starts as a copy of it.
        level: ``'node'`` or ``'graph'``: what is told apart.
        loss: Estimate of the information, ``MutualInformation``.
        critic: Critic D, ``BilinearCritic`` or ``DotCritic``.
        readout: ``'mean_sigmoid'`` or ``'sum_cat'``.
        node_projection: Projection f, ``ResidualMLP``; None leaves it out, as the authors' code
            does at the level of nodes.
        graph_projection: Projection f', as ``node_projection``.
        diffusion: None takes the batch's ``diffusion``; ``dict(kind='ppr', alpha=0.2)`` applies it
            without the matrix, by the batch's ``transition``.
        frozen_encoder: Leave the encoders as they are at first.
        **kwargs: Those of :class:`~mmcontrast.models.methods.base.Method`.

    Raises:
        ValueError: Level, read-out or kind of diffusion are unknown.
    """

    def __init__(
        self,
        encoder: nn.Module | dict,
        level: str,
        loss: nn.Module | dict,
        critic: nn.Module | dict,
        readout: str,
        node_projection: nn.Module | dict | None = None,
        graph_projection: nn.Module | dict | None = None,
        diffusion: dict[str, Any] | None = None,
        frozen_encoder: bool = False,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        if level not in LEVELS or readout not in READOUTS:
            raise ValueError(
                f"MVGRL: level is one of {', '.join(LEVELS)} and readout one of "
                f"{', '.join(READOUTS)}, got {level!r} and {readout!r}."
            )
        self.encoder_a, self.encoder_b = MODELS.build(encoder), MODELS.build(copy.deepcopy(encoder))
        if frozen_encoder:
            self.encoder_a.requires_grad_(False)
            self.encoder_b.requires_grad_(False)
        self.level = level
        self.mutual_information = MODELS.build(loss)
        self.critic = MODELS.build(critic)
        self.readout = READOUTS[readout]
        self.node_projection = _build_projection(node_projection)
        self.graph_projection = _build_projection(graph_projection)
        self.diffuse = None if diffusion is None else diffusion_of(**diffusion)

    def loss(self, inputs: Inputs, data_samples: DataSamples) -> dict[str, Tensor]:
        """Algorithm 1 on one batch.

        Raises:
            ValueError: A batch of one graph at the level of graphs: there is no other.
        """
        features, index_V = inputs["features"], inputs["graph_index"]
        view_a, view_b = self._views(inputs)
        projected_a = self.encoder_a.project(features)
        projected_b = self.encoder_b.project(features)
        h_a, c_a = self._represent(self.encoder_a(projected_a, view_a), index_V)
        h_b, c_b = self._represent(self.encoder_b(projected_b, view_b), index_V)
        if self.level == "node":
            # (X W)[exchanged] = X[exchanged] W
            exchanged_V = exchange_within(index_V)
            other_a = self._project_nodes(
                self.encoder_a(projected_a.index_select(0, exchanged_V), view_a)
            )
            other_b = self._project_nodes(
                self.encoder_b(projected_b.index_select(0, exchanged_V), view_b)
            )
            scores = [
                (self._own_scores(h, c, index_V), self._own_scores(other, c, index_V)[None])
                for h, other, c in ((h_b, other_b, c_a), (h_a, other_a, c_b))
            ]
        else:
            _check_several(len(c_a))
            scores = [split_scores(self.critic(h, c), index_V) for h, c in ((h_a, c_b), (h_b, c_a))]
        losses = [self.mutual_information(*pairs) for pairs in scores]
        positive, negative = zip(*scores, strict=True)
        return dict(
            loss=torch.stack(losses).mean(),
            pos_score=torch.cat(positive).detach().float().mean(),
            neg_score=torch.cat([part.flatten() for part in negative]).detach().float().mean(),
            embedding_std=_spread(h_a.detach(), h_b.detach()),
        )

    def encode(self, inputs: Inputs) -> Features:
        """``nodes`` (V, C) and ``global`` (N, C) of the graphs of a batch."""
        index_V = inputs["graph_index"]
        representations = [
            self._represent(encoder(encoder.project(inputs["features"]), view), index_V)
            for encoder, view in zip(
                (self.encoder_a, self.encoder_b), self._views(inputs), strict=True
            )
        ]
        (h_a, c_a), (h_b, c_b) = representations
        return {"nodes": h_a + h_b, "global": c_a + c_b}

    def predict(self, inputs: Inputs, data_samples: DataSamples | None) -> list[dict[str, Any]]:
        """Describe each graph for MMEngine's metrics.

        Returns:
            One dict a graph: its data sample, ``global`` (C,) and ``nodes`` (its nodes, C).
        """
        features = self.extract(inputs)
        nodes = features["nodes"].split(torch.bincount(inputs["graph_index"]).tolist())
        samples = data_samples if data_samples is not None else [{}] * len(nodes)
        return [
            {**sample, "global": graph, "nodes": own}
            for sample, graph, own in zip(samples, features["global"], nodes, strict=True)
        ]

    def _views(self, inputs: Inputs) -> tuple[Any, Any]:
        name = "diffusion" if self.diffuse is None else "transition"
        if name not in inputs:
            raise ValueError(
                f"MVGRL: the batch has no {name}. Either GraphViews makes the diffusion, with a "
                "kind, and the model has diffusion=None; or the model does, with "
                "diffusion=dict(kind='ppr'), and GraphViews has kind=None."
            )
        view = inputs[name]
        return inputs["adjacency"], view if self.diffuse is None else self.diffuse(view)

    def _represent(self, layers: list[Tensor], index_V: Tensor) -> tuple[Tensor, Tensor]:
        """Projected nodes (V, C) and graphs (N, C) of one view."""
        graphs = self.readout(layers, index_V, int(index_V[-1]) + 1)
        return self._project_nodes(layers), self.graph_projection(graphs)

    def _project_nodes(self, layers: list[Tensor]) -> Tensor:
        return self.node_projection(layers[-1])

    def _own_scores(self, h_VC: Tensor, c_NC: Tensor, index_V: Tensor) -> Tensor:
        """Scores of nodes with their own graph, (V,)."""
        return self.critic(h_VC, c_NC).gather(1, index_V[:, None])[:, 0]


def _spread(h_a_VC: Tensor, h_b_VC: Tensor) -> Tensor:
    """``embedding_std`` of some hundred nodes: of all it would take as long as a layer."""
    stride = max(len(h_a_VC) // _WATCHED_NODES, 1)
    return embedding_std(F.normalize((h_a_VC[::stride] + h_b_VC[::stride]).float(), dim=1))


def _build_projection(projection: nn.Module | dict | None) -> nn.Module:
    return nn.Identity() if projection is None else MODELS.build(projection)


def _check_several(num_graphs: int) -> None:
    if num_graphs < 2:
        raise ValueError(
            "MVGRL compares the graphs of a batch, and this batch has one: set "
            "train_dataloader.drop_last=True, or a larger batch_size."
        )


def exchange_within(graph_index_V: Tensor) -> Tensor:
    """A random permutation of all nodes that leaves each in its graph.

    Args:
        graph_index_V: Graph of each node, ascending.
    """
    place_V = torch.rand(len(graph_index_V), dtype=torch.float64, device=graph_index_V.device)
    return (graph_index_V + place_V).argsort()


def split_scores(scores_VN: Tensor, graph_index_V: Tensor) -> tuple[Tensor, Tensor]:
    """Scores of nodes with their own graph, (V,), and with the others, (V, N - 1)."""
    own_VN = F.one_hot(graph_index_V, scores_VN.shape[1]).bool()
    return scores_VN[own_VN], scores_VN[~own_VN].view(len(scores_VN), -1)
