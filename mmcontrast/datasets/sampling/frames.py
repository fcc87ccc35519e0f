"""Samplers that choose the frames of a clip.

They are functions from the number of frames of a video to indices in 0..num_frames - 1, which draw
from Python's global generator. A config names them in ``LoadFrames``. If a video is shorter than
the clip, frames are repeated evenly. A clip of a video of at least two frames has at least two
different ones.
"""

import random

from mmcontrast.registry import FUNCTIONS
from mmcontrast.utils.arguments import check_sizes


@FUNCTIONS.register_module()
def segments(num_frames: int, num_segments: int) -> list[int]:
    """Draw one random frame from each of ``num_segments`` equal segments, in order.

    Wang et al., "Temporal Segment Networks", ECCV 2016. A segment has
    ``num_frames // num_segments`` frames; the remainder at the end is never drawn.
    """
    check_sizes("segments", num_segments=num_segments)
    size = num_frames // num_segments
    if size == 0:
        return _spread(num_frames, num_segments)
    return [segment * size + random.randrange(size) for segment in range(num_segments)]


@FUNCTIONS.register_module()
def window(num_frames: int, length: int, stride: int = 1) -> list[int]:
    """Draw ``length`` frames, every ``stride``-th one from a random start."""
    check_sizes("window", length=length, stride=stride)
    last_start = num_frames - 1 - (length - 1) * stride
    if last_start < 0:
        return _spread(num_frames, length)
    start = random.randint(0, last_start)
    return [start + number * stride for number in range(length)]


@FUNCTIONS.register_module()
def gap(num_frames: int, max_gap: int) -> list[int]:
    """Draw two frames, the second 1 to ``max_gap`` after the first, as in ContrastCorr.

    From a video of at most ``max_gap + 1`` frames, two different frames are drawn in any order; the
    authors' code may draw the same frame twice.
    """
    check_sizes("gap", max_gap=max_gap)
    last = num_frames - 1
    if last > max_gap:
        first = random.randint(0, last - max_gap)
        return [first, first + random.randint(1, max_gap)]
    return random.sample(range(num_frames), 2) if num_frames > 1 else _spread(num_frames, 2)


def _spread(num_frames: int, count: int) -> list[int]:
    return [number * num_frames // count for number in range(count)]
