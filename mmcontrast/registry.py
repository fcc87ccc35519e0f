"""Registries of mmcontrast: children of MMEngine's, in the scope ``mmcontrast``.

A class becomes available to configs by registering itself::

    from mmcontrast.registry import MODELS

    @MODELS.register_module()
    class MyBackbone(nn.Module): ...

Nothing is imported before the first look-up. It then imports every module of the packages that a
registry names as its ``locations``; a module that fails to import (an optional package is missing,
say) does not break the others, and is named when a look-up finds nothing.
"""

import difflib
import importlib.util
import pkgutil
from typing import Any, ClassVar

from mmengine import registry as mmengine_registry
from mmengine.utils import get_object_from_string

from mmcontrast.renames import TYPES, modernize_part
from mmcontrast.utils.arguments import check_types

SCOPE = "mmcontrast"
# Packages whose parts configs may name, as 'mmdet.ResNet', and the extra that brings them.
_EXTRAS = {"mmdet": "downstream", "mmseg": "segmentation"}
# Libraries whose networks stored configs may name by their paths.
_LIBRARIES = ("torch", "mmengine", "mmcv", *_EXTRAS)


class UnknownTypeError(KeyError):
    """A config names a ``type`` that no registry holds."""

    def __str__(self) -> str:
        # KeyError shows the repr of its argument, which would hide line breaks.
        return str(self.args[0])


class Registry(mmengine_registry.Registry):
    """An MMEngine registry whose unknown names are answered with a remedy.

    Args:
        name: Name shown in messages.
        parent: The MMEngine registry that this one extends.
        locations: Packages whose direct sub-modules are imported on the first look-up.
    """

    _imported: bool
    _all: ClassVar[list["Registry"]] = []

    def __init__(
        self, name: str, parent: mmengine_registry.Registry, locations: tuple[str, ...] = ()
    ):
        super().__init__(name, parent=parent, scope=SCOPE, locations=list(locations))
        self._all.append(self)
        self._failed_imports: dict[str, ImportError] = {}

    def import_from_location(self) -> None:
        """Import all modules of ``locations`` once; remember those that fail."""
        if self._imported:
            return
        # Set first: a module may look something up while it is being imported.
        self._imported = True
        for location in self._locations:
            package = importlib.import_module(location)
            for module in pkgutil.iter_modules(package.__path__, prefix=f"{location}."):
                try:
                    importlib.import_module(module.name)
                except ImportError as error:
                    self._failed_imports[module.name] = error

    def get(self, key: str) -> Any:
        """Return the class or function registered as ``key``, here or in a parent.

        An old name of :mod:`mmcontrast.renames` stands for the new one.

        Raises:
            UnknownTypeError: Nothing of that name is registered. The message holds the closest
                names and the modules of this registry that could not be imported.
        """
        try:
            registered = super().get(key)
        except RuntimeError:  # of MMEngine, for a name that begins with another scope
            registered = None
        if registered is None and key.removeprefix(f"{SCOPE}.") in TYPES:
            return self.get(modernize_part(dict(type=key))["type"])
        if registered is None:
            raise UnknownTypeError(self._explain_unknown(key))
        return registered

    def build(self, cfg: Any, *args: Any, **kwargs: Any) -> Any:
        """Build a part from its config; a part that is built already is returned as it is.

        Constructors call this for whatever may be given as a config or as an object. Old names in
        the config are brought up to date.

        Args:
            cfg: A config with a ``type``, or a module, a transform or another callable object.
            *args: Passed on to MMEngine: ``default_args``, for what the config leaves out.
            **kwargs: The same.

        Raises:
            TypeError: It is neither: a class that was not called, for example. Or a value in it is
                of another type than the constructor's annotation says.
            UnknownTypeError: Nothing is registered under its ``type``.
            RemovedOptionError: It sets an option that no longer exists.
        """
        if callable(cfg) and not isinstance(cfg, dict | type):
            return cfg
        if isinstance(cfg, dict):
            cfg = modernize_part(cfg)
            self._check_types(cfg)
        return super().build(cfg, *args, **kwargs)

    def _check_types(self, cfg: dict) -> None:
        owner = cfg.get("type")
        if isinstance(owner, str):
            owner = self.get(owner)
        # Annotations of other projects often say less than they accept.
        if callable(owner) and str(owner.__module__).startswith(f"{__package__}."):
            check_types(owner, cfg)

    def __contains__(self, key: str) -> bool:
        try:
            return self.get(key) is not None
        except UnknownTypeError:
            return False

    def names(self) -> list[str]:
        """Sorted names that :meth:`get` finds here or in a parent."""
        self.import_from_location()
        names = set(self.module_dict)
        parent = self.parent
        while parent is not None:
            names |= set(parent.module_dict)
            parent = parent.parent
        return sorted(names)

    def _explain_unknown(self, key: str) -> str:
        name = key.rsplit(".", 1)[-1]
        lines = [f"{key!r} is not a registered {self.name}."]
        scope = key.rpartition(".")[0]
        if scope in _EXTRAS:
            if importlib.util.find_spec(scope) is None:
                install = f"pip install 'mmcontrast[{_EXTRAS[scope]}]'"
                lines.append(f"{scope} is not installed: {install}")
            return "\n".join(lines)
        names = {candidate.lower(): candidate for candidate in self.names()}
        close = difflib.get_close_matches(name.lower(), list(names), n=3, cutoff=0.6)
        if close:
            lines.append("Did you mean " + " or ".join(repr(names[match]) for match in close) + "?")
        else:
            own = ", ".join(sorted(self.module_dict)) or "none"
            lines.append(f"Registered in {self.scope}: {own}.")
        lines += [
            f"Not available, since its import failed: {module} ({error})"
            for module, error in self._failed_imports.items()
        ]
        return "\n".join(lines)


def is_registered(name: str) -> bool:
    """Return whether building a ``type`` runs nothing but what a registry or PyTorch holds.

    MMEngine imports and calls whatever else a ``type`` names by its path, such as ``'os.system'``.

    Args:
        name: A registered name, with or without a scope; or the path of a network class in torch or
            OpenMMLab's libraries, as configs in pure Python style hold it.
    """
    scope, _, key = name.rpartition(".")
    if name.removeprefix(f"{SCOPE}.") in TYPES:
        return True
    if scope in _EXTRAS:
        if importlib.util.find_spec(scope) is None:
            return True  # what builds it says how to install it
        importlib.import_module(f"{scope}.registry")
    for registry in all_registries():
        root = registry.root
        is_ours = scope in ("", SCOPE, root.scope)
        for each in (registry, root) if is_ours else (root.children.get(scope),):
            if each is not None:  # an empty one is false
                each.import_from_location()
                if key in each.module_dict:
                    return True
    return name.partition(".")[0] in _LIBRARIES and _is_network(name)


def _is_network(path: str) -> bool:
    from torch import nn

    found = get_object_from_string(path)
    return isinstance(found, type) and issubclass(found, nn.Module)


def all_registries() -> list[Registry]:
    """Return all registries, those of parts that are MMEngine's alone included."""
    return list(Registry._all)


MODELS = Registry(
    "model",
    parent=mmengine_registry.MODELS,
    locations=(
        "mmcontrast.models",
        "mmcontrast.models.methods",
        "mmcontrast.models.protocols",
        "mmcontrast.models.backbones",
        "mmcontrast.models.necks",
        "mmcontrast.models.heads",
        "mmcontrast.models.losses",
        "mmcontrast.models.modules",
    ),
)
DATASETS = Registry(
    "dataset", parent=mmengine_registry.DATASETS, locations=("mmcontrast.datasets",)
)
DATA_SAMPLERS = Registry(
    "data sampler", parent=mmengine_registry.DATA_SAMPLERS, locations=("mmcontrast.datasets",)
)
TRANSFORMS = Registry(
    "transform",
    parent=mmengine_registry.TRANSFORMS,
    locations=("mmcontrast.datasets.transforms",),
)
FUNCTIONS = Registry(
    "function", parent=mmengine_registry.FUNCTIONS, locations=("mmcontrast.datasets",)
)
METRICS = Registry("metric", parent=mmengine_registry.METRICS, locations=("mmcontrast.evaluation",))
HOOKS = Registry("hook", parent=mmengine_registry.HOOKS, locations=("mmcontrast.engine.hooks",))
OPTIMIZERS = Registry(
    "optimizer", parent=mmengine_registry.OPTIMIZERS, locations=("mmcontrast.engine.optimizers",)
)
OPTIM_WRAPPERS = Registry(
    "optimizer wrapper",
    parent=mmengine_registry.OPTIM_WRAPPERS,
    locations=("mmcontrast.engine.optimizers",),
)
OPTIM_WRAPPER_CONSTRUCTORS = Registry(
    "optimizer wrapper constructor",
    parent=mmengine_registry.OPTIM_WRAPPER_CONSTRUCTORS,
    locations=("mmcontrast.engine.optimizers",),
)
PARAM_SCHEDULERS = Registry(
    "parameter scheduler",
    parent=mmengine_registry.PARAM_SCHEDULERS,
    locations=("mmcontrast.engine",),
)
WEIGHT_INITIALIZERS = Registry(
    "weight initializer",
    parent=mmengine_registry.WEIGHT_INITIALIZERS,
    locations=("mmcontrast.models.modules",),
)

# Nothing of ours is in these yet, but MMEngine warns when it builds from a registry of its own that
# has no node in the default scope.
for _root in (
    mmengine_registry.EVALUATOR,
    mmengine_registry.LOG_PROCESSORS,
    mmengine_registry.LOOPS,
    mmengine_registry.MODEL_WRAPPERS,
    mmengine_registry.VISBACKENDS,
    mmengine_registry.VISUALIZERS,
):
    Registry(_root.name, parent=_root)
