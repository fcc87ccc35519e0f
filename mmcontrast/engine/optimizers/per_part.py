"""Several optimizers, each of some parts of a method."""

import copy
from typing import Any

from mmengine.model import is_model_wrapper
from mmengine.optim import OptimWrapperDict, build_optim_wrapper
from torch import nn

from mmcontrast.registry import OPTIM_WRAPPER_CONSTRUCTORS


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class OptimWrapperPerPart:
    """Build an ``OptimWrapperDict`` from one optimizer wrapper's config a name.

    ``optim_wrapper=dict(constructor='OptimWrapperPerPart', critic=dict(type='OptimWrapper',
    optimizer=..., parts=['critic', 'embedding']), generator=...)``.

    Args:
        optim_wrapper_cfg: The configs by name; ``parts`` are the method's attributes that the
            optimizer trains.
        paramwise_cfg: Not used: each config may have its own.

    Raises:
        ValueError: A config names no parts, two the same, or a parameter belongs to none.
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
        taken: dict[int, str] = {}
        for name, config in self.configs.items():
            config = copy.deepcopy(dict(config))
            parts = config.pop("parts", ())
            own = nn.ModuleDict(
                {part: getattr(method, part) for part in parts if hasattr(method, part)}
            )
            if not len(own):
                raise ValueError(f"optim_wrapper.{name}: none of the parts {list(parts)} is there.")
            for parameter in own.parameters():
                if id(parameter) in taken:
                    raise ValueError(
                        f"optim_wrapper: {name} and {taken[id(parameter)]} train the same part."
                    )
                taken[id(parameter)] = name
            wrappers[name] = build_optim_wrapper(own, config)
        left = [n for n, p in method.named_parameters() if p.requires_grad and id(p) not in taken]
        if left:
            raise ValueError(f"optim_wrapper: no optimizer trains {', '.join(left[:5])}.")
        return OptimWrapperDict(**wrappers)
