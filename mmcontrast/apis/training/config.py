"""Reading a config file, with messages for what MMEngine passes over in silence."""

import difflib
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mmengine.config import Config

from mmcontrast.apis.training.config_origins import base_files
from mmcontrast.apis.training.options import current_value, parse_value, split_option
from mmcontrast.renames import modernize
from mmcontrast.utils.config_files import config_names, find_config
from mmcontrast.utils.errors import UserError, input_errors

# Parameters of MMEngine's Runner, which takes half a second to import and reading a config needs
# none; and what Config, or the Runner from the config itself, reads beside them.
KNOWN_KEYS = frozenset({
    "auto_scale_lr", "cfg", "custom_hooks", "data_preprocessor", "default_hooks", "default_scope",
    "env_cfg", "experiment_name", "launcher", "load_from", "log_level", "log_processor", "model",
    "optim_wrapper", "param_scheduler", "randomness", "resume", "test_cfg", "test_dataloader",
    "test_evaluator", "train_cfg", "train_dataloader", "val_cfg", "val_dataloader",
    "val_evaluator", "visualizer", "work_dir",
    "activation_checkpointing", "compile", "custom_imports", "efficient_conv_bn_eval",
    "find_unused_parameters", "model_wrapper_cfg", "runner_type", "sync_bn",
})  # fmt: skip

OWN_KEYS = frozenset({"compare_untrained", "grid", "grid_metric"})
"""Keys that the commands of this package read beside those of the Runner."""


def load_config(config: str | Path, options: Iterable[str] = ()) -> Config:
    """Read a config file and apply ``key=value`` options to it.

    Args:
        config: Path of a ``.py`` file, or the name of a config of this package, such as
            ``densecl/mini``; see :func:`mmcontrast.utils.config_files.find_config`.
        options: What stands behind ``--cfg-options``: ``train_cfg.max_epochs=10``, ``a.b=[1,2]``;
            see :func:`~mmcontrast.apis.training.options.parse_value`.

    Raises:
        UserError: The file is missing, is a directory or cannot be read; an option is malformed or
            would have no effect; a top-level key looks like a misspelled one.
    """
    path = find_config(config)
    cfg = _read(path)
    _merge(cfg, dict(split_option(option) for option in options), path)
    with input_errors(str(path)):
        cfg = _modern(cfg)
    check_keys(cfg)
    return cfg


def _read(path: Path) -> Config:
    if path.is_dir():
        configs = ", ".join(sorted(str(file) for file in path.glob("*.py")))
        remedy = f"Choose one of: {configs}" if configs else "There are no configs in it."
        raise UserError(f"The config {path} is a directory. {remedy}")
    if not path.is_file():
        raise UserError(f"The config {path} does not exist.{_similar_config(path)}")
    try:
        with _byte_order_marks_skipped():
            return Config.fromfile(path)
    except RecursionError as error:
        circle = " -> ".join(_cycle(path.resolve())) or "it is nested too deeply"
        raise UserError(f"The config {path} inherits itself: {circle}.") from error
    except SystemExit as error:
        message = f"The config {path} cannot be read: it calls sys.exit({error.code})."
        raise UserError(message) from error
    except UserError:
        raise
    except Exception as error:  # whatever the code in the file raises
        raise UserError(
            f"The config {path} cannot be read: {type(error).__name__}: {error}"
        ) from error


def _cycle(path: Path, inheriting: tuple[Path, ...] = ()) -> list[str]:
    """Return the names of the configs that inherit each other in a circle, or none."""
    if path in inheriting:
        return [file.name for file in (*inheriting[inheriting.index(path) :], path)]
    for base in base_files(path):
        cycle = _cycle(base.resolve(), (*inheriting, path))
        if cycle:
            return cycle
    return []


@contextmanager
def _byte_order_marks_skipped() -> Iterator[None]:
    """Let MMEngine read configs, and their bases, that an editor saved with a byte order mark.

    It opens them as ``utf-8``, where the mark is a character that Python does not parse.
    """

    def open_text(file: Any, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
        if mode == "r" and kwargs.get("encoding") == "utf-8":
            kwargs["encoding"] = "utf-8-sig"
        return open(file, mode, *args, **kwargs)

    reader = sys.modules[Config.__module__]
    reader.open = open_text  # type: ignore[attr-defined]
    try:
        yield
    finally:
        del reader.open


def _merge(cfg: Config, options: dict[str, str], path: str | Path) -> None:
    """Apply options; one without effect is refused, one of a helper variable warned of."""
    for key in options:
        name = key.split(".")[0]
        if name not in cfg and name not in KNOWN_KEYS:
            raise UserError(
                f"--cfg-options {key}: neither {path} nor MMEngine's Runner has {name!r}."
                + _did_you_mean(name, {*cfg, *KNOWN_KEYS})
            )
        if name not in KNOWN_KEYS | OWN_KEYS:
            print(
                f"warning: --cfg-options {key} changes a variable of {path} that training does not "
                "read, and nothing that the config made of it. Name the key where it is used "
                "(mmcontrast print-config shows all).",
                file=sys.stderr,
            )
    for key, text in options.items():
        with input_errors(f"--cfg-options {key}={text}"):
            _set(cfg, key, parse_value(text, current_value(cfg, key)))


def _set(cfg: Config, key: str, value: Any) -> None:
    """Merge a value into a config, as MMEngine does, where MMEngine can."""
    parent, _, name = key.rpartition(".")
    holder = current_value(cfg, parent) if parent else cfg
    if isinstance(value, dict):
        if not isinstance(holder, list) and not isinstance((holder or {}).get(name, value), dict):
            value["_delete_"] = True  # MMEngine would merge it into the text or None it replaces
    elif isinstance(holder, list) and name.isdigit() and int(name) < len(holder):
        holder[int(name)] = value  # MMEngine sets items of dictionaries alone
        return
    cfg.merge_from_dict({key: value})


def _modern(cfg: Config) -> Config:
    """Bring the old names in a config up to date."""
    values = cfg.to_dict()
    modern = modernize(values)
    if modern == values:
        return cfg
    return Config(modern, cfg_text=cfg.text, filename=cfg.filename, env_variables=cfg.env_variables)


def check_keys(cfg: Config) -> None:
    """Refuse top-level keys that look like misspelled ones; others may be helper variables.

    Raises:
        UserError: A key is not one of MMEngine's, and is almost the same as one of them.
    """
    for name in cfg:
        if name in KNOWN_KEYS:
            continue
        close = difflib.get_close_matches(name, KNOWN_KEYS, n=1, cutoff=0.85)
        swapped = [key for key in KNOWN_KEYS if sorted(key) == sorted(name)]
        for key in swapped or close:
            raise UserError(
                f"{cfg.filename}: MMEngine would ignore the key {name!r}. Did you mean {key!r}? "
                "(A helper variable needs a name that is less like it.)"
            )


def use_data_root(
    cfg: Config, data_root: str | None, loaders: Iterable[str] = ("train_dataloader",)
) -> None:
    """Replace the ``data_root`` of a data set in a config.

    Args:
        cfg: The config, which is changed.
        data_root: Its folder, as typed; None changes nothing.
        loaders: Keys of data loaders; the first one that the config has is meant.

    Raises:
        UserError: The config has none of them.
    """
    if data_root is None:
        return
    loader = next((name for name in loaders if cfg.get(name)), None)
    dataset = cfg[loader].get("dataset") if loader else None
    while isinstance(dataset, dict) and isinstance(dataset.get("dataset"), dict):
        dataset = dataset["dataset"]  # what wraps a data set has no folder
    if not isinstance(dataset, dict):
        raise UserError(
            f"--data-root replaces the data_root of a data set, and {cfg.filename} has none in "
            f"{' or '.join(loaders)}."
        )
    dataset["data_root"] = data_root


def default_work_dir(config: str | Path) -> str:
    """Return ``work_dirs/<method>/<name>`` for ``configs/<method>/<name>.py``."""
    path = Path(config)
    return str(Path("work_dirs", path.resolve().parent.name, path.stem))


def optimizers_of(cfg: Config) -> list[dict[str, Any]]:
    """Return the optimizer settings in ``optim_wrapper``: one, or one for each name."""
    return [wrapper["optimizer"] for wrapper in optim_wrappers_of(cfg) if "optimizer" in wrapper]


def optim_wrappers_of(cfg: Config) -> list[dict[str, Any]]:
    """Return ``optim_wrapper``, or the parts of one that has several optimizers."""
    wrapper = cfg.get("optim_wrapper") or {}
    parts = [part for part in wrapper.values() if isinstance(part, dict) and "optimizer" in part]
    return parts or [wrapper]


def _similar_config(path: Path) -> str:
    root = next((p for p in path.parents if p.name == "configs" and p.is_dir()), Path("configs"))
    files = [str(file) for file in root.glob("**/*.py") if "_base_" not in file.parts]
    return _did_you_mean(str(path), [*files, *config_names()])


def _did_you_mean(name: str, names: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(names), n=3)
    return " Did you mean " + " or ".join(close) + "?" if close else ""
