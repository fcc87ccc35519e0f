"""Clusters of a training set as labels, which a model keeps and looks up.

Shapes: N samples of the training set, B samples of a batch, D features, C dimensions of the space
in which they were clustered, K clusters.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from mmcontrast.ops.kmeans_step import assign_clusters
from mmcontrast.ops.whitening import Whitening, to_unit_space

_BUFFERS = ("labels_N", "centroids_KC", "mean_D", "matrix_DC")


class PseudoLabels(nn.Module):
    """The cluster of each training sample, and what assigns further samples to the clusters.

    All of it is in the state dict, whose sizes a module takes over when it is loaded. It is empty
    until :meth:`set`. The labels are here and not in the data set, whose copies in persistent
    workers would keep old ones.

    Args:
        num_clusters: Number of clusters K.
    """

    labels_N: Tensor
    centroids_KC: Tensor
    mean_D: Tensor
    matrix_DC: Tensor

    def __init__(self, num_clusters: int):
        super().__init__()
        self.num_clusters = num_clusters
        for name in _BUFFERS:
            dtype = torch.int64 if name == "labels_N" else torch.float32
            self.register_buffer(name, torch.empty(0, dtype=dtype))

    def set(
        self, labels_N: Tensor, centroids_KC: Tensor, whitening: Whitening | None = None
    ) -> None:
        """Replace the clusters.

        Args:
            labels_N: Cluster of each sample by its index; -1 for samples that have none, as those
                that could not be read.
            centroids_KC: Centroids in the space of :meth:`to_space`.
            whitening: The map to this space; None where features are normalized alone.
        """
        device = self.labels_N.device
        self.labels_N = labels_N.to(device, torch.int64)
        self.centroids_KC = centroids_KC.to(device)
        parts = whitening or (torch.empty(0), torch.empty(0))
        self.mean_D, self.matrix_DC = (part.to(device) for part in parts)

    def __len__(self) -> int:
        return len(self.labels_N)

    def look_up(self, indices: Sequence[int]) -> Tensor:
        """Return the labels (B,) of samples by their indices; -1 for those that have none.

        Raises:
            ValueError: There are no clusters yet, or not as many samples.
        """
        if not len(self):
            raise ValueError(
                "There are no clusters to learn from yet: add dict(type='ClusteringHook', ...) to "
                "custom_hooks, or call set_clusters()."
            )
        if max(indices) >= len(self):
            raise ValueError(
                f"Sample {max(indices)} has no cluster, since {len(self)} samples were clustered: "
                "the data of ClusteringHook and of train_dataloader must list the same videos."
            )
        return self.labels_N[torch.tensor(indices, device=self.labels_N.device)]

    def to_space(self, features_ND: Tensor) -> Tensor:
        """Map features to unit vectors (N, C) of the space in which they were clustered."""
        whitening = Whitening(self.mean_D, self.matrix_DC) if len(self.mean_D) else None
        return to_unit_space(features_ND, whitening)

    def assign(self, features_ND: Tensor) -> Tensor:
        """Return the nearest cluster (N,) of features."""
        return assign_clusters(self.to_space(features_ND), self.centroids_KC)

    def resize_like(self, state_dict: Mapping[str, Tensor], prefix: str) -> None:
        """Take over the sizes in a state dict, ahead of its values.

        Args:
            state_dict: State dict of a whole model.
            prefix: What stands before the names of this module's tensors.
        """
        for name in _BUFFERS:
            if prefix + name in state_dict:
                saved = state_dict[prefix + name]
                if saved.shape != getattr(self, name).shape:
                    setattr(self, name, torch.empty_like(saved, device=self.labels_N.device))

    def _load_from_state_dict(self, state_dict: dict, prefix: str, *args: Any) -> None:
        self.resize_like(state_dict, prefix)
        super()._load_from_state_dict(state_dict, prefix, *args)
