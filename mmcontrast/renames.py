"""Names that have changed: one table by which old configs, checkpoints, imports and commands work.

A name stays here for two minor versions after the release that changed it; docs/renames.md lists
them and what became of each.
"""

MODULES: dict[str, str] = {
    "mmcontrast.utils.checkpoint": "mmcontrast.weights.files",
    "mmcontrast.utils.coverage": "mmcontrast.weights.coverage",
    "mmcontrast.utils.weights": "mmcontrast.weights.layouts",
    "mmcontrast.utils.dumped_config": "mmcontrast.weights.stored_config",
    "mmcontrast.apis.resnet_form": "mmcontrast.weights.resnet_form",
}
"""Import paths, old to new."""

TYPES: dict[str, str] = {}
"""Registered names (``type=`` of configs), old to new."""

OPTIONS: dict[tuple[str, str], str] = {}
"""(Registered name as it is now, option) to the new option, or to advice that begins with '!'."""

METRICS: dict[str, str] = {}
"""Beginnings of the names of logged metrics, old to new (``save_best`` names them)."""

COMMANDS: dict[str, str] = {"neighbours": "neighbors"}
"""Sub-commands, old to new."""
