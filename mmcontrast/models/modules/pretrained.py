"""Weights of a pre-training, in a backbone that is evaluated or trained further."""

from mmengine.logging import print_log
from torch import nn

from mmcontrast.weights import Checkpoint, CheckpointError

RANDOM = "random"


def load_pretrained(backbone: nn.Module, pretrained: str) -> None:
    """Load a checkpoint's backbone, and log what of it was loaded.

    Args:
        backbone: Changed in place.
        pretrained: Path of a checkpoint in any layout that
            :func:`~mmcontrast.weights.find_backbone` recognizes, or ``'random'`` for the
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
    checkpoint = Checkpoint.read(pretrained)
    coverage = checkpoint.load_into(backbone)
    print_log(f"{pretrained} ({checkpoint.layout}):\n{coverage.report()}", logger="current")
