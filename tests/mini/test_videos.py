"""The mini-world's clips, read by the datasets that train and score on them."""

from dataclasses import replace

import numpy as np
import pytest

from mmcontrast.datasets.annotated_videos import JHMDBPose, VideoMasks
from mmcontrast.datasets.masks import read_mask
from mmcontrast.datasets.tracking import TrackingVideos, usable_boxes
from mmcontrast.mini import CATEGORIES, category, make_mini, render, sample_clip
from mmcontrast.mini.motion import LENGTHS
from mmcontrast.mini.render import extent, outlines
from mmcontrast.mini.writers import clips

SIZE = (160, 120)
COUNTS = {"videos": (2, 0), "davis": (0, 2), "jhmdb": (0, 1), "vip": (0, 1), "otb": (0, 2)}


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    pytest.importorskip("av")
    root = tmp_path_factory.mktemp("mini")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clips, "LABELED_FRAMES", 6)
        patch.setattr(clips, "TRAINING_FRAMES", (4, 7))
        make_mini(root, layouts=list(COUNTS), num_images=COUNTS)
    return root


def boxes(scene):
    return np.array([extent(outlines(state)) for state in scene.objects])


def test_all_objects_begin_inside_and_all_of_them_move():
    for seed in range(10):
        first, *_, last = sample_clip(np.random.default_rng(seed), SIZE, 3, 25)
        x0, y0, x1, y1 = boxes(first).T
        assert min(x0.min(), y0.min()) > -1 and x1.max() < SIZE[0] + 1 and y1.max() < SIZE[1] + 1
        longer = np.maximum(x1 - x0, y1 - y0) / min(SIZE)
        assert longer.min() >= LENGTHS[0] - 1e-6 and longer.max() <= LENGTHS[1] + 1e-6
        for before, after in zip(first.objects, last.objects, strict=True):
            assert np.hypot(*np.subtract(after.center, before.center)) > 2
            assert before.joints != after.joints and before.paints == after.paints


def test_change_from_frame_to_frame_is_small():
    scenes = sample_clip(np.random.default_rng(0), SIZE, 3, 40)
    corners = np.stack([boxes(scene) for scene in scenes])
    assert np.abs(np.diff(corners, axis=0)).max() < 12
    assert len({scene.light.noise_seed for scene in scenes}) == 40
    assert len({scene.background for scene in scenes}) == 1


def test_objects_hide_each_other_at_times():
    hidden = 0
    for seed in range(4):
        scenes = sample_clip(np.random.default_rng(seed), SIZE, 3, 40)[::4]
        back = [(render(scene).instances == 1).sum() for scene in scenes]
        alone = [
            (render(replace(scene, objects=scene.objects[:1])).instances == 1).sum()
            for scene in scenes
        ]
        hidden += min(seen / whole for seen, whole in zip(back, alone, strict=True)) < 0.7
    assert hidden >= 1


def test_a_clip_has_the_categories_that_are_asked_for():
    kinds = [category("person")]
    scenes = sample_clip(np.random.default_rng(0), SIZE, 2, 1, kinds)
    assert {state.name for state in scenes[0].objects} == {"person"}
    names = {
        state.name
        for seed in range(40)
        for state in sample_clip(np.random.default_rng(seed), SIZE, 4, 1)[0].objects
    }
    assert names == {kind.name for kind in CATEGORIES}


def test_training_clips_are_videos(world):
    import av

    files = sorted((world / "videos").glob("*.mp4"))
    assert [file.name for file in files] == ["00000.mp4", "00001.mp4"]
    for index, file in enumerate(files):
        with av.open(str(file)) as video:
            stream = video.streams.video[0]
            assert (stream.codec_context.name, stream.average_rate) == ("h264", 25)
            decoded = [frame.to_ndarray(format="rgb24") for frame in video.decode(stream)]
        assert 4 <= len(decoded) <= 6
        rng = clips.image_rng(0, "videos", "train", index)
        length, count = int(rng.integers(4, 7)), int(rng.integers(2, 5))
        drawn = [render(scene).image for scene in sample_clip(rng, SIZE, count, length)]
        assert len(drawn) == len(decoded)
        for wanted, found in zip(drawn, decoded, strict=True):
            assert np.abs(wanted.astype(int) - found).mean() < 12


def test_davis(world):
    data = VideoMasks(world / "davis", ann_file="ImageSets/2017/val.txt")
    assert [data.get_data_info(i)["sequence"] for i in range(2)] == ["clip00", "clip01"]
    for number in range(2):
        info = data.get_data_info(number)
        assert len(info["paths"]) == 6
        first = np.unique(data.first_label(info)["mask"])
        assert first.tolist() == list(range(len(first))) and 1 < len(first) <= 4
        for path in info["annotations"]:
            assert set(np.unique(read_mask(path))) <= set(first)


def test_jhmdb(world):
    data = JHMDBPose(world / "jhmdb", ann_file="testlist_split1.txt")
    info = data.get_data_info(0)
    assert info["joints"].shape == (6, len(category("person").keypoints), 2)
    _, drawn = clips.labeled_clip(0, "jhmdb", 0, 2, [category("person")])
    np.testing.assert_allclose(info["joints"][0], drawn[0].keypoints[-1][:, :2])
    assert (info["joints"][0] >= 0).all() and (info["joints"][0] < SIZE).all()


def test_vip(world):
    data = VideoMasks(
        world / "vip",
        ann_file="lists/val_videos.txt",
        frames="Images/{}",
        masks="Annotations/Category_ids/{}",
        consecutive=False,
    )
    info = data.get_data_info(0)
    masks = np.stack([read_mask(path) for path in info["annotations"]])
    assert masks.shape == (6, *SIZE[::-1])
    assert masks.max() == len(category("person").parts) < 20 and len(np.unique(masks[0])) > 8


def test_otb(world):
    data = TrackingVideos(world / "otb")
    assert [data.get_data_info(i)["sequence"] for i in range(2)] == ["Clip00", "Clip01"]
    for number in range(2):
        truth = data.get_data_info(number)["truth"]
        assert truth.shape == (6, 4) and usable_boxes(truth, *SIZE).any()
        assert (truth[:, :2] >= 0).all() and (truth[:, :2] + truth[:, 2:] <= SIZE).all()


def test_the_same_seed_gives_the_same_bytes(world, tmp_path, monkeypatch):
    monkeypatch.setattr(clips, "LABELED_FRAMES", 6)
    monkeypatch.setattr(clips, "TRAINING_FRAMES", (4, 7))
    counts = {"videos": (1, 0), "jhmdb": (0, 1)}
    make_mini(tmp_path, layouts=list(counts), num_images=counts)
    for name in ("videos/00000.mp4", "jhmdb/joint_positions/move/clip00/joint_positions.mat"):
        assert (tmp_path / name).read_bytes() == (world / name).read_bytes()


def test_the_same_frames_give_the_same_bytes(tmp_path):
    rng = np.random.default_rng(0)
    frames = [rng.integers(0, 256, (120, 160, 3), np.uint8) // (1 + i % 5) for i in range(30)]
    files = []
    for number in range(8):
        clips.save_video(tmp_path / f"{number}.mp4", iter(frames))
        files.append((tmp_path / f"{number}.mp4").read_bytes())
    assert len(set(files)) == 1


def test_a_split_that_a_layout_lacks_is_refused(tmp_path):
    with pytest.raises(ValueError, match="davis has no train split"):
        make_mini(tmp_path, layouts=["davis"], num_images={"davis": (1, 2)})
    with pytest.raises(ValueError, match=r"videos needs at least one .* train, not 0"):
        make_mini(tmp_path, layouts=["videos"], num_images={"videos": (0, 0)})
