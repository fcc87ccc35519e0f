"""Flash and click of one moment are read at one time, in every container and codec."""

import numpy as np
import pytest

from mmcontrast.datasets.sound import open_sound
from mmcontrast.datasets.video import open_video

av = pytest.importorskip("av")
from tests.datasets.sound.files import FPS, clicks, cut_both, write_av  # noqa: E402

CLAPS = (0.6, 1.8)
B_FRAMES = {"g": "12", "bf": "2"}
# Name of the file, codec of the sound, codec of the images and options of its encoder.
KINDS = {
    "mp4, aac": ("v.mp4", "aac", "libx264", B_FRAMES),
    "mkv, opus": ("v.mkv", "libopus", "libx264", B_FRAMES),
    "webm, vorbis": ("v.webm", "vorbis", "libvpx-vp9", {"deadline": "realtime", "cpu-used": "8"}),
    "avi, mp3": ("v.avi", "libmp3lame", "mpeg4", {}),
    "avi, mp3, b-frames": ("v.avi", "libmp3lame", "mpeg4", B_FRAMES),
    "mpg, mp2": ("v.mpg", "mp2", "mpeg2video", B_FRAMES),
    "mov, pcm": ("v.mov", "pcm_s16le", "libx264", B_FRAMES),
}
STARTS = {"together": (0.0, 0.0), "late sound": (0.4, 0.0), "early sound": (0.0, 0.4)}


def flashes_in(path):
    """Times of the white images, on the container's clock."""
    with open_video(str(path)) as video:
        info = video.probe()
        levels = video.read_all().mean(axis=(1, 2, 3))
    return info.start + np.flatnonzero(levels > 127) / info.fps


def clicks_in(path):
    """Times of the clicks, on the container's clock."""
    with open_sound(str(path)) as sound:
        info = sound.probe()
        samples, rate, _ = sound.read_all(16000)
    loud = np.abs(samples[0])
    times = []
    for _ in CLAPS:
        if loud.max() < 0.1:
            break
        middle = int(loud.argmax())
        times.append(round(info.start * rate) / rate + middle / rate)
        loud[max(middle - rate // 10, 0) : middle + rate // 10] = 0
    return np.sort(times)


def write(path, kind, sound_start=0.0, video_start=0.0, claps=CLAPS):
    _, codec, video, video_options = KINDS[kind]
    for name in (codec, video):
        if name not in av.codecs_available:
            pytest.skip(f"this FFmpeg has no encoder {name}")
    sound = clicks(3 - sound_start, [clap - sound_start for clap in claps])
    return write_av(
        path, sound, codec, video, flashes=claps, seconds=3 - video_start, sound_start=sound_start,
        video_start=video_start, sound_options={"strict": "-2"} if codec == "vorbis" else None,
        video_options=video_options,
    )  # fmt: skip


@pytest.mark.parametrize("starts", STARTS)
@pytest.mark.parametrize("kind", KINDS)
def test_flash_and_click_are_found_at_the_same_time(tmp_path, kind, starts):
    if kind.startswith("avi") and starts != "together":
        pytest.skip("an AVI file cannot state the start of a stream")
    path = write(tmp_path / KINDS[kind][0], kind, *STARTS[starts])
    # An AVI file cannot state the encoder's delay either.
    tolerance = 0.5 / FPS if kind.startswith("avi") else 0.005
    flashes, heard = flashes_in(path), clicks_in(path)
    assert len(flashes) == len(CLAPS)
    np.testing.assert_allclose(heard, flashes, atol=tolerance, rtol=0)
    if kind != "mpg, mp2":  # its clock does not begin at 0
        np.testing.assert_allclose(heard, CLAPS, atol=tolerance, rtol=0)


def test_flash_and_click_behind_an_edit_list(tmp_path):
    whole = write(tmp_path / "whole.mp4", "mp4, aac")
    path = cut_both(whole, tmp_path / "cut.mp4", 1.0)
    flashes, heard = flashes_in(path), clicks_in(path)
    np.testing.assert_allclose(flashes, [0.8], atol=1e-3)
    np.testing.assert_allclose(heard, flashes, atol=0.005)
