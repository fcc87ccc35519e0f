"""ResNet-18 on spectrograms, the network for sounds of CrissCross and, here, of XDC.

Shapes: N sounds, M mel bands, T frames of the spectrogram.
"""

from typing import Any

from torch import Tensor

from mmcontrast.registry import MODELS

from .resnet import ResNet


@MODELS.register_module()
class AudioResNet(ResNet):
    """ResNet-18 for spectrograms of one channel; 11,170,240 parameters.

    The layers, keys and initial weights (Kaiming's normal distribution, fan out) are those of
    :class:`~mmcontrast.models.backbones.ResNet`. The weights that CrissCross' authors release have
    other keys (``conv1.0.weight``, ``block1.0.conv1.weight``), which are translated on loading. The
    network for sounds of XDC was never released; this one takes its place.

    Args:
        **kwargs: Those of ``ResNet`` except for ``depth`` and ``in_channels``, such as
            ``base_channels`` and ``norm_cfg``.
    """

    def __init__(self, **kwargs: Any):
        super().__init__(depth=18, in_channels=1, **kwargs)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Compute feature maps.

        Args:
            x: Spectrograms (N, 1, M, T), float.

        Returns:
            For each of ``out_indices`` a map of frequency by time; the last stage has stride 32:
            (N, 512, 3, 7) for 80 bands and 201 frames.

        Raises:
            ValueError: The input is no batch of spectrograms.
        """
        if x.dim() != 4 or x.shape[1] != 1:
            raise ValueError(
                f"AudioResNet needs spectrograms (N, 1, bands, frames), got {tuple(x.shape)}: let "
                "the pipeline make them of waveforms with dict(type='LogMelSpectrogram')."
            )
        return super().forward(x)
