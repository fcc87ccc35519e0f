import pytest

from mmcontrast.datasets import HMDB51, UCF101


def touch(*files):
    for file in files:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()


def rows(dataset, root):
    infos = [dataset.get_data_info(number) for number in range(len(dataset))]
    return [(info["path"].removeprefix(f"{root}/"), info["label"]) for info in infos]


@pytest.fixture
def ucf(tmp_path):
    touch(
        tmp_path / "Zumba/v_Zumba_g01_c01.avi",
        tmp_path / "Zumba/v_Zumba_g02_c01.mp4",  # transcoded
        tmp_path / "Archery/v_Archery_g01_c01.avi",
    )
    lists = tmp_path / "lists"
    lists.mkdir()
    (lists / "classInd.txt").write_text("1 Zumba\r\n2 Archery\r\n")
    (lists / "trainlist02.txt").write_text("Zumba/v_Zumba_g02_c01.avi 1\n")
    (lists / "testlist02.txt").write_text(
        "Zumba/v_Zumba_g01_c01.avi\nArchery/v_Archery_g01_c01.avi\n"
    )
    return tmp_path


def test_splits_of_ucf101(ucf):
    train = UCF101(ucf, split_root="lists", split=2)
    assert rows(train, ucf) == [("Zumba/v_Zumba_g02_c01.mp4", 0)]
    test = UCF101(ucf, split_root=ucf / "lists", subset="test", split=2)
    # Labels are those of classInd.txt, not of the alphabet.
    assert [label for _, label in rows(test, ucf)] == [0, 1]
    assert test.metainfo["classes"] == ("Zumba", "Archery")


def test_lists_and_videos_of_ucf101_that_are_missing(ucf):
    with pytest.raises(FileNotFoundError, match=r"trainlist01\.txt is missing; split_root is"):
        UCF101(ucf, split_root="lists")
    (ucf / "Archery/v_Archery_g01_c01.avi").unlink()
    with pytest.raises(FileNotFoundError, match=r"1 of the 2 videos of split 2 \(test\) .*Archery"):
        UCF101(ucf, split_root="lists", subset="test", split=2)
    (ucf / "lists/testlist02.txt").write_text("Running/v_Running_g01_c01.avi\n")
    with pytest.raises(ValueError, match=r"testlist02\.txt is not 'class/video\.avi' of a class"):
        UCF101(ucf, split_root="lists", subset="test", split=2)
    for wrong in (dict(split=4), dict(subset="val")):
        with pytest.raises(ValueError, match="subset is 'train' or 'test' and split 1, 2 or 3"):
            UCF101(ucf, split_root="lists", **wrong)


def test_splits_of_hmdb51(tmp_path):
    names = ("wave/a b.avi", "wave/c.avi", "wave/d.avi", "clap/e.avi", "clap/f.avi")
    touch(*(tmp_path / "videos" / name for name in names))
    lists = tmp_path / "lists"
    lists.mkdir()
    (lists / "wave_test_split3.txt").write_text("a b.avi 1 \nc.avi 2 \nd.avi 0 \n")
    (lists / "clap_test_split3.txt").write_text("e.avi 2\nf.avi 1\n")
    settings = dict(data_root=tmp_path / "videos", split_root="../lists", split=3)
    root = tmp_path / "videos"
    train = HMDB51(**settings)
    assert rows(train, root) == [("clap/f.avi", 0), ("wave/a b.avi", 1)]
    assert rows(HMDB51(**settings, subset="test"), root) == [("clap/e.avi", 0), ("wave/c.avi", 1)]
    assert train.metainfo["classes"] == ("clap", "wave")
    (lists / "clap_test_split3.txt").write_text("e.avi 3\n")
    with pytest.raises(ValueError, match=r"clap_test_split3\.txt is not 'video\.avi id'.*e\.avi 3"):
        HMDB51(**settings)
    with pytest.raises(FileNotFoundError, match=r"no list <class>_test_split1\.txt in"):
        HMDB51(**{**settings, "split": 1})
    with pytest.raises(FileNotFoundError, match=r"no list <class>_test_split3\.txt in"):
        HMDB51(**{**settings, "split_root": "nowhere"})
