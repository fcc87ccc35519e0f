"""An optimizer of the trained parameters only."""

from mmengine.optim import DefaultOptimWrapperConstructor, OptimWrapper
from torch import nn

from mmcontrast.registry import OPTIM_WRAPPER_CONSTRUCTORS


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class TrainableParameters(DefaultOptimWrapperConstructor):
    """Leave parameters that need no gradient out of the optimizer.

    MMEngine's default includes frozen ones too, unless there is a ``paramwise_cfg``.
    """

    def __call__(self, model: nn.Module) -> OptimWrapper:
        """Build the wrapper.

        Raises:
            ValueError: All parameters are frozen.
        """
        wrapper = super().__call__(model)
        groups = wrapper.optimizer.param_groups
        for group in groups:
            group["params"] = [p for p in group["params"] if p.requires_grad]
        groups[:] = [group for group in groups if group["params"]]
        if not groups:
            raise ValueError(f"All parameters of {type(model).__name__} are frozen.")
        return wrapper
