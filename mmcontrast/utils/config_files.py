"""Where configs lie: those of this package by their names, and those of others by ``'package::'``.

The configs are in ``.mim/configs`` of the package, as OpenMMLab's tools expect them; in a checkout
that is a link to the folder ``configs``.
"""

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from mmcontrast.utils.after_import import after_import

CONFIGS = (Path(__file__).parents[1] / ".mim/configs").resolve()
"""Folder of the configs of this package."""

# Names in configs, and the distributions that MMEngine is to look for. It knows mmseg as
# mmsegmentation; where OneDL's onedl-mmsegmentation is installed, it would ask to install that one,
# which would overwrite it. The module of both is mmseg.
_PACKAGES = {"mmcontrast": "mmcontrast", "mmseg": "mmseg"}


def find_config(config: str | Path) -> Path:
    """Return the file that a config's path or name means.

    Args:
        config: Path of a file, or the name of a config of this package: ``densecl/mini``, with or
            without ``configs/`` before it and ``.py`` behind it. A file comes first.

    Returns:
        The path of the file. Where there is none, that of a folder, or ``config`` itself.
    """
    path, name = Path(config), str(config).removeprefix("configs/")
    candidates = (path, CONFIGS / f"{name}.py", CONFIGS / name)
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    return next((folder for folder in candidates if folder.is_dir()), path)


def config_names() -> list[str]:
    """Return the sorted names of the configs of this package, such as ``densecl/mini``."""
    files = (file.relative_to(CONFIGS) for file in CONFIGS.glob("**/*.py"))
    return sorted(str(file.with_suffix("")) for file in files if "_base_" not in file.parts)


def register_packages() -> None:
    """Let configs inherit ``'mmcontrast::...'`` and the ``'mmseg::...'`` of OneDL's mmseg.

    YAML is read as data from then on. MMEngine is not imported for that; it is extended as soon as
    it is.
    """
    after_import("mmengine.fileio.handlers.yaml_handler", _make_yaml_safe)
    after_import("mmengine.config.config", _extend)


def _make_yaml_safe(module: ModuleType) -> None:
    """Make MMEngine's reader of YAML execute nothing: configs, their bases, ``mmengine.load``."""
    from mmcontrast.utils.safe_yaml import SafeLoader

    module.Loader = SafeLoader  # type: ignore[attr-defined]


def _extend(module: ModuleType) -> None:
    """Make MMEngine's module of configs know the packages, and name the file that is malformed."""
    from mmcontrast.utils.safe_yaml import syntax_errors

    sys.modules["mmengine.config.utils"].MODULE2PACKAGE.update(_PACKAGES)
    find_path, read_file = module.Config._get_cfg_path, module.Config._file2dict

    def _get_cfg_path(cfg_path: str, filename: str) -> tuple[str, str | None]:
        with syntax_errors(f"the index of the package of {cfg_path}"):
            path, scope = find_path(cfg_path, filename)
        # MMEngine marks the parts of another package's config with its scope. Ours name the scope
        # of each part where it is not the default one, and those for mmdet and mmseg have another
        # default; so they are inherited as by a path.
        return path, None if scope == "mmcontrast" else scope

    def _file2dict(filename: str, *args: Any, **kwargs: Any) -> tuple[dict, str, dict]:
        # MMEngine reads a temporary copy of the file, and calls this for each base.
        with syntax_errors(filename):
            return read_file(filename, *args, **kwargs)

    module.Config._get_cfg_path = staticmethod(_get_cfg_path)
    module.Config._file2dict = staticmethod(_file2dict)
