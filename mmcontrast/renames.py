"""Names that have changed: one table by which old configs, checkpoints, imports and commands work.

A name stays here for two minor versions after the release that changed it; docs/renames.md lists
them and what became of each.
"""

MODULES: dict[str, str] = {
    "mmcontrast.utils.checkpoint": "mmcontrast.weights.files",
    "mmcontrast.utils.coverage": "mmcontrast.weights.coverage",
    "mmcontrast.utils.weights": "mmcontrast.weights.layouts",
    "mmcontrast.utils.dumped_config": "mmcontrast.weights.stored_config",
    "mmcontrast.apis.backbone": "mmcontrast.apis.inference.backbone",
    "mmcontrast.apis.browse": "mmcontrast.apis.data.browse",
    "mmcontrast.apis.config": "mmcontrast.apis.training.config",
    "mmcontrast.apis.distributed": "mmcontrast.apis.training.processes",
    "mmcontrast.apis.extract": "mmcontrast.apis.inference.extract",
    "mmcontrast.apis.feature_table": "mmcontrast.apis.inference.feature_table",
    "mmcontrast.apis.features": "mmcontrast.apis.inference.features",
    "mmcontrast.apis.inspect": "mmcontrast.apis.training.inspect",
    "mmcontrast.apis.launch": "mmcontrast.apis.training.launch",
    "mmcontrast.apis.method": "mmcontrast.apis.inference.method",
    "mmcontrast.apis.onnx": "mmcontrast.apis.export.onnx",
    "mmcontrast.apis.probe": "mmcontrast.apis.data.probe",
    "mmcontrast.apis.propagation": "mmcontrast.apis.inference.propagation",
    "mmcontrast.apis.report": "mmcontrast.apis.reports.page",
    "mmcontrast.apis.resnet_form": "mmcontrast.weights.resnet_form",
    "mmcontrast.apis.runs": "mmcontrast.apis.reports.runs",
    "mmcontrast.apis.subset": "mmcontrast.apis.data.subset",
    "mmcontrast.apis.sweep": "mmcontrast.apis.training.sweep",
    "mmcontrast.apis.sweep_result": "mmcontrast.apis.training.sweep_result",
    "mmcontrast.apis.test": "mmcontrast.apis.training.test",
    "mmcontrast.apis.train": "mmcontrast.apis.training.train",
    "mmcontrast.apis.visualize": "mmcontrast.apis.inference.visualize",
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
