"""Mel scales, and the triangular filters that sum a power spectrum into their bands."""

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]

# Slaney's scale: linear below 1 kHz, 15 mel there, and 27 mel for each factor of 6.4 above.
_LINEAR_HZ_PER_MEL = 200 / 3
_BREAK_HZ = 1000.0
_BREAK_MEL = _BREAK_HZ / _LINEAR_HZ_PER_MEL
_LOG_STEP = np.log(6.4) / 27


class FrontEnd(NamedTuple):
    """Settings of a log-mel spectrogram; the defaults are those of CrissCross.

    Attributes:
        sample_rate: Sample rate of the sounds in Hz.
        n_fft: Length of the Fourier transform in samples.
        win_length: Length of the periodic Hann window in samples, centered in ``n_fft``.
        hop_length: Distance of two frames in samples.
        n_mels: Number of mel bands.
        fmin: Lower edge of the lowest band in Hz.
        fmax: Upper edge of the highest band in Hz.
        mel_scale: Frequency scale: ``'slaney'``, linear below 1 kHz, or ``'htk'``,
            2595 log10(1 + f / 700).
        norm: ``'slaney'`` for filters of area 1 (over Hz), ``None`` for filters of peak 1.
        pad_mode: What is put half a window before the first and behind the last sample:
            ``'reflect'`` or ``'constant'`` (zeros, librosa's default from version 0.10 on).
        offset: Constant that is added to the power of a band before the logarithm.
        keep_last_frame: Whether a sound of ``k * hop_length`` samples has ``k + 1`` frames, the
            last one centered on its end; otherwise ``k``.
        mean: Mean that standardization subtracts from the logarithm.
        std: Standard deviation by which it then divides.
    """

    sample_rate: int = 16000
    n_fft: int = 1024
    win_length: int = 1024
    hop_length: int = 160
    n_mels: int = 80
    fmin: float = 0.0
    fmax: float = 8000.0
    mel_scale: Literal["slaney", "htk"] = "slaney"
    norm: Literal["slaney"] | None = "slaney"
    pad_mode: Literal["reflect", "constant"] = "reflect"
    offset: float = 1.1920929e-7
    keep_last_frame: bool = True
    mean: float = -5.3688107
    std: float = 4.410007


FRONT_ENDS: dict[str, FrontEnd] = {
    "crisscross": FrontEnd(),
    "xdc": FrontEnd(
        n_fft=512, win_length=400, hop_length=320, n_mels=40, mel_scale="htk", norm=None,
        offset=1e-6, keep_last_frame=False, mean=0.0, std=1.0,
    ),
}  # fmt: skip
"""Settings by the name of the paper."""


def hz_to_mel(hz: Float | float, mel_scale: str = "slaney") -> Float:
    """Convert frequencies in Hz, of any shape, to mel."""
    hz = np.asarray(hz, np.float64)
    if mel_scale == "htk":
        return 2595 * np.log10(1 + hz / 700)
    above = _BREAK_MEL + np.log(np.maximum(hz, _BREAK_HZ) / _BREAK_HZ) / _LOG_STEP
    return np.where(hz < _BREAK_HZ, hz / _LINEAR_HZ_PER_MEL, above)


def mel_to_hz(mel: Float | float, mel_scale: str = "slaney") -> Float:
    """Convert mel, of any shape, to frequencies in Hz; the inverse of :func:`hz_to_mel`."""
    mel = np.asarray(mel, np.float64)
    if mel_scale == "htk":
        return 700 * (10 ** (mel / 2595) - 1)
    above = _BREAK_HZ * np.exp(_LOG_STEP * (np.maximum(mel, _BREAK_MEL) - _BREAK_MEL))
    return np.where(mel < _BREAK_MEL, mel * _LINEAR_HZ_PER_MEL, above)


def mel_filters(front_end: FrontEnd = FRONT_ENDS["crisscross"]) -> NDArray[np.float32]:
    """Return the triangular filters of mel bands, equal to those of ``librosa.filters.mel``.

    Args:
        front_end: Settings of which the rate, ``n_fft`` and those of the bands are used.

    Returns:
        Weights (n_mels, 1 + n_fft // 2) of the bins of a power spectrum, float32.
    """
    edges_mel = np.linspace(
        hz_to_mel(front_end.fmin, front_end.mel_scale),
        hz_to_mel(front_end.fmax, front_end.mel_scale),
        front_end.n_mels + 2,
        dtype=np.float64,
    )
    edges = mel_to_hz(edges_mel, front_end.mel_scale)
    bins = np.fft.rfftfreq(front_end.n_fft, 1 / front_end.sample_rate)
    widths = np.diff(edges)
    rising = (bins - edges[:-2, None]) / widths[:-1, None]
    falling = (edges[2:, None] - bins) / widths[1:, None]
    filters = np.maximum(0, np.minimum(rising, falling))
    if front_end.norm == "slaney":
        filters *= 2 / (edges[2:] - edges[:-2])[:, None]
    return filters.astype(np.float32)
