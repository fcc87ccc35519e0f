"""The log-mel features of VMZ, the toolbox of the XDC authors' group.

Differences of this operator from the usual spectrogram, all kept: the bins of the spectrum are
``sample_rate / 2 / (n_fft / 2 + 1)`` apart where the filters are made; bin 0 holds the power of
frequency 0 and of the Nyquist frequency; a filter of a band does not weigh the last bin of its
range; windows lie inside the sound; and small energies are not logarithms.
"""

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mmcontrast.ops.log_mel import Float32Constants

_GAIN = 1080674186.3482928


def vmz_filters(
    n_mels: int = 40, n_fft: int = 256, sample_rate: int = 16000
) -> NDArray[np.float32]:
    """Return the filters of mel bands from 0 Hz to half the sample rate, 1127 ln(1 + f / 700).

    Returns:
        Weights (n_mels, n_fft // 2) of the power in the bins 0 to ``n_fft // 2 - 1``, float32.
    """
    num_bins = n_fft // 2 + 1
    edges_mel = np.linspace(0, 1127 * np.log(1 + sample_rate / 2 / 700), n_mels + 2)
    edges = 700 * (np.exp(edges_mel / 1127) - 1) / (sample_rate / 2 / num_bins)
    filters = np.zeros((n_mels, num_bins - 1))
    for band, (start, middle, end) in enumerate(zip(edges, edges[1:], edges[2:], strict=False)):
        bins = np.arange(int(start), min(int(end) + 1, num_bins - 1) + 1)
        rising = (middle - bins) / max(middle - start, 1.0)
        falling = (bins - middle) / max(end - middle, 1.0)
        weights = np.maximum(1 - np.where(bins < middle, rising, falling), 0)
        filters[band, bins[:-1]] = weights[:-1] / weights.sum()
    return filters.astype(np.float32)


class VMZLogMel(Float32Constants):
    """Log-mel features as VMZ computes them, 40 bands of 16 ms windows every 10 ms.

    A window is read only if more samples than its length remain. Energies G e above Euler's number
    become ln(G e), others G e / 2.718; G is about 1.08e9, and silence is 0. Computed in float32;
    constants stay so when the module is converted.

    Args:
        n_mels: Number of mel bands.
        sample_rate: Sample rate of the sounds in Hz.
    """

    window: Tensor
    filters: Tensor

    def __init__(self, n_mels: int = 40, sample_rate: int = 16000):
        super().__init__()
        self.sample_rate = sample_rate
        self.win_length = sample_rate * 16 // 1000
        self.hop_length = sample_rate * 10 // 1000
        self.n_fft = 2 ** math.ceil(math.log2(self.win_length))
        window = torch.hann_window(self.win_length, periodic=False, dtype=torch.float64).float()
        filters = torch.from_numpy(vmz_filters(n_mels, self.n_fft, sample_rate))
        self.register_buffer("window", window, persistent=False)
        self.register_buffer("filters", filters, persistent=False)

    def forward(self, samples: Tensor) -> Tensor:
        """Compute the features of a sound.

        Args:
            samples: Samples (..., samples) in [-1, 1], floating point.

        Returns:
            Features (..., n_mels, time), float32; 1 s at 16 kHz has 99 frames.

        Raises:
            ValueError: The sound is not longer than a window.
        """
        if samples.shape[-1] <= self.win_length:
            raise ValueError(
                f"VMZLogMel: a sound of {samples.shape[-1]} samples is too short: more than the "
                f"{self.win_length} of a window are needed. Read a longer clip."
            )
        with torch.autocast(samples.device.type, enabled=False):
            # The last sample is never the end of a window.
            windows = samples.float()[..., :-1].unfold(-1, self.win_length, self.hop_length)
            spectrum = torch.fft.rfft(windows * self.window, self.n_fft)
            power = spectrum.real.square() + spectrum.imag.square()
            power = torch.cat([power[..., :1] + power[..., -1:], power[..., 1:-1]], -1)
            energy = _GAIN * (power @ self.filters.T)
            result = torch.where(energy > math.e, energy.clamp(min=1e-30).log(), energy / math.e)
        return result.transpose(-1, -2)
