"""The order of frames, and files that lists name."""

import numpy as np
import pytest
from PIL import Image

from mmcontrast.datasets import FrameFolders
from mmcontrast.datasets.files import find_missing, list_frames
from mmcontrast.datasets.transforms import LoadFrames


def touch(folder, *names):
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_bytes(b"")
    return folder


@pytest.mark.parametrize(
    "names",
    [
        ["9.jpg", "10.jpg", "100.jpg"],
        ["9_v2.jpg", "10_v2.jpg", "100_v2.jpg"],
        ["cam2_9.jpg", "cam2_10.jpg", "cam2_11.jpg"],
        ["img_1_1700000033.png", "img_2_1700000066.png", "img_10_1700000100.png"],
        ["9_left.jpg", "10_right.jpg", "11_left.jpg"],
        ["a.jpg", "b.jpg", "c.jpg"],
        ["a_v2.jpg", "b_v2.jpg"],
        ["2024-01-02_09-59-59.jpg", "2024-01-02_10-00-00.jpg", "2024-01-03_00-00-00.jpg"],
        ["20240102_235959_v9.jpg", "20240103_000000_v9.jpg"],
        ["7_a.jpg"],
    ],
)
def test_frames_are_sorted_by_the_number_that_varies(tmp_path, names):
    folder = touch(tmp_path / "video", *sorted(names, reverse=True))
    assert list_frames(folder, consecutive=False) == [str(folder / name) for name in names]


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ([f"cam{c}_{t:04d}.jpg" for c in (0, 1) for t in range(3)], r"cam0_0000\.jpg, cam1_0000"),
        ([f"{side}_{t}.jpg" for side in ("left", "right") for t in (1, 2)], r"left_1.*right_1"),
        (["0001.jpg", "0001.png", "0002.jpg", "0002.png"], r"0001\.jpg, 0001\.png have the num"),
        (["1_30.jpg", "2_20.jpg", "3_10.jpg"], "several numbers, which give different orders"),
        (["1.jpg", "2.jpg", "cover.jpg"], r"cover\.jpg have no number"),
    ],
)
def test_frames_without_a_clear_order_are_refused(tmp_path, names, message):
    folder = touch(tmp_path / "video", *names)
    with pytest.raises(ValueError, match=rf"video: the order.*{message}.*folder of its own"):
        list_frames(folder)


def test_gaps_are_missing_steps(tmp_path):
    assert len(list_frames(touch(tmp_path / "a", "5.jpg", "10.jpg", "15.jpg"))) == 3
    assert len(list_frames(touch(tmp_path / "b", "1700000000033333.jpg", "1.jpg", "9.jpg"))) == 3
    with pytest.raises(FileNotFoundError, match="lacks 2 frames in the middle: 15, 20"):
        list_frames(touch(tmp_path / "c", "5.jpg", "10.jpg", "25.jpg"))
    with pytest.raises(FileNotFoundError, match=r"lacks 999996 frames .*: 5, 6, .*14, \.\.\."):
        list_frames(touch(tmp_path / "d", "3.jpg", "4.jpg", "1000001.jpg"))


def test_two_cameras_in_a_folder_are_an_unreadable_video(tmp_path):
    for name in ("cam0_1", "cam0_2", "cam1_1", "cam1_2"):
        (tmp_path / "a").mkdir(exist_ok=True)
        Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(tmp_path / "a" / f"{name}.png")
    load = LoadFrames(dict(type="segments", num_segments=2))
    dataset = FrameFolders(tmp_path, [load])
    with pytest.raises(OSError, match=r"cam0_1.png, cam1_1.png have .* on_error='skip'"):
        dataset[0]


def test_folders_of_frames_that_link_each_other(tmp_path):
    touch(tmp_path / "a", "1.jpg")
    touch(tmp_path / "b", "1.jpg")
    (tmp_path / "a/x").symlink_to(tmp_path / "b")
    (tmp_path / "b/x").symlink_to(tmp_path)
    dataset = FrameFolders(tmp_path)
    assert [dataset.get_data_info(i)["path"] for i in range(len(dataset))] == [
        str(tmp_path / "a"), str(tmp_path / "b"),
    ]  # fmt: skip


def test_missing_files_are_found_through_links(tmp_path):
    touch(tmp_path / "a", "1.jpg")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    paths = [str(tmp_path / name) for name in ("b/1.jpg", "c/1.jpg", "a/2.jpg")]
    assert find_missing(paths) == paths[1:]
