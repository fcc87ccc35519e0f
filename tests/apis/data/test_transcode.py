import os

import numpy as np
import pytest

from mmcontrast.apis.data.transcode import Encoding, transcode_video
from mmcontrast.cli.main import main
from mmcontrast.datasets.sound import open_sound
from mmcontrast.datasets.video import open_video

av = pytest.importorskip("av")
from tests.datasets.sound.files import SIZE, clicks, noise, write_av  # noqa: E402
from tests.datasets.sound.test_clap import clicks_in, flashes_in  # noqa: E402
from tests.datasets.video.files import numbers, write_video  # noqa: E402


def test_frames_and_key_frames(tmp_path):
    source = write_video(tmp_path / "v.avi", "mpeg4", 60, bf="2", g="30")
    target = str(tmp_path / "out/v.mp4")
    assert transcode_video(str(source), target, Encoding(gop=12)) == "written"
    with open_video(target) as video:
        info = video.probe()
        assert numbers(video.read_all()) == list(range(60))
        assert numbers(video.read_times([1.02, 0.02])) == [25, 0]
    assert (info.num_frames, info.fps, info.codec, info.has_audio) == (60, 25, "h264", False)
    with av.open(target) as file:
        keys = [packet.is_keyframe for packet in file.demux(video=0) if packet.size]
        assert np.flatnonzero(keys).tolist() == list(range(0, 60, 12))
    assert transcode_video(str(source), target) == "kept"
    os.utime(target, (0, 0))
    assert transcode_video(str(source), target) == "written"


@pytest.mark.parametrize(("sound_start", "video_start"), [(0.4, 0.0), (0.0, 0.4)])
def test_images_and_sound_keep_their_times(tmp_path, sound_start, video_start):
    claps = (0.6, 1.8)
    sound = clicks(3 - sound_start, [clap - sound_start for clap in claps])
    source = write_av(
        tmp_path / "v.mkv", sound, "libopus", flashes=claps, seconds=3 - video_start,
        sound_start=sound_start, video_start=video_start,
    )  # fmt: skip
    target = str(tmp_path / "v.mp4")
    assert transcode_video(str(source), target) == "written"
    np.testing.assert_allclose(flashes_in(target), claps, atol=2e-3)
    np.testing.assert_allclose(clicks_in(target), claps, atol=2e-3)


def test_sizes_and_channels(tmp_path):
    source = write_av(tmp_path / "v.mkv", noise(1.0, 48000, 6), "aac", seconds=1)
    assert transcode_video(str(source), str(tmp_path / "a.mp4"), Encoding(33)) == "written"
    with open_video(str(tmp_path / "a.mp4")) as video:
        assert video.read_all(1).shape[1:3] == (34, 50)  # 33 x 49.5, made even
    with open_sound(str(tmp_path / "a.mp4")) as sound:
        assert sound.probe().channels == ("FC",)
        assert sound.probe().duration == pytest.approx(1, abs=0.03)
    transcode_video(str(source), str(tmp_path / "b.mp4"), Encoding(short_side=200))
    with open_video(str(tmp_path / "b.mp4")) as video:
        assert video.read_all(1).shape[1:3] == SIZE  # never enlarged


def test_the_tool_continues_and_names_what_cannot_be_read(tmp_path, capsys):
    (tmp_path / "in/a").mkdir(parents=True)
    write_video(tmp_path / "in/a/v.avi", "mpeg4", 5)
    (tmp_path / "in/text.avi").write_text("no video")
    words = ["transcode", str(tmp_path / "in"), "--out", str(tmp_path / "out"), "--workers", "1"]
    main(words)
    out = capsys.readouterr().out
    assert "1 videos written, 0 kept, 1 not readable" in out and "text.avi: Invalid data" in out
    assert os.listdir(tmp_path / "out") == ["a"] and os.listdir(tmp_path / "out/a") == ["v.mp4"]
    main(words)
    assert "0 videos written, 1 kept, 1 not readable" in capsys.readouterr().out
    for option in ("--gop", "--short-side", "--workers"):
        with pytest.raises(SystemExit):
            main([*words, option, "0"])
        assert f"{option} is at least 1, got 0" in capsys.readouterr().err
