"""Reading a config file, with messages for what MMEngine passes over in silence."""

import difflib
import inspect
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from mmengine.config import Config, DictAction
from mmengine.runner import Runner

import mmcontrast.utils.external_configs  # noqa: F401  for configs that inherit 'mmseg::...'
from mmcontrast.renames import modernize
from mmcontrast.utils.errors import UserError, input_errors

# Read by Config, or by the Runner from the config itself, beside its constructor's parameters.
_EXTRA_KEYS = {
    "activation_checkpointing", "compile", "custom_imports", "efficient_conv_bn_eval",
    "find_unused_parameters", "model_wrapper_cfg", "runner_type", "sync_bn",
}  # fmt: skip
KNOWN_KEYS = frozenset(inspect.signature(Runner.__init__).parameters) - {"self"} | _EXTRA_KEYS


def load_config(path: str | Path, options: Iterable[str] = ()) -> Config:
    """Read a config file and apply ``key=value`` options to it.

    Args:
        path: Of the ``.py`` file.
        options: As after ``--cfg-options``: ``train_cfg.max_epochs=10``, ``a.b=[1,2]``.

    Raises:
        UserError: The file is missing, is a directory or cannot be read; an option is malformed or
            would have no effect; a top-level key looks like a misspelt one.
    """
    path = Path(path)
    if path.is_dir():
        inside = sorted(str(file) for file in path.glob("*.py"))
        raise UserError(
            f"The config {path} is a directory. "
            + ("Choose one of: " + ", ".join(inside) if inside else "There are no configs in it.")
        )
    if not path.is_file():
        raise UserError(f"The config {path} does not exist.{_similar_config(path)}")
    try:
        cfg = Config.fromfile(path)
    except Exception as error:  # whatever the code in the file raises
        raise UserError(
            f"The config {path} cannot be read: {type(error).__name__}: {error}"
        ) from error
    values = dict(_parse_option(option) for option in options)
    for key in values:
        name = key.split(".")[0]
        if name not in cfg and name not in KNOWN_KEYS:
            raise UserError(
                f"--cfg-options {key}: neither {path} nor MMEngine's Runner has {name!r}."
                + _did_you_mean(name, {*cfg, *KNOWN_KEYS})
            )
    for key, value in values.items():
        with input_errors(f"--cfg-options {key}"):
            cfg.merge_from_dict({key: value})
    with input_errors(str(path)):
        cfg = _modern(cfg)
    check_keys(cfg)
    return cfg


def _modern(cfg: Config) -> Config:
    """Bring the old names in a config up to date."""
    values = cfg.to_dict()
    modern = modernize(values)
    if modern == values:
        return cfg
    return Config(modern, cfg_text=cfg.text, filename=cfg.filename, env_variables=cfg.env_variables)


def check_keys(cfg: Config) -> None:
    """Find top-level keys that look like misspelt ones; other unknown names are helper variables.

    Raises:
        UserError: For the first of them.
    """
    for name in cfg:
        if name in KNOWN_KEYS:
            continue
        close = difflib.get_close_matches(name, KNOWN_KEYS, n=1, cutoff=0.85)
        swapped = [known for known in KNOWN_KEYS if sorted(known) == sorted(name)]
        for known in swapped or close:
            raise UserError(
                f"{cfg.filename}: MMEngine would ignore the key {name!r}. Did you mean {known!r}? "
                "(A helper variable needs a name that is less like it.)"
            )


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


def _parse_option(option: str) -> tuple[str, Any]:
    key, equals, value = option.partition("=")
    if not (key and equals):
        raise UserError(f"--cfg-options takes key=value, got {option!r}.")
    with input_errors(f"--cfg-options {option}"):
        return key, DictAction._parse_iterable(value)


def _similar_config(path: Path) -> str:
    root = next((p for p in path.parents if p.name == "configs" and p.is_dir()), Path("configs"))
    known = [str(file) for file in root.glob("**/*.py") if "_base_" not in file.parts]
    return _did_you_mean(str(path), known)


def _did_you_mean(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(known), n=3)
    return " Did you mean " + " or ".join(close) + "?" if close else ""
