"""Groups of parameters with names, by the parts of a method."""

import copy
from typing import Any

from mmengine.model import is_model_wrapper
from mmengine.optim import OptimWrapper
from torch import nn

from mmcontrast.registry import OPTIM_WRAPPER_CONSTRUCTORS, OPTIM_WRAPPERS, OPTIMIZERS
from mmcontrast.utils.arguments import check_number


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class ParameterGroups:
    """Give the parts of a method learning rates and schedules of their own.

    ``optim_wrapper=dict(constructor='ParameterGroups', optimizer=..., paramwise_cfg=dict(groups=
    dict(encoders=dict(parts=['backbone', 'projector']), predictor=dict(parts=['predictor'],
    lr_mult=10.0))))``. Schedules such as ``WarmupCosineLR`` name groups.

    Args:
        optim_wrapper_cfg: Config of the wrapper, with that of its optimizer.
        paramwise_cfg: ``groups``: by name, the method's attributes as ``parts``, and the factor
            ``lr_mult`` of the optimizer's learning rate, 1 by default. Parts that the method does
            not have are skipped.

    Raises:
        ValueError: No groups are given, a parameter is in none or in two, or a factor is negative.
    """

    def __init__(self, optim_wrapper_cfg: dict[str, Any], paramwise_cfg: dict | None = None):
        groups = dict((paramwise_cfg or {}).get("groups") or {})
        if not groups:
            raise ValueError(
                "ParameterGroups needs optim_wrapper.paramwise_cfg=dict(groups=dict(NAME=dict("
                "parts=[...], lr_mult=1.0), ...))."
            )
        for name, settings in groups.items():
            unknown = set(settings) - {"parts", "lr_mult"}
            if unknown or "parts" not in settings:
                raise ValueError(
                    f"ParameterGroups: group {name} has parts and lr_mult, got {sorted(settings)}."
                )
            check_number(f"ParameterGroups: lr_mult of {name}", settings.get("lr_mult", 1.0), 0)
        self.groups = groups
        self.config = optim_wrapper_cfg

    def __call__(self, model: nn.Module) -> OptimWrapper:
        """Build the wrapper."""
        method: Any = model.module if is_model_wrapper(model) else model
        config = copy.deepcopy(dict(self.config))
        settings = dict(config.pop("optimizer"))
        owners: dict[nn.Parameter, str] = {}
        param_groups = []
        for name, group in self.groups.items():
            parameters = _parameters(method, name, group["parts"], owners)
            if parameters:
                rate = settings["lr"] * group.get("lr_mult", 1.0)
                param_groups.append(dict(params=parameters, name=name, lr=rate))
        left = [n for n, p in method.named_parameters() if p.requires_grad and p not in owners]
        if left:
            raise ValueError(f"ParameterGroups: {', '.join(left[:5])} is in no group.")
        optimizer = OPTIMIZERS.build({**settings, "params": param_groups})
        config.setdefault("type", "OptimWrapper")
        return OPTIM_WRAPPERS.build({**config, "optimizer": optimizer})


def _parameters(
    method: nn.Module, name: str, parts: list[str], owners: dict[nn.Parameter, str]
) -> list[nn.Parameter]:
    """Return the trained parameters of parts, and record their group."""
    parameters = []
    for part in parts:
        module = getattr(method, part, None)
        for parameter in module.parameters() if isinstance(module, nn.Module) else ():
            if not parameter.requires_grad:
                continue
            if parameter in owners:
                raise ValueError(f"ParameterGroups: {part} is in {owners[parameter]} and {name}.")
            owners[parameter] = name
            parameters.append(parameter)
    return parameters
