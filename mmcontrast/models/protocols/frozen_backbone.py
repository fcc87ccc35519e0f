"""A pre-trained backbone as it is, for k-NN, the SVM and other metrics of features."""

from typing import Any

from torch import Tensor, nn

from mmcontrast.models.methods.base import Method
from mmcontrast.models.protocols.views import encode_views
from mmcontrast.registry import MODELS
from mmcontrast.structures import DataSamples, Features, Inputs
from mmcontrast.utils.errors import UserError


@MODELS.register_module()
class FrozenBackbone(Method):
    """Features of any checkpoint's backbone; there is nothing to train.

    Args:
        backbone: The network; None judges the input itself.
        view: View of the batch that is judged, ``'view0'`` of images, ``'video'`` or ``'audio'`` of
            clips; of several clips a sample (``video0``, ``video1``, ...) ``clips`` has the feature
            of each, and ``global`` their mean.
        pool: From maps to the feature, such as :class:`~mmcontrast.models.necks.MaxPool`; None for
            the mean over all places.
        **kwargs: Those of :class:`~mmcontrast.models.methods.base.Method`; ``pretrained`` is
            required.
    """

    trains = False
    requires_pretrained = True

    def __init__(
        self,
        backbone: nn.Module | dict | None,
        view: str = "view0",
        pool: nn.Module | dict | None = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        # Parameters keep requires_grad: DistributedDataParallel refuses a model without any.
        self.backbone = None if backbone is None else MODELS.build(backbone)
        self.view = view
        self.pool = None if pool is None else MODELS.build(pool)

    def encode(self, inputs: Inputs) -> Features:
        """Compute features, see :func:`~mmcontrast.models.protocols.views.encode_views`."""
        return encode_views(self.backbone, self.pool, inputs, self.view)

    def loss(self, inputs: Inputs, data_samples: DataSamples) -> dict[str, Tensor]:
        """There is none.

        Raises:
            UserError: Always, with the command to use instead.
        """
        raise UserError("This config evaluates and trains nothing: use tools/test.py.")
