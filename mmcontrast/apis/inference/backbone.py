"""A trained backbone on its own."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmengine.logging import print_log
from mmengine.registry import DefaultScope
from torch import Tensor, nn

from mmcontrast.apis.training.config import load_config
from mmcontrast.models.modules import SplitBN, SyncBN
from mmcontrast.registry import MODELS, SCOPE
from mmcontrast.utils.errors import UserError, input_errors
from mmcontrast.weights.layouts import BackboneWeights, load_weights, read_backbone
from mmcontrast.weights.resnet_form import resnet_form
from mmcontrast.weights.stored_config import parse_dumped_config


def load_backbone(checkpoint: str | Path, config: str | Path | None = None) -> nn.Module:
    """Build a checkpoint's backbone and load its weights, for inference.

    The backbone is the one of ``config``; without, that of the config which a training of this
    package leaves in its checkpoints (it is read as data, never run); of other checkpoints a ResNet
    of the depth, width and stem that the weights have, with the usual strides.

    Args:
        checkpoint: A file in any layout of :func:`mmcontrast.weights.layouts.find_backbone`, or
            ``torchvision://resnet50``.
        config: Path of a config whose ``model.backbone`` is built.

    Returns:
        The backbone in eval mode, on the CPU. Its SplitBN and SyncBN layers have become plain batch
        norms with the same parameters and statistics.

    Raises:
        CheckpointError: The file cannot be read, or its weights do not fill the backbone.
        UserError: The backbone is not known or cannot be built.
    """
    weights = read_backbone(checkpoint)
    settings = backbone_settings(weights, config) or _inferred_settings(weights.state_dict)
    if settings is None:
        raise UserError(
            f"{checkpoint} ({weights.layout}) does not tell what network it holds: it is no "
            "ResNet-18, 34, 50 or 101. Give the config that it was trained with."
        )
    with input_errors(f"{config or checkpoint}, model.backbone"):
        # Weights come from the checkpoint, not from where the training took its own.
        wanted = {k: v for k, v in settings.items() if k not in ("init_cfg", "pretrained")}
        scope = SCOPE if config is None else load_config(config).get("default_scope", SCOPE)
        backbone = build_backbone(wanted, scope)
    coverage = load_weights(backbone, weights.state_dict, what=f"backbone {settings['type']}")
    use_plain_norms(backbone)
    print_log(
        f"{checkpoint}: {len(coverage.loaded)} of {len(coverage.loaded + coverage.missing)} tensors"
        f" loaded into {settings['type']} (layout: {weights.layout}).",
        logger="current",
    )
    backbone.eval()  # mmdet's networks return nothing here
    return backbone


def build_backbone(settings: Mapping[str, Any], scope: str) -> nn.Module:
    """Build a backbone outside a Runner.

    Args:
        settings: ``model.backbone`` of a config.
        scope: The config's ``default_scope``. The networks of mmdet and mmseg look their norms up
            in it.
    """
    with DefaultScope.overwrite_default_scope(scope):
        return MODELS.build(dict(settings))


def backbone_settings(
    weights: BackboneWeights, config: str | Path | None = None
) -> dict[str, Any] | None:
    """Return the settings that a backbone was trained with, from its config or its checkpoint.

    Args:
        weights: What was read from the checkpoint.
        config: Path of a config, which goes before the one in the checkpoint.

    Returns:
        ``model.backbone`` of the config; None if there is none or it is another project's.

    Raises:
        UserError: The config cannot be read or has no backbone.
    """
    scope = SCOPE
    if config is None:
        settings = stored_settings(weights.config)
        if settings is None:
            return None
    else:
        cfg = load_config(config)
        settings, scope = cfg.get("model", {}).get("backbone"), cfg.get("default_scope", SCOPE)
        if settings is None or "type" not in settings:
            raise UserError(f"{config} has no model.backbone with a type.")
    # In a process that trains a detector, a bare name would be mmdet's.
    kind = settings["type"]
    return {**settings, "type": kind if "." in kind else f"{scope}.{kind}"}


def stored_settings(config: str) -> dict[str, Any] | None:
    """Return ``model.backbone`` of the text of one of this package's configs, without running it.

    Args:
        config: Python assignments, as MMEngine writes them into checkpoints.

    Returns:
        The settings; None if the text is no such config.
    """
    try:
        values = parse_dumped_config(config)
    except ValueError:
        return None
    # Another project's ResNet takes other arguments.
    if values.get("default_scope") != SCOPE:
        return None
    model = values.get("model")
    settings = model.get("backbone") if isinstance(model, dict) else None
    named = isinstance(settings, dict) and isinstance(settings.get("type"), str)
    return settings if named else None


def _inferred_settings(state_dict: Mapping[str, Tensor]) -> dict[str, Any] | None:
    form = resnet_form(state_dict)
    return None if form is None else dict(type=f"{SCOPE}.ResNet", **form._asdict())


def use_plain_norms(module: nn.Module) -> None:
    """Replace norms over parts or several processes' batches by plain ones, equal in eval mode."""
    for name, child in module.named_children():
        if isinstance(child, SplitBN | SyncBN | nn.SyncBatchNorm):
            plain = nn.BatchNorm2d(child.num_features, child.eps, child.momentum, child.affine)
            plain.load_state_dict(child.state_dict())
            setattr(module, name, plain)
        else:
            use_plain_norms(child)
