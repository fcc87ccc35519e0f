"""Which frames of a video a clip is made of.

Functions from the number of frames to the indices of some, in 0..num_frames - 1, that draw from
Python's global generator. A config names them in ``LoadFrames``. A video may be shorter than the
clip: then frames repeat, evenly. Two frames of one clip, at least, differ wherever there are two.
"""

import random

from mmcontrast.registry import FUNCTIONS


@FUNCTIONS.register_module()
def segments(num_frames: int, num_segments: int) -> list[int]:
    """One random frame of each of ``num_segments`` equal parts, in order.

    Wang et al., "Temporal Segment Networks", ECCV 2016. A part has ``num_frames // num_segments``
    frames; what is left over at the end is never drawn.
    """
    size = num_frames // num_segments
    if size == 0:
        return _spread(num_frames, num_segments)
    return [part * size + random.randrange(size) for part in range(num_segments)]


@FUNCTIONS.register_module()
def window(num_frames: int, length: int, stride: int = 1) -> list[int]:
    """``length`` frames, every ``stride``-th from a random one on."""
    last_start = num_frames - 1 - (length - 1) * stride
    if last_start < 0:
        return _spread(num_frames, length)
    start = random.randint(0, last_start)
    return [start + number * stride for number in range(length)]


@FUNCTIONS.register_module()
def gap(num_frames: int, max_gap: int) -> list[int]:
    """Two frames, the second 1 to ``max_gap`` after the first, as in ContrastCorr.

    A video of at most ``max_gap + 1`` frames gives any two in any order, which in the authors' code
    may be twice the same.
    """
    last = num_frames - 1
    if last > max_gap:
        first = random.randint(0, last - max_gap)
        return [first, first + random.randint(1, max_gap)]
    return random.sample(range(num_frames), 2) if num_frames > 1 else _spread(num_frames, 2)


def _spread(num_frames: int, count: int) -> list[int]:
    return [number * num_frames // count for number in range(count)]
