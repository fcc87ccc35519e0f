"""A trained backbone on its own."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmengine.logging import print_log
from mmengine.registry import DefaultScope
from torch import nn

from mmcontrast.apis.training.config import load_config
from mmcontrast.registry import MODELS
from mmcontrast.utils.errors import UserError, input_errors
from mmcontrast.weights import Checkpoint


def load_backbone(
    checkpoint: str | Path | Checkpoint, config: str | Path | None = None
) -> nn.Module:
    """Build a checkpoint's backbone and load its weights, for inference.

    The backbone is the one of ``config``; without, that of the config which a training of this
    package leaves in its checkpoints (it is read as data, never run); of other checkpoints a ResNet
    of the depth, width and stem that the weights have, with the usual strides.

    Args:
        checkpoint: A file in any layout of :func:`mmcontrast.weights.find_backbone`, an
            ``https://`` address, ``torchvision://resnet50``, or a checkpoint that was read.
        config: Path of a config whose ``model.backbone`` is built.

    Returns:
        The backbone in eval mode, on the CPU. Its SplitBN and SyncBN layers have become plain batch
        norms with the same parameters and statistics.

    Raises:
        CheckpointError: The file cannot be read, or its weights do not fill the backbone.
        UserError: The backbone is not known or cannot be built.
    """
    source = read_checkpoint(checkpoint, config)
    settings = source.backbone
    if settings is None:
        raise UserError(
            f"{source.path} ({source.layout}) does not tell what network it holds: it is no "
            "ResNet-18, 34, 50 or 101. Give the config that it was trained with."
        )
    source.check_parts(settings)
    with input_errors(f"{config or source.path}, model.backbone"):
        # Weights come from the checkpoint, not from where the training took its own.
        others = ("init_cfg", "pretrained")
        backbone = build_backbone(
            {name: value for name, value in settings.items() if name not in others}, source.scope
        )
    coverage = source.load_into(backbone, what=f"backbone {settings['type']}")
    use_plain_norms(backbone)
    print_log(
        f"{source.path}: {len(coverage.loaded)} of {len(coverage.loaded + coverage.missing)} "
        f"tensors loaded into {settings['type']} (layout: {source.layout}).",
        logger="current",
    )
    backbone.eval()  # mmdet's networks return nothing here
    return backbone


def read_checkpoint(
    checkpoint: str | Path | Checkpoint, config: str | Path | None = None
) -> Checkpoint:
    """Read a checkpoint together with the config of its training.

    Args:
        checkpoint: The file, an address, ``torchvision://resnet50``, or one that was read.
        config: Path of a config that takes the place of the one in the checkpoint.

    Raises:
        CheckpointError: The checkpoint cannot be read.
        UserError: The config cannot be read or has no backbone.
    """
    if not isinstance(checkpoint, Checkpoint):
        checkpoint = Checkpoint.read(checkpoint)
    if config is None:
        return checkpoint
    cfg = load_config(config).to_dict()
    if "type" not in (cfg.get("model", {}).get("backbone") or {}):
        raise UserError(f"{config} has no model.backbone with a type.")
    return checkpoint.with_config(cfg)


def build_backbone(settings: Mapping[str, Any], scope: str) -> nn.Module:
    """Build a backbone outside a Runner.

    Args:
        settings: ``model.backbone`` of a config.
        scope: The config's ``default_scope``, in which a bare ``type`` is looked up. The networks
            of mmdet and mmseg look up their norms in it.
    """
    kind = settings["type"]
    # The scope is written out: where its package is missing, MMEngine would build ours instead.
    kind = kind if "." in kind else f"{scope}.{kind}"
    with DefaultScope.overwrite_default_scope(scope):
        return MODELS.build({**settings, "type": kind})


def use_plain_norms(module: nn.Module) -> None:
    """Replace norms over parts or several processes' batches by plain ones, equal in eval mode."""
    from mmcontrast.models.modules import SplitBN, SyncBN

    is_3d = any(isinstance(part, nn.Conv3d) for part in module.modules())
    plain_norm = nn.BatchNorm3d if is_3d else nn.BatchNorm2d
    for parent in list(module.modules()):
        for name, child in parent.named_children():
            if isinstance(child, SplitBN | SyncBN | nn.SyncBatchNorm):
                plain = plain_norm(
                    child.num_features,
                    child.eps,
                    child.momentum,
                    child.affine,
                    child.track_running_stats,
                )
                plain.load_state_dict(child.state_dict())
                setattr(parent, name, plain)
