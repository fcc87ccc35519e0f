"""MPEG transport streams: seeks end between key frames, and times begin anywhere."""

import pytest

from mmcontrast.datasets.errors import UnreadableVideoError
from mmcontrast.datasets.video import open_video

av = pytest.importorskip("av")
from tests.datasets.video.files import RATE, numbers, write_video  # noqa: E402

LENGTH = 100
CODECS = ["libx264", "mpeg2video"]
WRAP = 2**33 * RATE // 90_000
"""Time, in frames, at which the clock of 33 bits begins anew."""


def read_alone(path, seconds):
    """The number of the frame at each time, each read from a newly opened file."""
    result = []
    for time in seconds:
        with open_video(str(path)) as file:
            result += numbers(file.read_times([time]))
    return result


@pytest.mark.parametrize("codec", CODECS)
def test_each_frame_is_read_alone(tmp_path, codec):
    path = write_video(tmp_path / "v.ts", codec, LENGTH, g="50")
    times = [(number + 0.5) / RATE for number in range(LENGTH)]
    assert read_alone(path, times) == list(range(LENGTH))


@pytest.mark.parametrize("begin", [2500, WRAP - 50, WRAP - 80])
def test_times_are_relative_to_the_first_frame(tmp_path, begin):
    times = range(begin, begin + LENGTH)
    path = write_video(tmp_path / "v.ts", "libx264", times=list(times), g="50")
    chosen = [0, 1, 30, 49, 50, 51, 80, LENGTH - 1]
    assert read_alone(path, [(number + 0.5) / RATE for number in chosen]) == chosen
    with open_video(str(path)) as file:
        info = file.probe()
        assert (info.num_frames, info.duration) == (LENGTH, pytest.approx(LENGTH / RATE))
        assert numbers(file.read_all()) == list(range(LENGTH))


def test_frames_of_a_variable_rate_are_read_by_their_times(tmp_path):
    times = [*range(60), *range(60, 180, 4)]
    path = write_video(tmp_path / "v.ts", "libx264", times=times, g="250", bf="0")
    seconds = [(time + 0.5) / RATE for time in times]
    assert read_alone(path, seconds) == list(range(len(times)))


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("fraction", [0.1, 0.3])
def test_a_recording_that_begins_within_a_group_of_pictures(tmp_path, codec, fraction):
    content = write_video(tmp_path / "whole.ts", codec, LENGTH, g="24").read_bytes()
    path = tmp_path / "v.ts"
    path.write_bytes(content[int(len(content) * fraction) :])
    with open_video(str(path)) as file:
        info = file.probe()
        shown = numbers(file.read_all())
    assert shown == list(range(shown[0], LENGTH)) and shown[0] in (24, 48)
    assert info.num_frames == len(shown)
    assert info.duration == pytest.approx(len(shown) / RATE)
    assert read_alone(path, [(n + 0.5) / RATE for n in range(len(shown))]) == shown
    pytest.importorskip("decord")
    with pytest.raises(UnreadableVideoError, match=r"wrong frames.*backend='auto'"):
        open_video(str(path), "decord")


def test_a_file_that_marks_no_key_frame_is_decoded_from_its_start(tmp_path, monkeypatch):
    from mmcontrast.datasets.video import pyav

    path = write_video(tmp_path / "v.nut", "libx264", LENGTH, g="50")

    class Unmarked:
        is_keyframe = False

        def __init__(self, packet):
            self.packet = packet

        def __getattr__(self, name):
            return getattr(self.packet, name)

    class Container:
        def __init__(self, container):
            self.container = container

        def __getattr__(self, name):
            return getattr(self.container, name)

        def demux(self, stream):
            return map(Unmarked, self.container.demux(stream))

    opened = pyav.av.open
    monkeypatch.setattr(pyav.av, "open", lambda path, **options: Container(opened(path, **options)))
    chosen = [0, 40, LENGTH - 1]
    assert read_alone(path, [(number + 0.5) / RATE for number in chosen]) == chosen
