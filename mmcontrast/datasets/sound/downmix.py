"""Mixing the channels of a sound to one."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_CENTER = ("FC", "MONO")
_LOW = ("LFE", "LFE2")
_BY_NUMBER = {
    1: ("FC",),
    2: ("FL", "FR"),
    3: ("FL", "FR", "FC"),
    4: ("FL", "FR", "BL", "BR"),
    5: ("FL", "FR", "FC", "BL", "BR"),
    6: ("FL", "FR", "FC", "LFE", "BL", "BR"),
    7: ("FL", "FR", "FC", "LFE", "BC", "SL", "SR"),
    8: ("FL", "FR", "FC", "LFE", "BL", "BR", "SL", "SR"),
}


def default_channels(number: int) -> tuple[str, ...]:
    """Return the names of channels of a file that does not name them: the order of WAVE files.

    Those of more than eight channels are ``'1'``, ``'2'`` and so on.
    """
    return _BY_NUMBER.get(number) or tuple(str(index + 1) for index in range(number))


def downmix_weights(channels: Sequence[str]) -> NDArray[np.float32]:
    """Return the weights (C,) by which channels are mixed to one, with the sum 1.

    Front channels have sqrt(1/2), the center 1, those at the back and the sides 1/2, and the low
    frequencies 0, divided by their sum, as libswresample mixes to integers. Stereo is averaged.

    Args:
        channels: Names in FFmpeg's spelling, such as ``('FL', 'FR', 'FC', 'LFE', 'BL', 'BR')``.
    """
    weights = np.array([_weight(name.upper()) for name in channels])
    if not weights.any():
        weights[:] = 1
    return (weights / weights.sum()).astype(np.float32)


def _weight(name: str) -> float:
    if name in _CENTER:
        return 1.0
    if name in _LOW:
        return 0.0
    is_front = name.startswith("F") or name in ("DL", "DR")
    return np.sqrt(0.5) if is_front else 0.5
