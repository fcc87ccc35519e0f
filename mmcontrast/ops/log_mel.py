"""Log-mel spectrograms of sounds, with the front ends of CrissCross and XDC.

CrissCross (Sarkar and Etemad, AAAI 2023) takes the logarithm of 80 mel bands after Slaney and
standardizes it. The front end of XDC (Alwassel et al., NeurIPS 2020) is not published beyond 40
bands and 100 frames of 2 s; what is called so here is our choice, and
:mod:`mmcontrast.ops.vmz_log_mel` has that of its authors' toolbox.
"""

from collections.abc import Callable
from typing import Any, Self

import torch
from torch import Tensor, nn

from mmcontrast.ops.mel_filters import FRONT_ENDS, FrontEnd, mel_filters
from mmcontrast.utils.arguments import check_number, check_sizes

_SOUNDS_AT_ONCE = 2
"""Number of sounds on a CPU whose spectra stay in its cache."""
_BANDS_AT_ONCE = 16


class Float32Constants(nn.Module):
    """A module whose buffers move to devices, but remain float32 when the module is converted."""

    def _apply(self, fn: Callable, recurse: bool = True) -> Self:
        constants = dict(self.named_buffers(recurse=False))
        super()._apply(fn, recurse)
        for name, constant in constants.items():
            setattr(self, name, constant.to(getattr(self, name).device))
        return self


class LogMel(Float32Constants):
    """Log-mel spectrogram of sounds, one by one or batched, on any device.

    It is computed in float32 whatever the type of the sound, under autocast too, and the module
    keeps its constants in float32 when it is converted: in half precision the power of a soft sound
    next to a loud one is lost.

    Differences from the authors' code: CrissCross adds 2.2e-16 to the power spectrum, which is far
    below ``offset``, and from NumPy 2 on computes in float64. Results differ by about 1e-6.

    Args:
        front_end: A key of :data:`FRONT_ENDS`, or settings.
        standardize: Whether to subtract the front end's ``mean`` and divide by its ``std``; that of
            XDC has none.
        **changes: Settings that replace those of the front end, such as ``pad_mode='constant'``.

    Raises:
        ValueError: There is no front end of that name, or a setting is out of range.
        TypeError: There is no setting of that name.
    """

    window: Tensor
    filters: Tensor

    def __init__(
        self,
        front_end: str | FrontEnd = "crisscross",
        standardize: bool = True,
        **changes: Any,
    ):
        super().__init__()
        self.settings = settings = _settings(front_end, changes)
        self.standardize = standardize
        window = torch.hann_window(settings.win_length, dtype=torch.float64).float()
        self.register_buffer("window", window, persistent=False)
        filters = torch.from_numpy(mel_filters(settings))
        self.register_buffer("filters", filters, persistent=False)
        self._bins = [_nonzero_bins(rows) for rows in filters.split(_BANDS_AT_ONCE)]

    @property
    def sample_rate(self) -> int:
        """Sample rate of the sounds in Hz."""
        return self.settings.sample_rate

    @property
    def frame_rate(self) -> float:
        """Number of frames per second."""
        return self.settings.sample_rate / self.settings.hop_length

    def num_frames(self, num_samples: int) -> int:
        """Return the number of frames of a sound of ``num_samples`` samples."""
        return num_samples // self.settings.hop_length + int(self.settings.keep_last_frame)

    def forward(self, samples: Tensor) -> Tensor:
        """Compute the spectrogram of a sound.

        Args:
            samples: Samples (..., samples) in [-1, 1], floating point.

        Returns:
            Natural logarithm of the power in each band, (..., n_mels, time), float32.

        Raises:
            ValueError: The sound is too short to be padded by its reflection.
        """
        settings = self.settings
        if settings.pad_mode == "reflect" and samples.shape[-1] <= settings.n_fft // 2:
            raise ValueError(
                f"LogMel: a sound of {samples.shape[-1]} samples is too short: the reflection at "
                f"its ends needs more than n_fft / 2 = {settings.n_fft // 2}. Read a longer clip, "
                "or set pad_mode='constant'."
            )
        with torch.autocast(samples.device.type, enabled=False):
            flat = samples.reshape(-1, samples.shape[-1]).float()
            is_cpu = flat.device.type == "cpu"
            parts = flat.split(_SOUNDS_AT_ONCE) if is_cpu else (flat,)
            result = torch.cat([self._log_mel(part) for part in parts])
        return result.reshape(*samples.shape[:-1], *result.shape[-2:])

    def _log_mel(self, samples: Tensor) -> Tensor:
        """Compute spectrograms (N, n_mels, time) of sounds (N, samples)."""
        settings = self.settings
        spectrum = torch.stft(
            samples,
            settings.n_fft,
            settings.hop_length,
            settings.win_length,
            self.window,
            pad_mode=settings.pad_mode,
            return_complex=True,
        )
        spectrum = spectrum[..., : self.num_frames(samples.shape[-1])]
        power = spectrum.real.square().addcmul_(spectrum.imag, spectrum.imag)
        # Most of each filter is zero: a few bands at a time need a part of the bins.
        bands = zip(self.filters.split(_BANDS_AT_ONCE), self._bins, strict=True)
        mels = [rows[:, bins] @ power[:, bins] for rows, bins in bands]
        result = torch.cat(mels, dim=1).add_(settings.offset).log_()
        return (result - settings.mean).div_(settings.std) if self.standardize else result


def _nonzero_bins(filters: Tensor) -> slice:
    """Return the bins of a spectrum that some filters (n_mels, bins) take part of."""
    bins = filters.any(dim=0).nonzero()[:, 0].tolist() or [0]
    return slice(bins[0], bins[-1] + 1)


def _settings(front_end: str | FrontEnd, changes: dict[str, Any]) -> FrontEnd:
    if isinstance(front_end, str) and front_end not in FRONT_ENDS:
        raise ValueError(f"LogMel: there is no front end {front_end!r}: {', '.join(FRONT_ENDS)}.")
    unknown = changes.keys() - set(FrontEnd._fields)
    if unknown:
        raise TypeError(
            f"LogMel: there is no setting {', '.join(sorted(unknown))}: "
            f"{', '.join(FrontEnd._fields)}."
        )
    chosen = FRONT_ENDS[front_end] if isinstance(front_end, str) else front_end
    settings = chosen._replace(**changes)
    check_sizes(
        "LogMel",
        sample_rate=settings.sample_rate,
        n_fft=settings.n_fft,
        win_length=settings.win_length,
        hop_length=settings.hop_length,
        n_mels=settings.n_mels,
    )
    check_number("LogMel: win_length", settings.win_length, 1, settings.n_fft)
    check_number("LogMel: fmin", settings.fmin, 0, settings.fmax)
    check_number("LogMel: fmax", settings.fmax, settings.fmin, settings.sample_rate / 2, above=True)
    check_number("LogMel: offset", settings.offset, 0, above=True)
    check_number("LogMel: std", settings.std, 0, above=True)
    for name, choices in (
        ("mel_scale", ("slaney", "htk")),
        ("norm", ("slaney", None)),
        ("pad_mode", ("reflect", "constant")),
    ):
        if getattr(settings, name) not in choices:
            raise ValueError(
                f"LogMel: {name} is {' or '.join(map(repr, choices))}, got "
                f"{getattr(settings, name)!r}."
            )
    return settings
