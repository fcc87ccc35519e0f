"""SimCLR.

Chen et al., "A Simple Framework for Contrastive Learning of Visual Representations", ICML 2020,
arXiv 2002.05709.

    z = g(f(x)) / |g(f(x))|
    L = mean over the 2N views i, with partner j, of
        -log( exp(z_i.z_j / t) / sum_{k != i} exp(z_i.z_k / t) )                      (equation 1)

Negatives are the other views of all processes. Both views go through the network in one batch, so
that batch statistics mix them; with ``SyncBN`` they are those of all processes.

What differs from the paper: images are normalized by ImageNet's mean and standard deviation, as
in all PyTorch versions, where the authors' code keeps them in [0, 1].

Shapes: N images in this process, C embedding.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmcontrast.models.methods.base import Method, embedding_std
from mmcontrast.models.widths import build_on
from mmcontrast.registry import MODELS
from mmcontrast.structures import DataSamples, Inputs


@MODELS.register_module()
class SimCLR(Method):
    """SimCLR; batches hold ``view0`` and ``view1``, (N, 3, H, W) each.

    Args:
        backbone: Encoder f.
        neck: Projection head g.
        loss: Loss, :class:`~mmcontrast.models.losses.NTXent`.
        **kwargs: Those of :class:`~mmcontrast.models.methods.base.Method`.
    """

    def __init__(
        self,
        backbone: nn.Module | dict,
        neck: nn.Module | dict,
        loss: nn.Module | dict,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.backbone = MODELS.build(backbone)
        self.neck = build_on(neck, self.backbone)
        self.nt_xent = MODELS.build(loss)

    def loss(self, inputs: Inputs, data_samples: DataSamples) -> dict[str, Tensor]:
        """The paper's algorithm 1 on one batch."""
        views = torch.cat([inputs["view0"], inputs["view1"]])
        embeddings = F.normalize(self.neck(self.backbone(views)).float(), dim=1)
        views0_NC, views1_NC = embeddings.chunk(2)
        contrast = self.nt_xent(views0_NC, views1_NC)
        return dict(
            loss=contrast.loss.mean(),
            **contrast.metrics(),
            embedding_std=embedding_std(views0_NC),
        )
