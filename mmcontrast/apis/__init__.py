"""What the command-line tools and demos call; each function can be used from Python as well.

``from mmcontrast.apis import FeatureExtractor, load_backbone`` is all that inference needs, and
``from mmcontrast.apis import propagate, track`` all that masks and boxes in videos need.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .inference.backbone import load_backbone
    from .inference.features import FeatureExtractor
    from .inference.propagation import propagate, track

__all__ = ["FeatureExtractor", "load_backbone", "propagate", "track"]

# Imported at the first use: the command-line tools import this package before torch.
_MODULES = {
    "FeatureExtractor": ".inference.features",
    "load_backbone": ".inference.backbone",
    "propagate": ".inference.propagation",
    "track": ".inference.propagation",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_MODULES[name], __name__), name)
