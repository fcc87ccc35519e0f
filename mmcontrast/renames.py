"""Names that have changed, and what makes configs, checkpoints and imports with old ones work.

Everything that changes stands in the tables below, once. :func:`modernize` converts configs, also
those that are stored in checkpoints; the registries look old types up; importing ``mmcontrast``
makes old import paths lead to the new modules. Each use of an old name is a warning that names the
new one. How long a name is kept stands in CONTRIBUTING.md; docs/renames.md lists them for readers.
"""

import importlib
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from mmcontrast.utils.after_import import after_import

Settings = dict[str, Any]

_APIS = {
    "training": ("config", "inspect", "launch", "sweep", "sweep_result", "test", "train"),
    "inference": (
        "backbone", "extract", "feature_table", "features", "method", "propagation", "visualize",
    ),
    "data": ("browse", "probe", "subset"),
}  # fmt: skip
_PROTOCOLS = ("fine_tuning", "frozen_backbone", "label_propagation", "linear_probe", "siamfc")

MODULES: dict[str, str] = {
    **{f"mmcontrast.apis.{m}": f"mmcontrast.apis.{p}.{m}" for p, ms in _APIS.items() for m in ms},
    **{f"mmcontrast.models.methods.{m}": f"mmcontrast.models.protocols.{m}" for m in _PROTOCOLS},
    "mmcontrast.apis.distributed": "mmcontrast.apis.training.processes",
    "mmcontrast.apis.onnx": "mmcontrast.apis.export.onnx",
    "mmcontrast.apis.report": "mmcontrast.apis.reports.page",
    "mmcontrast.apis.resnet_form": "mmcontrast.weights.resnet_form",
    "mmcontrast.apis.runs": "mmcontrast.apis.reports.runs",
    "mmcontrast.datasets.frame_samplers": "mmcontrast.datasets.sampling.frames",
    "mmcontrast.datasets.mini": "mmcontrast.mini",
    "mmcontrast.datasets.samplers": "mmcontrast.datasets.sampling.samplers",
    "mmcontrast.datasets.seeding": "mmcontrast.datasets.sampling.seeding",
    "mmcontrast.datasets.vos": "mmcontrast.datasets.annotated_videos",
    "mmcontrast.models.modules.key_queue": "mmcontrast.models.modules.momentum_contrast",
    "mmcontrast.models.modules.momentum_encoder": "mmcontrast.models.modules.momentum_contrast",
    "mmcontrast.ops.label_propagation": "mmcontrast.models.modules.label_propagator",
    "mmcontrast.ops.softmax_regression": "mmcontrast.models.modules.softmax_regression",
    "mmcontrast.utils.checkpoint": "mmcontrast.weights.files",
    "mmcontrast.utils.config_origins": "mmcontrast.apis.training.config_origins",
    "mmcontrast.utils.coverage": "mmcontrast.weights.coverage",
    "mmcontrast.utils.external_configs": "mmcontrast.utils.config_files",
    "mmcontrast.utils.distributed": "mmcontrast.ops.distributed",
    "mmcontrast.utils.dumped_config": "mmcontrast.weights.stored_config",
    "mmcontrast.utils.weights": "mmcontrast.weights",
    "mmcontrast.visualization.neighbours": "mmcontrast.visualization.neighbors",
    "mmcontrast.visualization.pictures": "mmcontrast.visualization.images",
}
"""Import paths, old to new; those of a package hold for the modules in it."""

NAMES: dict[str, str] = {
    **{
        f"mmcontrast.models.methods.{name}": f"mmcontrast.models.protocols.{name}"
        for name in ("FineTuning", "FrozenBackbone", "LabelPropagation", "LinearProbe", "SiamFC")
    },
    **{
        f"mmcontrast.ops.distributed.{name}": f"mmcontrast.models.modules.{name}"
        for name in ("gather", "shuffle_batch", "unshuffle")
    },
    "mmcontrast.datasets.ImageDataset": "mmcontrast.datasets.FileDataset",
    "mmcontrast.datasets.base.ImageDataset": "mmcontrast.datasets.base.FileDataset",
    "mmcontrast.evaluation.PCK": "mmcontrast.evaluation.JHMDBPCK",
    "mmcontrast.evaluation.pose.PCK": "mmcontrast.evaluation.pose.JHMDBPCK",
    "mmcontrast.models.modules.norm.SplitBN": "mmcontrast.models.modules.SplitBN",
}
"""Classes and functions with their modules, old to new."""

TYPES: dict[str, str] = {"PCK": "JHMDBPCK", "FinalValidationHook": "ResumedValidationHook"}
"""Registered names (``type=`` in configs), old to new. A registered name wins over an old one."""

OPTIONS: dict[tuple[str, str], str] = {}
"""(Registered name as it is now, old option) to the new option."""

REMOVED: dict[tuple[str, str], str] = {
    (name, "counts_from"): "files of boxes count pixels from 1; leave it out."
    for name in ("TrackingVideos", "TrackingPairs")
}
"""(Registered name as it is now, option that is gone) to what to do instead, a sentence."""


class RemovedOptionError(ValueError):
    """A config sets an option that no longer exists."""


def _name_protocol(settings: Settings) -> Settings:
    """``LabelPropagation(propagator=dict(preset=...))``, and options that are the protocol's."""
    rule = settings.get("propagator") or {}
    protocol = rule.get("preset", settings.get("protocol"))
    defaults = {
        "soft_first_mask": protocol == "crw",
        "stretched": protocol != "crw",
        "decide_at_input": protocol in ("uvc", "contrastcorr"),
    }
    for option in defaults:
        if settings.get(option) not in (None, defaults[option]):
            raise RemovedOptionError(
                f"LabelPropagation has no option {option!r} any more: how masks are decided is "
                "the protocol's. Add a protocol of your own to PROPAGATION_PROTOCOLS of "
                "mmcontrast.models.protocols.propagation_protocols."
            )
    if "preset" not in rule and not defaults.keys() & settings.keys():
        return settings
    kept = {k: v for k, v in settings.items() if k != "propagator" and k not in defaults}
    rule = {name: value for name, value in rule.items() if name != "preset"}
    return {**kept, "protocol": protocol, **(dict(propagator=rule) if rule else {})}


CONVERTERS: dict[str, Callable[[Settings], Settings]] = {"LabelPropagation": _name_protocol}
"""Registered name to a function for settings that more than a rename brings up to date.

It returns the new settings, or the very dict that it was given if they are new already.
"""

METRICS: dict[str, str] = {"pck/": "jhmdb/"}
"""Beginnings of the names of logged metrics, old to new, for ``save_best`` of checkpoint hooks."""

COMMANDS: dict[str, str] = {"neighbours": "neighbors"}
"""Sub-commands, old to new."""

ARGUMENTS: dict[str, str] = {"--cells": "--points", "--preset": "--protocol"}
"""Options of commands, old to new."""


def modernize(config: Any, scope: str = "mmcontrast") -> Any:
    """Bring the old names in a config up to date.

    Args:
        config: A config, or a part of one: dicts, lists and plain values. It is not changed.
        scope: What a ``type`` without a scope belongs to, unless ``config`` has a
            ``default_scope``. Types of other projects are left alone.

    Returns:
        The same, with the names of today; where there is nothing to change, equal to ``config``.

    Raises:
        RemovedOptionError: An option was removed. The message says what to do instead.
    """
    if isinstance(config, Mapping):
        scope = config.get("default_scope", scope)
        part = {name: modernize(value, scope) for name, value in config.items()}
        return modernize_part(part, scope)
    if isinstance(config, list | tuple) and not hasattr(config, "_fields"):
        return type(config)(modernize(item, scope) for item in config)
    return config


def modernize_part(settings: Settings, scope: str = "mmcontrast") -> Settings:
    """Bring the settings of one registered part up to date, not those of the parts in it.

    Args:
        settings: With a ``type``; all others are returned as they are, but for ``save_best``.
        scope: What a ``type`` without a scope belongs to.

    Raises:
        RemovedOptionError: An option was removed.
    """
    if "save_best" in settings:
        settings = {**settings, "save_best": _modern_metrics(settings["save_best"])}
    kind = settings.get("type")
    if not isinstance(kind, str):
        return settings
    prefix, _, name = kind.rpartition(".")
    if (prefix or scope) != "mmcontrast":
        return settings
    if name in TYPES:
        new = TYPES[name]
        _warn(f"type={kind!r}", f"type={new!r}")
        settings = {**settings, "type": f"{prefix}.{new}" if prefix else new}
        name = new
    settings = _modern_options(name, settings)
    if name in CONVERTERS:
        converted = CONVERTERS[name](settings)
        if converted is not settings:
            _warn(f"{name}({_arguments(settings)})", f"{name}({_arguments(converted)})")
        settings = converted
    return settings


def _modern_options(name: str, settings: Settings) -> Settings:
    """Rename the old options of a part, and refuse those that were removed."""
    for option in settings:
        if (name, option) in REMOVED:
            raise RemovedOptionError(
                f"{name} has no option {option!r} any more: {REMOVED[name, option]}"
            )
    for option in [option for option in settings if (name, option) in OPTIONS]:
        new = OPTIONS[name, option]
        _warn(f"{name}({option}=...)", f"{new}=...")
        settings = {new if key == option else key: value for key, value in settings.items()}
    return settings


def modernize_arguments(arguments: Sequence[str]) -> list[str]:
    """Bring the old options in a command line up to date.

    Args:
        arguments: What stands behind the command; ``--old value`` and ``--old=value`` alike.
    """
    modern = []
    for argument in arguments:
        name, equals, value = argument.partition("=")
        new = ARGUMENTS.get(name, name)
        if new != name:
            _warn(name, new)
        modern.append(new + equals + value)
    return modern


def _arguments(settings: Settings) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in settings.items() if name != "type")


def _modern_metrics(names: str | Sequence[str] | None) -> Any:
    if isinstance(names, list | tuple):
        return [_modern_metrics(name) for name in names]
    for old, new in METRICS.items():
        if isinstance(names, str) and names.startswith(old):
            _warn(f"the metric {names}", new + names.removeprefix(old))
            return new + names.removeprefix(old)
    return names


def _warn(old: str, new: str) -> None:
    # FutureWarning is what Python shows to users of programs, not to their developers only.
    warnings.warn(f"{old} is an old name; write {new}.", FutureWarning, stacklevel=3)


def new_path(module: str) -> str | None:
    """Return where a module of an old import path is now; None if the path is not an old one."""
    package = module
    while package:
        if package in MODULES:
            return MODULES[package] + module.removeprefix(package)
        package = package.rpartition(".")[0]
    return None


class _OldPathFinder(MetaPathFinder):
    """Finds modules by their old import paths.

    It comes before Python's own finders: they would load a module of a renamed package a second
    time, from the new package's folder under the old name.
    """

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        new = new_path(fullname) if fullname.startswith("mmcontrast.") else None
        return None if new is None else ModuleSpec(fullname, _OldPathLoader(new))


class _OldPathLoader(Loader):
    """Puts the module of the new path in place of one of the old path."""

    def __init__(self, path: str):
        self.path = path

    def exec_module(self, module: ModuleType) -> None:
        warnings.warn(
            f"{module.__name__} is an old path; import {self.path}.", FutureWarning, stacklevel=2
        )
        sys.modules[module.__name__] = importlib.import_module(self.path)


def redirect_old_imports() -> None:
    """Let old import paths and old names of classes lead to those of today, with a warning."""
    if any(isinstance(finder, _OldPathFinder) for finder in sys.meta_path):
        return
    sys.meta_path.insert(0, _OldPathFinder())
    for module in {name.rpartition(".")[0] for name in NAMES}:
        after_import(module, _add_old_names)


def _add_old_names(module: ModuleType) -> None:
    """Let a module have the old names of :data:`NAMES` beside its own."""
    original = getattr(module, "__getattr__", None)

    def __getattr__(name: str) -> Any:
        new = NAMES.get(f"{module.__name__}.{name}")
        if new is not None:
            _warn(f"{module.__name__}.{name}", new)
            path, _, attribute = new.rpartition(".")
            return getattr(importlib.import_module(path), attribute)
        if original is not None:
            return original(name)
        raise AttributeError(f"module {module.__name__!r} has no attribute {name!r}")

    module.__getattr__ = __getattr__  # type: ignore[method-assign]
