"""Write the layouts of the mini-world that a config reads, where they are missing."""

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from mmcontrast.utils.errors import input_errors

ROOT = "data/mini"
"""Folder of the mini-world in all configs of this package."""


def write_missing_mini_world(
    config: str,
    cfg_options: Iterable[str] = (),
    data_root: str | None = None,
    loaders: Sequence[str] = ("train_dataloader",),
) -> None:
    """Write the layouts of ``data/mini`` that a config names and that are not there.

    Any number of processes may call this at once: one writes and the others wait for it.

    Args:
        config: File or name of the config.
        cfg_options: ``key=value`` options, which may name other data.
        data_root: Replaces ``dataset.data_root`` of the first of ``loaders`` that the config has.
        loaders: Keys of data loaders.

    Raises:
        UserError: The config cannot be read, or the world cannot be written.
    """
    from mmcontrast.apis.training.config import load_config, use_data_root

    cfg = load_config(config, cfg_options)
    use_data_root(cfg, data_root, loaders)
    names = sorted(set(_layouts(cfg.to_dict())))
    missing = [name for name in names if not Path(ROOT, name).exists()]
    if not missing:
        return
    if os.environ.get("RANK", "0") == "0":
        print(
            f"{config} reads the embedded mini-world, which is not in {ROOT} yet: writing "
            f"{', '.join(missing)} (mmcontrast make-mini writes the rest).",
            flush=True,
        )
    with input_errors("cannot write the mini-world"):
        from mmcontrast.mini import make_mini

        make_mini(ROOT, layouts=missing)


def _layouts(settings: Any) -> Iterator[str]:
    """Yield the layouts that paths in a config name."""
    if isinstance(settings, dict):
        settings = list(settings.values())
    if isinstance(settings, list | tuple):
        for item in settings:
            yield from _layouts(item)
    elif isinstance(settings, str):
        match = re.match(rf"(?:\./)?{ROOT}/(\w+)", settings)
        if match:
            yield match[1]
