"""A file that is not what its name says is named for what it is, and never unpickled."""

import io
import os
import pickle
import zipfile

import numpy as np
import pytest
import torch
from scipy.io import savemat

from mmcontrast.datasets.annotated_videos import read_joints
from mmcontrast.datasets.errors import UnreadableFileError
from mmcontrast.datasets.graph_files import load_pyg
from mmcontrast.datasets.transforms.loading import LoadImage
from mmcontrast.utils.errors import UserError
from mmcontrast.utils.file_kinds import kind_of_file
from mmcontrast.utils.matlab import read_mat
from mmcontrast.utils.tables import read_arrays
from mmcontrast.utils.text import read_lines


class Attack:
    def __init__(self, target):
        self.target = str(target)

    def __reduce__(self):
        return os.mkdir, (self.target,)


def saved(write, *arguments):
    file = io.BytesIO()
    write(file, *arguments)
    return file.getvalue()


def zip_of_text(file):
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.txt", "text")


KINDS = {
    "a pickle": pickle.dumps([1]),
    "a pickle, which": pickle.dumps(dict(a="b"), 0),
    "a file of torch.save": saved(lambda file: torch.save(dict(a=1), file)),
    "an archive of NumPy": saved(np.savez, np.ones(2)),
    "an array of NumPy": saved(np.save, np.ones(2)),
    "a zip archive": saved(zip_of_text),
    "a page of the web": b"<html>",
    "a gzip archive": b"\x1f\x8b\x08",
    "empty": b"",
}
UNKNOWN = (b"text.", b"nothing at all", saved(savemat, dict(x=1)), b"(text).", bytes(200))


def test_kinds(tmp_path):
    path = tmp_path / "a"
    for kind, content in KINDS.items():
        path.write_bytes(content)
        assert kind_of_file(path).startswith(kind)
    for content in UNKNOWN:
        path.write_bytes(content)
        assert kind_of_file(path) == ""


READERS = {
    "a.mat": (lambda path: read_mat(path, ["x"]), r"it is a pickle, .* scipy\.io\.savemat"),
    "joints.mat": (read_joints, r"it is a pickle, .* scipy\.io\.savemat"),
    "a.npz": (read_arrays, r"it is a pickle, .* numpy\.savez"),
    "a.pt": (load_pyg, r"would run code: os\.mkdir"),
}


@pytest.mark.parametrize("protocol", [0, 2, 4])
@pytest.mark.parametrize("name", READERS)
def test_a_pickle_under_another_name(name, protocol, tmp_path):
    if name == "a.pt":
        pytest.importorskip("torch_geometric")
    read, message = READERS[name]
    path = tmp_path / name
    path.write_bytes(pickle.dumps(dict(x=Attack(tmp_path / "made")), protocol))
    with pytest.raises((UserError, ValueError), match=message) as raised:
        read(path)
    assert str(path) in str(raised.value) and "\n" not in str(raised.value)
    assert not (tmp_path / "made").exists()


def test_arrays_of_objects_are_named(tmp_path):
    objects = np.array([Attack(tmp_path / "made")], dtype=object)
    np.savez(tmp_path / "a.npz", x=np.ones(2), y=objects)
    with pytest.raises(UserError, match=r"a\.npz .*'y' holds Python objects, which are pickles"):
        read_arrays(tmp_path / "a.npz")
    np.save(tmp_path / "a.npy", objects)
    with pytest.raises(UnreadableFileError, match=r"a\.npy.*Python objects, which are pickles"):
        LoadImage()(dict(path=str(tmp_path / "a.npy")))
    assert not (tmp_path / "made").exists()


def test_a_pickle_in_place_of_a_list(tmp_path):
    (tmp_path / "list.txt").write_bytes(pickle.dumps(["a.jpg"]))
    with pytest.raises(UserError, match=r"list\.txt is a pickle, .* and not a text file"):
        read_lines(tmp_path / "list.txt")
