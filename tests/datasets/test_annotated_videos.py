"""Videos with masks and keypoints, whole and broken."""

import numpy as np
import pytest
from PIL import Image

from mmcontrast.datasets import Clip, JHMDBPose, VideoMasks
from mmcontrast.datasets.annotated_videos import read_joints, write_joints
from mmcontrast.datasets.masks import write_mask
from mmcontrast.datasets.transforms import compose
from tests.datasets.videos import SIZE, frame, joints, write_davis, write_jhmdb

PIPELINE = [dict(type="LoadImage"), dict(type="Resize", size=24), dict(type="PackInputs")]
PLAIN = dict(frames="{}/JPEGImages", masks="{}/Annotations")


def test_davis(tmp_path):
    dataset = VideoMasks(write_davis(tmp_path), PIPELINE, ann_file="ImageSets/2017/val.txt")
    assert len(dataset) == 2
    sample = dataset[1]
    assert np.array_equal(sample["inputs"]["mask"], frame(0)[1])
    frames = list(sample["inputs"]["clip"])
    assert len(frames) == 6
    assert frames[0].shape == (3, 24, 36)
    described = sample["data_sample"]
    assert described["sequence"] == "two"
    assert described["frames"][-1] == "00005"
    assert described["annotations"][5].endswith("two/00005.png")


def test_plain_folders_with_binary_masks_need_no_list(tmp_path):
    write_davis(tmp_path, ("b", "a"), 3, **PLAIN, scale=255)
    (tmp_path / "a note.txt").write_text("not a video")
    dataset = VideoMasks(tmp_path, PIPELINE, binary=True, **PLAIN)
    assert [dataset[i]["data_sample"]["sequence"] for i in range(2)] == ["a", "b"]
    assert dataset[0]["inputs"]["mask"].max() == 1


def test_one_mask_is_enough_to_propagate(tmp_path):
    write_davis(tmp_path, ("a",), 3)
    for t in (1, 2):
        (tmp_path / f"Annotations/480p/a/{t:05d}.png").unlink()
    (sample,) = VideoMasks(tmp_path, PIPELINE)
    assert sample["data_sample"]["annotations"][1:] == [None, None]


@pytest.mark.parametrize(
    ("gone", "message"),
    [
        ("JPEGImages/480p/a/00002.png", "lacks 1 frames in the middle: 2"),
        ("Annotations/480p/a/00003.png", "lacks 1 of 6 masks: 00003.png"),
        ("Annotations/480p/a/00000.png", "The first one has to be there"),
    ],
)
def test_missing_files_are_named(tmp_path, gone, message):
    write_davis(tmp_path, ("a",))
    (tmp_path / gone).unlink()
    with pytest.raises(FileNotFoundError, match=message):
        VideoMasks(tmp_path, PIPELINE)


def test_gaps_can_be_meant(tmp_path):
    write_davis(tmp_path, ("a",))
    (tmp_path / "JPEGImages/480p/a/00002.png").unlink()
    assert len(VideoMasks(tmp_path, PIPELINE, consecutive=False)[0]["inputs"]["clip"]) == 5


def test_a_listed_video_that_is_not_there(tmp_path):
    write_davis(tmp_path, ("a",))
    (tmp_path / "ImageSets/2017/val.txt").write_text("a\nb\n")
    with pytest.raises(FileNotFoundError, match="480p/b is not a folder"):
        VideoMasks(tmp_path, PIPELINE, ann_file="ImageSets/2017/val.txt")


def test_mask_of_another_size(tmp_path):
    write_davis(tmp_path, ("a",))
    write_mask(tmp_path / "Annotations/480p/a/00000.png", np.ones((9, 9), np.uint8))
    with pytest.raises(ValueError, match=f"9x9 pixels, its frame {SIZE[1]}x{SIZE[0]}"):
        VideoMasks(tmp_path, PIPELINE)[0]


def test_a_first_mask_without_object_is_named(tmp_path):
    write_davis(tmp_path, ("a",), scale=0)
    with pytest.raises(ValueError, match=r"a/00000\.png shows no object"):
        VideoMasks(tmp_path, PIPELINE)[0]


def test_a_mask_of_0_and_255_names_the_option(tmp_path):
    write_davis(tmp_path, ("a",), scale=255)
    with pytest.raises(ValueError, match=r"0 and 255.*test_dataloader\.dataset\.binary=True"):
        VideoMasks(tmp_path, PIPELINE)[0]


def test_a_frame_that_cannot_be_read_is_named(tmp_path):
    write_davis(tmp_path, ("a",), 3)
    (tmp_path / "JPEGImages/480p/a/00001.png").write_text("no image")
    clip = VideoMasks(tmp_path, PIPELINE, on_error="skip")[0]["inputs"]["clip"]
    with pytest.raises(ValueError, match=r"Frame 1 of a \(.*00001\.png\).*leave the video out"):
        list(clip)


def test_frames_of_different_sizes_are_refused(tmp_path):
    write_davis(tmp_path, ("a",), 3)
    Image.new("RGB", (99, 48)).save(tmp_path / "JPEGImages/480p/a/00001.png")
    with pytest.raises(ValueError, match=r"All frames of a have one size: frame 1 .* 49x24"):
        list(VideoMasks(tmp_path, PIPELINE)[0]["inputs"]["clip"])


def test_clips_of_arrays():
    clip = Clip([frame(t)[0] for t in range(3)], compose(PIPELINE))
    assert [view.shape for view in clip] == [(3, 24, 36)] * 3
    assert clip[1]["data_sample"]["view0"]["size"] == SIZE[::-1]


def test_jhmdb(tmp_path):
    (sample,) = JHMDBPose(write_jhmdb(tmp_path), PIPELINE, ann_file="list.txt")
    np.testing.assert_allclose(sample["inputs"]["joints"], joints(0))
    assert sample["data_sample"]["joints"].shape == (5, 4, 2)
    np.testing.assert_allclose(sample["data_sample"]["joints"][4], joints(4))
    assert len(sample["inputs"]["clip"]) == 5


def test_frames_of_jhmdb_beyond_the_annotation(tmp_path):
    write_jhmdb(tmp_path, length=5, annotated=1)
    (sample,) = JHMDBPose(tmp_path, PIPELINE, ann_file="list.txt")
    assert len(sample["inputs"]["clip"]) == 5
    truth = sample["data_sample"]["joints"]
    np.testing.assert_allclose(truth[0], joints(0))
    assert truth.shape == (5, 4, 2) and np.isnan(truth[1:]).all()


def test_keypoints_there_and_back(tmp_path):
    points = np.stack([joints(t) for t in range(3)])
    write_joints(tmp_path / "a/joint_positions.mat", points)
    np.testing.assert_array_equal(read_joints(tmp_path / "a/joint_positions.mat"), points)


def test_a_list_of_another_machine(tmp_path):
    """UVC's list names the places of its author's disk."""
    write_jhmdb(tmp_path)
    (tmp_path / "list.txt").write_text(
        "/media/author/JHMDB/joint_positions/run/clip/joint_positions.mat "
        "/media/author/JHMDB/Rename_Images/run/clip\n"
    )
    (sample,) = JHMDBPose(tmp_path, PIPELINE, ann_file="list.txt")
    np.testing.assert_allclose(sample["inputs"]["joints"], joints(0))
    assert len(sample["inputs"]["clip"]) == 5


@pytest.mark.parametrize(
    ("line", "message"),
    [("only.mat", "line 1: 'only.mat' is not"), ("no.mat Rename_Images/run/clip", "no joint pos")],
)
def test_bad_lists_of_jhmdb(tmp_path, line, message):
    write_jhmdb(tmp_path)
    (tmp_path / "list.txt").write_text(line)
    with pytest.raises(ValueError, match=message):
        JHMDBPose(tmp_path, PIPELINE, ann_file="list.txt")
