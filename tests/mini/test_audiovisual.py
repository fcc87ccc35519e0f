"""The mini-world's clips with sound: one clock, one rhythm, timbres of the categories."""

import csv
from collections import Counter

import numpy as np
import pytest

from mmcontrast.datasets import VideoFolder
from mmcontrast.datasets.sound import open_sound
from mmcontrast.datasets.video import open_video
from mmcontrast.mini import CATEGORIES, category, make_mini
from mmcontrast.mini.performance import MOTIONS, sample_performance
from mmcontrast.mini.sound import SAMPLE_RATE, synthesize, timbre
from mmcontrast.mini.writers import audiovisual, clips

COUNTS = {"audiovisual": (8, 8)}


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    pytest.importorskip("av")
    root = tmp_path_factory.mktemp("mini")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(audiovisual, "NUM_FRAMES", (10, 13))
        make_mini(root, layouts=list(COUNTS), num_images=COUNTS)
    return root / "audiovisual"


def test_layout(world):
    names = sorted(kind.name for kind in audiovisual.KINDS)
    with (world / "clips.csv").open() as file:
        rows = list(csv.DictReader(file))
    for split in ("train", "val"):
        dataset = VideoFolder(world / split)
        assert list(dataset.metainfo["classes"]) == names
        assert Counter(dataset.get_data_info(i)["label"] for i in range(8)) == Counter(range(8))
    assert {row["path"] for row in rows} == {
        path.relative_to(world).as_posix() for path in world.glob("*/*/*.mp4")
    }
    for row in rows:
        assert row["label"] == row["path"].split("/")[1]
        assert row["motion"] in {motion.name for motion in MOTIONS}
        assert row["sound"] in {kind.name for kind in CATEGORIES}


def test_image_and_sound_of_a_file_begin_and_end_together(world):
    for path in world.glob("val/*/*.mp4"):
        with open_video(str(path)) as video, open_sound(str(path)) as sound:
            images, samples = video.probe(), sound.probe()
            assert (images.fps, samples.codec, samples.sample_rate) == (12, "aac", SAMPLE_RATE)
            assert images.start == samples.start == 0
            assert samples.duration == pytest.approx(images.num_frames / 12, abs=0.002)
            assert np.abs(sound.read_all().samples).max() > 0.1


def test_sound_is_heard_in_the_file_when_it_was_drawn(world):
    index, path = 0, world / f"train/{audiovisual.KINDS[0].name}"
    rng = audiovisual.image_rng(0, "audiovisual", "train", index)
    motion = MOTIONS[int(rng.integers(len(MOTIONS)))]
    num_frames = int(rng.integers(10, 13))
    clip = sample_performance(rng, audiovisual.KINDS[0], motion, 72, num_frames, 12)
    with open_sound(str(next(path.iterdir()))) as sound:
        decoded = sound.read_all().samples[0]
    drawn = clip.samples[0][: len(decoded)]
    shift = np.argmax(np.correlate(decoded, drawn, "full")) - len(drawn) + 1
    assert abs(shift) <= 1
    assert np.corrcoef(decoded[: len(drawn)], drawn)[0, 1] > 0.9


def test_an_object_is_lowest_when_its_notes_begin():
    for seed, motion in enumerate(MOTIONS):
        rng = np.random.default_rng(seed)
        clip = sample_performance(rng, category("cat"), motion, 72, 200, 100)
        heights = np.array([-scene.objects[0].center[1] for scene in clip.scenes])
        is_lowest = (heights[1:-1] < heights[:-2]) & (heights[1:-1] <= heights[2:])
        landings = (np.flatnonzero(is_lowest) + 1) / 100
        onsets = np.array(clip.onsets)
        distances = np.abs(landings[:, None] - onsets)
        assert distances.min(1).max() < 0.011
        assert distances[:, (onsets > 0.03) & (onsets < 1.96)].min(0).max() < 0.011
        assert onsets[0] <= 0 and onsets[-1] >= 2


def test_timbres_differ_and_some_sounds_are_those_of_others():
    assert len({timbre(kind) for kind in CATEGORIES}) == len(CATEGORIES)
    rng = np.random.default_rng(0)
    voices = [
        sample_performance(rng, category("cat"), MOTIONS[0], 16, 1, 12).voice.name
        for _ in range(100)
    ]
    assert 75 <= voices.count("cat") < 97


def test_a_category_has_about_one_hue():
    rng = np.random.default_rng(0)
    hues = {}
    for name in ("horse", "spider"):
        clips_of_class = [
            sample_performance(rng, category(name), MOTIONS[0], 16, 1, 12) for _ in range(40)
        ]
        paints = [clip.scenes[0].objects[0].paints[0] for clip in clips_of_class]
        chroma = [np.array(paint.light) - np.mean(paint.light) for paint in paints]
        hues[name] = np.mean([color / np.linalg.norm(color) for color in chroma], 0)
    assert min(np.linalg.norm(hue) for hue in hues.values()) > 0.75
    assert np.dot(*hues.values()) < 0


def test_notes_have_their_timbre_whatever_the_pitch():
    for kind in (CATEGORIES[0], CATEGORIES[4], CATEGORIES[7]):
        for pitch in (110.0, 200.0):
            rng = np.random.default_rng(0)
            samples = synthesize(rng, timbre(kind), pitch, [0.0, 0.5], 1.0, ambience=0.01)
            assert samples.shape == (1, SAMPLE_RATE) and samples.dtype == np.float32
            assert 0.2 < np.abs(samples).max() <= 0.7 + 1e-6
            power = np.abs(np.fft.rfft(samples[0])) ** 2
            octaves = np.log2(np.arange(1, len(power)) / timbre(kind).center)
            assert abs((octaves * power[1:]).sum() / power[1:].sum()) < 0.35


def test_sound_leaves_the_frames_as_they_are(tmp_path):
    rng = np.random.default_rng(0)
    frames = [rng.integers(0, 256, (64, 64, 3), np.uint8) // (1 + i % 5) for i in range(12)]
    sound = rng.uniform(-0.5, 0.5, (1, SAMPLE_RATE)).astype(np.float32)
    clips.save_video(tmp_path / "silent.mp4", frames, 12, (64, 64))
    for name in "ab":
        clips.save_video(tmp_path / f"{name}.mp4", frames, 12, (64, 64), sound)
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()
    decoded = []
    for name in ("silent", "a"):
        with open_video(str(tmp_path / f"{name}.mp4")) as video:
            decoded.append(np.stack(list(video.frames())))
    assert np.array_equal(*decoded)
