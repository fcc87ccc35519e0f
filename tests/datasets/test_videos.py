import re

import pytest

from mmcontrast.datasets import FrameFolders, GOT10k, TrackingNet, VideoList, Videos
from tests.datasets.videos import write_frames


def paths(dataset, root):
    return [
        dataset.get_data_info(number)["path"].removeprefix(f"{root}/")
        for number in range(len(dataset))
    ]


def touch(*files):
    for file in files:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"")


def test_a_folder_of_videos_is_sorted_and_leaves_out_all_else(tmp_path):
    names = ("b/2.MKV", "b/10.webm", "a.mp4", "notes.txt", ".hidden.mp4", "b/still.jpg")
    touch(*(tmp_path / name for name in names))
    assert paths(Videos(tmp_path), tmp_path) == ["a.mp4", "b/10.webm", "b/2.MKV"]


def test_a_folder_without_videos_says_what_is_there(tmp_path):
    touch(tmp_path / "a.jpg")
    with pytest.raises(FileNotFoundError, match=r"no video \(\.mp4.*1 other files.*a\.jpg"):
        Videos(tmp_path)


def test_the_layout_of_kinetics(tmp_path):
    touch(tmp_path / "videos/abseiling/a b.mp4")
    (tmp_path / "list.txt").write_text("abseiling/a b.mp4 0\n\nzumba/c.mp4 399\n")
    dataset = VideoList(tmp_path / "videos", ann_file=tmp_path / "list.txt")
    assert paths(dataset, tmp_path) == ["videos/abseiling/a b.mp4", "videos/zumba/c.mp4"]
    assert [dataset.get_data_info(i)["label"] for i in range(2)] == [0, 399]


def test_bad_lines_of_a_list_are_named(tmp_path):
    touch(tmp_path / "a.mp4")
    (tmp_path / "list.txt").write_text("a.mp4 0\nb.mp4\nc.mp4 -1\nd.jpg 1\ne.mp4 2\n")
    with pytest.raises(ValueError, match=r"3 lines.*(\n.*line [234]: .*){3}$"):
        VideoList(tmp_path, ann_file=tmp_path / "list.txt")


def test_a_list_with_another_root_is_refused(tmp_path):
    (tmp_path / "list.txt").write_text("a.mp4 0\n")
    with pytest.raises(FileNotFoundError, match=r"first video, .*a\.mp4, does not exist"):
        VideoList(tmp_path, ann_file=tmp_path / "list.txt")


def test_folders_of_frames(tmp_path):
    for name in ("b/x", "a"):
        write_frames(tmp_path / name, range(2))
    touch(tmp_path / "c/notes.txt")
    assert paths(FrameFolders(tmp_path), tmp_path) == ["a", "b/x"]
    with pytest.raises(FileNotFoundError, match="no folder of frames in"):
        FrameFolders(tmp_path / "c")


def test_list_of_folders_of_frames(tmp_path):
    write_frames(tmp_path / "bike packing", range(2))
    (tmp_path / "list.txt").write_text("bike packing 69 0\n")
    info = FrameFolders(tmp_path, ann_file=tmp_path / "list.txt").get_data_info(0)
    assert (info["num_frames"], info["label"]) == (69, 0)
    assert info["path"] == str(tmp_path / "bike packing")
    (tmp_path / "list.txt").write_text("bike 69 0\nbike 69\nbike x 0\n")
    with pytest.raises(ValueError, match=r"2 lines are not 'folder frames label'(.|\n)*line 3"):
        FrameFolders(tmp_path, ann_file=tmp_path / "list.txt")


@pytest.mark.parametrize("frames", ["frames", "zips"])
def test_trackingnet_takes_the_sets_that_are_asked_for(tmp_path, frames):
    for number, names in ((0, "ba"), (3, "c"), (4, "d")):
        for name in names:
            touch(tmp_path / f"TRAIN_{number}/anno/{name}.txt")
            write_frames(tmp_path / f"TRAIN_{number}/{frames}/{name}", range(2), "{}.png")
    dataset = TrackingNet(tmp_path, set_ids=[3, 0])
    assert paths(dataset, tmp_path) == [
        f"TRAIN_0/{frames}/a", f"TRAIN_0/{frames}/b", f"TRAIN_3/{frames}/c",
    ]  # fmt: skip
    with pytest.raises(FileNotFoundError, match=re.escape("TRAIN_1/anno is missing")):
        TrackingNet(tmp_path)


def test_trackingnet_still_in_its_zips(tmp_path):
    touch(tmp_path / "TRAIN_0/anno/a.txt", tmp_path / "TRAIN_0/zips/a.zip")
    with pytest.raises(FileNotFoundError, match="are the frames extracted"):
        TrackingNet(tmp_path, set_ids=[0])


def test_got10k(tmp_path):
    (tmp_path / "train").mkdir()
    with pytest.raises(FileNotFoundError, match=r"list\.txt is missing"):
        GOT10k(tmp_path / "train")
    (tmp_path / "train/list.txt").write_text("GOT-10k_Train_000002\nmy video 1\n\n")
    write_frames(tmp_path / "train/GOT-10k_Train_000002", range(1, 4), "{:08d}.png")
    assert paths(GOT10k(tmp_path / "train"), tmp_path / "train") == [
        "GOT-10k_Train_000002",
        "my video 1",
    ]
