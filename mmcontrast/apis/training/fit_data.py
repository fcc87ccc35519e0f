"""Settings of a training that fit the number of samples and the machine."""

import inspect
from collections.abc import Collection, Iterable, Iterator
from copy import deepcopy
from typing import Any, NamedTuple

import torch
from mmengine.config import Config
from mmengine.dist import get_world_size

from mmcontrast.apis.training.config import optim_wrappers_of
from mmcontrast.apis.training.options import current_value, parse_value, split_option
from mmcontrast.engine.lengths import Loop, set_length
from mmcontrast.registry import DATASETS, MODELS
from mmcontrast.utils.device import num_cores
from mmcontrast.utils.errors import UserError, input_errors

STEPS = {"cpu": 200, "cuda": 20_000}
"""Budget of steps by device: minutes on a CPU, an hour or two on a GPU."""
_CPU_BATCH = 16
_STEPS_PER_EPOCH = 4  # at least
_GROUP = 8  # images that a group of SplitBN has at least
_CHECKPOINTS = 10  # of a whole training
# Seconds of one core for an image of 224 x 224 pixels and a training step of two views: measured
# for ResNet-18, estimated for the others.
_CORE_SECONDS = {18: 0.2, 34: 0.35, 50: 0.5, 101: 0.9, 152: 1.3}


class Change(NamedTuple):
    """A new value in a config, and why."""

    value: Any
    reason: str


def fit_config(
    cfg: Config,
    num_samples: int,
    cores: int,
    device: str,
    num_processes: int = 1,
    keep: Collection[str] = (),
) -> dict[str, Change]:
    """Work out what a training on a number of samples wants changed in its config.

    Nothing is made larger than in the config, and a config that fits stays as it is.

    Args:
        cfg: The config, which is not changed.
        num_samples: Length of its training data.
        cores: Number of CPU cores.
        device: ``'cpu'`` or ``'cuda'``.
        num_processes: Number of processes that train together.
        keep: Keys that the user has set, such as ``train_dataloader.batch_size``.

    Returns:
        Changes by dotted key.
    """
    changes: dict[str, Change] = {}

    def change(key: str, value: Any, reason: str) -> Any:
        """Enter a change unless the value is there already or the user's; return what holds."""
        current = current_value(cfg, key)
        if key in keep or value == current:
            return current
        changes[key] = Change(value, reason)
        return value

    loader = cfg.train_dataloader
    batch = change(
        "train_dataloader.batch_size",
        _batch_size(loader.get("batch_size", 1), num_samples, num_processes, device),
        f"at least {_STEPS_PER_EPOCH} steps an epoch"
        + (f", and at most {_CPU_BATCH} images on a CPU" if device == "cpu" else ""),
    )
    step = batch * num_processes
    total = step * cfg.optim_wrapper.get("accumulative_counts", 1)
    base = (cfg.get("auto_scale_lr") or {}).get("base_batch_size")
    if base and base != total and "auto_scale_lr.base_batch_size" not in keep:
        for key, rate in _learning_rates(cfg):
            change(key, rate * total / base, f"{rate:g} for a batch of {base}, by the linear rule")
        change("auto_scale_lr.base_batch_size", total, "the batch that the learning rate is for")
    for key, length in _queues(cfg):
        if length > num_samples:
            size = max(num_samples // 4 // step, 2) * step
            change(key, size, f"{length:,} keys are more than the data; whole batches, a quarter")
    for key, groups in _groups_of_norms(cfg.model):
        fitting = min(groups, max(2, step // _GROUP))
        change(key, fitting, f"groups of {_GROUP} images, and two at least")
    cores_each = max(1, cores // num_processes)
    change(
        "train_dataloader.num_workers",
        min(loader.get("num_workers", 0), cores_each),
        f"one for each of {cores_each} cores",
    )
    _change_length(cfg, max(1, num_samples // step), STEPS[device], change)
    return changes


def _batch_size(batch: int, num_samples: int, num_processes: int, device: str) -> int:
    """Return the batch of a process: the config's, or the largest power of two that fits."""
    limit = max(2, num_samples // num_processes // _STEPS_PER_EPOCH)
    if device == "cpu":
        limit = min(limit, _CPU_BATCH)
    return batch if batch <= limit else 1 << (limit.bit_length() - 1)


def _learning_rates(cfg: Config) -> Iterator[tuple[str, float]]:
    wrappers = optim_wrappers_of(cfg)
    for name, wrapper in cfg.optim_wrapper.items():
        if name == "optimizer" and "lr" in wrapper:
            yield "optim_wrapper.optimizer.lr", wrapper["lr"]
        elif any(wrapper is each for each in wrappers) and "lr" in wrapper["optimizer"]:
            yield f"optim_wrapper.{name}.optimizer.lr", wrapper["optimizer"]["lr"]


def _queues(cfg: Config) -> Iterator[tuple[str, int]]:
    """Yield keys and lengths of queues of negatives, that of a default included."""
    lengths = {
        key: value for key, name, value in _items(cfg.model, "model") if name == "queue_size"
    }
    if "model.queue_size" not in lengths and isinstance(cfg.model.get("type"), str):
        method = MODELS.get(cfg.model.type)
        parameter = inspect.signature(method).parameters.get("queue_size") if method else None
        if parameter is not None:
            lengths["model.queue_size"] = parameter.default
    yield from ((key, length) for key, length in lengths.items() if isinstance(length, int))


def _groups_of_norms(model: dict[str, Any]) -> Iterator[tuple[str, int]]:
    for key, _, value in _items(model, "model"):
        if isinstance(value, dict) and str(value.get("type")).endswith("SplitBN"):
            yield f"{key}.num_groups", value.get("num_groups", 8)


def _items(value: Any, path: str) -> Iterator[tuple[str, str, Any]]:
    """Yield dotted key, name and value of all that is nested in a config."""
    pairs: Iterable[tuple[Any, Any]] = ()
    if isinstance(value, dict):
        pairs = value.items()
    elif isinstance(value, list | tuple):
        pairs = enumerate(value)
    for name, item in pairs:
        key = f"{path}.{name}"
        yield key, str(name), item
        yield from _items(item, key)


def _change_length(cfg: Config, epoch_length: int, budget: int, change: Any) -> None:
    loop = Loop.of(cfg)
    if loop is None:
        return
    steps = max(1, round(budget / epoch_length)) if loop.by_epoch else budget
    reason = f"a budget of {budget:,} steps, {epoch_length:,} an epoch"
    length = change(f"train_cfg.{loop.key}", min(loop.length, steps), reason)
    checkpoint = (cfg.get("default_hooks") or {}).get("checkpoint") or {}
    if loop.by_epoch and checkpoint.get("interval") == 1 and length > _CHECKPOINTS:
        change(
            "default_hooks.checkpoint.interval", length // _CHECKPOINTS,
            f"some {_CHECKPOINTS} checkpoints in all",
        )  # fmt: skip


def fit_data(cfg: Config, cfg_options: Collection[str] = (), length_is_set: bool = False) -> str:
    """Fit a config to its training data and this machine; call it in every process.

    Args:
        cfg: The config, which is changed by what :func:`fit_config` returns.
        cfg_options: The user's ``key=value`` options, which are kept.
        length_is_set: Whether the length of the training is the user's too.

    Returns:
        What was changed, a line for each key.

    Raises:
        UserError: The data cannot be read, or have no length.
    """
    with input_errors(f"{cfg.filename}"):
        dataset = DATASETS.build(deepcopy(cfg.train_dataloader.dataset))
    if not hasattr(dataset, "__len__"):
        raise UserError(f"--fit-data needs the number of samples, which {dataset} does not know.")
    keep = _keys_of(cfg, cfg_options)
    if length_is_set:
        keep |= {"train_cfg.max_epochs", "train_cfg.max_iters"}
    device = "cuda" if torch.cuda.is_available() else "cpu"
    cores = num_cores()
    changes = fit_config(cfg, len(dataset), cores, device, get_world_size(), keep)
    lines = [f"Fitted to {len(dataset):,} samples on {device} with {cores} cores:"]
    for key, (value, reason) in changes.items():
        lines.append(
            f"    {key}={value if not isinstance(value, float) else f'{value:g}'}: {reason}"
        )
        if key == "train_cfg.max_epochs":
            set_length(cfg, value, None)
        elif key == "train_cfg.max_iters":
            set_length(cfg, None, value)
    for key, (value, _) in changes.items():  # after the length, which moves intervals
        holder, _, name = key.rpartition(".")
        current_value(cfg, holder)[name] = value
    if device == "cpu":
        lines += _cost(cfg, len(dataset), cores)
    return "\n".join(lines)


def _keys_of(cfg: Config, options: Collection[str]) -> set[str]:
    """Return the keys that options set, those inside of dictionaries included."""
    keys = set()
    for key, text in map(split_option, options):
        value = parse_value(text, current_value(cfg, key))
        keys |= {key, *(nested for nested, _, _ in _items(value, key))}
    return keys


def _cost(cfg: Config, num_samples: int, cores: int) -> list[str]:
    """Estimate the time of a training of a ResNet on a CPU."""
    loop = Loop.of(cfg)
    depth = (cfg.model.get("backbone") or {}).get("depth")
    crops = [
        value["size"] for _, _, value in _items(cfg.train_dataloader.dataset, "dataset")
        if isinstance(value, dict) and isinstance(value.get("size"), int)
    ]  # fmt: skip
    if loop is None or depth not in _CORE_SECONDS or not crops:
        return []
    images = cfg.train_dataloader.batch_size * loop.length
    if loop.by_epoch:
        images *= max(1, num_samples // cfg.train_dataloader.batch_size)
    seconds = images * _CORE_SECONDS[depth] * (max(crops) / 224) ** 2 / cores
    text = f"    This takes about {max(1, round(seconds / 60))} minute(s) on this CPU"
    if depth > 18:
        text += "; model.backbone.depth=18 is a smaller network"
    return [text + "."]
