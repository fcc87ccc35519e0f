"""Lists of clips from YouTube: which file is which row, and lists that do not fit."""

import json
import re

import pytest

from mmcontrast.datasets import AudioSet, Kinetics400, VGGSound
from mmcontrast.datasets.audiovisual import youtube
from mmcontrast.datasets.audiovisual.kinetics import KINETICS_SOUND

ID = "-0zVgZcqDt{}"
"""Ids of videos have 11 characters, also dashes and underscores."""


def touch(root, *names):
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def samples(dataset, root, key="label"):
    infos = [dataset.get_data_info(index) for index in range(len(dataset))]
    return {info["path"].removeprefix(f"{root}/"): info[key] for info in infos}


@pytest.fixture
def log(monkeypatch):
    messages = []
    monkeypatch.setattr(youtube, "print_log", lambda message, **_: messages.append(message))
    return messages


def test_kinetics_by_its_csv_counts_what_is_unavailable(tmp_path, log):
    touch(tmp_path, f"zumba/{ID.format(1)}_000013_000023.mp4", f"{ID.format(2)}_000005_000015.mkv")
    (tmp_path / "train.csv").write_text(
        "label,youtube_id,time_start,time_end,split\n"
        f'"abseiling",{ID.format(2)},5,15,train\n'
        f'"shooting goal, (soccer)",{ID.format(3)},0,10,train\n'
        f"zumba,{ID.format(1)},13,23,train\n"
        f"zumba,{ID.format(1)},14,24,train\n"
    )
    dataset = Kinetics400(tmp_path, ann_file="train.csv")
    assert samples(dataset, tmp_path) == {
        f"{ID.format(2)}_000005_000015.mkv": 0, f"zumba/{ID.format(1)}_000013_000023.mp4": 2,
    }  # fmt: skip
    # A class counts even if all of its clips are unavailable.
    assert dataset.metainfo["classes"] == ("abseiling", "shooting goal, (soccer)", "zumba")
    assert dataset.num_unavailable == 2
    expected = rf"2 of 4 clips are unavailable.*{ID.format(3)} from 0 s on, {ID.format(1)} from 14"
    assert re.search(expected, log[0])


def test_kinetics_sound_is_made_of_kinetics_400(tmp_path):
    assert len(KINETICS_SOUND) == 32 and list(KINETICS_SOUND) == sorted(KINETICS_SOUND)
    names = [f"{name.replace(' ', '_')}/a b.mp4" for name in KINETICS_SOUND]
    touch(tmp_path, *names, "abseiling/c.mp4", "beside.mp4")
    by_folder = Kinetics400(tmp_path, subset="sound")
    assert samples(by_folder, tmp_path) == {name: label for label, name in enumerate(names)}
    assert by_folder.metainfo["classes"] == KINETICS_SOUND
    assert len(Kinetics400(tmp_path)) == 33
    (tmp_path / "list.txt").write_text("abseiling/c.mp4 0\n" + "".join(f"{n} 7\n" for n in names))
    by_list = Kinetics400(tmp_path, ann_file="list.txt", subset="sound")
    assert samples(by_list, tmp_path) == samples(by_folder, tmp_path)
    (tmp_path / "short.txt").write_text("".join(f"{name}\n" for name in names[1:]))
    with pytest.raises(ValueError, match=r"lacks 1 of the 32 classes.*blowing nose"):
        Kinetics400(tmp_path, ann_file="short.txt", subset="sound")
    with pytest.raises(ValueError, match="subset is 'sound' or None"):
        Kinetics400(tmp_path, subset="music")


def test_lists_that_are_not_those_of_kinetics(tmp_path):
    touch(tmp_path, f"zumba/{ID.format(1)}.mp4")
    (tmp_path / "vgg.csv").write_text(f"{ID.format(1)},13,zumba,train\n")
    with pytest.raises(ValueError, match=r"vgg\.csv has the columns .* another data set"):
        Kinetics400(tmp_path, ann_file="vgg.csv")
    head = "label,youtube_id,time_start,time_end,split\n"
    (tmp_path / "commas.csv").write_text(f"{head}goal, (soccer),{ID.format(1)},13,23,train\n")
    with pytest.raises(ValueError, match=r"1 lines of .*commas\.csv .*: 2\. Names with commas"):
        Kinetics400(tmp_path, ann_file="commas.csv")
    (tmp_path / "other.csv").write_text(f"{head}zumba,{ID.format(9)},13,23,train\n")
    with pytest.raises(FileNotFoundError, match=r"none of the 1 clips .* another data set or spl"):
        Kinetics400(tmp_path, ann_file="other.csv")
    (tmp_path / "root.txt").write_text("videos/zumba/x.mp4 0\n")
    with pytest.raises(FileNotFoundError, match=r"the first video, .* does not exist"):
        Kinetics400(tmp_path, ann_file="root.txt")
    with pytest.raises(FileNotFoundError, match="no sub-folders"):
        Kinetics400(tmp_path / "zumba")


def test_vggsound_has_several_clips_of_a_video_and_labels_with_commas(tmp_path, log):
    touch(
        tmp_path, *(f"{ID.format(1)}_{start:06d}.mp4" for start in (1, 30)), f"{ID.format(2)}.mp4"
    )
    (tmp_path / "vggsound.csv").write_text(
        f'{ID.format(1)},1,"cattle, bovinae cowbell",train\n'
        f"{ID.format(1)},30,people marching,train\n{ID.format(1)},60,people marching,train\n"
        f"{ID.format(2)},5,airplane,test\n"
    )
    train, test = (
        VGGSound(tmp_path, ann_file="vggsound.csv", split=split) for split in ("train", "test")
    )
    assert samples(train, tmp_path) == {
        f"{ID.format(1)}_000001.mp4": 1, f"{ID.format(1)}_000030.mp4": 2,
    }  # fmt: skip
    assert train.num_unavailable == 1 and "1 of 3 clips" in log[0]
    assert samples(test, tmp_path) == {f"{ID.format(2)}.mp4": 0}
    assert train.metainfo == test.metainfo
    with pytest.raises(ValueError, match="has the splits test, train, not val"):
        VGGSound(tmp_path, ann_file="vggsound.csv", split="val")
    (tmp_path / "vggsound.csv").write_text(f"{ID.format(1)},1,cattle, cowbell,train\n")
    with pytest.raises(ValueError, match=r"are not id,start,label,split: 1\. Names with commas"):
        VGGSound(tmp_path, ann_file="vggsound.csv")


CLASSES = """index,mid,display_name
0,/m/09x0r,"Speech"
1,/m/05zppz,"Male speech, man"
2,/t/1,Gush
"""
WEAK = f"""{ID.format(1)}, 30.000, 40.000, "/m/09x0r,/t/1"
{ID.format(2)}, 0.500, 10.000, "/t/1"
"""
COMMENTS = """# Segments csv created Sun Mar  5 10:54:31 2017
# num_ytids=2, num_segs=2
# YTID, start_seconds, end_seconds, positive_labels
"""
STRONG = (
    "segment_id\tstart_time_seconds\tend_time_seconds\tlabel\n"
    f"{ID.format(1)}_30000\t0.0\t1.5\t/m/09x0r\n{ID.format(2)}_500\t0.1\t0.2\t/t/1\n"
    f"{ID.format(1)}_30000\t2.0\t2.5\t/t/1\n{ID.format(1)}_30000\t3.0\t3.5\t/m/09x0r\n"
)
FORMS = dict(
    comments=COMMENTS + WEAK,
    names="YTID,start_seconds,end_seconds,positive_labels\n" + WEAK.replace('"', ""),
    strong=STRONG,
)


@pytest.mark.parametrize("form", FORMS)
def test_forms_of_the_lists_of_audioset(tmp_path, form):
    (tmp_path / "classes.csv").write_text(CLASSES)
    (tmp_path / "list.csv").write_text(FORMS[form])
    files = [f"a/{ID.format(1)}_30.0_40.0.mp4", f"Y{ID.format(2)}_500.wav"]
    touch(tmp_path, *files, f"a/{ID.format(1)}_30.0_40.0.flac", f"a/{ID.format(1)}_0.mp4")
    dataset = AudioSet(tmp_path, ann_file="list.csv", class_file="classes.csv")
    assert samples(dataset, tmp_path, "labels") == {files[0]: [1, -1, 1], files[1]: [-1, -1, 1]}
    assert dataset.metainfo["classes"] == ("Speech", "Male speech, man", "Gush")
    assert dataset.get_cat_ids(0) == [0, 2] and dataset.num_unavailable == 0
    unlabeled = AudioSet(tmp_path, ann_file="list.csv")
    assert samples(unlabeled, tmp_path, "path").keys() == set(files)


def test_lists_of_audioset_that_do_not_fit(tmp_path):
    (tmp_path / "list.csv").write_text(COMMENTS + WEAK.replace("/t/1", "/m/unknown"))
    touch(tmp_path, f"{ID.format(1)}.mp4")
    lists = dict(ann_file="list.csv", class_file="classes.csv")
    with pytest.raises(ValueError, match="ann_file names the list"):
        AudioSet(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"classes\.csv is missing; class_file names"):
        AudioSet(tmp_path, **lists)
    (tmp_path / "classes.csv").write_text(CLASSES)
    with pytest.raises(ValueError, match=r"1 classes that .* lacks: /m/unknown.*another data set"):
        AudioSet(tmp_path, **lists)
    (tmp_path / "list.csv").write_text(f"{COMMENTS}{ID.format(1)},goal,13,zumba\n")
    with pytest.raises(ValueError, match=r"1 lines of .* are not YTID.*: 4\. .*another data set"):
        AudioSet(tmp_path, **lists)
    (tmp_path / "list.csv").write_text(WEAK)
    (tmp_path / "classes.csv").write_text(CLASSES.replace('"', ""))
    with pytest.raises(ValueError, match="names with commas stand between quotes"):
        AudioSet(tmp_path, **lists)


def test_silent_clips_of_a_list_are_left_out(tmp_path):
    files = [f"{ID.format(n)}_000001.mp4" for n in (1, 2)]
    touch(tmp_path, *files)
    (tmp_path / "vggsound.csv").write_text("".join(f"{f[:11]},1,bell,train\n" for f in files))
    sound = dict(has_audio=True, audio_duration=10.0, is_silent=False)
    records = [dict(path=files[0], duration=10.0, **sound), dict(path=files[1], duration=10.0)]
    records[1]["has_audio"] = False
    (tmp_path / "meta.jsonl").write_text("\n".join(map(json.dumps, records)))
    dataset = VGGSound(tmp_path, ann_file="vggsound.csv", require_audio=True, min_seconds=1.1)
    assert samples(dataset, tmp_path) == {files[0]: 0}
