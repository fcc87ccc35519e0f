"""How a config prepares images for evaluation."""

import copy
from collections.abc import Mapping
from typing import Any

from mmcontrast.utils.errors import UserError

# Where no config says otherwise: the center of an image, as the papers cut ImageNet's.
_PIPELINE: list[dict[str, Any]] = [
    dict(type="LoadImage"),
    dict(type="Resize", size=256),
    dict(type="CenterCrop", size=224),
    dict(type="PackInputs"),
]


def evaluation_pipeline(cfg: Mapping[str, Any], size: int | None = None) -> list[dict[str, Any]]:
    """Return the pipeline of a config's test or validation images.

    Args:
        cfg: The training's config.
        size: Side in pixels of the square that the pipeline cuts out; its other sizes change in
            proportion. None keeps them.

    Raises:
        UserError: ``size`` is given and the pipeline cuts no square.
    """
    pipelines = [_image_pipeline(cfg, name) for name in ("test_dataloader", "val_dataloader")]
    pipeline = copy.deepcopy(pipelines[0] or pipelines[1] or _PIPELINE)
    if size is not None:
        crops = [step["size"] for step in pipeline if step["type"] == "CenterCrop"]
        if not crops:
            raise UserError("size cannot be set: the evaluation pipeline has no CenterCrop.")
        for step in pipeline:
            if step["type"] in ("Resize", "CenterCrop"):
                step["size"] = round(step["size"] * size / crops[-1])
    return pipeline


def _image_pipeline(cfg: Mapping[str, Any], loader: str) -> list[dict[str, Any]]:
    """Return the pipeline of a data loader; empty if there is none, or not one of images."""
    dataset = (cfg.get(loader) or {}).get("dataset") or {}
    while dataset.get("datasets"):
        dataset = dataset["datasets"][0]
    steps = dataset.get("pipeline") or []
    return steps if steps and steps[0].get("type") == "LoadImage" else []


def data_preprocessor(cfg: Mapping[str, Any]) -> dict[str, Any]:
    """Return the config of the model's ``ViewPreprocessor``, or of one with the default values."""
    settings = (cfg.get("model") or {}).get("data_preprocessor") or {}
    return settings if settings.get("type") == "ViewPreprocessor" else dict(type="ViewPreprocessor")
