"""VFS with negatives, the companion of :mod:`mmcontrast.models.methods.vfs`: MoCo v2 on frames.

Xu and Wang (ICCV 2021, arXiv 2103.17263) compare VFS with a variant that has negatives, and find
that they harm correspondence. The authors published no code of it: this form is ours, with all the
settings of MoCo v2 (:mod:`mmcontrast.models.methods.mocov2`).

    q_i = f_q(frame i of view 0),  k_j = f_k(frame j of view 1),  all of unit length
    L   = mean over all pairs (i, j) of
          -log( exp(q_i.k_j / t) / (exp(q_i.k_j / t) + sum over the queue of exp(q_i.k / t)) )

The queue takes the keys of all frames.

Shapes: N videos in this process, T frames a view, C embedding, K queue. Frames are listed frame
after frame of all videos, T * N, so that a batch over several processes is split as one is.
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
class VFSNegatives(Method):
    """VFS's pairs with MoCo's loss; batches hold ``view0`` and ``view1``, (N, 3, T, H, W) each.

    Features are those of single frames, ``extract({'view0': (N, 3, H, W)})``.

    Args:
        backbone: The online encoder.
        neck: Projection head; its ``out_channels`` is C.
        loss: Loss, :class:`~mmcontrast.models.losses.InfoNCE`.
        queue_size: Number of keys K; below the number of videos times T.
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
        """The loss of all pairs of frames; updates the momentum encoder and the queue."""
        frames0, frames1 = (
            inputs[name].permute(2, 0, 1, 3, 4).flatten(0, 1) for name in ("view0", "view1")
        )
        num_videos = len(inputs["view0"])
        query = F.normalize(self.neck(self.backbone(frames0)).float(), dim=1)

        with torch.no_grad():
            self.momentum_encoder.update(backbone=self.backbone, neck=self.neck)
            shuffled, permutation = shuffle_batch(frames1)
            key = self.momentum_encoder.neck(self.momentum_encoder.backbone(shuffled))
            key = unshuffle(F.normalize(key.float(), dim=1), permutation)

        query_TNC, key_TNC = (x.unflatten(0, (-1, num_videos)) for x in (query, key))
        pairs = (len(query_TNC), len(key_TNC), -1, -1)
        contrast = self.info_nce(
            query_TNC[:, None].expand(pairs).flatten(0, 2),
            key_TNC[None].expand(pairs).flatten(0, 2),
            self.queue.keys,
        )
        self.queue.push(gather(key))
        return dict(
            loss=contrast.loss.mean(),
            **contrast.metrics(),
            embedding_std=embedding_std(query),
            queue_age=self.queue.age(),
        )
