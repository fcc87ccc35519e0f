"""Extending a module of MMEngine without importing it: now if it is imported, else when it is."""

import sys
from collections.abc import Callable, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import ModuleType

Extension = Callable[[ModuleType], None]
_pending: dict[str, list[Extension]] = {}


def after_import(name: str, extend: Extension) -> None:
    """Extend a module as soon as it is imported, at once if it is.

    Args:
        name: Full name of a module that is a Python file.
        extend: Function that is called with the module, once.
    """
    module = sys.modules.get(name)
    if module is not None:
        extend(module)
        return
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())
    _pending.setdefault(name, []).append(extend)


class _Finder(MetaPathFinder):
    """Finds the modules that are to be extended, and nothing else."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        spec = PathFinder.find_spec(fullname, path) if fullname in _pending else None
        if spec is not None and spec.origin is not None:
            spec.loader = _Loader(fullname, spec.origin)
        return spec


class _Loader(SourceFileLoader):
    """Loads a module from its file and extends it."""

    def exec_module(self, module: ModuleType) -> None:
        super().exec_module(module)
        for extend in _pending.pop(module.__name__, ()):
            extend(module)
