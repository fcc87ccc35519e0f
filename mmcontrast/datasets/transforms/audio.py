"""Transforms of sounds: of their samples, and from samples to a spectrogram.

``results['audio']`` holds samples (channels, samples), float32 in [-1, 1], at
``results['sample_rate']`` Hz; ``results['valid_seconds']`` says how much of them is sound of the
file, and not silence that was added at its ends. :class:`LogMelSpectrogram` adds
``results['spectrogram']``, which :mod:`~mmcontrast.datasets.transforms.audio_spectrogram` changes.
"""

import random
from typing import Any

import torch

from mmcontrast.ops.log_mel import LogMel
from mmcontrast.ops.vmz_log_mel import VMZLogMel
from mmcontrast.registry import TRANSFORMS
from mmcontrast.utils.arguments import check_number


@TRANSFORMS.register_module()
class VolumeJitter:
    """Multiply the samples by a factor drawn from U(1 - ``volume``, 1 + ``volume``).

    Samples may leave [-1, 1]; they are not clipped.
    """

    def __init__(self, volume: float = 0.2):
        check_number("VolumeJitter: volume", volume, 0, 1)
        self.volume = volume

    def __call__(self, results: dict) -> dict:
        """Apply the transform to ``results`` and return them."""
        factor = random.uniform(1 - self.volume, 1 + self.volume)
        results["audio"] = results["audio"] * factor
        return results


@TRANSFORMS.register_module()
class LogMelSpectrogram:
    """Add the log-mel spectrogram (channels, n_mels, time) of the samples, a float32 tensor.

    To compute it on the device in place of the workers, leave this transform out and pass the
    packed samples to :class:`mmcontrast.ops.log_mel.LogMel`.

    Args:
        front_end: ``'crisscross'``, ``'xdc'`` or ``'vmz'``.
        **settings: Arguments of :class:`~mmcontrast.ops.log_mel.LogMel`, such as
            ``standardize=False``, or of :class:`~mmcontrast.ops.vmz_log_mel.VMZLogMel`.

    Raises:
        ValueError: The sound has another sample rate.
    """

    def __init__(self, front_end: str = "crisscross", **settings: Any):
        self.log_mel: LogMel | VMZLogMel
        if front_end == "vmz":
            self.log_mel = VMZLogMel(**settings)
        else:
            self.log_mel = LogMel(front_end, **settings)

    def __call__(self, results: dict) -> dict:
        """Apply the transform to ``results`` and return them."""
        expected = self.log_mel.sample_rate
        if results["sample_rate"] != expected:
            raise ValueError(
                f"LogMelSpectrogram: the sound of {results['path']} has a sample rate of "
                f"{results['sample_rate']} Hz, and the front end expects {expected} Hz. Set "
                f"sample_rate={expected} in the transform that loads it."
            )
        results["spectrogram"] = self.log_mel(torch.from_numpy(results["audio"]))
        return results
