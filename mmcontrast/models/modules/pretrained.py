"""Pre-trained weights in a backbone that is evaluated or trained further."""

from mmengine.logging import print_log
from torch import nn

from mmcontrast.weights import Checkpoint, CheckpointError

RANDOM = "random"


def load_pretrained(backbone: nn.Module, pretrained: str) -> None:
    """Load a checkpoint's backbone, and log what of it was loaded.

    Args:
        backbone: The network, which is changed in place.
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


class PretrainedWeights(nn.Module):
    """Loads pre-trained weights into a backbone when a run starts, and may keep it frozen.

    It stands beside the backbone in a protocol and has no state of its own: the keys of a
    checkpoint are the backbone's, wherever its weights come from. MMEngine calls ``init_weights``
    of each part, and PyTorch ``train``; assign it after the backbone.

    Args:
        backbone: The network; None, or one without parameters, has nothing to load.
        checkpoint: See :func:`load_pretrained`. It is required when the weights are initialized.
        frozen: Whether the backbone gets no gradient and stays in eval mode, so that its batch-norm
            statistics do not move.
    """

    def __init__(self, backbone: nn.Module | None, checkpoint: str, frozen: bool = False):
        super().__init__()
        # In a tuple, for a part that is assigned to a module becomes one of its children.
        self._backbone = (backbone,)
        self.checkpoint = checkpoint
        self.frozen = frozen
        if backbone is not None and frozen:
            backbone.requires_grad_(False)

    def init_weights(self) -> None:
        """Load the weights.

        Raises:
            CheckpointError: None are named, or they do not fit the backbone.
        """
        (backbone,) = self._backbone
        if backbone is not None and any(True for _ in backbone.parameters()):
            load_pretrained(backbone, self.checkpoint)

    def train(self, mode: bool = True) -> "PretrainedWeights":
        """Put a frozen backbone back into eval mode."""
        super().train(mode)
        (backbone,) = self._backbone
        if backbone is not None and self.frozen:
            backbone.eval()
        return self
