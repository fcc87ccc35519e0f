import os
import zipfile
from pathlib import Path

import numpy as np
import pytest

from mmcontrast.datasets import DCASE2013, ESC50, FSDD, SoundFolder, Sounds

soundfile = pytest.importorskip("soundfile")
pytest.importorskip("soxr")

PIPELINE = [
    dict(
        type="LoadClip",
        sampler=dict(type="random_clips"),
        audio=dict(seconds=1.0, sample_rate=16000),
        min_valid=0,
    ),
    dict(type="EachView", audio=[dict(type="LogMelSpectrogram")]),
    dict(type="PackViews"),
]


def rows(dataset):
    return [dataset.get_data_info(index) for index in range(len(dataset))]


def write(path, seconds=0.3, rate=8000):
    path.parent.mkdir(parents=True, exist_ok=True)
    samples = np.random.default_rng(0).uniform(-0.5, 0.5, round(seconds * rate))
    soundfile.write(path, samples, rate)


def test_folders_of_sounds(tmp_path):
    for name in ("dog/a.wav", "dog/b.flac", "cat/c.ogg"):
        write(tmp_path / name)
    (tmp_path / "notes.txt").touch()
    dataset = Sounds(tmp_path, PIPELINE)
    assert [os.path.relpath(sample["path"], tmp_path) for sample in rows(dataset)] == [
        "cat/c.ogg", "dog/a.wav", "dog/b.flac",
    ]  # fmt: skip
    sample = dataset[1]
    assert sample["inputs"]["audio"].shape == (1, 80, 101)
    assert sample["data_sample"]["audio"]["valid_seconds"] == pytest.approx(0.3)
    labeled = SoundFolder(tmp_path)
    assert labeled.metainfo["classes"] == ("cat", "dog")
    assert [sample["label"] for sample in rows(labeled)] == [0, 1, 1]
    with pytest.raises(FileNotFoundError, match=r"SoundFolder: .* For sounds .* type='Sounds'"):
        SoundFolder(tmp_path / "dog")
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match=r"There is no sound \(\.wav"):
        Sounds(tmp_path / "empty")


def test_spoken_digits(tmp_path):
    for digit in (0, 7):
        for take in range(7):
            write(tmp_path / f"recordings/{digit}_anna_{take}.wav")
    test, train = (FSDD(tmp_path, PIPELINE, split=split) for split in ("test", "train"))
    assert len(test) == 10 and len(train) == 4 and len(FSDD(tmp_path)) == 14
    assert {sample["take"] for sample in rows(train)} == {5, 6}
    assert [sample["label"] for sample in rows(train)] == [0, 0, 7, 7]
    assert test[0]["inputs"]["audio"].shape == (1, 80, 101)
    assert test[0]["data_sample"]["speaker"] == "anna" and len(test.metainfo["classes"]) == 10
    with pytest.raises(ValueError, match="split is 'train' or 'test', got 'val'"):
        FSDD(tmp_path, split="val")
    (tmp_path / "zip").mkdir()
    (tmp_path / "zip/fsdd.zip").touch()
    with pytest.raises(FileNotFoundError, match=r"no sound \(\.wav\).*fsdd\.zip"):
        FSDD(tmp_path / "zip")


def test_acoustic_scenes(tmp_path):
    for name in ("bus01", "bus02", "tubestation01"):
        write(tmp_path / f"scenes_stereo/{name}.wav")
    dataset = DCASE2013(tmp_path)
    assert [sample["label"] for sample in rows(dataset)] == [0, 0, 1]
    assert dataset.metainfo["classes"] == ("bus", "tubestation")
    with pytest.raises(FileNotFoundError, match=r"scenes_stereo_testset is missing"):
        DCASE2013(tmp_path, split="test")
    write(tmp_path / "scenes_stereo/bus.wav")
    with pytest.raises(ValueError, match=r"bus\.wav is not named by class and two digits"):
        DCASE2013(tmp_path)


def write_esc50(root, sources=8):
    """Empty files and the list of ESC-50: 5 folds x 50 classes x ``sources`` recordings."""
    (root / "audio").mkdir()
    (root / "meta").mkdir()
    lines = ["filename,fold,target,category,esc10,src_file,take"]
    for fold in range(1, 6):
        for target in range(50):
            for number in range(sources):
                source = 100000 + (fold * 50 + target) * sources + number
                name = f"{fold}-{source}-A-{target}.wav"
                (root / "audio" / name).touch()
                category = '"birds, chirping"' if target == 0 else f"class {49 - target:02d}"
                lines.append(f"{name},{fold},{target},{category},{target < 10},{source},A")
    (root / "meta/esc50.csv").write_text("\n".join(lines) + "\n")
    return root


def test_given_folds_of_esc50(tmp_path):
    write_esc50(tmp_path)
    for fold in range(1, 6):
        train = rows(ESC50(tmp_path, folds={1, 2, 3, 4, 5} - {fold}))
        test = rows(ESC50(tmp_path, folds=[fold]))
        assert (len(train), len(test)) == (1600, 400)
        sources = [{Path(s["path"]).stem.split("-")[1] for s in part} for part in (train, test)]
        assert not sources[0] & sources[1]
        assert np.bincount([sample["label"] for sample in test]).tolist() == [8] * 50
        assert {sample["fold"] for sample in test} == {fold}
    dataset = ESC50(tmp_path)
    assert len(dataset) == 2000
    # In the order of target, not of the alphabet; labels may have commas.
    assert dataset.metainfo["classes"][:3] == ("birds, chirping", "class 48", "class 47")
    ten = ESC50(tmp_path, folds=[2], esc10=True)
    assert len(ten) == 80 and {sample["label"] for sample in rows(ten)} == set(range(10))
    (tmp_path / "meta/esc50.csv").unlink()
    named = rows(ESC50(tmp_path, folds=[5]))
    assert len(named) == 400 and named[0]["fold"] == 5
    assert [s["label"] for s in named] == [int(Path(s["path"]).stem.split("-")[3]) for s in named]


def test_lists_that_do_not_fit_esc50(tmp_path):
    write_esc50(tmp_path, sources=1)
    listing = tmp_path / "meta/esc50.csv"
    text = listing.read_text()
    with pytest.raises(FileNotFoundError, match=r"folds \[6\]; it has the folds \[1, 2, 3, 4, 5\]"):
        ESC50(tmp_path, folds=[1, 6])
    listing.write_text(text.replace("-A-7.wav,1,7", "-A-7.wav,2,7"))
    with pytest.raises(ValueError, match=r"-A-7\.wav in fold 2\): .*Use the folds of meta"):
        ESC50(tmp_path)
    listing.write_text(text.replace('"birds, chirping"', "birds, chirping", 1))
    with pytest.raises(ValueError, match=r"line 2 of .* texts with commas stand between quotes"):
        ESC50(tmp_path)
    other = tmp_path / "other.csv"
    other.write_text("image,label\na.jpg,cat\n")
    with pytest.raises(ValueError, match=r"columns image, label, .* list of another data set"):
        ESC50(tmp_path, ann_file="other.csv")
    other.write_text("path,fold,label\nsounds/x.wav,1,dog\n")
    with pytest.raises(FileNotFoundError, match=r"first recording, .*x\.wav, does not exist"):
        ESC50(tmp_path, ann_file="other.csv")
    with pytest.raises(ValueError, match="does not say which classes are those of ESC-10"):
        listing.write_text(text.replace("True", "False"))
        ESC50(tmp_path, esc10=True)


def test_parts_of_one_source_in_two_folds_are_refused(tmp_path):
    for name in ("1-5-A-0.wav", "2-5-B-0.wav"):
        (tmp_path / name).touch()
    with pytest.raises(ValueError, match=r"2-5-B-0\.wav in fold 2.*parts of one source"):
        ESC50(tmp_path)
    (tmp_path / "x.wav").touch()
    with pytest.raises(ValueError, match=r"x\.wav is not named .*ann_file='clips\.csv'"):
        ESC50(tmp_path)


@pytest.mark.skipif("MMCONTRAST_DATA" not in os.environ, reason="MMCONTRAST_DATA is not set")
def test_real_recordings(tmp_path):
    root = Path(os.environ["MMCONTRAST_DATA"])
    folds = [
        ESC50(root / "esc10_folds12", PIPELINE, ann_file="clips.csv", folds=[fold])
        for fold in (1, 2)
    ]
    assert [len(fold) for fold in folds] == [80, 80]
    assert len(folds[0].metainfo["classes"]) == 10 and "dog_bark" in folds[0].metainfo["classes"]
    assert folds[1][3]["inputs"]["audio"].shape == (1, 80, 101)
    with zipfile.ZipFile(root / "fsdd/fsdd.zip") as file:
        names = [name for name in file.namelist() if "_george_" in name]
        file.extractall(tmp_path, names)
    digits = FSDD(tmp_path, PIPELINE, split="test")
    assert len(digits) == 50
    sample = digits[0]["data_sample"]
    assert 0.1 < sample["audio"]["valid_seconds"] < 1
