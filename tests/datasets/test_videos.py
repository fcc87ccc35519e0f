import json
import re

import pytest

from mmcontrast.datasets import FrameFolders, GOT10k, TrackingNet, VideoFolder, VideoList, Videos
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


def table(root, **records):
    """The table of probe-videos: keys are names without mp4, ``a__b`` for a/b."""
    lines = []
    for name, (seconds, sound, silent) in records.items():
        record = dict(path=name.replace("__", "/") + ".mp4", has_audio=sound is not None)
        record |= {} if seconds is None else dict(duration=seconds)
        record |= {} if sound is None else dict(audio_duration=sound, is_silent=silent)
        lines.append(json.dumps(record))
        touch(root / record["path"])
    (root / "meta.jsonl").write_text("\n".join(lines) + "\n")


def test_short_and_silent_videos_are_left_out_by_name(tmp_path, monkeypatch):
    table(
        tmp_path,
        x__good=(5.0, 5.0, False),
        x__short=(1.0, 5.0, False),
        y__mute=(5.0, None, False),
        y__silent=(5.0, 5.0, True),
        y__cut=(5.0, 1.0, False),
        y__broken=(None, None, False),
        y__other=(1.2, 1.1, False),
    )
    messages = []
    monkeypatch.setattr(
        "mmcontrast.datasets.probed.print_log", lambda message, **_: messages.append(message)
    )
    filters = dict(min_seconds=1.1, require_audio=True)
    dataset = Videos(tmp_path, **filters)
    assert paths(dataset, tmp_path) == ["x/good.mp4", "y/other.mp4"]
    log = "\n".join(messages)
    assert len(messages) == 5
    for name, reason in [
        ("x/short.mp4", "they are shorter than 1.1 s"), ("y/mute.mp4", "they have no sound track"),
        ("y/silent.mp4", "their sound is silent"), ("y/cut.mp4", "their sound is shorter than"),
        ("y/broken.mp4", "they cannot be read"),
    ]:  # fmt: skip
        assert re.search(f"1 of 7 videos are left out, as {reason}.*: {name}", log), log
    assert len(Videos(tmp_path)) == 7 and len(Videos(tmp_path, min_seconds=1.1)) == 5
    assert len(Videos(tmp_path, indices=1, **filters)) == 1
    folder = VideoFolder(tmp_path, **filters)
    assert [folder.get_data_info(i)["label"] for i in range(2)] == [0, 1]
    (tmp_path / "list.txt").write_text("x/good.mp4 3\ny/mute.mp4 4\n")
    listed = VideoList(tmp_path, ann_file="list.txt", require_audio=True)
    assert len(listed) == 1 and listed.get_data_info(0)["label"] == 3
    with pytest.raises(FileNotFoundError, match="there is no video in"):
        Videos(tmp_path, min_seconds=60)


def test_filters_need_a_table_of_these_videos(tmp_path):
    touch(tmp_path / "a.mp4")
    with pytest.raises(FileNotFoundError, match=r"need .*meta\.jsonl, which 'mmcontrast probe-vid"):
        Videos(tmp_path, require_audio=True)
    table(tmp_path, b=(5.0, 5.0, False))
    with pytest.raises(FileNotFoundError, match=r"does not have a\.mp4: probe the folder again"):
        Videos(tmp_path, require_audio=True)
