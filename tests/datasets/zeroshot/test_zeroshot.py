"""Zero-shot sets: the published layout, one's own features, splits, and what does not fit."""

import os
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.io import savemat

from mmcontrast.datasets.zeroshot import SeenBatches, ZeroShotTask, collate_one
from mmcontrast.datasets.zeroshot.files import (
    for_validation,
    read_extracted,
    read_xlsa17,
    scaled,
)
from mmcontrast.utils.errors import UserError
from mmcontrast.utils.matlab import read_mat
from mmcontrast.utils.tables import open_table

HEADER_7_3 = b"MATLAB 7.3 MAT-file".ljust(124) + bytes([0, 2]) + b"IM"
NAMES = ("ant", "bee", "cow", "dog", "eel", "fox", "gnu")


def write_xlsa17(folder, unseen_factor=1.0, **changes):
    """Seven classes of twelve rows, of which the last two are unseen."""
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(7), 12)
    attributes = rng.random((7, 4)).astype(np.float32)
    features = attributes.repeat(2, axis=1)[labels] + 0.1 * rng.random((84, 8))
    features[labels >= 5] *= unseen_factor
    attributes[5:] *= unseen_factor
    row = np.arange(84)
    parts = dict(
        trainval_loc=row[(labels < 5) & (row % 3 > 0)],
        test_seen_loc=row[(labels < 5) & (row % 3 == 0)],
        test_unseen_loc=row[labels >= 5],
        # As published: with images of the test.
        train_loc=row[:40],
        val_loc=row[40:60],
    )
    data = dict(features=features.T, labels=labels[:, None] + 1)
    split = dict(
        att=attributes.T,
        allclasses_names=np.array([[name] for name in NAMES], dtype=object),
        **{name: part[:, None] + 1 for name, part in parts.items()},
    )
    for name, value in changes.items():
        target = data if name in data else split
        target[name] = value(target[name])
    folder.mkdir(exist_ok=True)
    savemat(folder / "res101.mat", {k: v for k, v in data.items() if v is not None})
    savemat(folder / "att_splits.mat", {k: v for k, v in split.items() if v is not None})
    return dict(
        layout="xlsa17",
        features=str(folder / "res101.mat"),
        splits=str(folder / "att_splits.mat"),
    )


def read(source):
    return read_xlsa17(source["features"], source["splits"])


def test_published_layout(tmp_path):
    data = read(write_xlsa17(tmp_path))
    assert data.features.shape == (84, 8) and data.attributes.shape == (7, 4)
    assert data.classes == NAMES
    assert data.seen.tolist() == [0, 1, 2, 3, 4] and data.unseen.tolist() == [5, 6]
    assert len(data.trainval) == 40 and len(data.test_seen) == 20
    # Newer files do not have them, and they are not needed.
    newer = read(write_xlsa17(tmp_path, train_loc=lambda v: None, val_loc=lambda v: None))
    assert np.array_equal(newer.trainval, data.trainval)
    nameless = read(write_xlsa17(tmp_path, allclasses_names=lambda v: None))  # as that of FLO
    assert nameless.classes == tuple(f"class {number}" for number in range(1, 8))


def test_the_scaler_sees_the_training_set_alone(tmp_path):
    data = read(write_xlsa17(tmp_path))
    found = scaled(data)
    train = found.features[found.trainval]
    np.testing.assert_allclose([train.min(0), train.max(0)], [[0] * 8, [1] * 8], atol=1e-6)
    other = scaled(read(write_xlsa17(tmp_path, unseen_factor=9.0)))
    np.testing.assert_array_equal(other.features[other.trainval], train)
    np.testing.assert_array_equal(other.features[other.test_seen], found.features[found.test_seen])
    assert other.features[other.test_unseen].max() > 1  # and is not cut off
    data.features[:, 2] = 5  # a feature that does not vary
    assert np.isfinite(scaled(data).features).all()


def test_batches_hold_seen_classes_alone(tmp_path):
    source = write_xlsa17(tmp_path)
    batches = SeenBatches(source, num_rows=16, num_batches=3)
    assert len(batches) == 3
    sample = batches[0]
    inputs = sample["inputs"]
    assert inputs["feature"].shape == (3, 16, 8) and inputs["label"].shape == (3, 16)
    assert inputs["attributes"].shape == (5, 4)
    assert set(inputs["label"].unique().tolist()) <= set(range(5))
    data = scaled(read(source))
    known = {tuple(row) for row in data.features[data.trainval].tolist()}
    drawn = [tuple(row) for row in inputs["feature"][0].tolist()]
    assert len(set(drawn)) == 16 and set(drawn) <= known  # without replacement
    assert not torch.equal(inputs["feature"][0], inputs["feature"][1])
    again, later = batches[0]["inputs"]["feature"], batches[3]["inputs"]["feature"]
    assert torch.equal(again, inputs["feature"]) and not torch.equal(later, again)
    batches.seed = 1
    assert not torch.equal(batches[0]["inputs"]["feature"], again)
    with pytest.raises(ValueError, match="has 40 rows to train on, fewer than the num_rows=41"):
        SeenBatches(source, num_rows=41)


def test_labels_of_batches_count_the_seen_classes(tmp_path):
    """Where unseen classes come first, label 0 is the first seen one."""
    source = write_xlsa17(
        tmp_path,
        labels=lambda v: (v + 1) % 7 + 1,
        att=lambda v: np.roll(v, 2, axis=1),
    )
    data = read(source)
    assert data.unseen.tolist() == [0, 1]
    inputs = SeenBatches(source, num_rows=40, num_batches=1)[0]["inputs"]
    raw = {tuple(row): label for row, label in zip(
        scaled(data).features.tolist(), data.labels, strict=True)}  # fmt: skip
    for row, label in zip(inputs["feature"][0].tolist(), inputs["label"][0], strict=True):
        assert raw[tuple(row)] == label + 2
    np.testing.assert_array_equal(inputs["attributes"].numpy(), data.attributes[2:])


def test_the_task(tmp_path):
    task = ZeroShotTask(write_xlsa17(tmp_path))
    batch = collate_one([task[0]])
    inputs, (sample,) = batch["inputs"], batch["data_samples"]
    assert len(task) == 1 and inputs["train_feature"].shape == (40, 8)
    assert inputs["seen"].tolist() == [True] * 5 + [False] * 2
    assert inputs["feature"].shape == (44, 8) and "label" not in inputs
    assert np.bincount(sample["label"]).tolist() == [4] * 5 + [12] * 2
    assert sample["classes"] == NAMES and sample["part"] == "test"
    with pytest.raises(ValueError, match="batch_size is 1, not 2"):
        collate_one([task[0], task[0]])


def test_a_validation_is_made_of_the_training_set(tmp_path):
    source = write_xlsa17(tmp_path)
    data = read(source)
    found = for_validation(data, unseen_share=0.4)
    rows = [set(getattr(found, n).tolist()) for n in ("trainval", "test_seen", "test_unseen")]
    assert set.union(*rows) == set(data.trainval.tolist())
    assert sum(map(len, rows)) == len(data.trainval)
    assert len(found.seen) == 3 and len(found.unseen) == 2
    assert not set(found.unseen.tolist()) & set(data.unseen.tolist())
    task = ZeroShotTask(source, validation=True)[0]
    assert len(task["inputs"]["attributes"]) == 5  # the true unseen classes are no candidates
    assert task["data_sample"]["classes"] == NAMES[:5]
    assert task["data_sample"]["part"] == "validation"
    batches = SeenBatches(source, num_rows=8, validation=True)[0]["inputs"]
    assert len(batches["attributes"]) == len(for_validation(data).seen)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (dict(att=lambda v: v[:, :6]), "6 rows of attributes and 7 classes"),
        (dict(labels=lambda v: v[1:]), "84 rows of features and 83 labels"),
        (dict(labels=lambda v: v + 1), "labels from 2 to 8, but 7 classes"),
        (dict(features=lambda v: np.where(np.arange(84) == 5, np.nan, v)),
         "features of 1 rows are not finite, the first is 5"),
        (dict(att=lambda v: v * np.inf), "attributes of 7 rows are not finite"),
        (dict(trainval_loc=lambda v: v[v[:, 0] > 12]), "classes ant are in test_seen, but no row"),
        (dict(trainval_loc=lambda v: np.append(v, [[61]], axis=0)), "share rows"),
        (dict(trainval_loc=lambda v: np.append(v, [[61]], axis=0), test_unseen_loc=lambda v: v[1:]),
         "classes fox are seen and unseen at once"),
        (dict(labels=lambda v: v + 0.5), r"res101\.mat: labels are integers, got 1\.5"),
        (dict(test_seen_loc=lambda v: v + 0.5), r"att_splits\.mat: test_seen_loc are integers"),
        (dict(test_seen_loc=lambda v: v + 84), "test_seen is empty or names rows"),
    ],
)  # fmt: skip
def test_sets_that_do_not_fit(tmp_path, changes, message):
    with pytest.raises(ValueError, match=message):
        read(write_xlsa17(tmp_path, **changes))


def test_files_that_are_missing_or_no_matlab(tmp_path):
    source = write_xlsa17(tmp_path, att=lambda v: None)
    with pytest.raises(UserError, match=r"att_splits\.mat has no att"):
        read(source)
    with pytest.raises(UserError, match="There is no file"):
        read_mat(tmp_path / "none.mat", ["x"])
    (tmp_path / "bad.mat").write_bytes(b"no file of MATLAB at all" * 20)
    with pytest.raises(UserError, match=r"bad\.mat cannot be read as a file of MATLAB"):
        read_mat(tmp_path / "bad.mat", ["x"])
    savemat(tmp_path / "good.mat", dict(x=np.random.default_rng(0).random(99)), do_compression=True)
    whole = (tmp_path / "good.mat").read_bytes()
    flipped = whole[:300] + bytes([whole[300] ^ 255]) + whole[301:]
    for content in (b"", whole[:200], flipped):
        (tmp_path / "bad.mat").write_bytes(content)
        with pytest.raises(UserError, match=r"bad\.mat cannot be read as a file of MATLAB"):
            read_mat(tmp_path / "bad.mat", ["x"])
    with pytest.raises(ValueError, match="layout is 'xlsa17' or 'extracted', got 'awa'"):
        SeenBatches(dict(layout="awa"), num_rows=4)


def test_matlab_7_3(tmp_path):
    """Its files are HDF5, with columns first and texts as numbers behind references."""
    h5py = pytest.importorskip("h5py")
    path = tmp_path / "new.mat"
    with h5py.File(path, "w", userblock_size=512) as file:
        file["features"] = np.arange(6.0).reshape(3, 2)  # MATLAB shows (2, 3)
        texts = file.create_dataset("allclasses_names", (1, 2), dtype=h5py.ref_dtype)
        for place, name in enumerate(("ant", "bee")):
            file[f"#refs#/{place}"] = np.array([[ord(c)] for c in name], np.uint16)
            texts[0, place] = file[f"#refs#/{place}"].ref
    with path.open("r+b") as file:
        file.write(HEADER_7_3)
    found = read_mat(path, ["features", "allclasses_names"])
    assert found["features"].tolist() == [[0, 2, 4], [1, 3, 5]]
    assert found["allclasses_names"] == ["ant", "bee"]
    with pytest.raises(UserError, match=r"new\.mat has no att"):
        read_mat(path, ["att"])
    assert read_mat(path, ["features"], optional=["att"]).keys() == {"features"}
    path.write_bytes(HEADER_7_3 + bytes(600))
    with pytest.raises(UserError, match=r"new\.mat cannot be read as a file of MATLAB"):
        read_mat(path, ["features"])


def test_matlab_7_3_without_h5py(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "h5py", None)
    (tmp_path / "new.mat").write_bytes(HEADER_7_3 + bytes(600))
    with pytest.raises(UserError, match=r"pip install 'mmcontrast\[zeroshot\]'"):
        read_mat(tmp_path / "new.mat", ["features"])


# One's own features -----------------------------------------------------------------------------


def write_own(
    folder,
    classes=("ant", "bee", "cow"),
    table="name,wings,legs\nant,0,6\nbee,4,6\ncow,0,4\n",
    rows=10,
    suffix=".npz",
):
    """As tools/extract_features.py writes it, and a table of attributes."""
    rng = np.random.default_rng(0)
    names = np.repeat(list(classes), rows).tolist()
    features = rng.random((len(names), 5), np.float32)
    path = folder / f"features{suffix}"
    with open_table(path) as write:
        write({"path": names, "class": names, "global": features})
    (folder / "attributes.csv").write_text(table)
    return path, folder / "attributes.csv"


@pytest.mark.parametrize("suffix", [".npz", ".parquet"])
def test_own_features_and_a_table_of_attributes(tmp_path, suffix):
    if suffix == ".parquet":
        pytest.importorskip("pyarrow")
    data = read_extracted(*write_own(tmp_path, suffix=suffix), unseen=["bee"])
    assert data.features.shape == (30, 5) and data.features.dtype == np.float32
    assert data.attributes.tolist() == [[0, 6], [4, 6], [0, 4]]
    assert data.seen.tolist() == [0, 2] and data.unseen.tolist() == [1]
    assert [len(p) for p in (data.trainval, data.test_seen, data.test_unseen)] == [16, 4, 10]
    assert np.bincount(data.labels[data.test_seen], minlength=3).tolist() == [2, 0, 2]


@pytest.mark.parametrize(
    "table",
    [
        "ant,0,6\nbee,4,6\ncow,0,4\n",  # without names
        "\ufeffwings;legs;class\r\n0;6;ant\r\n4;6;bee\r\n\r\n0;4;cow\r\n",
        "ant 0 6\nbee 4 6\ncow 0 4\n",
        "class,0,1\nant,0,6\nbee,4,6\ncow,0,4\n",
    ],
)
def test_forms_of_a_table_of_attributes(tmp_path, table):
    data = read_extracted(*write_own(tmp_path, table=table), unseen=["bee"])
    assert data.classes == ("ant", "bee", "cow")
    assert data.attributes.tolist() == [[0, 6], [4, 6], [0, 4]]


@pytest.mark.parametrize(
    ("kwargs", "error", "message"),
    [
        (dict(classes=("ant", "elk")), ValueError, "has no attributes of elk; it has ant, bee"),
        (dict(unseen=["yak"]), ValueError, "has no attributes of yak"),
        (dict(table="name,x\nant,1\nant,2\nbee,1\ncow,1\n"), UserError, "ant more than once"),
        (
            dict(table="name,x\nant,1\nbee,many\ncow,1\n"),
            UserError,
            r"attributes\.csv, line 3, column 'x': a number is expected, got 'many'",
        ),
        (
            dict(table="name,x\nant,1\nbee,\ncow,1\n"),
            UserError,
            r"attributes\.csv, line 3, column 'x': the attribute is missing",
        ),
        (dict(table="name,x\nant,1\n,2\ncow,1\n"), UserError, "line 3, column 'name': a class has"),
        (dict(table="name,x\nant,1\nbee\n"), UserError, "line 3: the number of fields is 1"),
        (dict(table="name\nant\nbee\ncow\n"), UserError, "has no column of attributes"),
        (dict(unseen=["ant", "bee", "cow"]), ValueError, "trainval is empty"),
        (dict(rows=1), ValueError, "seen class ant has one row"),
    ],
)
def test_own_files_that_do_not_fit(tmp_path, kwargs, error, message):
    kwargs = dict(kwargs)
    unseen = kwargs.pop("unseen", ["bee"])
    with pytest.raises(error, match=message):
        read_extracted(*write_own(tmp_path, **kwargs), unseen=unseen)


def test_features_without_classes(tmp_path):
    _, attributes = write_own(tmp_path)
    np.savez(tmp_path / "flat.npz", **{"global": np.zeros((3, 2))})
    with pytest.raises(UserError, match=r"flat\.npz has no class: tools/extract_features"):
        read_extracted(tmp_path / "flat.npz", attributes, unseen=[])
    with pytest.raises(UserError, match="There is no table"):
        read_extracted(tmp_path / "none.npz", attributes, unseen=[])


# Real files -------------------------------------------------------------------------------------


needs_data = pytest.mark.skipif(
    "MMCONTRAST_DATA" not in os.environ, reason="MMCONTRAST_DATA, real splits, is not set"
)


def published(name, file="att_splits.mat"):
    return Path(os.environ["MMCONTRAST_DATA"], "gzsl", name, file)


@needs_data
@pytest.mark.parametrize(
    ("name", "file", "trainval", "test_seen", "test_unseen", "overlap"),
    [("AWA1", "att_splits.mat", 19832, 4958, 5685, (3404, 1554)),
     ("AWA2", "att_splits.mat", 23527, 5882, 7913, (4031, 1851)),
     ("CUB", "sent_splits.mat", 7057, 1764, 2967, (1173, 591)),
     ("FLO", "att_splits.mat", 5631, 1403, 1155, (1173, 230)),
     ("SUN", "att_splits.mat", 10320, 2580, 1440, (2320, 260))],
)  # fmt: skip
def test_published_splits(name, file, trainval, test_seen, test_unseen, overlap):
    """Their train_loc and val_loc hold images of the test: they are not used."""
    names = ("trainval_loc", "test_seen_loc", "test_unseen_loc", "train_loc", "val_loc", "att")
    split = {key: value.ravel() for key, value in read_mat(published(name, file), names).items()}
    sizes = tuple(len(split[f"{part}_loc"]) for part in ("trainval", "test_seen", "test_unseen"))
    assert sizes == (trainval, test_seen, test_unseen)
    found = tuple(
        len(np.intersect1d(split[part], split["test_seen_loc"]))
        for part in ("train_loc", "val_loc")
    )
    assert found == overlap
    known = np.union1d(split["trainval_loc"], split["test_seen_loc"])
    assert len(known) == trainval + test_seen  # 7,034 of FLO
    assert np.array_equal(np.union1d(split["train_loc"], split["val_loc"]), known)


@needs_data
@pytest.mark.parametrize(
    ("name", "file", "attributes", "classes", "unseen"),
    [("APY", "att_splits.mat", 64, 32, 12), ("AWA1", "att_splits.mat", 85, 50, 10),
     ("AWA2", "att_splits.mat", 85, 50, 10), ("CUB", "att_splits.mat", 312, 200, 50),
     ("CUB", "sent_splits.mat", 1024, 200, 50), ("FLO", "att_splits.mat", 1024, 102, 20),
     ("SUN", "att_splits.mat", 102, 717, 72)],
)  # fmt: skip
def test_published_splits_with_features_made_up(tmp_path, name, file, attributes, classes, unseen):
    names = ("trainval_loc", "test_seen_loc", "test_unseen_loc")
    rows = [
        value.ravel().astype(int) - 1 for value in read_mat(published(name, file), names).values()
    ]
    labels = np.zeros(max(part.max() for part in rows) + 1, int)
    for part in rows[:2]:
        labels[part] = np.arange(len(part)) % (classes - unseen)
    labels[rows[2]] = classes - unseen + np.arange(len(rows[2])) % unseen
    features = np.random.default_rng(0).random((3, len(labels)), np.float32)
    savemat(tmp_path / "res101.mat", dict(features=features, labels=labels[:, None] + 1))
    data = read_xlsa17(tmp_path / "res101.mat", published(name, file))
    assert data.attributes.shape == (classes, attributes)
    assert len(set(data.classes)) == classes
    assert (data.classes[0] == "class 1") == (name == "FLO")  # whose file has no names
    assert len(data.seen) == classes - unseen and len(data.unseen) == unseen
    for part, expected in zip((data.trainval, data.test_seen, data.test_unseen), rows, strict=True):
        np.testing.assert_array_equal(part, expected)
