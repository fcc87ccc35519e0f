"""Several optimizers, each for some parts of a method."""

import copy
from collections.abc import Sequence
from typing import Any

from mmengine.model import is_model_wrapper
from mmengine.optim import OptimWrapperDict, build_optim_wrapper
from torch import nn

from mmcontrast.registry import OPTIM_WRAPPER_CONSTRUCTORS


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class OptimWrapperPerPart:
    """Build an ``OptimWrapperDict`` from the configs of several optimizer wrappers, by name.

    ``optim_wrapper=dict(constructor='OptimWrapperPerPart', critic=dict(type='OptimWrapper',
    optimizer=..., parts=['critic', 'embedding']), generator=...)``.

    Args:
        optim_wrapper_cfg: The configs by name; ``parts`` are the method's attributes that the
            optimizer trains.
        paramwise_cfg: Not used; each config may have its own. MMEngine passes it.

    Raises:
        ValueError: A config names no parts, two configs name the same one, or a parameter belongs
            to none.
    """

    def __init__(self, optim_wrapper_cfg: dict[str, Any], paramwise_cfg: dict | None = None):
        self.configs = {
            name: config for name, config in optim_wrapper_cfg.items() if isinstance(config, dict)
        }

    def __call__(self, model: nn.Module) -> OptimWrapperDict:
        """Build the wrappers."""
        # In several processes each part is wrapped by itself.
        method: Any = model.module if is_model_wrapper(model) else model
        wrappers: dict[str, Any] = {}
        owners: dict[nn.Parameter, str] = {}
        for name, config in self.configs.items():
            config = copy.deepcopy(dict(config))
            trained = _parts(method, name, config.pop("parts", ()))
            _own(trained, name, owners)
            wrappers[name] = build_optim_wrapper(trained, config)
        left = [n for n, p in method.named_parameters() if p.requires_grad and p not in owners]
        if left:
            raise ValueError(f"optim_wrapper: no optimizer trains {', '.join(left[:5])}.")
        return OptimWrapperDict(**wrappers)


def _parts(method: nn.Module, name: str, parts: Sequence[str]) -> nn.ModuleDict:
    """Return those of an optimizer's parts that the method has."""
    modules = nn.ModuleDict(
        {part: getattr(method, part) for part in parts if hasattr(method, part)}
    )
    if not len(modules):
        raise ValueError(f"optim_wrapper.{name}: none of the parts {list(parts)} is there.")
    return modules


def _own(trained: nn.Module, name: str, owners: dict[nn.Parameter, str]) -> None:
    """Record which optimizer trains the parameters; no parameter may have two."""
    for parameter in trained.parameters():
        if parameter in owners:
            raise ValueError(f"optim_wrapper: {name} and {owners[parameter]} train the same part.")
        owners[parameter] = name
