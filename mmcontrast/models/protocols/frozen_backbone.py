"""A pre-trained backbone as it is: what k-NN and the SVM judge."""

from torch import Tensor

from mmcontrast.models.methods.base import Method
from mmcontrast.models.modules.pretrained import load_pretrained
from mmcontrast.registry import MODELS
from mmcontrast.structures import DataSamples, Inputs
from mmcontrast.utils.errors import UserError


@MODELS.register_module()
class FrozenBackbone(Method):
    """Features of any checkpoint's backbone; there is nothing to train.

    Args:
        backbone: Config of the network.
        pretrained: Checkpoint of the backbone, or ``'random'``. It has to be given.
        data_preprocessor: See :class:`~mmcontrast.models.methods.base.Method`.
        init_cfg: MMEngine's initialization config.
    """

    def __init__(
        self,
        backbone: dict,
        pretrained: str = "",
        data_preprocessor: dict | None = None,
        init_cfg: dict | None = None,
    ):
        super().__init__(data_preprocessor, init_cfg)
        # Parameters keep requires_grad: DistributedDataParallel refuses a model without any.
        self.backbone = MODELS.build(backbone)
        self.pretrained = pretrained

    def init_weights(self) -> None:
        """Load the pre-trained weights.

        Raises:
            CheckpointError: They are not named or do not fit.
        """
        super().init_weights()
        load_pretrained(self.backbone, self.pretrained)

    def loss(self, inputs: Inputs, data_samples: DataSamples) -> dict[str, Tensor]:
        """There is none.

        Raises:
            UserError: Always.
        """
        raise UserError("This config evaluates and trains nothing: use tools/test.py.")
