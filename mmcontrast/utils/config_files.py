"""Where configs lie: those of this package by their names, and those of others by ``'package::'``.

The configs are in ``.mim/configs`` of the package, as OpenMMLab's tools expect them; in a checkout
that is a link to the folder ``configs``.
"""

import sys
from pathlib import Path
from types import ModuleType

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

    MMEngine is not imported for that; it is extended as soon as it is.
    """
    after_import("mmengine.config.config", _extend)


def _extend(module: ModuleType) -> None:
    """Make MMEngine's module of configs know the packages."""
    sys.modules["mmengine.config.utils"].MODULE2PACKAGE.update(_PACKAGES)
    original = module.Config._get_cfg_path

    def _get_cfg_path(cfg_path: str, filename: str) -> tuple[str, str | None]:
        path, scope = original(cfg_path, filename)
        # MMEngine marks the parts of another package's config with its scope. Ours name the scope
        # of each part where it is not the default one, and those for mmdet and mmseg have another
        # default; so they are inherited as by a path.
        return path, None if scope == "mmcontrast" else scope

    module.Config._get_cfg_path = staticmethod(_get_cfg_path)
