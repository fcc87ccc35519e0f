import os
import random
import shutil

import numpy as np
import pytest
import torch

from mmcontrast.datasets import Videos, collate
from mmcontrast.datasets.errors import UnreadableSoundError, UnreadableVideoError
from mmcontrast.datasets.sampling.seeding import seeded
from mmcontrast.datasets.sound import open_sound, write_flac
from mmcontrast.datasets.transforms import EachView, LoadClip, PackViews, SpectrogramWindows
from mmcontrast.datasets.transforms.load_clip import frame_indices
from mmcontrast.datasets.video import VideoInfo

av = pytest.importorskip("av")
from tests.datasets.sound.files import clicks, noise, write_av  # noqa: E402

VIDEO, AUDIO = dict(seconds=0.5, fps=16), dict(seconds=2.0, sample_rate=16000)
PAIR, UNIFORM = dict(type="clip_pair"), dict(type="uniform_clips", num_clips=3)


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """Four seconds of white images from 2 s on; a click at 2 s."""
    path = tmp_path_factory.mktemp("clips") / "v.mp4"
    flashes = [2 + n / 25 for n in range(50)]
    return str(write_av(path, clicks(4.0, [2.0]) + noise(4.0) * 0.02, seconds=4, flashes=flashes))


def info(fps, start=0.0, seconds=10.0):
    return VideoInfo(round(fps * seconds), fps, start, seconds, True)


def test_numbers_of_frames():
    cases = [
        (25, 1.0, 0.75, [25, 26, 28, 29, 31, 32, 34, 35, 37, 39, 40, 42]),
        (30, 0.37, 0.75, [11, 12, 14, 16, 18, 20, 22, 24, 26, 27, 29, 31]),
        (30000 / 1001, 2.5, 0.75, [74, 76, 78, 80, 82, 84, 86, 88, 89, 91, 93, 95]),
        (15, 0, 0.5, [0, 0, 1, 2, 3, 4, 5, 6]),
        (12, 0.1, 0.5, [1, 1, 2, 3, 4, 4, 5, 6]),
        (60, 0.2, 0.5, [12, 15, 19, 23, 27, 30, 34, 38]),
        (25, 0, 0.32, [0, 1, 3, 4, 6]),
    ]
    for fps, start, seconds, expected in cases:
        assert frame_indices(start, seconds, 16, info(fps)) == expected
        late = info(fps, start=0.3)
        assert frame_indices(start + 0.3, seconds, 16, late) == expected
    slow = frame_indices(1.03, 2.0, 16, info(10))
    assert len(slow) == 32 and slow[:6] == [10, 10, 11, 12, 12, 13] and slow[-2:] == [29, 29]
    assert len(frame_indices(0, 5.0, 16, info(25, seconds=5.0))) == 80
    assert frame_indices(9.8, 0.5, 16, info(25)) == [245, 246, 248, 249]
    assert frame_indices(-0.1, 0.25, 16, info(25))[:2] == [0, 0]


def test_images_and_sound_of_a_view_belong_together(clip):
    load = LoadClip(PAIR, VIDEO, AUDIO)
    with open_sound(clip) as sound:
        whole = sound.read_all(16000).samples
    for seed in range(6):
        with seeded(seed):
            views = load(dict(path=clip))["views"]
        assert len(views) == 2 and views[1]["shared"] is None
        for view in views:
            assert len(view["frames"]) == view["valid_frames"] == 8
            numbers = [frame["number"] for frame in view["frames"]]
            start = view["video_start"]
            assert numbers == [int((start + k / 16) * 25 + 1e-6) for k in range(8)]
            for frame in view["frames"]:
                assert (frame["image"].mean() > 127) == (frame["number"] >= 50)
                assert frame["size"] == (96, 64) and frame["box"] == (0, 0, 96, 64)
            first = round(view["audio_start"] * 16000)
            np.testing.assert_allclose(view["audio"], whole[:, first : first + 32000], atol=2e-5)
            assert view["sample_rate"] == 16000 and view["valid_seconds"] == 2.0
        assert views[1]["audio_start"] == pytest.approx(views[0]["audio_start"] + 1)
        assert views[1]["video_start"] == pytest.approx(views[0]["video_start"] + 0.25)


def test_late_sound_of_the_same_moment(tmp_path):
    sound = clicks(2.5, [1.0]) + 0.02 * noise(2.5)
    path = write_av(
        tmp_path / "v.mkv", sound, "libopus", seconds=3, flashes=[1.48], sound_start=0.48
    )
    load = LoadClip(UNIFORM, dict(seconds=1.0, fps=25), dict(seconds=1.0))
    middle = load(dict(path=str(path)))["views"][1]
    assert middle["video_start"] == middle["audio_start"] == pytest.approx(1.0, abs=0.02)
    flash = int(np.argmax([frame["image"].mean() for frame in middle["frames"]])) / 25
    click = np.abs(middle["audio"][0]).argmax() / 16000
    assert abs(flash - click) <= 0.04  # the frames of a clip begin up to 1/25 s later


def test_sound_alone_and_images_alone(clip, tmp_path):
    sound = LoadClip(UNIFORM, audio=AUDIO)(dict(path=clip))["views"]
    assert [view["audio_start"] for view in sound] == pytest.approx([0, 1, 2], abs=0.03)
    assert "frames" not in sound[0] and sound[0]["audio"].shape == (1, 32000)
    images = LoadClip(UNIFORM, VIDEO)(dict(path=clip))["views"]
    assert "audio" not in images[0] and len(images) == 3
    whole = LoadClip(dict(type="random_clips"), audio=dict(seconds=None, mono=False))
    (view,) = whole(dict(path=clip))["views"]
    assert view["audio"].shape[0] == 2
    assert view["audio"].shape[1] == pytest.approx(64000, abs=500)
    write_flac(str(tmp_path / "v.flac"), [noise(3, 16000)], 16000, start=0.5)
    beside = LoadClip(UNIFORM, audio=dict(seconds=1.0, suffix=".flac"))
    views = beside(dict(path=str(tmp_path / "v.mp4")))["views"]
    assert [view["audio_start"] for view in views] == pytest.approx([0.5, 1.5, 2.5])


def test_short_clips_follow_min_valid(tmp_path):
    path = str(write_av(tmp_path / "v.mov", noise(1.2), "pcm_s16le", seconds=0.32))
    views = LoadClip(PAIR, VIDEO, AUDIO)(dict(path=path))["views"]
    for view in views:
        assert [frame["number"] for frame in view["frames"]] == [0, 1, 3, 4, 6, 7, 0, 1]
        assert view["valid_frames"] == 6 and view["valid_seconds"] == pytest.approx(1.2)
        assert view["audio"].shape == (1, 32000)
        assert np.abs(view["audio"][:, 19300:]).max() < 1e-4
    with pytest.raises(UnreadableSoundError, match=r"1\.20 of the 4\.00 s .*min_seconds") as caught:
        LoadClip(PAIR, VIDEO, dict(seconds=4.0))(dict(path=path))
    assert caught.value.path == path and "min_valid" in str(caught.value)
    with pytest.raises(UnreadableVideoError, match=r"6 of the 16 images .*less than 50%"):
        LoadClip(PAIR, dict(seconds=1.0, fps=16))(dict(path=path))
    whole = LoadClip(PAIR, dict(seconds=1.0, fps=16), dict(seconds=4.0), min_valid=0)
    assert whole(dict(path=path))["views"][0]["valid_frames"] == 6


def test_no_sound_and_silence_are_errors_and_never_replaced(tmp_path):
    mute = str(write_av(tmp_path / "mute.mp4", None, seconds=3))
    silent = str(
        write_av(tmp_path / "silent.mov", np.zeros((1, 3 * 48000), np.float32), "pcm_s16le")
    )
    for min_valid in (0, 0.5):
        with pytest.raises(UnreadableSoundError, match=r"mute\.mp4: there is no sound track"):
            LoadClip(PAIR, VIDEO, AUDIO, min_valid)(dict(path=mute))
    assert LoadClip(PAIR, VIDEO)(dict(path=mute))["views"]
    with pytest.raises(UnreadableSoundError, match=r"silent\.mov: it is silent .*min_valid=0"):
        LoadClip(PAIR, VIDEO, AUDIO)(dict(path=silent))
    assert not LoadClip(PAIR, VIDEO, AUDIO, 0)(dict(path=silent))["views"][0]["audio"].any()


def test_unreadable_sound_follows_on_error(tmp_path, clip):
    write_av(tmp_path / "b.mp4", None, seconds=3)
    shutil.copy(clip, tmp_path / "a.mp4")
    pipeline = [dict(type="LoadClip", sampler=PAIR, video=VIDEO, audio=AUDIO), PackViews()]
    with pytest.raises(UnreadableSoundError, match=r"b\.mp4"):
        Videos(tmp_path, pipeline)[1]
    sample = Videos(tmp_path, pipeline, on_error="skip")[1]["data_sample"]
    assert set(sample["skipped"]) == {str(tmp_path / "b.mp4")} and sample["sample_idx"] == 0


AUGMENTED = [
    dict(type="LoadClip", sampler=PAIR, video=VIDEO, audio=AUDIO),
    dict(
        type="EachView",
        video=[
            dict(
                type="EachFrame",
                shared=True,
                transforms=[dict(type="RandomResizedCrop", size=32), dict(type="HorizontalFlip")],
            ),
            dict(type="Cutout"),
        ],
        audio=[dict(type="VolumeJitter"), dict(type="LogMelSpectrogram"), dict(type="TimeMask")],
    ),
    dict(type="PackViews"),
]


def test_batches_of_pairs_and_of_single_clips(clip):
    dataset = Videos(os.path.dirname(clip), AUGMENTED)
    batch = collate([dataset[0], dataset[len(dataset)]])
    shapes = {name: tuple(view.shape) for name, view in batch["inputs"].items()}
    assert shapes == dict(
        video0=(2, 3, 8, 32, 32), audio0=(2, 1, 80, 201), video1=(2, 3, 8, 32, 32),
        audio1=(2, 1, 80, 201),
    )  # fmt: skip
    assert batch["inputs"]["video0"].dtype == torch.uint8
    sample = batch["data_samples"][0]
    assert sample["sample_idx"] == 0 and sample["path"] == clip
    assert len(sample["video1"]["box"]) == 8 and len(set(sample["video1"]["box"])) == 1
    assert sample["video0"]["box"] != sample["video1"]["box"]
    assert sample["audio0"]["valid_seconds"] == 2.0 and sample["audio0"]["start"] >= 0
    one = [dict(type="LoadClip", sampler=dict(type="random_clips"), video=VIDEO, audio=AUDIO)]
    inputs = Videos(os.path.dirname(clip), [*one, PackViews()])[0]["inputs"]
    assert {name: tuple(x.shape) for name, x in inputs.items()} == dict(
        video=(3, 8, 64, 96), audio=(1, 32000)
    )


@pytest.mark.parametrize("shared", ["audio", "video"])
def test_a_shared_clip_is_augmented_once(clip, shared):
    relaxation = "v_far_a_same" if shared == "audio" else "v_same_a_far"
    settings = dict(seconds=1.0, sample_rate=16000)
    load = LoadClip(dict(type="clip_pair", relaxation=relaxation), VIDEO, settings)
    results = PackViews()(EachView(**{k: AUGMENTED[1][k] for k in ("video", "audio")})(
        load(dict(path=clip))
    ))["inputs"]  # fmt: skip
    other = "video" if shared == "audio" else "audio"
    assert torch.equal(results[f"{shared}0"], results[f"{shared}1"])
    assert not torch.equal(results[f"{other}0"], results[f"{other}1"])
    load = LoadClip(dict(type="clip_pair", relaxation="same_timestamp"), VIDEO, settings)
    views = load(dict(path=clip))["views"]
    np.testing.assert_array_equal(views[0]["audio"], views[1]["audio"])
    views = EachView(**{k: AUGMENTED[1][k] for k in ("video", "audio")})(dict(views=views))["views"]
    assert not torch.equal(views[0]["spectrogram"], views[1]["spectrogram"])


def test_windows_of_the_spectrogram_of_a_whole_recording(tmp_path):
    write_av(tmp_path / "v.wav", noise(5.0, 16000), "pcm_s16le", None, 16000)
    load = LoadClip(dict(type="uniform_clips", num_clips=1), audio=dict(seconds=None), min_valid=0)
    log_mel = EachView(audio=[dict(type="LogMelSpectrogram")])
    results = log_mel(load(dict(path=str(tmp_path / "v.wav"))))
    whole = results["views"][0]["spectrogram"]
    assert whole.shape == (1, 80, 501)
    inputs = PackViews()(SpectrogramWindows(10, 200)(results))["inputs"]
    for number, start in enumerate([0, 33, 66, 100, 133, 167, 200, 234, 267, 301]):
        assert torch.equal(inputs[f"audio{number}"], whole[..., start : start + 200])
    with pytest.raises(ValueError, match="one view with a spectrogram"):
        SpectrogramWindows(10, 200)(results)


def test_what_does_not_fit_is_refused_before_the_first_file():
    with pytest.raises(ValueError, match="say what to read"):
        LoadClip(PAIR)
    with pytest.raises(ValueError, match="names a function by its type"):
        LoadClip(dict(relaxation="overlapped"), VIDEO)
    with pytest.raises(TypeError, match=r"video has seconds, fps, got \{'seconds': 1.0\}"):
        LoadClip(PAIR, dict(seconds=1.0))
    with pytest.raises(TypeError, match="audio has seconds, sample_rate, mono, suffix"):
        LoadClip(PAIR, audio=dict(seconds=1.0, rate=16000))
    with pytest.raises(ValueError, match=r"video\.fps"):
        LoadClip(PAIR, dict(seconds=1.0, fps=0))
    with pytest.raises(ValueError, match="no relaxation 'near'"):
        LoadClip(dict(type="clip_pair", relaxation="near"), VIDEO)
    with pytest.raises(KeyError, match="clip_pair"):
        LoadClip(dict(type="clip_pairs"), VIDEO)


def test_equal_seeds_give_equal_clips(clip):
    dataset = Videos(os.path.dirname(clip), AUGMENTED)
    random.seed(1)
    first = dataset[5]["inputs"]
    random.seed(2)
    again = dataset[5]["inputs"]
    assert all(torch.equal(first[name], again[name]) for name in first)
