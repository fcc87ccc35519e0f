"""Write weights in the forms of other libraries."""

import importlib
import warnings
from typing import Any

# This package was a module; renames.py cannot redirect its path, which is that of weights.py too.
_MOVED = ("TARGETS", "detectron2_name", "export_weights")


def __getattr__(name: str) -> Any:
    if name not in _MOVED:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    new = f"{__name__}.weights"
    warnings.warn(f"{__name__}.{name} is an old path; import {new}.", FutureWarning, stacklevel=2)
    return getattr(importlib.import_module(new), name)
