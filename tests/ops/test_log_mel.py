"""Values of spectrograms are those of the specification, computed in float64."""

import librosa
import numpy as np
import pytest
import torch

from mmcontrast.ops.log_mel import LogMel
from mmcontrast.ops.mel_filters import FRONT_ENDS, FrontEnd, hz_to_mel, mel_filters, mel_to_hz
from mmcontrast.ops.vmz_log_mel import VMZLogMel

RATE = 16000
TIMES = np.arange(2 * RATE) / RATE
SILENCE = float(np.log(1.1920929e-7))


def tone(hz, amplitude=0.5):
    return torch.from_numpy(amplitude * np.sin(2 * np.pi * hz * TIMES))


def two_tones(second_from):
    first, second = 0.3 * np.sin(2 * np.pi * 440 * TIMES), 0.6 * np.sin(2 * np.pi * 3000 * TIMES)
    return np.where(np.arange(len(TIMES)) < second_from, first, second)


def bytes_of_two_tones():
    """N2: 1.5 s of 16-bit samples, padded to 2 s."""
    samples = np.round(32767 * two_tones(8000)[:24000]).astype(np.int16) / 32767
    assert samples[1] == pytest.approx(0.0515763, abs=1e-7)
    assert samples[8001] == pytest.approx(0.5543382, abs=1e-7)
    return torch.from_numpy(np.pad(samples, (0, 8000)))


def test_the_spectrogram_of_a_tone_has_its_peak_in_the_band_of_the_tone():
    log_mel = LogMel(standardize=False)(tone(1000))
    assert log_mel.shape == (80, 201) and log_mel.dtype == torch.float32
    column = log_mel[:, 100]
    assert column.argmax() == 26
    expected = [-15.942, 4.856, 6.190, 3.253, -15.942]
    assert column[24:29].tolist() == pytest.approx(expected, abs=1e-3)
    assert LogMel()(tone(1000))[26, 100].item() == pytest.approx(2.6211, abs=1e-4)


@pytest.mark.parametrize(
    ("pad_mode", "first", "last"), [("reflect", 5.4397, 5.4803), ("constant", 5.1907, 5.1907)]
)
def test_the_padding_shows_in_the_first_and_the_last_frame(pad_mode, first, last):
    log_mel = LogMel(standardize=False, pad_mode=pad_mode)(tone(1000))
    assert log_mel[26, [0, 200]].tolist() == pytest.approx([first, last], abs=1e-4)


def test_peaks_of_tones():
    peaks = LogMel()(torch.stack([tone(hz) for hz in (250, 440, 1000, 2000, 4000, 7900)]))
    assert peaks[..., 100].argmax(-1).tolist() == [6, 11, 26, 44, 62, 79]


def test_silence_is_the_logarithm_of_the_offset():
    silence = torch.zeros(2 * RATE)
    assert LogMel(standardize=False)(silence).numpy() == pytest.approx(SILENCE, abs=1e-5)
    assert LogMel()(silence).numpy() == pytest.approx(-2.397632, abs=1e-6)
    assert LogMel("xdc")(silence).numpy() == pytest.approx(-13.8155, abs=1e-4)


def test_two_tones_and_a_padded_end():
    log_mel = LogMel()(bytes_of_two_tones())
    assert log_mel.shape == (80, 201)
    assert log_mel.mean().item() == pytest.approx(-2.07917, abs=1e-4)
    assert log_mel.std(correction=0).item() == pytest.approx(0.93335, abs=1e-4)
    assert log_mel.min().item() == pytest.approx(-2.397632, abs=1e-4)
    assert log_mel.max().item() == pytest.approx(2.38603, abs=1e-4)
    cells = {
        (11, 0): 2.22641, (11, 3): 2.38601, (11, 25): 2.38603, (11, 48): 2.37982,
        (11, 50): 2.16401, (11, 53): -1.32933, (53, 47): -1.01398, (53, 50): 1.37656,
        (54, 75): 2.38229, (53, 149): 1.25787, (53, 150): 1.37296, (53, 153): -1.01689,
    }  # fmt: skip
    for cell, value in cells.items():
        assert log_mel[cell].item() == pytest.approx(value, abs=2e-4), cell
    padded = LogMel(pad_mode="constant")(bytes_of_two_tones())
    values = [padded[11, 0].item(), padded[11, 3].item(), padded.mean().item()]
    assert values == pytest.approx([2.16281, 2.38602, -2.08442], abs=1e-4)


def test_the_front_end_of_xdc():
    log_mel = LogMel("xdc")(tone(1000))
    assert log_mel.shape == (40, 100)
    assert log_mel[:, 50].argmax() == 13
    assert log_mel[12:15, 50].tolist() == pytest.approx([2.2477, 7.9104, 7.6321], abs=1e-3)
    assert log_mel[13, 0].item() == pytest.approx(7.5211, abs=1e-3)
    both = LogMel("xdc")(torch.from_numpy(two_tones(RATE)))
    assert both[:, 20].argmax() == 7 and both[:, 80].argmax() == 26
    assert both[[7, 26], [20, 80]].tolist() == pytest.approx([7.1389, 8.7209], abs=1e-3)


@pytest.mark.parametrize("front_end", list(FRONT_ENDS.values()), ids=list(FRONT_ENDS))
def test_filters_equal_those_of_librosa(front_end):
    expected = librosa.filters.mel(
        sr=front_end.sample_rate, n_fft=front_end.n_fft, n_mels=front_end.n_mels,
        fmin=front_end.fmin, fmax=front_end.fmax, htk=front_end.mel_scale == "htk",
        norm=front_end.norm,
    )  # fmt: skip
    filters = mel_filters(front_end)
    assert filters.shape == expected.shape and filters.dtype == np.float32
    np.testing.assert_allclose(filters, expected, rtol=1e-5, atol=1e-9)
    if front_end.norm:
        assert filters.max() == pytest.approx(0.0266621, abs=1e-7)


@pytest.mark.parametrize("pad_mode", ["reflect", "constant"])
@pytest.mark.parametrize("name", list(FRONT_ENDS))
def test_spectrograms_equal_those_of_librosa(name, pad_mode):
    settings = FRONT_ENDS[name]
    samples = np.random.default_rng(0).uniform(-0.5, 0.5, 12345).astype(np.float32)
    power = librosa.feature.melspectrogram(
        y=samples, sr=RATE, n_fft=settings.n_fft, hop_length=settings.hop_length,
        win_length=settings.win_length, pad_mode=pad_mode, n_mels=settings.n_mels, fmin=0.0,
        fmax=8000.0, htk=settings.mel_scale == "htk", norm=settings.norm,
    )  # fmt: skip
    log_mel = LogMel(name, standardize=False, pad_mode=pad_mode)
    result = log_mel(torch.from_numpy(samples))
    assert result.shape[-1] == log_mel.num_frames(12345)
    expected = np.log(power + settings.offset)[:, : result.shape[-1]]
    np.testing.assert_allclose(result, expected, atol=2e-4)


@pytest.mark.parametrize("mel_scale", ["slaney", "htk"])
def test_scales_equal_those_of_librosa(mel_scale):
    hz = np.array([0.0, 1.0, 440.0, 999.9, 1000.0, 1000.1, 7999.0])
    mel = hz_to_mel(hz, mel_scale)
    np.testing.assert_allclose(mel, librosa.hz_to_mel(hz, htk=mel_scale == "htk"), rtol=1e-12)
    np.testing.assert_allclose(mel_to_hz(mel, mel_scale), hz, atol=1e-9)


@pytest.mark.parametrize("log_mel", [LogMel(), LogMel("xdc"), VMZLogMel()])
def test_a_batch_is_its_sounds_one_by_one(log_mel):
    samples = torch.rand(2, 3, RATE) - 0.5
    batch = log_mel(samples)
    assert batch.shape[:2] == (2, 3)
    for row in range(2):
        torch.testing.assert_close(batch[row, 1], log_mel(samples[row, 1]), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("log_mel", [LogMel(), LogMel("xdc"), VMZLogMel()])
def test_half_precision_changes_nothing(log_mel):
    samples = torch.rand(RATE) - 0.5
    expected = log_mel(samples)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(log_mel(samples), expected)
    assert torch.equal(log_mel.bfloat16()(samples), expected)
    assert log_mel.half().window.dtype == torch.float32
    rounded = log_mel(samples.bfloat16())
    assert torch.equal(rounded, log_mel(samples.bfloat16().float()))
    assert not list(log_mel.parameters()) and not log_mel.state_dict()


def test_frames_of_sounds_of_other_lengths():
    for samples, frames in ((RATE, 101), (5 * RATE, 501), (30 * RATE, 3001), (12345, 78)):
        assert LogMel()(torch.zeros(samples)).shape == (80, frames)
        assert LogMel().num_frames(samples) == frames
    assert LogMel().frame_rate == 100 and LogMel("xdc").frame_rate == 50


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match=r"512 samples is too short.*pad_mode='constant'"):
        LogMel()(torch.zeros(512))
    assert LogMel(pad_mode="constant")(torch.zeros(10)).shape == (80, 1)
    with pytest.raises(ValueError, match="no front end 'xcd': crisscross, xdc"):
        LogMel("xcd")
    with pytest.raises(TypeError, match=r"no setting hop: .*hop_length"):
        LogMel(hop=100)
    for changes in (dict(n_mels=0), dict(win_length=2048), dict(fmax=9000), dict(std=0)):
        with pytest.raises(ValueError, match=f"LogMel: {next(iter(changes))} must be"):
            LogMel(**changes)
    with pytest.raises(ValueError, match="pad_mode is 'reflect' or 'constant', got 'edge'"):
        LogMel(FrontEnd(pad_mode="edge"))


def test_the_features_of_vmz():
    log_mel = VMZLogMel()
    result = log_mel(tone(1000))
    assert result.shape == (40, 199)
    assert result[:, 50].argmax() == 13
    assert result[13, 50].item() == pytest.approx(27.110, abs=1e-3)
    assert log_mel(torch.zeros(RATE)).shape == (40, 99)
    assert log_mel(torch.zeros(16097)).shape == (40, 100)
    assert log_mel(torch.zeros(RATE)).abs().max() == 0
    both = log_mel(torch.from_numpy(two_tones(RATE)))
    assert both[[7, 26], [50, 150]].tolist() == pytest.approx([26.4995, 27.0854], abs=1e-3)
    with pytest.raises(ValueError, match="256 samples is too short"):
        log_mel(torch.zeros(256))


@pytest.mark.gpu
@pytest.mark.parametrize("name", list(FRONT_ENDS))
def test_the_spectrogram_of_a_batch_on_a_gpu_is_that_of_the_cpu(name):
    samples = torch.rand(8, 1, 2 * RATE, generator=torch.Generator().manual_seed(0)) - 0.5
    log_mel = LogMel(name)
    expected = log_mel(samples)
    log_mel = log_mel.cuda().half()
    with torch.autocast("cuda", torch.bfloat16):
        result = log_mel(samples.cuda())
    torch.testing.assert_close(result.cpu(), expected, atol=2e-4, rtol=1e-4)
