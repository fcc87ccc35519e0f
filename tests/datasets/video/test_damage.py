"""Damage that FFmpeg detects is an error; intact files are never refused."""

import gc
import multiprocessing
import os

import numpy as np
import pytest

from mmcontrast.datasets import Videos
from mmcontrast.datasets.errors import UnreadableVideoError
from mmcontrast.datasets.files import find_videos
from mmcontrast.datasets.video import open_video

av = pytest.importorskip("av")
from tests.datasets.video.files import RATE, numbers, write_video  # noqa: E402

LENGTH = 60


def overwrite(path, fraction, content):
    """Put bytes in place of those at a fraction of a file."""
    data = bytearray(path.read_bytes())
    begin = int(len(data) * fraction)
    data[begin : begin + len(content)] = content
    path.write_bytes(data)


# FFmpeg conceals these by default: the frames behind the damage look like others, without an error.
@pytest.mark.parametrize(
    ("name", "codec", "options"),
    [
        ("v.mp4", "libx264", {}),
        ("v.mkv", "mpeg4", {}),
        ("v.mpg", "mpeg2video", {}),
        ("v.ts", "mpeg2video", {}),
        ("v.mkv", "ffv1", {"level": "3", "slicecrc": "1"}),
    ],
)
def test_noise_in_the_middle_is_an_error(tmp_path, name, codec, options):
    path = write_video(tmp_path / name, codec, LENGTH, **options)
    overwrite(path, 0.5, np.random.default_rng(1).bytes(150))
    with open_video(str(path)) as file, pytest.raises(UnreadableVideoError) as raised:
        file.read_all()
    assert str(path) in str(raised.value) and "\n" not in str(raised.value)
    with open_video(str(path)) as file:  # What lies before the damage is as it was.
        assert numbers(file.read_times([0.5 / RATE, 4.5 / RATE])) == [0, 4]


def test_a_lost_packet_of_a_transport_stream_is_an_error(tmp_path):
    path = write_video(tmp_path / "v.ts", "libx264", LENGTH, g="12")
    data = path.read_bytes()
    start = len(data) // 188 // 2 * 188
    path.write_bytes(data[:start] + data[start + 188 :])
    with open_video(str(path)) as file, pytest.raises(UnreadableVideoError, match=r"damaged at \d"):
        file.read_all()


def test_a_stream_of_an_unknown_codec_is_left_out_by_skip(tmp_path):
    write_video(tmp_path / "good.mp4", "mpeg4", LENGTH)
    bad = write_video(tmp_path / "unknown.mp4", "mpeg4", LENGTH)
    data = bad.read_bytes()
    assert data.count(b"mp4v") == 1
    bad.write_bytes(data.replace(b"mp4v", b"zzzz").replace(b"esds", b"free"))
    with pytest.raises(UnreadableVideoError, match=r"unknown\.mp4: this FFmpeg has no decoder"):
        open_video(str(bad))
    pipeline = [
        dict(type="LoadFrames", sampler=dict(type="segments", num_segments=2)),
        dict(type="EachFrame", transforms=[dict(type="CenterCrop", size=32)]),
        dict(type="PackClips"),
    ]
    dataset = Videos(tmp_path, pipeline, on_error="skip")
    good_sample, bad_sample = (sample["data_sample"] for sample in dataset)
    assert "skipped" not in good_sample and set(bad_sample["skipped"]) == {str(bad)}


def test_tags_that_are_no_text_are_no_damage(tmp_path):
    path = write_video(tmp_path / "v.mkv", "libx264", LENGTH, tags=dict(title="abcdefghij"))
    data = path.read_bytes()
    assert b"abcdefghij" in data
    path.write_bytes(data.replace(b"abcdefghij", b"\xff\xfe\xfdabc\xe9\xe8\xc0z"))
    with open_video(str(path)) as file:
        assert numbers(file.read_all()) == list(range(LENGTH))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_worker_may_free_frames_of_its_parent(tmp_path):
    """A data worker frees by its own collector what an error of the parent still referred to."""
    path = write_video(tmp_path / "v.mp4", "mpeg4", LENGTH)
    with av.open(str(path)) as container, open_video(str(path)) as file:
        cycle = [next(container.decode(video=0))]
        file._to_rgb(cycle[0])
        cycle.append(cycle)
    context = multiprocessing.get_context("fork")
    del cycle
    worker = context.Process(target=gc.collect)
    worker.start()
    worker.join(20)
    ended = not worker.is_alive()
    worker.kill()
    assert ended


@pytest.mark.slow
@pytest.mark.skipif("MMCONTRAST_DATA" not in os.environ, reason="MMCONTRAST_DATA is not set")
def test_real_files_are_intact():
    for path in find_videos(os.environ["MMCONTRAST_DATA"]):
        with open_video(path) as file:
            info = file.probe()
            assert sum(1 for _ in file.frames()) >= info.num_frames - 2, path
            end = max(info.duration - 2 / info.fps, 0)
            file.read_times([end / 2, end])
            file.read_times([end])


@pytest.mark.slow
def test_the_mini_world_is_intact(tmp_path):
    from mmcontrast.mini import make_mini

    make_mini(tmp_path, layouts=["videos"], num_images={"videos": (12, 0)})
    paths = list(find_videos(str(tmp_path)))
    assert len(paths) == 12
    for path in paths:
        with open_video(path) as file:
            assert file.read_all().any()
