"""Compare the values in a config with what they are for, before anything is built."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from mmengine.config import Config

from mmcontrast import registry
from mmcontrast.utils.arguments import check_number, check_types
from mmcontrast.utils.errors import UserError

# Classes with annotations that can be relied on; those of mmdet and mmseg often say less than they
# accept.
_PACKAGES = ("mmcontrast", "mmengine", "torch")
_DICTIONARIES = (
    "model", "train_cfg", "val_cfg", "test_cfg", "default_hooks", "randomness", "env_cfg",
    "auto_scale_lr", "visualizer", "log_processor",
)  # fmt: skip
_PLAIN = (list, tuple, str, int, float)
# What MMEngine and torch accept without a word, or refuse in the middle of a run, and its smallest
# value.
_LOWEST = {
    "max_epochs": 1, "max_iters": 1, "val_interval": 1, "val_begin": 0, "T_max": 1, "step_size": 1,
    "accumulative_counts": 1, "batch_size": 1, "num_workers": 0, "lr": 0, "window_size": 1,
    "std": 0,
}  # fmt: skip


def check_values(cfg: Config) -> None:
    """Refuse values of a wrong type, and lengths and intervals that make no sense.

    Args:
        cfg: Config of a training or an evaluation.

    Raises:
        UserError: A value does not fit. The message names the file, the key, type and value.
    """
    _check_structure(cfg)
    for path, settings in _parts(cfg.to_dict(), ()):
        _check_type(cfg, path, settings)
        owner = _owner(path, settings, cfg.get("default_scope") or registry.SCOPE)
        try:
            if owner is not None:
                check_types(owner, settings)
            _check_numbers(owner, settings)
        except (TypeError, ValueError) as error:
            raise UserError(f"{cfg.filename}, {'.'.join(path)}: {error}") from error


def _check_structure(cfg: Config) -> None:
    """Refuse what is no dictionary where one is read."""
    places = {key: cfg.get(key) for key in _DICTIONARIES}
    for name in ("train_dataloader", "val_dataloader", "test_dataloader"):
        loader = cfg.get(name)
        places[name] = loader
        if isinstance(loader, dict):
            functions = {key: loader.get(key) for key in ("collate_fn", "worker_init_fn")}
            places |= {f"{name}.{k}": f for k, f in functions.items() if not callable(f)}
            places[f"{name}.dataset"] = loader.get("dataset", "none")
    places |= _optimizers(cfg) | _metrics(cfg)
    for place, value in places.items():
        if value is not None and not isinstance(value, dict):
            raise UserError(f"{cfg.filename}, {place}: it must be a dict, got {value!r}.")


def _optimizers(cfg: Config) -> dict[str, Any]:
    """Return the optimizers that are plain values, by their places."""
    wrapper = cfg.get("optim_wrapper")
    if not isinstance(wrapper, dict):
        return {}
    wrappers = {"optim_wrapper": wrapper, **wrapper}  # one, or one for each part of the model
    optimizers = {
        f"{place}.optimizer": each.get("optimizer")
        for place, each in wrappers.items()
        if isinstance(each, dict)
    }
    return {place: value for place, value in optimizers.items() if isinstance(value, _PLAIN)}


def _metrics(cfg: Config) -> dict[str, Any]:
    """Return the metrics in lists that are plain values, by their places."""
    lists = {name: cfg.get(name) for name in ("val_evaluator", "test_evaluator")}
    return {
        f"{name}.{i}": metric
        for name, metrics in lists.items()
        if isinstance(metrics, list | tuple)
        for i, metric in enumerate(metrics)
        if isinstance(metric, _PLAIN)
    }


def _check_type(cfg: Config, path: tuple[str, ...], settings: Mapping[str, Any]) -> None:
    kind = settings.get("type")
    is_hook = path[:1] == ("default_hooks",) and len(path) == 2
    if (kind is None and is_hook) or not (kind is None or isinstance(kind, str) or callable(kind)):
        raise UserError(
            f"{cfg.filename}, {'.'.join(path)}: type must be the name of a class, got {kind!r}."
        )


def _parts(settings: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], dict]]:
    """Yield all dictionaries in a config, with the path of each."""
    if isinstance(settings, Mapping):
        if path:
            yield path, dict(settings)
        for name, value in settings.items():
            yield from _parts(value, (*path, str(name)))
    elif isinstance(settings, list | tuple):
        for number, value in enumerate(settings):
            yield from _parts(value, (*path, str(number)))


def _owner(path: tuple[str, ...], settings: dict, scope: str) -> Callable | None:
    """Return the class or function that a dictionary in a config is for; None if it is unclear."""
    if len(path) == 1 and path[0].endswith("_dataloader"):
        from torch.utils.data import DataLoader

        return DataLoader
    kind = settings.get("type")
    if path == ("train_cfg",) and kind is None:
        kind = "EpochBasedTrainLoop" if settings.get("by_epoch") else "IterBasedTrainLoop"
    owner = _registered(kind, scope) if isinstance(kind, str) else kind
    return owner if callable(owner) and _is_reliable(owner) else None


def _registered(kind: str, scope: str) -> Callable | None:
    """Return what a name stands for; None for names of mmdet and mmseg, and for unclear ones."""
    if scope != registry.SCOPE and not kind.startswith(f"{registry.SCOPE}."):
        return None
    owners = {owner for owner in map(_finder(kind), registry.all_registries()) if owner is not None}
    # A name that two registries have is left to the one that builds it.
    return owners.pop() if len(owners) == 1 else None


def _finder(kind: str) -> Callable[[registry.Registry], Callable | None]:
    def find(parts: registry.Registry) -> Callable | None:
        try:
            return parts.get(kind)
        except (KeyError, ImportError):
            return None  # building it says more

    return find


def _is_reliable(owner: Callable) -> bool:
    return str(getattr(owner, "__module__", "")).partition(".")[0] in _PACKAGES


def _check_numbers(owner: Callable | None, settings: Mapping[str, Any]) -> None:
    name = f"{owner.__name__}: " if owner is not None else ""
    for key, lowest in _LOWEST.items():
        value = settings.get(key)
        if isinstance(value, int | float) and not isinstance(value, bool):
            check_number(name + key, value, lowest)
    interval = settings.get("interval")
    if isinstance(interval, bool) or not isinstance(interval, int):
        return
    if interval < 1 and interval != -1:
        raise ValueError(f"{name}interval must be at least 1, or -1 for never, got {interval}.")
