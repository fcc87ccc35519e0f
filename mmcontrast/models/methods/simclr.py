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

import torch
import torch.nn.functional as F
from torch import Tensor

from mmcontrast.models.methods.base import Method, embedding_std
from mmcontrast.registry import MODELS
from mmcontrast.structures import DataSamples, Inputs


@MODELS.register_module()
class SimCLR(Method):
    """SimCLR; batches hold ``view0`` and ``view1``, (N, 3, H, W) each.

    Args:
        backbone: Config of the encoder f.
        neck: Config of the projection head g.
        loss: Config of the loss, :class:`~mmcontrast.models.losses.NTXent`.
        data_preprocessor: See :class:`~mmcontrast.models.methods.base.Method`.
        init_cfg: MMEngine's initialization config.
    """

    def __init__(
        self,
        backbone: dict,
        neck: dict,
        loss: dict,
        data_preprocessor: dict | None = None,
        init_cfg: dict | None = None,
    ):
        super().__init__(data_preprocessor, init_cfg)
        self.backbone = MODELS.build(backbone)
        self.neck = MODELS.build(neck)
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
