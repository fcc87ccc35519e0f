"""The companion of :mod:`mmcontrast.models.methods.contrastcorr`: its color auto-encoder.

ContrastCorr keeps it frozen; this trains it.

Li et al., "Joint-task Self-supervised Learning for Temporal Correspondence", NeurIPS 2019 (UVC),
section 3.1.

    L = |dL| + 10 |da| + 10 |db|  between a LAB image and decode(encode(image))

The authors share the weights of theirs and no recipe; the loss, that of ContrastCorr itself, is
our choice.

Shapes: N images, D channels of a code.
"""

from typing import Any

import torch
from torch import Tensor, nn

from mmcontrast.models.methods.base import Method
from mmcontrast.registry import MODELS
from mmcontrast.structures import DataSamples, Features, Inputs


@MODELS.register_module()
class ColorReconstruction(Method):
    """Trains a color auto-encoder; all views of a batch, LAB in -1..1, are reconstructed.

    Args:
        codec: Auto-encoder,
            :class:`~mmcontrast.models.modules.ColorAutoEncoder`.
        loss: Loss, :class:`~mmcontrast.models.losses.LabColorLoss`.
        **kwargs: Those of :class:`~mmcontrast.models.methods.base.Method`.
    """

    def __init__(
        self,
        codec: nn.Module | dict,
        loss: nn.Module | dict,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.codec = MODELS.build(codec)
        self.color_loss = MODELS.build(loss)

    def loss(self, inputs: Inputs, data_samples: DataSamples) -> dict[str, Tensor]:
        """The loss of all views of one batch."""
        losses = [
            self.color_loss(self.codec.decode(self.codec.encode(view)), view).mean()
            for view in inputs.values()
        ]
        return dict(loss=torch.stack(losses).mean())

    def encode(self, inputs: Inputs) -> Features:
        """The codes of ``view0``."""
        codes = self.codec.encode(inputs["view0"])
        return {"global": codes.mean(dim=(2, 3)), "dense": codes, "stages": [codes]}
