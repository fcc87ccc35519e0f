"""UCF101 and HMDB51: the given splits, and lists that are not theirs."""

import pytest

from mmcontrast.datasets import HMDB51, UCF101


def touch(root, *names):
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def samples(dataset, root):
    infos = [dataset.get_data_info(index) for index in range(len(dataset))]
    return {info["path"].removeprefix(f"{root}/"): info["label"] for info in infos}


@pytest.fixture
def ucf(tmp_path):
    # Not in the order of the names, as for HandstandPushups in the data set.
    lists = tmp_path / "ucfTrainTestlist"
    lists.mkdir()
    (lists / "classInd.txt").write_text("1 YoYo\r\n2 Archery\r\n")
    (lists / "trainlist02.txt").write_text(
        "Archery/v_Archery_g08_c01.avi 2\nYoYo/v_YoYo_g08_c01.avi 1\n"
    )
    (lists / "testlist02.txt").write_text("YoYo/v_YoYo_g01_c01.avi\n")
    touch(tmp_path / "UCF-101", "Archery/v_Archery_g08_c01.avi", "YoYo/v_YoYo_g08_c01.mp4",
          "YoYo/v_YoYo_g01_c01.avi", "YoYo/v_YoYo_g02_c01.avi")  # fmt: skip
    return tmp_path


def test_ucf101_has_the_labels_of_its_list(ucf):
    train, test = (UCF101(ucf, split=split, fold=2) for split in ("train", "test"))
    assert samples(train, ucf) == {
        "UCF-101/Archery/v_Archery_g08_c01.avi": 1, "UCF-101/YoYo/v_YoYo_g08_c01.mp4": 0,
    }  # fmt: skip
    assert samples(test, ucf) == {"UCF-101/YoYo/v_YoYo_g01_c01.avi": 0}
    assert train.metainfo["classes"] == test.metainfo["classes"] == ("YoYo", "Archery")


def test_folds_that_mix_groups_of_ucf101_are_refused(ucf):
    lists = ucf / "ucfTrainTestlist"
    touch(ucf / "UCF-101", "YoYo/v_YoYo_g08_c02.avi")
    (lists / "testlist02.txt").write_text("YoYo/v_YoYo_g08_c02.avi\n")
    with pytest.raises(ValueError, match=r"training and test of fold 2 in .* share v_YoYo_g08"):
        UCF101(ucf, fold=2)


def test_lists_of_ucf101_that_do_not_fit(ucf):
    with pytest.raises(FileNotFoundError, match=r"trainlist01\.txt is missing"):
        UCF101(ucf)
    with pytest.raises(ValueError, match="fold is 1, 2 or 3"):
        UCF101(ucf, fold=4)
    with pytest.raises(ValueError, match="split is 'train' or 'test'"):
        UCF101(ucf, split="val")
    with pytest.raises(FileNotFoundError, match="lists is missing; data_root has the folders"):
        UCF101(ucf, lists="lists")
    lists = ucf / "ucfTrainTestlist"
    (lists / "trainlist02.txt").write_text("YoYo/v_YoYo_g07_c01.avi 1\n")
    with pytest.raises(FileNotFoundError, match=r"1 of 1 videos are not in .*v_YoYo_g07_c01"):
        UCF101(ucf, fold=2)
    (lists / "trainlist02.txt").write_text("brush_hair/v_x_g07_c01.avi 1\n")
    with pytest.raises(ValueError, match=r"1 classes .* the 2 of the data set: brush_hair"):
        UCF101(ucf, fold=2)
    (lists / "trainlist02.txt").write_text("April_09_brush_hair.avi 1\n")
    with pytest.raises(ValueError, match=r"1 lines of .* do not name a video"):
        UCF101(ucf, fold=2)
    (lists / "classInd.txt").write_text("2 Archery\n")
    with pytest.raises(ValueError, match="lines '<number> <class>' from 1 on"):
        UCF101(ucf, fold=2)


def test_hmdb51(tmp_path):
    lists = tmp_path / "testTrainMulti_7030_splits"
    lists.mkdir()
    rows = dict(wave="a [1].avi 1 \n#2_b.avi 2 \nc.avi 0 \n", chew="d.avi 1 \ne.avi 2 \n")
    for name, content in rows.items():
        (lists / f"{name}_test_split1.txt").write_text(content)
    names = ("wave/a [1].avi", "wave/#2_b.avi", "wave/c.avi", "chew/d.avi", "chew/e.avi")
    touch(tmp_path / "hmdb51_org", *names)
    train, test = (HMDB51(tmp_path, split=split) for split in ("train", "test"))
    assert samples(train, tmp_path) == {"hmdb51_org/chew/d.avi": 0, "hmdb51_org/wave/a [1].avi": 1}
    assert samples(test, tmp_path) == {"hmdb51_org/chew/e.avi": 0, "hmdb51_org/wave/#2_b.avi": 1}
    with pytest.raises(FileNotFoundError, match=r"has no lists <class>_test_split2\.txt"):
        HMDB51(tmp_path, fold=2)
    (lists / "wave_test_split1.txt").write_text("a [1].avi 1\na [1].avi 2\n")
    with pytest.raises(ValueError, match=r"share wave/a \[1\]\.avi"):
        HMDB51(tmp_path)
    (lists / "wave_test_split1.txt").write_text("wave/a.avi\n")
    with pytest.raises(ValueError, match=r"do not name a video, such as 'wave/a\.avi'"):
        HMDB51(tmp_path)
