"""Read the config of a run: its backbone, its data and the weights that it starts from.

Configs are plain data here, as :func:`~mmcontrast.weights.read_stored_config` returns them; a key
may be missing or None in any of them.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any


def section(config: Mapping[str, Any], *keys: str) -> Any:
    """Return nested settings, an empty dict where a key is missing or its value is None."""
    for key in keys:
        config = config.get(key) or {}
    return config


def types_in(settings: Any) -> set[str]:
    """Return all ``type`` names in nested settings."""
    return {str(name) for name in _values(settings, "type")}


def describe_model(config: Mapping[str, Any]) -> str:
    """Return the name of a config's model, ``'unknown'`` if it has none."""
    return str(section(config, "model").get("type", "unknown"))


def describe_backbone(config: Mapping[str, Any]) -> str:
    """Return ``'ResNet-18, width 32'`` and the like for a config's backbone."""
    settings = section(config, "model", "backbone")
    name = str(settings.get("model_name", settings.get("type", "")))
    if "depth" in settings:
        name += f"-{settings['depth']}"
    width = settings.get("base_channels", 64)
    return name if width == 64 else f"{name}, width {width}"


def describe_data(config: Mapping[str, Any], loader: str) -> str:
    """Return the folder, or the list file, of a data loader's data set.

    Args:
        config: The config of a run.
        loader: Key of the data loader. Of several data sets the last counts: it is the one that is
            judged.
    """
    dataset = section(config, loader, "dataset")
    files, roots = _paths(dataset, "ann_file"), _paths(dataset, "data_root")
    if roots and files and not Path(files[-1]).is_absolute() and roots[-1] not in files[-1]:
        return f"{roots[-1].rstrip('/')}/{files[-1]}"
    return (files or roots or [""])[-1]


def initial_weights(config: Mapping[str, Any]) -> str | None:
    """Return the path of the checkpoint that a run starts from; None for random weights."""
    if section(config, "default_hooks", "backbone").get("random_weights"):
        return None
    path = (
        config.get("load_from")
        or section(config, "model").get("pretrained")
        or section(config, "model", "backbone", "init_cfg").get("checkpoint")
    )
    return path if isinstance(path, str) and path != "random" else None


def _paths(settings: Any, key: str) -> list[str]:
    return [str(path) for path in _values(settings, key) if path]


def _values(settings: Any, key: str) -> Iterator[Any]:
    """Yield the values of a key at any depth of nested settings."""
    if isinstance(settings, Mapping):
        for name, value in settings.items():
            if name == key:
                yield value
            yield from _values(value, key)
    elif isinstance(settings, list | tuple):
        for value in settings:
            yield from _values(value, key)
