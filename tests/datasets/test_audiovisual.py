import json
import re

import pytest

from mmcontrast.datasets import AudioSet, Kinetics400, KineticsSound, VGGSound
from mmcontrast.datasets.audiovisual import KINETICS_SOUND_CLASSES


def touch(root, *names):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


def rows(dataset, key="label"):
    infos = [dataset.get_data_info(number) for number in range(len(dataset))]
    return {re.sub(".*/", "", info["path"]): info.get(key) for info in infos}


@pytest.fixture
def messages(monkeypatch):
    texts = []
    for module in ("audiovisual", "probed"):
        monkeypatch.setattr(
            f"mmcontrast.datasets.{module}.print_log", lambda text, **_: texts.append(text)
        )
    return texts


@pytest.fixture
def kinetics(tmp_path):
    touch(tmp_path, "train/zumba/aa-_1_000003_000013.mp4", "train/b_000100_000110.mp4", "c.mp4")
    (tmp_path / "train.csv").write_text(
        "label,youtube_id,time_start,time_end,split,is_cc\n"
        "zumba,aa-_1,3,13,train,0\n"
        "playing bass guitar,b,100,110,train,0\n"
        "tap dancing,c,5,15,train,0\n"
        "archery,gone,1,11,train,1\n"
    )
    return tmp_path


def test_clips_of_kinetics_that_are_not_there_are_counted(kinetics, messages):
    dataset = Kinetics400(kinetics, ann_file="train.csv")
    assert dataset.metainfo["classes"] == ("archery", "playing bass guitar", "tap dancing", "zumba")
    assert rows(dataset) == {
        "aa-_1_000003_000013.mp4": 3, "b_000100_000110.mp4": 1, "c.mp4": 2,
    }  # fmt: skip
    assert len(messages) == 1 and "1 of the 4 clips of" in messages[0]


def test_kinetics_sound_is_made_from_the_list_of_kinetics(kinetics, messages):
    dataset = KineticsSound(kinetics, ann_file="train.csv")
    guitar, tap = (KINETICS_SOUND_CLASSES.index(c) for c in ("playing bass guitar", "tap dancing"))
    assert rows(dataset) == {"b_000100_000110.mp4": guitar, "c.mp4": tap}
    assert len(dataset.metainfo["classes"]) == 32 and not messages
    # Of a table of all clips, those without sound.
    records = [
        dict(path="train/b_000100_000110.mp4", duration=10, has_audio=False),
        dict(path="c.mp4", duration=10, has_audio=True, audio_duration=10, is_silent=False),
    ]
    (kinetics / "meta.jsonl").write_text("\n".join(map(json.dumps, records)))
    dataset = KineticsSound(kinetics, ann_file="train.csv", require_audio=True)
    assert rows(dataset) == {"c.mp4": tap}
    assert "no sound track: train/b_000100_000110.mp4" in messages[0]


def test_vggsound(tmp_path, messages):
    touch(tmp_path, "v/--a_000030.mp4", "v/b_000001.mp4")
    (tmp_path / "vggsound.csv").write_text(
        '--a,30,"dog barking, yapping",test\nb,1,"people, marching",train\nc,2,rain,train\n'
    )
    train = VGGSound(tmp_path, ann_file="vggsound.csv")
    assert rows(train) == {"b_000001.mp4": 0} and "1 of the 2 clips" in messages[0]
    test = VGGSound(tmp_path, ann_file="vggsound.csv", subset="test")
    assert rows(test) == {"--a_000030.mp4": 0}
    with pytest.raises(ValueError, match="subset is 'train' or 'test', got 'val'"):
        VGGSound(tmp_path, ann_file="vggsound.csv", subset="val")


SEGMENTS = {
    "comments": (
        "# Segments csv created Sun Mar  5 10:54:31 2017\n# num_ytids=3\n"
        "# YTID, start_seconds, end_seconds, positive_labels\n"
        '--PJHx, 30.000, 40.000, "/m/09x0r,/t/dd00088"\nb, 0.000, 10.000, "/m/09x0r"\n'
        'gone, 0.000, 8.000, "/m/09x0r"\n'
    ),
    "names": (
        "ytid,start_seconds,end_seconds,positive_labels\n"
        "--PJHx,30,40,/m/09x0r,/t/dd00088\nb,0,10,/m/09x0r\ngone,0,8,/m/09x0r\n"
    ),
}
CLASSES = 'index,mid,display_name\n0,/m/09x0r,"Speech"\n1,/m/05z,"Male speech, man speaking"\n'


@pytest.mark.parametrize("form", SEGMENTS)
def test_both_forms_of_the_lists_of_audioset(tmp_path, form, messages):
    touch(tmp_path, "--PJHx_30000_40000.flac", "a/Yb.wav")
    (tmp_path / "list.csv").write_text(SEGMENTS[form])
    dataset = AudioSet(tmp_path, ann_file="list.csv")
    assert rows(dataset) == {"--PJHx_30000_40000.flac": None, "Yb.wav": None}
    assert "1 of the 3 clips" in messages[0]
    (tmp_path / "classes.csv").write_text(CLASSES + "2,/t/dd00088,Gargling\n")
    labeled = AudioSet(tmp_path, ann_file="list.csv", class_file="classes.csv")
    assert labeled.metainfo["classes"] == ("Speech", "Male speech, man speaking", "Gargling")
    assert rows(labeled, "labels") == {
        "--PJHx_30000_40000.flac": [1, -1, 1], "Yb.wav": [1, -1, -1],
    }  # fmt: skip
    (tmp_path / "classes.csv").write_text(CLASSES)
    with pytest.raises(ValueError, match=r"classes that class_file lacks, such as '/t/dd00088'"):
        AudioSet(tmp_path, ann_file="list.csv", class_file="classes.csv")
    with pytest.raises(ValueError, match=r"has not the columns index, mid and display_name"):
        AudioSet(tmp_path, ann_file="list.csv", class_file="list.csv")


def test_lists_of_other_data_sets_are_refused(kinetics):
    with pytest.raises(ValueError, match=r"is not 'youtube_id,start,.* of another data set"):
        VGGSound(kinetics, ann_file="train.csv")
    with pytest.raises(ValueError, match=r"AudioSet: a line of .*train\.csv is not 'YTID,start"):
        AudioSet(kinetics, ann_file="train.csv")
    (kinetics / "other.csv").write_text("a.mp4 0\n")
    with pytest.raises(ValueError, match="ann_file names the list"):
        Kinetics400(kinetics)
    (kinetics / "other.csv").write_text("zumba,nowhere,3,13,train,0\n")
    with pytest.raises(FileNotFoundError, match=r"none of the 1 clips .*nowhere_000003_000013"):
        Kinetics400(kinetics, ann_file="other.csv")
