"""Slices of sounds: their samples, rates, channels and ends, in every format."""

import os
from pathlib import Path

import numpy as np
import pytest

from mmcontrast.datasets.sound import downmix_weights, open_sound, write_flac
from mmcontrast.datasets.video import open_video

av = pytest.importorskip("av")
soundfile = pytest.importorskip("soundfile")
from tests.datasets.sound.files import noise, write_av  # noqa: E402

# Name of the file, codec, rate, options of the encoder; without images where the codec is None.
FORMATS = {
    "mp4, aac": ("v.mp4", "aac", 44100, {"aac_pns": "0"}),
    "mkv, aac": ("v.mkv", "aac", 44100, {"aac_pns": "0"}),
    "ts, aac": ("v.ts", "aac", 44100, {"aac_pns": "0"}),
    "flv, aac": ("v.flv", "aac", 44100, {"aac_pns": "0"}),
    "mp4, mp3": ("v.mp4", "libmp3lame", 44100, {}),
    "mkv, opus": ("v.mkv", "libopus", 48000, {}),
    "webm, vorbis": ("v.webm", "vorbis", 44100, {"strict": "-2"}),
    "avi, mp3": ("v.avi", "libmp3lame", 44100, {}),
    "mpg, mp2": ("v.mpg", "mp2", 44100, {}),
    "mov, pcm": ("v.mov", "pcm_s16le", 22050, {}),
    "mkv, pcm": ("v.mkv", "pcm_s16le", 44100, {}),
    "mp3": ("v.mp3", "libmp3lame", 44100, {}),
    "wav": ("v.wav", None, 44100, {}),
    "flac": ("v.flac", None, 44100, {}),
    "ogg": ("v.ogg", None, 44100, {}),
}
VIDEOS = {
    ".webm": "libvpx-vp9",
    ".avi": "mpeg4",
    ".mpg": "mpeg2video",
    ".flv": "flv1",
    ".mp3": None,
}


def write(folder, kind, seconds=2.5, channels=2):
    name, codec, rate, options = FORMATS[kind]
    path = folder / name
    samples = noise(seconds, rate, channels)
    if codec is None:
        soundfile.write(path, samples.T, rate)
    else:
        if codec not in av.codecs_available:
            pytest.skip(f"this FFmpeg has no encoder {codec}")
        video = VIDEOS.get(path.suffix, "libx264")
        write_av(path, samples, codec, video, rate, seconds, sound_options=options)
    return path, samples


def read(path, *args, **kwargs):
    with open_sound(str(path)) as sound:
        return sound.read(*args, **kwargs)


@pytest.mark.parametrize("kind", FORMATS)
def test_slices_equal_cuts_of_the_whole(tmp_path, kind):
    path, _ = write(tmp_path, kind)
    with open_sound(str(path)) as sound:
        info = sound.probe()
        wholes = {rate: sound.read_all(rate) for rate in (None, 16000)}
    assert info.sample_rate == FORMATS[kind][2] and len(info.channels) == 2
    assert info.duration == pytest.approx(2.5, abs=0.06)
    draw = np.random.default_rng(0)
    for rate, whole in wholes.items():
        rate = rate or info.sample_rate
        starts = [0.0, *draw.uniform(0, info.duration - 0.5, 2), info.duration - 0.45]
        for start in starts:
            part = read(path, info.start + start, 0.4, rate)
            offset = round((info.start + start) * rate) - round(info.start * rate)
            expected = whole.samples[:, offset : offset + round(0.4 * rate)]
            assert part.samples.dtype == np.float32 and part.samples.shape == expected.shape
            np.testing.assert_allclose(part.samples, expected, atol=2e-5)
            assert part.valid_seconds == pytest.approx(0.4, abs=0.03)


@pytest.mark.parametrize("kind", ["mov, pcm", "wav", "flac"])
def test_sixteen_bits_are_divided_by_the_largest_integer(tmp_path, kind):
    path, samples = write(tmp_path, kind)
    part = read(path, 1.0, 0.5, mono=False)
    begin = round(FORMATS[kind][2] * 1.0)
    expected = samples[:, begin : begin + part.samples.shape[1]]
    np.testing.assert_allclose(part.samples, expected, atol=2 / 32767)
    integers = part.samples * 32767
    np.testing.assert_allclose(integers, np.rint(integers), atol=1e-2)


def test_what_lies_outside_is_zero_and_not_valid(tmp_path):
    path = write_av(tmp_path / "late.mov", noise(1.0), "pcm_s16le", seconds=2, sound_start=0.48)
    for rate in (None, 16000):
        early = read(path, 0.0, 1.0, rate)
        silent = round(0.47 * early.sample_rate)
        assert early.valid_seconds == pytest.approx(0.52, abs=1e-4)
        assert np.abs(early.samples[:, :silent]).max() < 1e-3 < early.samples.std()
        behind = read(path, 1.2, 1.0, rate)
        assert behind.valid_seconds == pytest.approx(0.28, abs=1e-4)
        assert behind.samples.shape == early.samples.shape == (1, early.sample_rate)
        for start in (-3.0, 5.0):
            nothing = read(path, start, 1.0, rate)
            assert nothing.valid_seconds == 0 and not nothing.samples.any()


def test_a_gap_of_the_track_is_zero_and_not_valid(tmp_path):
    parts = [(0.0, noise(1.0)), (1.25, noise(1.0))]
    path = write_av(tmp_path / "gap.mkv", parts, "pcm_s16le", seconds=2)
    with open_sound(str(path)) as sound:
        whole = sound.read_all()
    assert whole.samples.shape[1] == pytest.approx(2.25 * 48000, abs=2)
    assert whole.valid_seconds == pytest.approx(2.0, abs=1e-3)
    gap = slice(48010, 59990)
    assert not whole.samples[:, gap].any()
    part = read(path, 1.4, 0.5)
    np.testing.assert_array_equal(part.samples, whole.samples[:, 67200:91200])
    assert read(path, 0.9, 0.5, 16000).valid_seconds == pytest.approx(0.25, abs=1e-3)


def test_channels_are_mixed_by_their_names(tmp_path):
    np.testing.assert_allclose(downmix_weights(["FL", "FR"]), [0.5, 0.5])
    surround = ["FL", "FR", "FC", "LFE", "BL", "BR"]
    expected = [0.2071, 0.2071, 0.2929, 0, 0.1465, 0.1465]
    np.testing.assert_allclose(downmix_weights(surround), expected, atol=1e-4)
    order = [2, 3, 5, 0, 1, 4]
    shuffled = downmix_weights([surround[i] for i in order])
    np.testing.assert_allclose(shuffled, np.array(expected)[order], atol=1e-4)
    np.testing.assert_allclose(downmix_weights(["LFE"]), [1])
    # Stereo is the mean, not libswresample's sum of floats.
    for channels, mixed in [((0.4, 0.4), 0.4), ((0.4, 0.0), 0.2)]:
        path = tmp_path / "stereo.wav"
        soundfile.write(path, np.tile(channels, (800, 1)), 16000)
        np.testing.assert_allclose(read(path, 0, 0.05).samples, mixed, atol=1e-4)
    levels = np.array([0.1, 0.2, 0.3, 0.9, 0.5, 0.6])
    path = tmp_path / "surround.wav"
    soundfile.write(path, np.tile(levels, (4800, 1)), 48000)
    with open_sound(str(path)) as sound:
        assert sound.probe().channels == tuple(surround)
        kept = sound.read(0, 0.1, mono=False)
        np.testing.assert_allclose(kept.samples, levels[:, None].repeat(4800, 1), atol=1e-4)
        np.testing.assert_allclose(sound.read(0, 0.1).samples, levels @ expected, atol=1e-4)


def test_other_rates_and_5_1_become_the_same_tone(tmp_path):
    for name, rate, channels in [("a.wav", 8000, 1), ("b.mp4", 48000, 6), ("c.flac", 11025, 2)]:
        tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(2 * rate) / rate).astype(np.float32)
        samples = np.repeat(tone[None], channels, axis=0)
        path = tmp_path / name
        if path.suffix == ".mp4":
            write_av(path, samples, "aac", rate=rate, seconds=2, sound_options={"b": "512k"})
        else:
            soundfile.write(path, samples.T, rate)
        part = read(path, 0.5, 1.0, 16000).samples[0]
        times = 0.5 + np.arange(16000) / 16000
        np.testing.assert_allclose(part, 0.5 * np.sin(2 * np.pi * 440 * times), atol=0.02)


def test_several_slices_are_those_read_alone(tmp_path):
    path, _ = write(tmp_path, "mkv, opus", 6.0)
    starts = [4.5, 0.2, 0.7, 0.2, 5.8]
    for rate in (None, 16000):
        with open_sound(str(path)) as sound:
            parts = sound.read_many(starts, 0.75, rate)
        for start, part in zip(starts, parts, strict=True):
            alone = read(path, start, 0.75, rate)
            np.testing.assert_allclose(part.samples, alone.samples, atol=2e-5)
            assert part.valid_seconds == pytest.approx(alone.valid_seconds, abs=1e-4)


def test_flac_files_keep_the_start_of_their_sound(tmp_path):
    samples = noise(1.0, 16000)
    pieces = [samples[:, :7000], samples[:, 7000:]]
    write_flac(str(tmp_path / "v.flac"), pieces, 16000, start=0.476)
    with open_sound(str(tmp_path / "v.flac")) as sound:
        assert sound.probe().start == pytest.approx(0.476, abs=1e-4)
        part = sound.read(0.0, 1.0)
    assert part.valid_seconds == pytest.approx(0.524, abs=1e-4)
    np.testing.assert_allclose(part.samples[:, 7616:], samples[:, :8384], atol=1e-4)


@pytest.mark.parametrize("args", [(0, 0), (0, -1), (0, 1, 0)])
def test_lengths_and_rates_are_positive(tmp_path, args):
    soundfile.write(tmp_path / "a.wav", np.zeros(100), 8000)
    with pytest.raises(ValueError, match="positive"):
        read(tmp_path / "a.wav", *args)


def stated(stream):
    """Start and duration of a stream in seconds, as the header says."""
    seconds = float(stream.duration * stream.time_base) if stream.duration else None
    start = float((stream.start_time or 0) * stream.time_base)
    return start, seconds or float(stream.metadata["DURATION"].rpartition(":")[2])


# Seconds by which a file has less sound than its header says: the padding of Opus, a gap in the
# track, the delay of MP3.
LOST = dict(flipping_a_pancake=0.0133, vllama_applausing=0.0356, ucf_ApplyEyeMakeup_g01_c01=0.012)


@pytest.mark.skipif("MMCONTRAST_DATA" not in os.environ, reason="MMCONTRAST_DATA is not set")
def test_real_clips_decode_whole_and_begin_and_end_as_their_containers_say():
    folder = Path(os.environ["MMCONTRAST_DATA"], "av_clips")
    paths = sorted(path for path in folder.iterdir() if path.suffix not in (".txt", ".csv"))
    assert len(paths) == 14
    for path in paths:
        with av.open(str(path)) as file:
            images, sounds = stated(file.streams.video[0]), stated(file.streams.audio[0])
        # The headers of MPEG-PS leave out a part of the last packet.
        is_mpg = path.suffix == ".mpg"
        with open_video(str(path)) as video:
            start, seconds = video.probe().start, video.probe().duration
        assert start == pytest.approx(images[0], abs=1e-3), path
        assert seconds == pytest.approx(images[1] + 0.02 * is_mpg, abs=1e-3), path
        with open_sound(str(path)) as sound:
            info = sound.probe()
            whole = sound.read_all()
        seconds = sounds[1] + 1152 / 44100 * is_mpg
        assert info.start == pytest.approx(sounds[0], abs=1e-3), path
        assert info.duration == pytest.approx(seconds, abs=1e-3), path
        lost = LOST.get(path.stem, 0)
        assert whole.valid_seconds == pytest.approx(seconds - lost, abs=1e-3), path
        for begin in (info.duration / 2, info.duration - 0.6):
            part = read(path, begin, 0.5)
            offset = round(begin * info.sample_rate)
            expected = whole.samples[:, offset:][:, : part.samples.shape[1]]
            error = np.abs(part.samples - expected)
            # AAC replaces bands by noise, which is drawn anew wherever decoding begins.
            assert np.sqrt((error**2).mean()) <= 0.05 * expected.std() + 1e-5, path
