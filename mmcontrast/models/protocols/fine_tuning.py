"""Fine-tuning: a pre-trained backbone and a linear classifier, trained together on labels.

With 1% or 10% of ImageNet's labels this is the semi-supervised protocol of Chen et al. (SimCLR,
ICML 2020, appendix B.5); Zhan et al. (OpenSelfSup, 2020) choose the learning rate and the factor of
the head's from a grid.

    L = cross-entropy(W f(view 0) + b, label)
"""

from typing import Any

from torch import Tensor, nn

from mmcontrast.models.heads.classification import classification_losses, predictions
from mmcontrast.models.methods.base import Method
from mmcontrast.models.protocols.views import encode_views
from mmcontrast.models.widths import build_on
from mmcontrast.registry import MODELS
from mmcontrast.structures import DataSamples, Features, Inputs


@MODELS.register_module()
class FineTuning(Method):
    """A classifier and its whole backbone; batches: ``view0`` (N, 3, H, W) or clips, and labels.

    Args:
        backbone: The network that starts from pre-trained weights.
        head: Classifier, such as ``LinearHead``.
        view: View of the batch that is judged, ``'view0'`` of images, ``'video'`` or ``'audio'`` of
            clips; of several clips a sample (``video0``, ``video1``, ...) ``scores`` is the mean of
            the probabilities of their classes.
        pool: From maps to the feature, such as :class:`~mmcontrast.models.necks.MaxPool`; None for
            the mean over all places.
        **kwargs: Those of :class:`~mmcontrast.models.methods.base.Method`; ``pretrained`` is
            required.
    """

    requires_pretrained = True

    def __init__(
        self,
        backbone: nn.Module | dict,
        head: nn.Module | dict,
        view: str = "view0",
        pool: nn.Module | dict | None = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.backbone = MODELS.build(backbone)
        self.head = build_on(head, self.backbone)
        self.view = view
        self.pool = None if pool is None else MODELS.build(pool)

    def encode(self, inputs: Inputs) -> Features:
        """Compute features, see :func:`~mmcontrast.models.protocols.views.encode_views`."""
        return encode_views(self.backbone, self.pool, inputs, self.view)

    def loss(self, inputs: Inputs, data_samples: DataSamples) -> dict[str, Tensor]:
        """Loss and accuracy of the classifier."""
        return classification_losses(self.head(self.encode(inputs)), data_samples)

    def predict(self, inputs: Inputs, data_samples: DataSamples | None) -> list[dict[str, Any]]:
        """Add ``scores``, a dict of (M,), to the predictions of the base class."""
        return predictions(self.head, self.extract(inputs), data_samples)
