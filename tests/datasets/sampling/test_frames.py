import random
from collections import Counter

import pytest

from mmcontrast.datasets.sampling.frames import gap, segments, window
from mmcontrast.registry import FUNCTIONS


@pytest.fixture(autouse=True)
def seed():
    random.seed(0)


def test_configs_name_them():
    assert [FUNCTIONS.get(name) for name in ("segments", "window", "gap")] == [
        segments,
        window,
        gap,
    ]


@pytest.mark.parametrize(("num_frames", "parts"), [(299, 2), (80, 8), (87, 8), (8, 8), (9, 4)])
def test_segments_draw_each_frame_of_each_part_alike(num_frames, parts):
    size = num_frames // parts
    draws = [segments(num_frames, parts) for _ in range(60 * size)]
    for number, drawn in enumerate(zip(*draws, strict=True)):
        counts = Counter(drawn)
        assert set(counts) == set(range(number * size, (number + 1) * size))
        assert max(counts.values()) < 2 * 60


def test_a_video_that_is_shorter_than_its_segments_repeats_frames_in_order():
    assert segments(2, 8) == [0, 0, 0, 0, 1, 1, 1, 1]
    assert segments(5, 8) == [0, 0, 1, 1, 2, 3, 3, 4]
    assert segments(1, 2) == [0, 0]


def test_window_is_contiguous_and_reaches_both_ends():
    draws = {tuple(window(10, 3, stride=2)) for _ in range(300)}
    assert draws == {(start, start + 2, start + 4) for start in range(6)}
    assert window(5, 3, stride=2) == [0, 2, 4]
    assert window(4, 3, stride=2) == [0, 1, 2]


def test_gap_of_a_long_video():
    draws = [gap(100, max_gap=50) for _ in range(5000)]
    assert {second - first for first, second in draws} == set(range(1, 51))
    assert {first for first, _ in draws} == set(range(50))
    assert max(second for _, second in draws) == 99


def test_gap_of_a_short_video_gives_two_different_frames_in_any_order():
    draws = {tuple(gap(3, max_gap=50)) for _ in range(200)}
    assert draws == {(a, b) for a in range(3) for b in range(3) if a != b}
    # The longest video that counts as short.
    assert any(first > second for first, second in (gap(51, 50) for _ in range(50)))
    assert all(first < second for first, second in (gap(52, 50) for _ in range(200)))
    assert gap(1, 50) == [0, 0]
