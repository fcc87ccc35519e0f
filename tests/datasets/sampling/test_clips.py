import random

import pytest

from mmcontrast.datasets.sampling.clips import (
    RELAXATIONS,
    ClipTimes,
    Track,
    clip_pair,
    random_clips,
    uniform_clips,
    uniform_starts,
)


def video(start=0.0, seconds=10.0, clip=0.5):
    return Track(start, seconds, clip, 16)


def audio(start=0.0, seconds=10.0, clip=2.0):
    return Track(start, seconds, clip, 16000)


@pytest.fixture
def positions(monkeypatch):
    """Set the places of the next uniform draws in their ranges."""

    def put(*places):
        rest = list(places)
        monkeypatch.setattr(random, "uniform", lambda low, high: low + rest.pop(0) * (high - low))

    return put


# Images and sound (start, duration), relaxation, places of the draws, times of both views.
STARTS = [
    ((0, 10), (0, 10), "overlapped", (0.25, 0.5), (2.875, 3.125), (1.75, 2.75)),
    ((0, 10), (0, 10), "overlapped", (1, 1), (9.25, 9.5), (7, 8)),
    ((0, 10), (0, 10), "adjacent", (0.25, 0.5), (3.0, 3.5), (1.5, 3.5)),
    ((0, 10), (0, 10), "same_timestamp", (0.25, 0.5), (2.75, 2.75), (2.0, 2.0)),
    ((0, 10), (0, 10), "random", (0.25, 0.5, 1, 0), (2.75, 8.0), (2.0, 8.0)),
    ((0, 10), (0.4, 9.6), "overlapped", (0, 0), (0.4, 0.65), (0.4, 1.4)),
    ((0, 10), (0, 10), "far_apart", (0.25,), (0.75, 3.75), (0.75, 3.75)),
    ((0, 10), (0, 10), "far_apart", (1,), (3, 6), (3, 6)),
    ((0, 10), (0.4, 9.6), "far_apart", (0,), (0.2, 3.2), (0.2, 3.2)),
    ((0, 3), (0, 3), "far_apart", (0.5,), (0.5, 2.0), (0, 1)),
    ((0, 3.2), (0, 2.5), "overlapped", (0.5,), (1.225, 1.475), (0, 0.5)),
    # Exactly as long as the windows; the authors' code fails.
    ((0, 3), (0, 3), "overlapped", (0.5, 0.5), (1.125, 1.375), (0, 1)),
    # Shorter than a window, and than a clip; a late track begins at its own start.
    ((0, 0.6), (0, 10), "overlapped", (0.5,), (0, 0.0625), (3.5, 4.5)),
    ((0.3, 0.4), (0.1, 1.5), "overlapped", (), (0.3, 0.3), (0.1, 0.1)),
    ((0, 0.4), (0, 1.5), "far_apart", (), (0, 0), (0, 0)),
]


@pytest.mark.parametrize(
    ("images", "sound", "relaxation", "places", "video_times", "audio_times"), STARTS
)
def test_starts_of_pairs(positions, images, sound, relaxation, places, video_times, audio_times):
    positions(*places)
    times = clip_pair(video(*images), audio(*sound), relaxation)
    assert times.video == pytest.approx(video_times)
    assert times.audio == pytest.approx(audio_times)
    assert times.shared is None


def test_the_window_of_images_lies_in_that_of_sound():
    for seed in range(300):
        random.seed(seed)
        times = clip_pair(video(0.1, 8), audio(0.0, 7.5))
        start = times.audio[0]
        assert start >= 0.1 and times.audio[1] == pytest.approx(start + 1)
        assert start <= times.video[0] and times.video[0] + 0.75 <= start + 3 + 1e-9
        assert start + 3 <= 7.5 + 1e-9 and times.video[0] + 0.75 <= 8.1 + 1e-9


def test_alignments(positions):
    positions(0.5)
    times = clip_pair(video(), audio(), "same_timestamp", align="start")
    assert times == ClipTimes([4.0, 4.0], [4.0, 4.0])
    positions(0.5)
    times = clip_pair(video(), audio(), "same_timestamp", align="center")
    assert times == ClipTimes([4.75, 4.75], [4.0, 4.0])


def test_one_modality_alone(positions):
    positions(0.5)
    assert clip_pair(video(), None) == ClipTimes([4.625, 4.875], [])
    positions(0.5)
    assert clip_pair(None, audio()) == ClipTimes([], [3.5, 4.5])
    positions(0.5)
    assert clip_pair(None, audio(), "far_apart") == ClipTimes([], [1.5, 6.5])


@pytest.mark.parametrize("relaxation", ["v_far_a_same", "v_same_a_far"])
def test_a_shared_clip_is_either_of_the_two(relaxation):
    counts = [0, 0]
    for seed in range(400):
        random.seed(seed)
        times = clip_pair(video(), audio(), relaxation)
        shared = times.audio if relaxation == "v_far_a_same" else times.video
        apart = times.video if relaxation == "v_far_a_same" else times.audio
        assert times.shared == ("audio" if relaxation == "v_far_a_same" else "video")
        assert shared[0] == shared[1] and apart[1] == pytest.approx(apart[0] + 3)
        counts[apart.index(shared[0])] += 1
    assert min(counts) > 150


def test_unknown_relaxations_and_alignments():
    with pytest.raises(ValueError, match=r"no relaxation 'near'.*far_apart") as caught:
        clip_pair(video(), audio(), "near")
    assert all(name in str(caught.value) for name in RELAXATIONS)
    with pytest.raises(ValueError, match="align is 'inside', 'start' or 'center', got 'end'"):
        clip_pair(video(), audio(), align="end")


def test_random_clips_of_sound_begin_with_the_images_or_end_with_the_sound():
    for seed in range(100):
        random.seed(seed)
        times = random_clips(video(0.2, 5), audio(0.0, 4), num_clips=3)
        assert len(times.video) == len(times.audio) == 3
        for v, a in zip(times.video, times.audio, strict=True):
            assert 0.2 <= v <= 4.7 and a == min(v, 2.0)
    assert random_clips(video(0.2, 0.3), audio(0.1, 1.0)) == ClipTimes([0.2], [0.1])
    assert random_clips(None, audio(0.1, 1.0)) == ClipTimes([], [0.1])


def test_uniform_clips():
    eight, thirty_two = Track(1.0, 5.0, 0.5, 16), Track(1.0, 5.0, 2.0, 16)
    assert [16 * (t - 1) for t in uniform_clips(eight, None).video] == list(range(0, 80, 8))
    expected = [0, 5, 10, 16, 21, 26, 32, 37, 42, 48]
    assert [16 * (t - 1) for t in uniform_clips(thirty_two, None).video] == expected
    times = uniform_clips(eight, None, include_end=False).video
    assert [16 * (t - 1) for t in times] == [0, 7, 14, 21, 28, 36, 43, 50, 57, 64]
    times = uniform_clips(thirty_two, None, include_end=False).video
    assert [16 * (t - 1) for t in times] == [0, 4, 9, 14, 19, 24, 28, 33, 38, 43]
    both = uniform_clips(video(0, 5), audio(0, 4), num_clips=4)
    assert both.video == [0, 1.5, 3, 4.5] and both.audio == [0, 1.5, 2, 2]
    assert uniform_clips(None, audio(0, 5), num_clips=1) == ClipTimes([], [0.0])


def test_starts_of_windows():
    expected = [0, 33, 66, 100, 133, 167, 200, 234, 267, 301]
    assert uniform_starts(501, 200, 10) == expected
    starts = uniform_starts(3001, 100, 60)
    assert starts[:4] == [0, 49, 98, 147] and starts[-2:] == [2851, 2901]
    assert uniform_starts(5, 8, 3) == [0, 0, 0]
