"""MoCo v2.

Chen et al., "Improved Baselines with Momentum Contrastive Learning", 2020, arXiv 2003.04297, on
He et al., "Momentum Contrast for Unsupervised Visual Representation Learning", CVPR 2020,
arXiv 1911.05722.

    q = f_q(view 0),  k+ = f_k(view 1),  both of unit length
    L = -log( exp(q.k+ / t) / (exp(q.k+ / t) + sum over the queue of exp(q.k / t)) )  (equation 1)
    theta_k <- m theta_k + (1 - m) theta_q                                            (equation 2)

Keys are computed on a shuffled batch (section 3.3), and the batch norm of both encoders works on
groups of 32 images as on the authors' 8 devices, on any number of devices (``SplitBN``). Keys of
the current step join the queue after the loss.

What differs from the authors' code: the queue takes batches that do not divide its length, and the
momentum encoder's parameters are kept in float32.

Shapes: N images in this process, C embedding, K queue.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmcontrast.models.methods.base import Method, embedding_std
from mmcontrast.models.modules.momentum_contrast import (
    KeyQueue,
    MomentumEncoder,
    gather,
    shuffle_batch,
    unshuffle,
    warn_of_leaking_statistics,
)
from mmcontrast.models.widths import build_on
from mmcontrast.registry import MODELS
from mmcontrast.structures import DataSamples, Inputs


@MODELS.register_module()
class MoCoV2(Method):
    """MoCo v2; batches hold ``view0`` (queries) and ``view1`` (keys), (N, 3, H, W) each.

    Args:
        backbone: The online encoder.
        neck: Projection head; its ``out_channels`` is C.
        loss: Loss, :class:`~mmcontrast.models.losses.InfoNCE`.
        queue_size: Number of keys K; below the number of images in the data set.
        momentum: Weight m kept of the momentum encoder.
        **kwargs: Those of :class:`~mmcontrast.models.methods.base.Method`.
    """

    def __init__(
        self,
        backbone: nn.Module | dict,
        neck: nn.Module | dict,
        loss: nn.Module | dict,
        queue_size: int = 65536,
        momentum: float = 0.999,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.backbone = MODELS.build(backbone)
        self.neck = build_on(neck, self.backbone)
        self.momentum_encoder = MomentumEncoder(momentum, backbone=self.backbone, neck=self.neck)
        self.queue = KeyQueue(queue_size, self.neck.out_channels)
        self.info_nce = MODELS.build(loss)
        warn_of_leaking_statistics(self.backbone)

    def loss(self, inputs: Inputs, data_samples: DataSamples) -> dict[str, Tensor]:
        """The paper's algorithm 1 on one batch; updates the momentum encoder and the queue."""
        query_NC = F.normalize(self.neck(self.backbone(inputs["view0"])).float(), dim=1)

        with torch.no_grad():
            self.momentum_encoder.update(backbone=self.backbone, neck=self.neck)
            shuffled, permutation = shuffle_batch(inputs["view1"])
            key = self.momentum_encoder.neck(self.momentum_encoder.backbone(shuffled))
            key_NC = unshuffle(F.normalize(key.float(), dim=1), permutation)

        contrast = self.info_nce(query_NC, key_NC, self.queue.keys)
        self.queue.push(gather(key_NC))
        return dict(
            loss=contrast.loss.mean(),
            **contrast.metrics(),
            embedding_std=embedding_std(query_NC),
            queue_age=self.queue.age(),
        )
