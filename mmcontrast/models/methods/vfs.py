"""VFS.

Xu and Wang, "Rethinking Self-Supervised Correspondence Learning: A Video Frame-Level Similarity
Perspective", ICCV 2021, arXiv 2103.17263.

    z = g(f(frame)),  p = h(z)       encoder f, projector g, predictor h
    d(p, z) = 2 - 2 cos(p, stopgrad z)
    L = mean over frames i of view 0 and j of view 1 of  d(p_i, z_j) / 2 + d(p_j, z_i) / 2

The views are two groups of T frames from different parts of one video: T = 4 with ResNet-18, so
that L has 16 pairs, and T = 1 with ResNet-50. There is nothing but the pooled embedding in the
loss; correspondence shows in res4, objects in res5. Each view goes through the network by itself,
so that batch statistics never mix the two.

What differs from the authors' code: frames come from K equal parts of n // K frames, where theirs
have (n + 1) // K and may wrap around to frame 0.

Shapes: N videos in this process, T frames a view, C embedding.
"""

from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

from mmcontrast.models.methods.base import Method, embedding_std
from mmcontrast.models.widths import build_on
from mmcontrast.registry import MODELS
from mmcontrast.structures import DataSamples, Inputs


@MODELS.register_module()
class VFS(Method):
    """VFS; batches hold ``view0`` and ``view1``, (N, 3, T, H, W) each.

    Features are those of single frames, ``extract({'view0': (N, 3, H, W)})``.

    Args:
        backbone: Encoder f.
        projector: Projector g, :class:`~mmcontrast.models.necks.Projection` with 3 layers.
        predictor: Predictor h, :class:`~mmcontrast.models.necks.Prediction`.
        loss: Loss, :class:`~mmcontrast.models.losses.FramePairLoss`.
        **kwargs: Those of :class:`~mmcontrast.models.methods.base.Method`.
    """

    def __init__(
        self,
        backbone: nn.Module | dict,
        projector: nn.Module | dict,
        predictor: nn.Module | dict,
        loss: nn.Module | dict,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.backbone = MODELS.build(backbone)
        self.projector = build_on(projector, self.backbone)
        self.predictor = build_on(predictor, self.projector)
        self.frame_pairs = MODELS.build(loss)

    def loss(self, inputs: Inputs, data_samples: DataSamples) -> dict[str, Tensor]:
        """The loss of all pairs of frames of one batch."""
        projections0_NTC, predictions0_NTC = self._embed(inputs["view0"])
        projections1_NTC, predictions1_NTC = self._embed(inputs["view1"])
        loss_N = self.frame_pairs(
            predictions0_NTC, projections0_NTC, predictions1_NTC, projections1_NTC
        )
        return dict(
            loss=loss_N.mean(),
            pair_similarity=1 - loss_N.detach().mean() / 2,
            embedding_std=embedding_std(F.normalize(projections0_NTC.flatten(0, 1), dim=1)),
        )

    def _embed(self, clip_N3THW: Tensor) -> tuple[Tensor, Tensor]:
        """Project and predict each frame, (N, T, C) both."""
        frames = clip_N3THW.transpose(1, 2).flatten(0, 1)
        projections = self.projector(self.backbone(frames))
        predictions = self.predictor(projections)
        shape = (len(clip_N3THW), clip_N3THW.shape[2], -1)
        return projections.float().view(shape), predictions.float().view(shape)
