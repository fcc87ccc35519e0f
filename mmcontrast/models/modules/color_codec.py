"""From images to a coarse map of color codes, and back.

ContrastCorr carries the codes of one frame to another and compares the decoded image with what
is there. Both codecs have stride 8 by default and take LAB images in -1..1.
"""

import itertools

import torch.nn.functional as F
from torch import Tensor, nn

from mmcontrast.registry import MODELS
from mmcontrast.utils.arguments import check_sizes
from mmcontrast.weights import CheckpointError, load_checkpoint, load_weights


def _convolutions(*channels: int) -> list[nn.Module]:
    """3x3 convolutions with ReLU that see mirrored pixels beyond the border."""
    layers: list[nn.Module] = []
    for inputs, outputs in itertools.pairwise(channels):
        layers += [nn.Conv2d(inputs, outputs, 3, padding=1, padding_mode="reflect"), nn.ReLU()]
    return layers


@MODELS.register_module()
class ColorAutoEncoder(nn.Module):
    """The convolutional auto-encoder of UVC (Li et al., NeurIPS 2019): stride 8, 4 c channels.

    Args:
        base_channels: Width c of the layers at full resolution; 64 is the published network.
        checkpoint: Weights of a training with
            :class:`~mmcontrast.models.methods.ColorReconstruction`, loaded by ``init_weights``
            when a run starts. Nothing is loaded where it is empty.
    """

    def __init__(self, base_channels: int = 64, checkpoint: str = ""):
        super().__init__()
        full, half, quarter = base_channels, 2 * base_channels, 4 * base_channels
        self.checkpoint = checkpoint
        self.out_channels = quarter
        self.encoder = nn.Sequential(
            nn.Conv2d(3, 3, 1),
            *_convolutions(3, full, full),
            nn.MaxPool2d(2),
            *_convolutions(full, half, half),
            nn.MaxPool2d(2),
            *_convolutions(half, quarter),
            nn.MaxPool2d(2),
            nn.Conv2d(quarter, quarter, 1),
            nn.ReLU(),
        )
        self.decoder = nn.Sequential(
            nn.Conv2d(quarter, quarter, 1),
            nn.ReLU(),
            nn.Upsample(scale_factor=2),
            *_convolutions(quarter, half),
            nn.Upsample(scale_factor=2),
            *_convolutions(half, half, full),
            nn.Upsample(scale_factor=2),
            *_convolutions(full, full, 3)[:-1],
            nn.Tanh(),
        )

    def init_weights(self) -> None:
        """Load ``checkpoint``, called by the Runner.

        Raises:
            CheckpointError: It is not there, or of another network.
        """
        if not self.checkpoint:
            return
        try:
            state = load_checkpoint(self.checkpoint)["state_dict"]
        except CheckpointError as error:
            raise CheckpointError(
                f"The color auto-encoder cannot be loaded: {error} It is trained first, for "
                "example with python tools/train.py configs/contrastcorr/color_trackingnet.py; "
                "model.codec.checkpoint names the result."
            ) from error
        own = {name.removeprefix("codec."): value for name, value in state.items()}
        load_weights(self, own, min_coverage=1.0, what="color auto-encoder")

    def encode(self, image_N3HW: Tensor) -> Tensor:
        """Codes (N, 4 c, H / 8, W / 8), not negative."""
        return self.encoder(image_N3HW)

    def decode(self, codes_NDHW: Tensor) -> Tensor:
        """Images (N, 3, 8 H, 8 W) in -1..1."""
        return self.decoder(codes_NDHW)


@MODELS.register_module()
class PatchCodec(nn.Module):
    """Codes that are the pixels of a patch: exact, and with nothing to be trained. Ours.

    Args:
        patch_size: Pixels a side of a patch, the stride.
    """

    def __init__(self, patch_size: int = 8):
        check_sizes("PatchCodec", patch_size=patch_size)
        super().__init__()
        self.patch_size = patch_size
        self.out_channels = 3 * patch_size**2

    def encode(self, image_N3HW: Tensor) -> Tensor:
        """Codes (N, 3 p p, H / p, W / p)."""
        return F.pixel_unshuffle(image_N3HW, self.patch_size)

    def decode(self, codes_NDHW: Tensor) -> Tensor:
        """Images (N, 3, p H, p W)."""
        return F.pixel_shuffle(codes_NDHW, self.patch_size)
