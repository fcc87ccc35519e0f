"""A pre-trained backbone as it is, for k-NN, the SVM and other metrics of features."""

from typing import Any

from torch import Tensor, nn

from mmcontrast.models.methods.base import Method
from mmcontrast.registry import MODELS
from mmcontrast.structures import DataSamples, Inputs
from mmcontrast.utils.errors import UserError


@MODELS.register_module()
class FrozenBackbone(Method):
    """Features of any checkpoint's backbone; there is nothing to train.

    Args:
        backbone: The network.
        **kwargs: Those of :class:`~mmcontrast.models.methods.base.Method`; ``pretrained`` is
            required.
    """

    trains = False
    requires_pretrained = True

    def __init__(
        self,
        backbone: nn.Module | dict,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        # Parameters keep requires_grad: DistributedDataParallel refuses a model without any.
        self.backbone = MODELS.build(backbone)

    def loss(self, inputs: Inputs, data_samples: DataSamples) -> dict[str, Tensor]:
        """There is none.

        Raises:
            UserError: Always, with the command to use instead.
        """
        raise UserError("This config evaluates and trains nothing: use tools/test.py.")
