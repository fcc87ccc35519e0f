"""SimCLR.

Chen et al., "A Simple Framework for Contrastive Learning of Visual Representations", ICML 2020,
arXiv 2002.05709.

    z = g(f(x)) / |g(f(x))|
    L = sum over both directions of the mean over the N views i, with partner j, of
        -log( exp(z_i.z_j / t) / sum_{k != i} exp(z_i.z_k / t) )                      (equation 1)

The sum over the directions is that of the authors' code; the paper's mean over all 2N views is half
of it. The learning rates of the configs belong to the sum. LARS cancels the factor for matrices,
but not for biases and norms.

Negatives are the other views of all processes. Both views go through the network in one batch, so
that batch statistics mix them; with ``SyncBN`` they are those of all processes.

What differs from the authors' code:

- Images are normalized by ImageNet's mean and standard deviation, as in all PyTorch versions;
  theirs stay in [0, 1].
- The area of a crop is drawn uniformly from 0.10 to 1, as torchvision draws it. Theirs is drawn
  from 0.08 and refused below 0.10, uniformly in the height (a mean of 0.39 where ours is 0.44, for
  images of 4:3), and their bicubic resizing has no antialiasing.
- The last incomplete batch of each epoch is dropped; their batches run on over the ends of epochs.
  100 epochs at batch 4096 have 31,200 steps where theirs have 31,279, and the warm-up has 3,120
  (3,127).
- ResNets are torchvision's: the first stage of ResNet-18 and 34 has no convolution in its shortcut,
  and max-pooling pads both sides.
- The contrast of the color jitter is about the mean of all channels, theirs about each channel's.

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
            loss=2 * contrast.loss.mean(),
            **contrast.metrics(),
            embedding_std=embedding_std(views0_NC),
        )
