"""What checkpoints hold beside tensors is read, and nothing is run for it."""

import argparse
import collections
import datetime
import decimal
import enum
import fractions
import pathlib
import pickle
import types

import numpy as np
import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.logging import HistoryBuffer

from mmcontrast.weights.files import CheckpointError, load_checkpoint

ARRAYS = {
    "text": np.array(["cat", "dog house"]),
    "bytes": np.array([b"a", b"bcd"]),
    "objects": np.array(["a", None, 3, np.str_("b")], dtype=object),
    "days": np.array(["2020-01-01", "1999-12-31"], dtype="M8[D]"),
    "quarters": np.array([4, 5], dtype="m8[15m]"),
    "complex": np.array([1 + 2j], dtype=np.complex64),
    "uint64": np.array([2**63], dtype=np.uint64),
    "big-endian": np.arange(3, dtype=">f4"),
    "half": np.arange(3, dtype=np.float16),
    "records": np.array([(1.5, "x", [1, 2])], dtype=[("a", "f4"), ("b", "U3"), ("c", "i2", 2)]),
    "records-of-objects": np.array([(1, "x")], dtype=[("a", "i8"), ("b", "O")]),
    "columns-first": np.asfortranarray(np.arange(6).reshape(2, 3)),
    "empty": np.zeros((0, 3), dtype="U2"),
    "single": np.array(7),
}
VALUES = {
    "text": np.str_("cat"),
    "number": np.float32(1.5),
    "flag": np.bool_(True),
    "day": np.datetime64("2020-01-01"),
    "dtype": np.dtype("U3"),
    "namespace": argparse.Namespace(arch="resnet50", lr=0.1),
    "simple-namespace": types.SimpleNamespace(a=1),
    "counter": collections.Counter("aab"),
    "ordered": collections.OrderedDict(a=1),
    "date": datetime.datetime(2020, 1, 2, 3),
    "duration": datetime.timedelta(1, 2),
    "decimal": decimal.Decimal("1.25"),
    "fraction": fractions.Fraction(1, 3),
    "frozenset": frozenset([1]),
    "range": range(3),
    "slice": slice(1, 2),
    "class": int,
    "path": pathlib.PurePosixPath("/a/b"),
    "set-of-texts": {np.str_("a"), np.str_("b")},
    "keys": {np.str_("a"): np.int64(1), (np.int64(1), 2): 3},
}
PLAIN = {
    "path": (pathlib.Path("/a/b"), pathlib.PurePath("/a/b")),
    "defaultdict": (collections.defaultdict(list, a=[1]), dict(a=[1])),
    "deque": (collections.deque([1, 2], maxlen=3), [1, 2]),
    "config": (ConfigDict(a=dict(b=1)), dict(a=dict(b=1))),
}


class Color(enum.Enum):
    RED = 1


def reload(value, path, **settings):
    torch.save(dict(state_dict=dict(w=torch.ones(2)), beside=[value, value]), path, **settings)
    content = load_checkpoint(path)
    assert content["state_dict"]["w"].tolist() == [1, 1]
    assert content["beside"][0] is content["beside"][1]
    return content["beside"][0]


@pytest.mark.parametrize("is_zip", [True, False])
@pytest.mark.parametrize("name", ARRAYS)
def test_arrays_of_all_types(name, is_zip, tmp_path):
    array = ARRAYS[name]
    loaded = reload(array, tmp_path / "a.pth", _use_new_zipfile_serialization=is_zip)
    assert type(loaded) is np.ndarray
    assert (loaded.dtype, loaded.shape) == (array.dtype, array.shape)
    assert loaded.flags.writeable and loaded.flags.f_contiguous == array.flags.f_contiguous
    np.testing.assert_equal(loaded, array)
    # A resumed run saves it again.
    np.testing.assert_equal(reload(loaded, tmp_path / "b.pth"), array)


@pytest.mark.parametrize("is_zip", [True, False])
@pytest.mark.parametrize("name", VALUES)
def test_values(name, is_zip, tmp_path):
    loaded = reload(VALUES[name], tmp_path / "a.pth", _use_new_zipfile_serialization=is_zip)
    assert type(loaded) is type(VALUES[name]) and loaded == VALUES[name]


@pytest.mark.parametrize("is_zip", [True, False])
@pytest.mark.parametrize("name", PLAIN)
def test_behavior_is_left_out(name, is_zip, tmp_path):
    saved, expected = PLAIN[name]
    loaded = reload(saved, tmp_path / "a.pth", _use_new_zipfile_serialization=is_zip)
    assert type(loaded) is type(expected) and loaded == expected


def test_what_other_libraries_allow_changes_nothing(tmp_path):
    path = tmp_path / "a.pth"
    torch.save(dict(a=collections.defaultdict(list, x=[1])), path)
    with torch.serialization.safe_globals([collections.defaultdict]):
        content = load_checkpoint(path)
        assert collections.defaultdict in torch.serialization.get_safe_globals()
    assert content == dict(a=dict(x=[1])) and type(content["a"]) is dict


def test_names_of_numpy_before_2(tmp_path):
    path = tmp_path / "a.pth"
    torch.save(dict(a=np.arange(3), b=np.float64(2)), path, _use_new_zipfile_serialization=False)
    path.write_bytes(path.read_bytes().replace(b"numpy._core.", b"numpy.core."))
    content = load_checkpoint(path)
    assert content["a"].tolist() == [0, 1, 2] and content["b"] == 2


def test_texts_inside_what_mmengine_saves(tmp_path):
    history = HistoryBuffer([1.0, 2.0], [1, 1])
    torch.save(dict(hub=dict(loss=history, classes=np.array(["a"]))), tmp_path / "a.pth")
    hub = load_checkpoint(tmp_path / "a.pth")["hub"]
    assert hub["loss"].mean() == 1.5 and hub["loss"].data[0].tolist() == [1, 2]
    hub["loss"].update(3.0)
    assert hub["loss"].data[0].tolist() == [1, 2, 3]


def test_a_list_that_contains_itself(tmp_path):
    content = [np.str_("a")]
    content.append(content)
    loaded = reload(content, tmp_path / "a.pth")
    assert loaded[0] == "a" and loaded[1] is loaded


def test_configurations_of_omegaconf_are_read_over(tmp_path):
    omegaconf = pytest.importorskip("omegaconf")
    assert reload(omegaconf.OmegaConf.create(dict(a=[1])), tmp_path / "a.pth") is None


@pytest.mark.parametrize("is_zip", [True, False])
@pytest.mark.parametrize(
    ("value", "name"),
    [(Color.RED, "Color"), (torch.nn.Linear(1, 1), "Linear"), (np.ma.array([1]), "MaskedArray")],
)
def test_objects_are_refused_by_name(value, name, is_zip, tmp_path):
    with pytest.raises(CheckpointError, match=rf"more than data.*{name}[\s\S]*--trust-checkpoint"):
        reload(value, tmp_path / "a.pth", _use_new_zipfile_serialization=is_zip)


def test_sound_files_of_other_forms_are_not_called_damaged(tmp_path):
    torch.save(dict(w=torch.ones(2)), tmp_path / "a.pth", pickle_protocol=4)
    with pytest.raises(CheckpointError, match=r"Unsupported operand[\s\S]*--trust-checkpoint"):
        load_checkpoint(tmp_path / "a.pth")
    torch.jit.save(torch.jit.script(torch.nn.ReLU()), tmp_path / "b.pth")
    with pytest.raises(CheckpointError, match="TorchScript"):
        load_checkpoint(tmp_path / "b.pth")
    (tmp_path / "c.pth").write_bytes(pickle.dumps(dict(w=np.ones(2)), protocol=2))
    with pytest.raises(CheckpointError, match=r"torch\.save has not written"):
        load_checkpoint(tmp_path / "c.pth")


class Forged:
    """A call of NumPy with arguments of an attacker."""

    def __init__(self, *arguments):
        self.arguments = arguments

    def __reduce__(self):
        return self.arguments


@pytest.mark.parametrize(
    "forged",
    [
        # An array of pointers.
        Forged(np._core.multiarray._reconstruct, (np.ndarray, (0,), b"b"),
               (1, (1,), np.dtype("O"), False, b"\x01" * 8)),
        # More items than bytes.
        Forged(np._core.multiarray._reconstruct, (np.ndarray, (0,), b"b"),
               (1, (2**40,), np.dtype("f4"), False, b"\x01" * 8)),
        Forged(np._core.multiarray.scalar, (np.dtype("O"), b"\x01" * 8)),
        Forged(np.dtype, ("f4,O",)),
        Forged(np.ndarray, ((2,), "O")),
    ],
)  # fmt: skip
def test_forged_arrays_do_no_harm(forged, tmp_path):
    torch.save(dict(x=forged), tmp_path / "a.pth", pickle_module=pickle)
    try:
        content = load_checkpoint(tmp_path / "a.pth")
    except CheckpointError as error:
        assert "--trust-checkpoint" in str(error)
    else:
        assert content["x"] == b"\x01" * 8
