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
from mmcontrast.models.widths import build_on
from mmcontrast.registry import MODELS
from mmcontrast.structures import DataSamples, Inputs


@MODELS.register_module()
class FineTuning(Method):
    """A classifier and all of its backbone; batches hold ``view0`` (N, 3, H, W) and labels.

    Args:
        backbone: The network that starts from pre-trained weights.
        head: Classifier, such as ``LinearHead``.
        **kwargs: Those of :class:`~mmcontrast.models.methods.base.Method`; ``pretrained`` is
            required.
    """

    requires_pretrained = True

    def __init__(
        self,
        backbone: nn.Module | dict,
        head: nn.Module | dict,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.backbone = MODELS.build(backbone)
        self.head = build_on(head, self.backbone)

    def loss(self, inputs: Inputs, data_samples: DataSamples) -> dict[str, Tensor]:
        """Loss and accuracy of the classifier."""
        return classification_losses(self.head(self.encode(inputs)), data_samples)

    def predict(self, inputs: Inputs, data_samples: DataSamples | None) -> list[dict[str, Any]]:
        """Add ``scores``, a dict of (M,), to the predictions of the base class."""
        return predictions(self.head, self.extract(inputs), data_samples)
