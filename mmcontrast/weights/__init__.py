"""A checkpoint as one object: safe reading, layouts, coverage, stored config, form of a ResNet."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .checkpoint import Checkpoint as Checkpoint
    from .coverage import Coverage as Coverage
    from .coverage import compare as compare
    from .coverage import load_weights as load_weights
    from .files import CheckpointError as CheckpointError
    from .files import find_checkpoint as find_checkpoint
    from .files import load_checkpoint as load_checkpoint
    from .files import trusted_checkpoints as trusted_checkpoints
    from .layouts import BackboneWeights as BackboneWeights
    from .layouts import find_backbone as find_backbone
    from .stored_config import plain_config as plain_config
    from .stored_config import read_stored_config as read_stored_config

# Each module is imported at the first use of its names: reports read stored configs without torch.
_NAMES = {
    "checkpoint": ("Checkpoint",),
    "coverage": ("Coverage", "compare", "load_weights"),
    "files": ("CheckpointError", "find_checkpoint", "load_checkpoint", "trusted_checkpoints"),
    "layouts": ("BackboneWeights", "find_backbone"),
    "stored_config": ("plain_config", "read_stored_config"),
}
_MODULES = {name: module for module, names in _NAMES.items() for name in names}

__all__ = sorted(_MODULES)


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
