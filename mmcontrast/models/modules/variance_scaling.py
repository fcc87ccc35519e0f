"""TensorFlow's initialization of convolutions, which SimCLR's authors use."""

import math

from mmengine.model import update_init_info
from torch import nn

from mmcontrast.registry import WEIGHT_INITIALIZERS

# Standard deviation of a standard normal that is cut at -2 and 2.
_CUT_STD = 0.87962566103423978


@WEIGHT_INITIALIZERS.register_module()
class VarianceScaling:
    """``init_cfg=dict(type='mmcontrast.VarianceScaling', layer='Conv2d')``: variance 1 / fan_in.

    The weights are those of TensorFlow's ``variance_scaling_initializer`` with its defaults: a
    normal distribution that is cut at two standard deviations, scaled so that the variance after
    the cut is 1 / fan_in. Biases are 0.

    Args:
        layer: Name of the classes of layers to initialize, or of their base classes.
    """

    wholemodule = False  # MMEngine sets it

    def __init__(self, layer: str | list[str]):
        self.layer = {layer} if isinstance(layer, str) else set(layer)

    def __call__(self, module: nn.Module) -> None:
        """Initialize the layers in ``module``, in place."""
        for part in module.modules():
            if self.layer & {base.__name__ for base in type(part).__mro__}:
                _initialize(part)
        if hasattr(module, "_params_init_info"):
            update_init_info(module, init_info=f"VarianceScaling of {sorted(self.layer)}")


def _initialize(layer: nn.Module) -> None:
    weight, bias = layer.get_parameter("weight"), getattr(layer, "bias", None)
    fan_in = weight[0].numel()
    std = math.sqrt(1 / fan_in) / _CUT_STD
    nn.init.trunc_normal_(weight, std=std, a=-2 * std, b=2 * std)
    if bias is not None:
        nn.init.zeros_(bias)
