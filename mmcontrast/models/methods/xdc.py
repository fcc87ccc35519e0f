"""XDC: cross-modal deep clustering, and its family.

Alwassel et al., "Self-Supervised Learning by Cross-Modal Audio-Video Clustering", NeurIPS 2020,
arXiv 1911.12667.

    f_v, f_a = pooled features of encoder E_v on clips and E_a on sounds
    y_v, y_a = clusters of the f_v, and of the f_a, of all videos, by k-means
    L        = sum over encoders and their heads of  cross-entropy(head(f), y)

    SDC   each encoder learns its own clusters (DeepCluster)
    MDC   each encoder has two heads, for its own clusters and for those of the other
    CDC   both learn the clusters of the concatenated features [f_v, f_a]
    XDC   each encoder learns the clusters of the other

Both encoders are trained in the same epochs, from random weights; then the data are clustered again
and all heads start again. That is the work of :class:`~mmcontrast.engine.hooks.ClusteringHook`,
which calls ``extract``, ``sources``, ``set_clusters`` and ``reset_heads``. Labels are looked up
here, by the indices of the samples.

The control of the paper, two encoders of one modality that learn each other's clusters, is XDC with
``inputs=('video', 'video')``: their initial weights differ.

What differs from the authors' code: only the network for clips and its weights were released. The
losses, the sources of the labels and the concatenation of normalized features are the paper's;
k-means on normalized features, the initial heads, and what is kept between rounds are DeepCluster's
or ours, see the documentation of the hook.

Shapes: N videos in this process, D features, K clusters.
"""

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmcontrast.models.methods.base import Method, embedding_std
from mmcontrast.models.modules.pseudo_labels import PseudoLabels
from mmcontrast.ops.whitening import Whitening
from mmcontrast.registry import MODELS
from mmcontrast.structures import DataSamples, Features, Inputs
from mmcontrast.structures.maps import pool_maps
from mmcontrast.utils.arguments import check_sizes

# Whose clusters each encoder learns.
_SOURCES: dict[str, dict[str, tuple[str, ...]]] = {
    "sdc": dict(video=("video",), audio=("audio",)),
    "mdc": dict(video=("video", "audio"), audio=("audio", "video")),
    "cdc": dict(video=("joint",), audio=("joint",)),
    "xdc": dict(video=("audio",), audio=("video",)),
}


@MODELS.register_module()
class XDC(Method):
    """XDC, SDC, MDC and CDC; batches hold ``video`` (N, 3, T, H, W) and ``audio`` (N, 1, M, T).

    Each data sample has a ``sample_idx``: the index of its video, from 0 on. Features are those of
    ``extract({'video': ..., 'audio': ...})``, or of one of them.

    Args:
        video_backbone: Encoder E_v.
        audio_backbone: Encoder E_a.
        num_clusters: Number of clusters K of each source of labels.
        mode: ``'xdc'``, ``'sdc'``, ``'mdc'`` or ``'cdc'``.
        inputs: Names of the views that the two encoders take.
        **kwargs: Those of :class:`~mmcontrast.models.methods.base.Method`.

    Raises:
        ValueError: The mode is unknown, or ``inputs`` are not two.
    """

    clustering_round: Tensor
    """Number of the round that the labels are of; -1 before the first one."""

    def __init__(
        self,
        video_backbone: nn.Module | dict,
        audio_backbone: nn.Module | dict,
        num_clusters: int,
        mode: str = "xdc",
        inputs: Sequence[str] = ("video", "audio"),
        **kwargs: Any,
    ):
        check_sizes("XDC", num_clusters=num_clusters)
        if mode not in _SOURCES:
            raise ValueError(f"XDC: mode must be one of {', '.join(_SOURCES)}, got {mode!r}.")
        if len(inputs) != 2:
            raise ValueError(f"XDC: inputs are the views of two encoders, got {tuple(inputs)}.")
        super().__init__(**kwargs)
        self.video_backbone = MODELS.build(video_backbone)
        self.audio_backbone = MODELS.build(audio_backbone)
        self.views = dict(zip(("video", "audio"), inputs, strict=True))
        self.learns = _SOURCES[mode]
        self.heads = nn.ModuleDict(
            {
                f"{encoder}_from_{source}": nn.Linear(self._width(encoder), num_clusters)
                for encoder, sources in self.learns.items()
                for source in sources
            }
        )
        names = sorted({source for sources in self.learns.values() for source in sources})
        self.clusters = nn.ModuleDict({name: PseudoLabels(num_clusters) for name in names})
        self.num_clusters = num_clusters
        self.register_buffer("clustering_round", torch.tensor(-1))
        self.reset_heads(0)

    def loss(self, inputs: Inputs, data_samples: DataSamples) -> dict[str, Tensor]:
        """The cross-entropy of every head with the clusters that it learns."""
        indices = [sample["sample_idx"] for sample in data_samples]
        outputs: dict[str, Tensor] = {}
        spread = []
        for encoder, sources in self.learns.items():
            features_ND = self._features(encoder, inputs[self.views[encoder]])
            spread.append(embedding_std(F.normalize(features_ND.float(), dim=1)))
            for source in sources:
                name = f"{encoder}_from_{source}"
                labels_N = self._labels(source).look_up(indices)
                logits_NK = self.heads[name](features_ND).float()
                losses_N = F.cross_entropy(logits_NK, labels_N, ignore_index=-1, reduction="none")
                outputs[f"loss_{name}"] = losses_N.sum() / (labels_N >= 0).sum().clamp(min=1)
                outputs[f"acc_{name}"] = 100 * (logits_NK.argmax(dim=1) == labels_N).float().mean()
        outputs["embedding_std"] = torch.stack(spread).amin()
        return outputs

    def encode(self, inputs: Inputs) -> Features:
        """Compute features of ``video``, ``audio`` or both, in the current mode.

        Returns:
            ``video`` and ``audio`` (N, D), f_v and f_a. Where a head compares the two, also
            ``video_embedding`` and ``audio_embedding`` (N, K), whose product scores a clip and a
            sound: for a head that learns the sound's clusters, its probability of the cluster of
            the sound; for joint clusters, the probability that both are in the same one.

        Raises:
            ValueError: The batch has neither.
        """
        features: Any = {
            encoder: self._features(encoder, inputs[view])
            for encoder, view in self.views.items()
            if view in inputs
        }
        if not features:
            raise ValueError(
                f"XDC has features of {' and '.join(dict.fromkeys(self.views.values()))}, and the "
                f"batch has {', '.join(inputs) or 'nothing'}: name the views of the pipeline so."
            )
        for encoder in list(features):
            embedding_NK = self._embed(encoder, features[encoder])
            if embedding_NK is not None:
                features[f"{encoder}_embedding"] = embedding_NK
        return features

    def sources(self, features: Features) -> dict[str, Tensor]:
        """Return what is clustered, by the name of the source.

        Args:
            features: Those of :meth:`extract` of clips with sound.

        Returns:
            (N, D), or (N, 2D) of the two normalized halves for joint clusters.
        """
        vectors: dict[str, Any] = {**features}
        halves = {encoder: vectors[encoder].float() for encoder in self.views}
        joint = torch.cat([F.normalize(half, dim=1) for half in halves.values()], dim=1)
        return {name: halves.get(name, joint) for name in self.clusters}

    def set_clusters(
        self,
        source: str,
        labels_N: Tensor,
        centroids_KC: Tensor,
        whitening: Whitening | None = None,
    ) -> None:
        """Replace the clusters of a source.

        Args:
            source: ``'video'``, ``'audio'`` or ``'joint'``.
            labels_N: Cluster of each video by its index; -1 for those without.
            centroids_KC: Centroids.
            whitening: The map of features to the space of the centroids.
        """
        self._labels(source).set(labels_N, centroids_KC, whitening)

    @torch.no_grad()
    def reset_heads(self, seed: int) -> list[nn.Parameter]:
        """Draw new heads, as the names of clusters mean nothing from round to round.

        Args:
            seed: Seed of the weights.

        Returns:
            The parameters of the heads.
        """
        generator = torch.Generator().manual_seed(seed)
        head: Any
        for head in self.heads.values():
            weight = torch.empty(head.weight.shape).normal_(0, 0.01, generator=generator)
            head.weight.copy_(weight)
            head.bias.zero_()
        return list(self.heads.parameters())

    def _width(self, encoder: str) -> int:
        return self.get_submodule(f"{encoder}_backbone").out_channels[-1]

    def _features(self, encoder: str, view: Tensor) -> Tensor:
        return pool_maps(self.get_submodule(f"{encoder}_backbone")(view))

    def _labels(self, source: str) -> Any:
        return self.clusters[source]

    def _embed(self, encoder: str, features_ND: Tensor) -> Tensor | None:
        """Return what compares clips and sounds; None where no head does."""
        other = "joint" if "joint" in self.clusters else "audio"
        head = f"{encoder}_from_{other}"
        if head in self.heads and encoder != other:
            return self.heads[head](features_ND).float().softmax(dim=1)
        if encoder == "audio" and "video_from_audio" in self.heads and len(self._labels("audio")):
            labels_N = self._labels("audio").assign(features_ND)
            return F.one_hot(labels_N, self._labels("audio").num_clusters).float()
        return None
