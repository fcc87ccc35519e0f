"""A trained backbone on its own."""

import ast
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from mmengine.logging import print_log
from torch import Tensor, nn

from mmcontrast.models.modules import SplitBN, SyncBN
from mmcontrast.registry import MODELS, SCOPE
from mmcontrast.utils.errors import UserError, input_errors
from mmcontrast.utils.weights import load_weights, read_backbone

from .config import load_config

# Depths by (bottleneck, blocks of each layer), and those that this package builds.
_DEPTHS: dict[tuple[bool, tuple[int, ...]], int] = {
    (False, (2, 2, 2, 2)): 18,
    (False, (3, 4, 6, 3)): 34,
    (True, (3, 4, 6, 3)): 50,
    (True, (3, 4, 23, 3)): 101,
    (True, (3, 8, 36, 3)): 152,
}
_BUILT = (18, 34, 50, 101)


class ResNetForm(NamedTuple):
    """What the keys and shapes of a ResNet's weights say of it; its strides they don't.

    Attributes:
        depth: 18, 34, 50, 101, 152, or None if it is none of these.
        base_channels: Width of the stem; 64 in the published networks.
        stem: ``'imagenet'`` (7x7), ``'cifar'`` (3x3) or ``'deep'`` (several convolutions).
    """

    depth: int | None
    base_channels: int
    stem: str


def resnet_form(state_dict: Mapping[str, Tensor]) -> ResNetForm | None:
    """Read the form of a ResNet off its weights; None if they are no ResNet's."""
    if "layer1.0.conv1.weight" not in state_dict:
        return None
    blocks = tuple(
        len({name.split(".")[1] for name in state_dict if name.startswith(f"layer{number}.")})
        for number in range(1, 5)
    )
    depth = _DEPTHS.get(("layer1.0.conv3.weight" in state_dict, blocks))
    stem = state_dict.get("conv1.weight")
    if stem is None:
        return ResNetForm(depth, state_dict["layer1.0.conv1.weight"].shape[0], "deep")
    kind = {7: "imagenet", 3: "cifar"}.get(stem.shape[-1], f"{stem.shape[-1]}x{stem.shape[-1]}")
    return ResNetForm(depth, stem.shape[0], kind)


def load_backbone(checkpoint: str | Path, config: str | Path | None = None) -> nn.Module:
    """Build a checkpoint's backbone and load its weights, for inference.

    The backbone is the one of ``config``; without, that of the config which a training of this
    package leaves in its checkpoints (it is read as data, never run); of other checkpoints a ResNet
    of the depth, width and stem that the weights have, with the usual strides.

    Args:
        checkpoint: A file in any layout of :func:`mmcontrast.utils.weights.find_backbone`, or
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
    settings: dict[str, Any] | None
    if config is not None:
        settings = _configured_settings(config)
    else:
        settings = stored_settings(weights.config) or _inferred_settings(weights.state_dict)
    if settings is None:
        raise UserError(
            f"{checkpoint} ({weights.layout}) does not tell what network it holds: it is no "
            f"ResNet-{'/'.join(map(str, _BUILT))}. Give the config that it was trained with."
        )
    with input_errors(f"{config or checkpoint}, model.backbone"):
        # Weights come from the checkpoint, not from where the training took its own.
        wanted = {k: v for k, v in settings.items() if k not in ("init_cfg", "pretrained")}
        backbone = MODELS.build(wanted)
    coverage = load_weights(backbone, weights.state_dict, what=f"backbone {settings['type']}")
    use_plain_norms(backbone)
    print_log(
        f"{checkpoint}: {len(coverage.loaded)} of {len(coverage.loaded + coverage.missing)} tensors"
        f" loaded into {settings['type']} (layout: {weights.layout}).",
        logger="current",
    )
    backbone.eval()  # mmdet's networks return nothing here
    return backbone


def _configured_settings(config: str | Path) -> dict[str, Any]:
    cfg = load_config(config)
    settings = cfg.get("model", {}).get("backbone")
    if settings is None:
        raise UserError(f"{config} has no model.backbone.")
    kind, scope = settings["type"], cfg.get("default_scope", SCOPE)
    return {**settings, "type": kind if "." in kind else f"{scope}.{kind}"}


def stored_settings(config: str) -> dict[str, Any] | None:
    """Return ``model.backbone`` of the text of one of this package's configs, without running it.

    Args:
        config: Python assignments, as MMEngine writes them into checkpoints.

    Returns:
        The settings; None if the text is no such config, or holds more than literals there.
    """
    try:
        statements = ast.parse(config).body
    except (SyntaxError, ValueError):
        return None
    values = {
        ast.unparse(statement.targets[0]): statement.value
        for statement in statements
        if isinstance(statement, ast.Assign)
    }
    # Another project's ResNet takes other arguments.
    scope, model = values.get("default_scope"), values.get("model")
    if not isinstance(scope, ast.Constant) or scope.value != SCOPE:
        return None
    parts = {part.arg: part.value for part in getattr(model, "keywords", [])}
    try:
        return _literal(parts["backbone"])
    except (ValueError, KeyError):
        return None


def _literal(node: Any) -> Any:
    """Evaluate literals and ``dict(...)`` of them, nothing else."""
    match node:
        case ast.Call(func=ast.Name(id="dict"), args=[]) if all(k.arg for k in node.keywords):
            return {keyword.arg: _literal(keyword.value) for keyword in node.keywords}
        case ast.Dict():
            return {
                _literal(key): _literal(value)
                for key, value in zip(node.keys, node.values, strict=True)
            }
        case ast.List():
            return [_literal(item) for item in node.elts]
        case ast.Tuple():
            return tuple(_literal(item) for item in node.elts)
    return ast.literal_eval(node)


def _inferred_settings(state_dict: Mapping[str, Tensor]) -> dict[str, Any] | None:
    form = resnet_form(state_dict)
    if form is None or form.depth not in _BUILT or form.stem not in ("imagenet", "cifar"):
        return None
    return dict(type=f"{SCOPE}.ResNet", **form._asdict())


def use_plain_norms(module: nn.Module) -> None:
    """Replace norms over parts or several processes' batches by plain ones, equal in eval mode."""
    for name, child in module.named_children():
        if isinstance(child, SplitBN | SyncBN | nn.SyncBatchNorm):
            plain = nn.BatchNorm2d(child.num_features, child.eps, child.momentum, child.affine)
            plain.load_state_dict(child.state_dict())
            setattr(module, name, plain)
        else:
            use_plain_norms(child)
