"""Fine-tuning: a pre-trained backbone and a linear classifier, trained together on labels.

With 1% or 10% of ImageNet's labels this is the semi-supervised protocol of Chen et al. (SimCLR,
ICML 2020, appendix B.5); Zhan et al. (OpenSelfSup, 2020) choose the learning rate and the factor of
the head's from a grid.

    L = cross-entropy(W f(view 0) + b, label)
"""

from typing import Any

from torch import Tensor

from mmcontrast.models.heads.classification import classification_losses, predictions
from mmcontrast.models.methods.base import Method
from mmcontrast.models.modules.pretrained import load_pretrained
from mmcontrast.registry import MODELS
from mmcontrast.structures import DataSamples, Inputs


@MODELS.register_module()
class FineTuning(Method):
    """A classifier and all of its backbone; batches hold ``view0`` (N, 3, H, W) and labels.

    Args:
        backbone: Config of the network that starts from pre-trained weights.
        head: Config of the classifier, such as ``LinearHead``.
        pretrained: Checkpoint of the backbone, or ``'random'``. It has to be given.
        data_preprocessor: See :class:`~mmcontrast.models.methods.base.Method`.
        init_cfg: MMEngine's initialization config.
    """

    def __init__(
        self,
        backbone: dict,
        head: dict,
        pretrained: str = "",
        data_preprocessor: dict | None = None,
        init_cfg: dict | None = None,
    ):
        super().__init__(data_preprocessor, init_cfg)
        self.backbone = MODELS.build(backbone)
        self.head = MODELS.build(head)
        self.pretrained = pretrained

    def init_weights(self) -> None:
        """Load the pre-trained weights.

        Raises:
            CheckpointError: They are not named or do not fit.
        """
        super().init_weights()
        load_pretrained(self.backbone, self.pretrained)

    def loss(self, inputs: Inputs, data_samples: DataSamples) -> dict[str, Tensor]:
        """Loss and accuracy of the classifier."""
        return classification_losses(self.head(self.encode(inputs)), data_samples)

    def predict(self, inputs: Inputs, data_samples: DataSamples | None) -> list[dict[str, Any]]:
        """Add ``scores``, a dict of (M,), to the predictions of the base class."""
        return predictions(self.head, self.extract(inputs), data_samples)
