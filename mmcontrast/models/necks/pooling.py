"""Pooling of feature maps to one vector a sample, where a protocol takes no average.

Shapes: N samples, C channels, T frames, H, W cells, M mel bands.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from torch import Tensor

from mmcontrast.registry import MODELS
from mmcontrast.utils.arguments import check_sizes

_AXES = ("time", "vector")


@MODELS.register_module()
class MaxPool(BaseModule):
    """Maximum over the places of the last map, or over windows of it that are laid side by side.

    Retrieval of videos takes windows of 2 x 2 x 2 and vectors of unit length (SeLaVi, NeurIPS
    2020); the SVMs on sounds of CrissCross take ``kernel_size=(1, 3), stride=(1, 2),
    normalize='time'``, 4,608 numbers of a map of 512 x 3 x 7; its fine-tuning takes the maximum
    over the whole map.

    Args:
        kernel_size: Size of the windows, one number for each dimension of the map; None for the
            whole map. A window is at most as large as the map.
        stride: Distance of the windows, by default ``kernel_size``.
        normalize: ``'vector'`` divides the vector of a sample by its length, ``'time'`` the frames
            of each channel and band by theirs, so that only the course in time is left; None
            neither.

    Raises:
        ValueError: There is no such normalization, or ``stride`` is given without windows.
    """

    def __init__(
        self,
        kernel_size: Sequence[int] | None = None,
        stride: Sequence[int] | None = None,
        normalize: str | None = None,
    ):
        super().__init__()
        if normalize is not None and normalize not in _AXES:
            raise ValueError(f"MaxPool: normalize is one of {_AXES} or None, got {normalize!r}.")
        if kernel_size is None and stride is not None:
            raise ValueError("MaxPool: stride needs kernel_size; leave it out for the whole map.")
        for name, size in (("kernel_size", kernel_size), ("stride", stride)):
            if size is not None:
                check_sizes("MaxPool", **{name: size})
        self.kernel_size = None if kernel_size is None else tuple(kernel_size)
        self.stride = self.kernel_size if stride is None else tuple(stride)
        self.normalize = normalize

    def forward(self, maps: Sequence[Tensor]) -> Tensor:
        """Pool the last map.

        Args:
            maps: Maps (N, C, M, T) or (N, C, T, H, W).

        Returns:
            (N, C), or with windows (N, C * windows) in the order of the map. A vector of zeros
            stays as it is where it is normalized.

        Raises:
            ValueError: The windows have another number of dimensions than the map.
        """
        pooled = self._pool(maps[-1])
        if self.normalize == "time":
            # Time is the last dimension of a spectrogram's map and the first one of a clip's.
            pooled = F.normalize(pooled, dim=-1 if pooled.dim() == 4 else 2)
        pooled = pooled.flatten(1)
        return F.normalize(pooled, dim=1) if self.normalize == "vector" else pooled

    def _pool(self, last: Tensor) -> Tensor:
        if self.kernel_size is None:
            return last.amax(dim=tuple(range(2, last.dim())), keepdim=True)
        if len(self.kernel_size) != last.dim() - 2:
            raise ValueError(
                f"MaxPool: windows of {self.kernel_size} on a map {tuple(last.shape)}; kernel_size "
                f"has {last.dim() - 2} numbers for it."
            )
        pool = F.max_pool2d if last.dim() == 4 else F.max_pool3d
        sizes = zip(self.kernel_size, last.shape[2:], strict=True)
        return pool(last, [min(size, length) for size, length in sizes], self.stride)


@MODELS.register_module()
class BandStatistics(BaseModule):
    """Mean and standard deviation over time of each band: the raw spectrogram as a feature.

    It is the baseline that a network on spectrograms has to beat, with ``backbone=None``.
    """

    def forward(self, maps: Sequence[Tensor]) -> Tensor:
        """Summarize spectrograms.

        Args:
            maps: The last one is (N, C, M, T).

        Returns:
            (N, 2 * C * M): means, then deviations (divided by T).
        """
        last = maps[-1]
        mean, deviation = last.mean(dim=-1), last.std(dim=-1, correction=0)
        return torch.cat([mean.flatten(1), deviation.flatten(1)], dim=1)
