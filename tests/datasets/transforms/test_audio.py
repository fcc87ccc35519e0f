import random

import numpy as np
import pytest
import torch

from mmcontrast.datasets.sampling.seeding import seeded
from mmcontrast.datasets.transforms import (
    FrequencyMask,
    LogMelSpectrogram,
    RandomSpectrogramCrop,
    TimeMask,
    TimeWarp,
    VolumeJitter,
)
from mmcontrast.datasets.transforms.audio_spectrogram import (
    crop_from_canvas,
    mask_bands,
    time_warp,
)
from mmcontrast.ops.log_mel import LogMel
from mmcontrast.ops.vmz_log_mel import VMZLogMel


def grid(bands, frames):
    """S[f, t] = 10 f + t."""
    return (10 * torch.arange(float(bands))[:, None] + torch.arange(float(frames)))[None]


def noise(bands=80, frames=201):
    return torch.randn(1, bands, frames, generator=torch.Generator().manual_seed(0))


def sound(seconds=2.0, rate=16000):
    samples = np.random.default_rng(0).uniform(-0.5, 0.5, (1, int(seconds * rate)))
    return dict(path="a.wav", audio=samples.astype(np.float32), sample_rate=rate)


def test_masks_have_the_mean_of_the_spectrogram_before_them():
    spectrogram = grid(5, 8)
    assert spectrogram.mean() == 23.5
    masked = mask_bands(spectrogram, -2, [1, 2], [0, 2])
    assert (masked[0, [0, 2, 3]] == 23.5).all() and masked.mean() == 25.5
    assert torch.equal(masked[0, [1, 4]], spectrogram[0, [1, 4]])
    again = mask_bands(masked, -1, [3, 0], [4, 1])
    assert (again[0, :, 4:7] == 25.5).all()
    assert torch.equal(again[0, :, [0, 1, 2, 3, 7]], masked[0, :, [0, 1, 2, 3, 7]])
    assert torch.equal(spectrogram, grid(5, 8))  # the input is not changed


@pytest.mark.parametrize(
    ("transform", "dim", "size", "max_width"),
    [(FrequencyMask(), -2, 80, 9), (TimeMask(), -1, 201, 19)],
)
def test_widths_and_starts_of_masks(monkeypatch, transform, dim, size, max_width):
    drawn = []
    monkeypatch.setattr(
        "mmcontrast.datasets.transforms.audio_spectrogram.mask_bands",
        lambda spectrogram, dim, widths, starts: drawn.append((dim, widths, starts)),
    )
    random.seed(0)
    for _ in range(5000):
        transform(dict(spectrogram=torch.empty(1, 80, 201)))
    assert {dims for dims, _, _ in drawn} == {dim}
    assert {width for _, widths, _ in drawn for width in widths} == set(range(max_width + 1))
    assert all(max(starts) < size - max(widths) for _, widths, starts in drawn)
    last = max(start + max(widths) for _, widths, starts in drawn for start in starts)
    assert last == size - 1
    assert min(start for _, _, starts in drawn for start in starts) == 0


def test_a_region_of_the_canvas():
    region = crop_from_canvas(grid(4, 6) + 1, top=1, left=2, height=3, width=7)
    expected = [
        [12, 13.248, 14.424, 17.412, 2.84, 0],
        [17.7407, 18.9887, 20.1647, 23.7727, 3.8504, 0],
        [26.2593, 27.5073, 28.6833, 33.2113, 5.3496, 0],
        [32, 33.248, 34.424, 39.572, 6.36, 0],
    ]
    torch.testing.assert_close(region[0], torch.tensor(expected), atol=1e-3, rtol=0)
    whole = crop_from_canvas(grid(4, 6) + 1, top=0, left=0, height=4, width=9)
    ends = [[0, 1.576, 3.248, 4.752, 3.78, 0], [0, 33.736, 33.248, 34.752, 22.14, 0]]
    torch.testing.assert_close(whole[0, [0, 3]], torch.tensor(ends), atol=1e-3, rtol=0)


def test_the_region_of_the_spectrogram_itself_is_the_spectrogram():
    spectrogram = noise()
    same = crop_from_canvas(spectrogram, top=0, left=50, height=80, width=201)
    torch.testing.assert_close(same, spectrogram, atol=1e-5, rtol=0)


def test_regions_that_are_drawn(monkeypatch):
    drawn = []
    monkeypatch.setattr(
        "mmcontrast.datasets.transforms.audio_spectrogram.crop_from_canvas",
        lambda spectrogram, *region: drawn.append(region[:4]),
    )
    random.seed(0)
    for _ in range(5000):
        RandomSpectrogramCrop()(dict(spectrogram=torch.empty(1, 80, 201)))
    top, left, height, width = np.array(drawn).T
    assert (height.min(), height.max()) == (48, 80) and (width.min(), width.max()) == (120, 301)
    assert (height == 80).mean() == pytest.approx(5 / 9, abs=0.03)
    assert (top + height).max() == 80 and (left + width).max() == 301
    assert top.min() == left.min() == 0


def test_a_time_warp():
    first = [
        -0.078717, 0.475219, 1.329447, 2, 2.670554, 3.524781, 4.078719, 5.152, 6.576, 8, 9.424,
        10.848,
    ]  # fmt: skip
    second = [
        -0.078717, 0.265307, 1.682217, 4, 7.046647, 12.463553, 16.551027, 26.624, 43.128, 64,
        88.696, 117.76,
    ]  # fmt: skip
    frames = torch.arange(12.0)
    warped = time_warp(torch.stack([frames, frames**2])[None], center=5, warped=7)[0]
    torch.testing.assert_close(warped, torch.tensor([first, second]), atol=2e-3, rtol=1e-5)


def test_places_of_a_time_warp(monkeypatch):
    drawn = []
    monkeypatch.setattr(
        "mmcontrast.datasets.transforms.audio_spectrogram.time_warp",
        lambda spectrogram, center, warped: drawn.append((center, warped)) or spectrogram,
    )
    random.seed(0)
    for _ in range(3000):
        TimeWarp(window=3)(dict(spectrogram=torch.empty(1, 4, 12)))
    assert {center for center, _ in drawn} == set(range(3, 9))
    assert {warped - center for center, warped in drawn} == set(range(-2, 4))
    drawn.clear()
    TimeWarp(window=6)(dict(spectrogram=torch.empty(1, 4, 12)))
    assert not drawn


def test_augmentations_depend_on_the_seed_alone():
    transforms = [
        VolumeJitter(), LogMelSpectrogram(), TimeWarp(), FrequencyMask(), TimeMask(),
        RandomSpectrogramCrop(),
    ]  # fmt: skip

    def augment(*key):
        results = sound()
        with seeded(*key):
            for transform in transforms:
                results = transform(results)
        return results["spectrogram"]

    first = augment(0, 1, 2)
    assert first.shape == (1, 80, 201) and first.dtype == torch.float32
    assert torch.equal(augment(0, 1, 2), first)
    assert not torch.equal(augment(0, 1, 3), first)


def test_the_volume():
    random.seed(0)
    factors = []
    for _ in range(2000):
        results = VolumeJitter(0.2)(dict(audio=np.ones((2, 4), np.float32)))
        assert results["audio"].dtype == np.float32 and np.ptp(results["audio"]) == 0
        factors.append(results["audio"][0, 0])
    assert min(factors) == pytest.approx(0.8, abs=1e-3)
    assert max(factors) == pytest.approx(1.2, abs=1e-3)
    assert np.mean(factors) == pytest.approx(1, abs=0.01)


def test_the_spectrogram_is_that_of_the_front_end():
    samples = torch.from_numpy(sound()["audio"])
    for front_end, module in (
        ("crisscross", LogMel()), ("xdc", LogMel("xdc")), ("vmz", VMZLogMel())
    ):  # fmt: skip
        results = LogMelSpectrogram(front_end)(sound())
        assert torch.equal(results["spectrogram"], module(samples))
    raw = LogMelSpectrogram(standardize=False)(sound())["spectrogram"]
    assert torch.equal(raw, LogMel(standardize=False)(samples))


def test_a_sound_of_another_rate_is_refused():
    with pytest.raises(ValueError, match=r"a\.wav .* 44100 Hz, .* Set sample_rate=16000"):
        LogMelSpectrogram()(sound(rate=44100))


def test_ranges_that_make_no_sense():
    with pytest.raises(ValueError, match="VolumeJitter: volume must be from 0 to 1"):
        VolumeJitter(2)
    with pytest.raises(ValueError, match="TimeMask: max_width must be at least 0"):
        TimeMask(-1)
    with pytest.raises(ValueError, match="FrequencyMask: num_masks must be at least 1"):
        FrequencyMask(num_masks=0)
    with pytest.raises(ValueError, match="time_scale is a positive range"):
        RandomSpectrogramCrop(time_scale=(2, 1))
    with pytest.raises(ValueError, match="canvas_scale must be at least 1"):
        RandomSpectrogramCrop(canvas_scale=(0.5, 1.0))
