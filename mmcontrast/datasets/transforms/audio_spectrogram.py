"""Augmentations of spectrograms ``results['spectrogram']``, tensors (channels, n_mels, time).

CrissCross (Sarkar and Etemad, AAAI 2023) applies :class:`FrequencyMask`, :class:`TimeMask` and
:class:`RandomSpectrogramCrop` in this order to standardized spectrograms; where it judges frozen
features, :class:`TimeWarp` comes before the masks.

Shapes: C channels, F mel bands, T frames.
"""

import random
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from mmcontrast.registry import TRANSFORMS
from mmcontrast.utils.arguments import check_number, check_sizes


def mask_bands(
    spectrogram_CFT: Tensor, dim: int, widths: Sequence[int], starts: Sequence[int]
) -> Tensor:
    """Replace bands of a spectrogram by the mean of all its cells.

    Args:
        spectrogram_CFT: Spectrogram.
        dim: Dimension along which the bands are counted: -2 for frequencies, -1 for frames.
        widths: Widths of the bands in cells; those of width 0 change nothing.
        starts: Index of the first cell of each band.

    Returns:
        A new tensor (C, F, T).
    """
    cells = torch.arange(spectrogram_CFT.shape[dim], device=spectrogram_CFT.device)
    is_masked = torch.zeros_like(cells, dtype=torch.bool)
    for width, start in zip(widths, starts, strict=True):
        is_masked |= (start <= cells) & (cells < start + width)
    if dim == -2:
        is_masked = is_masked[:, None]
    return torch.where(is_masked, spectrogram_CFT.mean(), spectrogram_CFT)


def time_warp(spectrogram_CFT: Tensor, center: int, warped: int) -> Tensor:
    """Stretch the frames before ``center`` to ``warped`` frames, and squeeze the others.

    Args:
        spectrogram_CFT: Spectrogram.
        center: Number of frames that are stretched, in 1..T-1.
        warped: Number of frames that they become, in 1..T-1.

    Returns:
        (C, F, T), interpolated by bicubic convolution (a = -0.75) without aligned corners.
    """
    num_bands, num_frames = spectrogram_CFT.shape[-2:]
    parts = (
        (spectrogram_CFT[..., :center], warped),
        (spectrogram_CFT[..., center:], num_frames - warped),
    )
    return torch.cat(
        [
            interpolate(part[None], (num_bands, length), mode="bicubic", align_corners=False)[0]
            for part, length in parts
        ],
        -1,
    )


def crop_from_canvas(
    spectrogram_CFT: Tensor,
    top: int,
    left: int,
    height: int,
    width: int,
    canvas_scale: tuple[float, float] = (1.0, 1.5),
) -> Tensor:
    """Put a spectrogram on a larger canvas of zeros, cut out a region, and resize it.

    Niizumi et al., "BYOL for Audio", IJCNN 2021, random resize crop.

    Args:
        spectrogram_CFT: Spectrogram, which is put into the middle of the canvas.
        top: First band of the region, on the canvas.
        left: First frame of the region, on the canvas.
        height: Number of bands of the region.
        width: Number of frames of the region.
        canvas_scale: Bands and frames of the canvas, as multiples of F and T, rounded down.

    Returns:
        (C, F, T), interpolated by bicubic convolution (a = -0.75) with aligned corners.
    """
    num_channels, num_bands, num_frames = spectrogram_CFT.shape
    canvas_height, canvas_width = _canvas(spectrogram_CFT, canvas_scale)
    canvas = spectrogram_CFT.new_zeros(num_channels, canvas_height, canvas_width)
    y, x = (canvas_height - num_bands) // 2, (canvas_width - num_frames) // 2
    canvas[:, y : y + num_bands, x : x + num_frames] = spectrogram_CFT
    region = canvas[None, :, top : top + height, left : left + width]
    return interpolate(region, (num_bands, num_frames), mode="bicubic", align_corners=True)[0]


def _canvas(spectrogram_CFT: Tensor, canvas_scale: tuple[float, float]) -> tuple[int, int]:
    num_bands, num_frames = spectrogram_CFT.shape[-2:]
    return int(num_bands * canvas_scale[0]), int(num_frames * canvas_scale[1])


class _Mask:
    """Mask bands along one dimension.

    Args:
        max_width: Largest width of a band in cells; widths are drawn from U{0..max_width}.
        num_masks: Number of bands. All start in 0..D - w - 1, where D is the number of cells and w
            the widest band that was drawn.
    """

    dim: int

    def __init__(self, max_width: int, num_masks: int = 2):
        check_number(f"{type(self).__name__}: max_width", max_width, 0)
        check_sizes(type(self).__name__, num_masks=num_masks)
        self.max_width = max_width
        self.num_masks = num_masks

    def __call__(self, results: dict) -> dict:
        """Apply the transform to ``results`` and return them."""
        spectrogram = results["spectrogram"]
        widths = [random.randint(0, self.max_width) for _ in range(self.num_masks)]
        num_starts = max(1, spectrogram.shape[self.dim] - max(widths))
        starts = [random.randrange(num_starts) for _ in widths]
        results["spectrogram"] = mask_bands(spectrogram, self.dim, widths, starts)
        return results


@TRANSFORMS.register_module()
class FrequencyMask(_Mask):
    """Replace ranges of frequencies by the mean of the spectrogram.

    Args:
        max_width: Largest width of a range in mel bands; widths are drawn from U{0..max_width}.
        num_masks: Number of ranges. All start in 0..F - w - 1, where w is the widest of them.
    """

    dim = -2

    def __init__(self, max_width: int = 9, num_masks: int = 2):
        super().__init__(max_width, num_masks)


@TRANSFORMS.register_module()
class TimeMask(_Mask):
    """Replace ranges of time by the mean of the spectrogram.

    Args:
        max_width: Largest width of a range in frames; widths are drawn from U{0..max_width}.
        num_masks: Number of ranges. All start in 0..T - w - 1, where w is the widest of them.
    """

    dim = -1

    def __init__(self, max_width: int = 19, num_masks: int = 2):
        super().__init__(max_width, num_masks)


@TRANSFORMS.register_module()
class TimeWarp:
    """Move a random frame by at most ``window`` frames, and interpolate on both of its sides.

    The frame c is drawn from U{window..T-window-1}, and its new place from
    U{c-window+1..c+window}. Spectrograms of at most 2 ``window`` frames are not changed.
    """

    def __init__(self, window: int = 20):
        check_sizes("TimeWarp", window=window)
        self.window = window

    def __call__(self, results: dict) -> dict:
        """Apply the transform to ``results`` and return them."""
        spectrogram = results["spectrogram"]
        num_frames = spectrogram.shape[-1]
        if num_frames > 2 * self.window:
            center = random.randint(self.window, num_frames - self.window - 1)
            warped = random.randint(center - self.window, center + self.window - 1) + 1
            results["spectrogram"] = time_warp(spectrogram, center, warped)
        return results


@TRANSFORMS.register_module()
class RandomSpectrogramCrop:
    """Cut a random region out of the spectrogram on a larger canvas, and resize it.

    See :func:`crop_from_canvas`. Height and width of the region are fractions of those of the
    spectrogram, rounded down, and at most those of the canvas.

    Args:
        freq_scale: Range of the height's fraction, drawn uniformly, before that of the width.
        time_scale: Range of the width's fraction, drawn uniformly.
        canvas_scale: Bands and frames of the canvas, as multiples of those of the spectrogram.
    """

    def __init__(
        self,
        freq_scale: tuple[float, float] = (0.6, 1.5),
        time_scale: tuple[float, float] = (0.6, 1.5),
        canvas_scale: tuple[float, float] = (1.0, 1.5),
    ):
        for name, scale in (("freq_scale", freq_scale), ("time_scale", time_scale)):
            if not 0 < scale[0] <= scale[1]:
                raise ValueError(
                    f"RandomSpectrogramCrop: {name} is a positive range (smallest, largest), got "
                    f"{tuple(scale)}."
                )
        check_sizes("RandomSpectrogramCrop", canvas_scale=canvas_scale)
        self.freq_scale = freq_scale
        self.time_scale = time_scale
        self.canvas_scale = canvas_scale

    def __call__(self, results: dict) -> dict:
        """Apply the transform to ``results`` and return them."""
        spectrogram = results["spectrogram"]
        canvas_height, canvas_width = _canvas(spectrogram, self.canvas_scale)
        num_bands, num_frames = spectrogram.shape[-2:]
        height = min(max(int(random.uniform(*self.freq_scale) * num_bands), 1), canvas_height)
        width = min(max(int(random.uniform(*self.time_scale) * num_frames), 1), canvas_width)
        top = random.randint(0, canvas_height - height)
        left = random.randint(0, canvas_width - width)
        results["spectrogram"] = crop_from_canvas(
            spectrogram, top, left, height, width, self.canvas_scale
        )
        return results
