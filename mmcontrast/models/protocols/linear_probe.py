"""The linear probe: a linear classifier on the features of a frozen backbone.

Zhang et al., ECCV 2016; the recipes are those of He et al. (MoCo, CVPR 2020, section 4.1), of Chen
et al. (SimCLR, ICML 2020, appendix B.6) and, for a classifier on each stage, of Goyal et al.
(ICCV 2019, section 6.1). They differ in the optimizer and the head, which configs choose.

    L = cross-entropy(W h + b, label),  h the backbone's features, which get no gradient

The backbone stays in eval mode while the head trains, as in MoCo's code: its batch-norm statistics
do not move. Nothing of it is in the optimizer, with ``constructor='TrainableParameters'``.
"""

from typing import Any

import torch
from torch import Tensor, nn

from mmcontrast.models.heads.classification import classification_losses, predictions
from mmcontrast.models.methods.base import Method
from mmcontrast.models.protocols.views import encode_views
from mmcontrast.models.widths import build_on
from mmcontrast.registry import MODELS
from mmcontrast.structures import DataSamples, Features, Inputs


@MODELS.register_module()
class LinearProbe(Method):
    """A frozen backbone and a classifier; batches: ``view0`` (N, 3, H, W) or clips, and labels.

    Args:
        backbone: The network that is judged.
        head: Classifier: ``LinearHead``, or ``MultiStageHead`` for all stages.
        view: View of the batch that is judged, ``'view0'`` of images, ``'video'`` or ``'audio'`` of
            clips; of several clips a sample (``video0``, ``video1``, ...) ``scores`` is the mean of
            the probabilities of their classes.
        pool: From maps to the feature, such as :class:`~mmcontrast.models.necks.MaxPool`; None for
            the mean over all places.
        **kwargs: Those of :class:`~mmcontrast.models.methods.base.Method`; ``pretrained`` is
            required.
    """

    requires_pretrained = True
    freezes_backbone = True

    def __init__(
        self,
        backbone: nn.Module | dict,
        head: nn.Module | dict,
        view: str = "view0",
        pool: nn.Module | dict | None = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.backbone = MODELS.build(backbone).requires_grad_(False)
        self.head = build_on(head, self.backbone)
        self.view = view
        self.pool = None if pool is None else MODELS.build(pool)

    def encode(self, inputs: Inputs) -> Features:
        """Compute features, see :func:`~mmcontrast.models.protocols.views.encode_views`."""
        return encode_views(self.backbone, self.pool, inputs, self.view)

    def loss(self, inputs: Inputs, data_samples: DataSamples) -> dict[str, Tensor]:
        """Loss and accuracy of the classifier, or of each of several."""
        with torch.no_grad():
            features = self.encode(inputs)
        return classification_losses(self.head(features), data_samples)

    def predict(self, inputs: Inputs, data_samples: DataSamples | None) -> list[dict[str, Any]]:
        """Add ``scores``, a dict of (M,), to the predictions of the base class."""
        return predictions(self.head, self.extract(inputs), data_samples)
