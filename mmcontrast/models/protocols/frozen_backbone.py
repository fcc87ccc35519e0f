"""A pre-trained backbone as it is, for k-NN, the SVM and other metrics of features."""

from typing import Any

from torch import Tensor, nn

from mmcontrast.models.methods.base import Method
from mmcontrast.models.modules.pretrained import PretrainedWeights
from mmcontrast.registry import MODELS
from mmcontrast.structures import DataSamples, Inputs
from mmcontrast.utils.errors import UserError


@MODELS.register_module()
class FrozenBackbone(Method):
    """Features of any checkpoint's backbone; there is nothing to train.

    Args:
        backbone: The network.
        pretrained: Checkpoint of the backbone, or ``'random'``. It is required.
        **kwargs: Those of :class:`~mmcontrast.models.methods.base.Method`.
    """

    trains = False

    def __init__(
        self,
        backbone: nn.Module | dict,
        pretrained: str = "",
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        # Parameters keep requires_grad: DistributedDataParallel refuses a model without any.
        self.backbone = MODELS.build(backbone)
        self.pretrained = PretrainedWeights(self.backbone, pretrained)

    def loss(self, inputs: Inputs, data_samples: DataSamples) -> dict[str, Tensor]:
        """There is none.

        Raises:
            UserError: Always, with the command to use instead.
        """
        raise UserError("This config evaluates and trains nothing: use tools/test.py.")
