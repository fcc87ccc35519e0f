"""The right frame of every container and codec, or an error."""

import random
import shutil
from pathlib import Path

import numpy as np
import pytest

from mmcontrast.datasets.errors import UnreadableVideoError
from mmcontrast.datasets.video import BACKENDS, open_video

av = pytest.importorskip("av")
from tests.datasets.video.files import RATE, cut, numbers, write_video  # noqa: E402

LENGTH = 100
# Name of the file, encoder, its options.
KINDS = {
    "h264": ("v.mp4", "libx264", {"g": "12"}),
    "h264 one group": ("v.mp4", "libx264", {"g": "250"}),
    "h264 mkv": ("v.mkv", "libx264", {"g": "12"}),
    "h264 open groups": ("v.mp4", "libx264", {"g": "12", "x264-params": "open-gop=1:bframes=3"}),
    "h264 open groups, mkv": ("v.mkv", "libx264", {"x264-params": "open-gop=1:bframes=3"}),
    "h264 avi": ("v.avi", "libx264", {"g": "12", "bf": "2"}),
    "mpeg4 avi": ("v.avi", "mpeg4", {"g": "12", "bf": "0"}),
    "mpeg4 avi, b-frames": ("v.avi", "mpeg4", {"g": "12", "bf": "2"}),
    "mpeg4 mp4, b-frames": ("v.mp4", "mpeg4", {"g": "12", "bf": "2"}),
    "mpeg-ps": ("v.mpg", "mpeg2video", {"g": "12", "bf": "2"}),
    "mpeg-ts": ("v.ts", "libx264", {"g": "12"}),
    "mpeg-ts, long groups": ("v.ts", "libx264", {"g": "50"}),
    "mpeg-ts, one group": ("v.ts", "libx264", {"g": "250"}),
    "mpeg-ts, mpeg-2": ("v.ts", "mpeg2video", {"g": "50", "bf": "2"}),
    "mpeg-ts, mpeg-4": ("v.ts", "mpeg4", {"g": "50"}),
    "mpeg-ts, hevc": ("v.ts", "libx265", {"x265-params": "log-level=none:keyint=50"}),
    "m2ts": ("v.m2ts", "libx264", {"g": "50"}),
    "flv": ("v.flv", "libx264", {"g": "50"}),
    "mxf": ("v.mxf", "mpeg2video", {"g": "50"}),
    "nut": ("v.nut", "libx264", {"g": "50"}),
    "wtv": ("v.wtv", "libx264", {"g": "50"}),
    "hevc": ("v.mp4", "libx265", {"x265-params": "log-level=none:keyint=12"}),
    "hevc mkv": ("v.mkv", "libx265", {"x265-params": "log-level=none:keyint=12"}),
    "vp9": ("v.webm", "libvpx-vp9", {"g": "12", "deadline": "realtime", "cpu-used": "8"}),
    "av1": ("v.mp4", "libsvtav1", {"g": "12", "preset": "10", "crf": "10"}),
}


def time_of(number):
    return (number + 0.5) / RATE


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    made = {}

    def make(kind):
        if kind not in made:
            name, codec, options = KINDS[kind]
            if codec not in av.codecs_available:
                pytest.skip(f"this FFmpeg has no encoder {codec}")
            folder = tmp_path_factory.mktemp("videos")
            made[kind] = str(write_video(folder / name, codec, LENGTH, **options))
        return made[kind]

    return make


@pytest.mark.parametrize("kind", KINDS)
def test_auto_returns_the_right_frame(video, kind):
    path = video(kind)
    draw = random.Random(0)
    for number in [0, 1, 11, 12, 13, 50, LENGTH - 1, *draw.sample(range(LENGTH), 8)]:
        with open_video(path) as file:
            assert numbers(file.read_times([time_of(number)])) == [number]
    with open_video(path) as file:
        for _ in range(4):
            wanted = [draw.randrange(LENGTH) for _ in range(6)]
            assert numbers(file.read_times([time_of(n) for n in wanted])) == wanted
        start = draw.randrange(LENGTH - 16)
        clip = range(start, start + 16, 2)
        assert numbers(file.read_times([time_of(n) for n in clip])) == list(clip)
        assert numbers(file.read_all()) == list(range(LENGTH))
        assert numbers(file.read_all(3)) == [0, 1, 2]


@pytest.mark.parametrize("kind", KINDS)
def test_probe(video, kind):
    with open_video(video(kind)) as file:
        info = file.probe()
    assert info.fps == pytest.approx(RATE, rel=0.02)
    assert info.num_frames == pytest.approx(LENGTH, abs=2)
    assert info.duration == pytest.approx(LENGTH / RATE, rel=0.03)
    assert info.has_audio is False
    assert info.codec


def test_what_an_edit_list_leaves_out_is_never_shown(video, tmp_path):
    path = str(cut(video("h264 one group"), tmp_path / "cut.mp4", start=50 / RATE))
    with open_video(path) as file:
        first = numbers(file.read_all(1))[0]
        wanted = [0, 3, 20]
        shown = numbers(file.read_times([time_of(n) for n in wanted]))
    assert first >= 49
    assert shown == [first + n for n in wanted]


@pytest.mark.parametrize("backend", sorted(BACKENDS))
def test_backends_agree_on_plain_files(video, backend):
    pytest.importorskip({"opencv": "cv2", "pyav": "av"}.get(backend, backend))
    wanted = [40, 3, 3, 99, 0]
    with open_video(video("h264"), backend) as file:
        assert numbers(file.read_times([time_of(n) for n in wanted])) == wanted
        assert numbers(file.read_all(5)) == [0, 1, 2, 3, 4]
        assert file.probe().num_frames == LENGTH
        with pytest.raises(UnreadableVideoError, match=r"ends at 4\.00 s, before 9\.00 s"):
            file.read_times([9.0])
        with pytest.raises(ValueError, match="at least 0"):
            file.read_times([-1.0])


@pytest.mark.parametrize(
    "kind", ["h264 avi", "mpeg4 avi, b-frames", "mpeg-ps", "mpeg-ts, long groups", "m2ts"]
)
def test_decord_refuses_what_it_would_read_wrongly(video, kind):
    pytest.importorskip("decord")
    with pytest.raises(UnreadableVideoError, match=r"wrong frames.*backend='auto'"):
        open_video(video(kind), "decord")


def test_a_clip_decodes_no_more_than_it_needs(video, monkeypatch):
    from mmcontrast.datasets.video import pyav

    decoded = []
    original = pyav.PyAVReader._decode

    def count(self, *first, **options):
        for image in original(self, *first, **options):
            decoded.append(image.pts)
            yield image

    monkeypatch.setattr(pyav.PyAVReader, "_decode", count)
    with open_video(video("h264")) as file:
        assert numbers(file.read_times([time_of(80)])) == [80]
    assert 1 <= len(decoded) < 30


def test_a_frame_that_the_decoder_left_out_after_a_jump_is_read_from_the_start(video, monkeypatch):
    from mmcontrast.datasets.video import pyav

    original = pyav.PyAVReader._seek

    def too_late(self, time, back):
        key, frames = original(self, time, back)
        return key, (frame for frame in frames if frame.time > time)

    monkeypatch.setattr(pyav.PyAVReader, "_seek", too_late)
    with open_video(video("h264")) as file:
        assert numbers(file.read_times([time_of(80)])) == [80]


@pytest.mark.parametrize("backend", ["auto", *sorted(BACKENDS)])
@pytest.mark.parametrize("kind", ["empty", "text", "missing", "truncated"])
def test_unreadable_files_are_named(video, tmp_path, backend, kind):
    path = tmp_path / "bad.mp4"
    if kind == "text":
        path.write_text("not a video\n" * 100)
    elif kind == "empty":
        path.touch()
    elif kind == "truncated":
        content = Path(video("h264")).read_bytes()
        path.write_bytes(content[: len(content) // 2])
    wanted = pytest.raises(UnreadableVideoError, match=r"bad\.mp4.*on_error='skip'")
    with wanted as caught, open_video(str(path), backend) as file:
        file.read_all()
    assert caught.value.path == str(path)


def test_a_file_that_was_cut_off_is_not_shorter_without_a_word(video, tmp_path):
    path = tmp_path / "cut.mkv"
    content = Path(video("h264 mkv")).read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with open_video(str(path)) as file:
        assert numbers(file.read_times([time_of(5)])) == [5]
        with pytest.raises(UnreadableVideoError, match=r"cut off|ends before|Invalid data"):
            file.read_times([time_of(95)])


@pytest.mark.parametrize("name", ["v.mkv", "v.webm", "v.flv", "v.mp4", "v.ts"])
def test_sound_that_outlasts_the_image_adds_no_frames(tmp_path, name):
    codecs = ("libvpx", "libopus") if name == "v.webm" else ("libx264", "aac")
    path = str(write_video(tmp_path / name, codecs[0], LENGTH, sound=codecs[1]))
    with open_video(path) as file:
        info = file.probe()
        assert info.num_frames == LENGTH and info.has_audio
        assert info.duration == pytest.approx(LENGTH / RATE, abs=1e-2)
        assert numbers(file.read_all()) == list(range(LENGTH))
        assert numbers(file.read_times([time_of(LENGTH - 1)])) == [LENGTH - 1]


@pytest.mark.parametrize("name", ["v.mkv", "v.mp4"])
def test_the_last_frame_may_stay(tmp_path, name):
    """A talk's last slide: its time is not missing from the file."""
    path = str(write_video(tmp_path / name, "libx264", 20, last_seconds=3.0, bf="0"))
    with open_video(path) as file:
        assert numbers(file.read_all()) == list(range(20))
        assert numbers(file.read_times([time_of(19) + 2.0])) == [19]


def test_sound_alone_is_no_video(tmp_path):
    path = str(tmp_path / "sound.mp4")
    with av.open(path, "w") as file:
        stream = file.add_stream("aac", rate=16000, layout="mono")
        samples = av.AudioFrame.from_ndarray(np.zeros((1, 4096), np.float32), "fltp", "mono")
        samples.rate = 16000
        file.mux([*stream.encode(samples), *stream.encode()])
    with pytest.raises(UnreadableVideoError, match="no video stream"):
        open_video(path)


def test_an_unknown_backend(video):
    with pytest.raises(ValueError, match="auto, pyav, decord, opencv"):
        open_video(video("h264"), "magic")


def test_a_copy_is_read_by_any_name(video, tmp_path):
    """The container counts, not the name."""
    path = shutil.copy(video("mpeg4 avi, b-frames"), tmp_path / "v.mp4")
    with open_video(path) as file:
        assert numbers(file.read_times([time_of(57)])) == [57]


@pytest.mark.parametrize(("tags", "seconds"), [({}, 2), (dict(_STATISTICS_TAGS="DURATION"), 4)])
def test_the_length_of_a_track_that_begins_late(tmp_path, tags, seconds):
    """The same tag, 4 s, is the end to FFmpeg and the length to mkvmerge."""
    times = range(50, 100)
    path = str(write_video(tmp_path / "v.mkv", "libx264", times=times, tags=tags, bf="0"))
    with open_video(path) as file:
        assert file.probe().start == pytest.approx(2)
        assert file.probe().duration == pytest.approx(seconds)


@pytest.mark.parametrize("sound", ["aac", None])
def test_a_rate_that_changes_where_the_header_tells_no_length(tmp_path, sound):
    """100 frames in 4 s, and 20 more in 4 s: FLV has no length of the images alone."""
    times = [*range(100), *range(100, 200, 5)]
    path = str(write_video(tmp_path / "v.flv", "libx264", times=times, sound=sound, bf="0"))
    with open_video(path) as file:
        info = file.probe()
        assert info.duration == pytest.approx(8, abs=0.25)
        assert info.num_frames / info.fps == pytest.approx(info.duration, abs=0.05)
        assert numbers(file.read_times([7.9, 6.1])) == [119, 110]
        assert len(file.read_all()) == 120
