"""Sounds that cannot be read: each is an error that names the file and says what to do."""

import shutil

import numpy as np
import pytest

from mmcontrast.datasets.errors import UnreadableFileError, UnreadableSoundError
from mmcontrast.datasets.sound import open_sound

av = pytest.importorskip("av")
soundfile = pytest.importorskip("soundfile")
from tests.datasets.sound.files import noise, write_av  # noqa: E402
from tests.datasets.sound.test_reader import write  # noqa: E402


def read_all(path):
    with open_sound(str(path)) as sound:
        return sound.read_all()


def assert_refused(path, message=None):
    with pytest.raises(UnreadableSoundError, match=message) as caught:
        read_all(path)
    text = str(caught.value)
    assert str(path) in text and "on_error='skip'" in text and "\n" not in text
    assert caught.value.path == str(path)


def cut_off(path, fraction=0.6):
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * fraction)])


def test_missing_and_empty_files_and_text(tmp_path):
    assert_refused(tmp_path / "missing.mp4", "No such file")
    (tmp_path / "empty.wav").touch()
    assert_refused(tmp_path / "empty.wav", "it is empty")
    (tmp_path / "text.wav").write_text("no sound at all " * 100)
    assert_refused(tmp_path / "text.wav", "Invalid data")
    (tmp_path / "head.wav").write_bytes(b"RIFF\x24\x00\x00\x00WAVEfmt ")
    assert_refused(tmp_path / "head.wav")
    soundfile.write(tmp_path / "none.wav", np.zeros(0), 16000)
    assert_refused(tmp_path / "none.wav", "no samples")


def test_a_file_without_a_sound_track(tmp_path):
    write_av(tmp_path / "mute.mp4", None, seconds=1)
    assert_refused(tmp_path / "mute.mp4", "no sound track in it .*require_audio")


def test_the_content_decides_and_not_the_extension(tmp_path):
    wave, whole = write(tmp_path, "wav", 1.0)
    movie, _ = write(tmp_path, "mp4, aac", 1.0)
    shutil.copy(wave, tmp_path / "wave.mp4")
    shutil.copy(movie, tmp_path / "movie.wav")
    np.testing.assert_allclose(
        read_all(tmp_path / "wave.mp4").samples, whole.mean(0, keepdims=True), atol=1e-4
    )
    np.testing.assert_array_equal(read_all(tmp_path / "movie.wav").samples, read_all(movie).samples)


@pytest.mark.parametrize("kind", ["wav", "flac", "avi, mp3", "mkv, opus", "mov, pcm"])
def test_files_cut_off_at_60_percent(tmp_path, kind):
    path, _ = write(tmp_path, kind)
    cut_off(path)
    assert_refused(path)


def test_a_transport_stream_that_is_cut_off_is_a_shorter_recording(tmp_path):
    path, _ = write(tmp_path, "ts, aac")
    cut_off(path)
    with open_sound(str(path)) as sound:  # a packet that lost its end is damaged
        info = sound.probe()
        assert 1.0 < info.duration < 1.8
        assert sound.read(info.start + 0.2, 0.5).valid_seconds == pytest.approx(0.5)


def test_a_cut_off_file_whose_header_comes_first(tmp_path):
    path = write_av(
        tmp_path / "v.mp4", noise(4.0), container_options={"movflags": "faststart"}, seconds=4
    )
    cut_off(path)
    assert_refused(path)
    with open_sound(str(path)) as sound:  # what is there is read
        part = sound.read(0.5, 1.0)
    assert part.valid_seconds == 1.0 and part.samples.std() > 0.01


@pytest.mark.parametrize("kind", ["mp4, aac", "flac", "mkv, opus", "mpg, mp2"])
def test_noise_in_the_middle_is_an_error_or_sound_of_full_length(tmp_path, kind):
    path, _ = write(tmp_path, kind)
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 400] = np.random.default_rng(1).bytes(400)
    path.write_bytes(data)
    try:
        whole = read_all(path)
    except UnreadableFileError as error:
        assert isinstance(error, UnreadableSoundError) and str(path) in str(error)
    else:
        assert whole.samples.shape[1] / whole.sample_rate == pytest.approx(2.5, abs=0.1)


def test_a_rate_that_changes_is_refused(tmp_path):
    for rate in (44100, 32000):
        write_av(tmp_path / f"{rate}.mp3", noise(1.0, rate), "libmp3lame", None, rate)
    path = tmp_path / "both.mp3"
    path.write_bytes(b"".join((tmp_path / f"{r}.mp3").read_bytes() for r in (44100, 32000)))
    assert_refused(path, "its sound changes from .*re-encode it")


def test_a_codec_without_decoder(tmp_path):
    path = write_av(tmp_path / "v.mp4", noise(1.0), seconds=1)
    data = path.read_bytes()
    assert data.count(b"mp4a") == 1
    path.write_bytes(data.replace(b"mp4a", b"zzzz").replace(b"esds", b"free"))
    assert_refused(path, "no decoder for the codec of its audio stream")


def test_an_impossible_duration_takes_no_memory(tmp_path):
    path, _ = write(tmp_path, "mkv, aac")
    data = path.read_bytes()
    assert data.count(b"00:00:02.") == 2  # of images and sound
    path.write_bytes(data.replace(b"00:00:02.", b"99:00:02."))
    assert_refused(path, "it is cut off")
    with open_sound(str(path)) as sound, pytest.raises(UnreadableSoundError, match="cut off"):
        sound.read(1000.0, 1.0)
