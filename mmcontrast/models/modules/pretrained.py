"""Weights of a pre-training, in a backbone that is evaluated or trained further."""

from mmengine.logging import print_log
from torch import nn

from mmcontrast.weights.files import CheckpointError
from mmcontrast.weights.layouts import load_weights, read_backbone

RANDOM = "random"


def load_pretrained(backbone: nn.Module, pretrained: str) -> None:
    """Load a checkpoint's backbone, and log what of it was loaded.

    Args:
        backbone: Changed in place.
        pretrained: Path of a checkpoint in any layout that
            :func:`~mmcontrast.weights.layouts.read_backbone` knows, or ``'random'`` for the
            baseline that keeps the initial weights.

    Raises:
        CheckpointError: None is named, or it does not fit the backbone.
    """
    if not pretrained:
        raise CheckpointError(
            "No pre-trained weights are named. Give them with --cfg-options "
            "model.pretrained=CHECKPOINT, or model.pretrained=random for the baseline of random "
            "weights."
        )
    if pretrained == RANDOM:
        print_log("The backbone keeps RANDOM weights, as asked for.", logger="current", level=30)
        return
    weights = read_backbone(pretrained)
    coverage = load_weights(backbone, weights.state_dict)
    print_log(f"{pretrained} ({weights.layout}):\n{coverage.report()}", logger="current")
