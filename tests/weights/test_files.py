"""Checkpoints are read without running code, and damaged ones are told apart."""

import enum
import functools
import io
import os
import pickle
import tarfile

import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer
from mmengine.runner.checkpoint import _load_checkpoint
from safetensors.torch import save_file

from mmcontrast.weights.files import (
    CheckpointError,
    find_checkpoint,
    load_checkpoint,
    trusted_checkpoints,
)


class Attack:
    """Makes a file when it is unpickled."""

    def __init__(self, target):
        self.target = str(target)

    def __reduce__(self):
        return os.mkdir, (self.target,)


class Evaluate:
    """Is computed when it is unpickled."""

    def __reduce__(self):
        return eval, ("1",)


class Walk:
    """Asks getattr for what no checkpoint needs."""

    def __reduce__(self):
        return getattr, (HistoryBuffer, "__init__")


def save(path, **content):
    torch.save({"state_dict": {"w": torch.ones(2)}, **content}, path)
    return path


def test_what_mmengine_saves_is_data(tmp_path):
    history = HistoryBuffer([1.0, 2.0], [1, 1])
    extra = dict(history=history, scalar=np.float64(3), array=np.arange(3), optimizer={"lr": 0.1})
    loaded = load_checkpoint(save(tmp_path / "a.pth", **extra))
    assert loaded["history"].mean() == 1.5
    assert loaded["history"].statistics("max") == 2
    assert loaded["array"].tolist() == [0, 1, 2]
    assert loaded["state_dict"]["w"].tolist() == [1, 1]


def test_safetensors(tmp_path):
    save_file({"w": torch.arange(3.0)}, tmp_path / "a.safetensors")
    assert load_checkpoint(tmp_path / "a.safetensors")["state_dict"]["w"].tolist() == [0, 1, 2]
    (tmp_path / "b.safetensors").write_bytes(b"nothing")
    with pytest.raises(CheckpointError, match="damaged"):
        load_checkpoint(tmp_path / "b.safetensors")


@pytest.mark.parametrize("legacy", [False, True])
def test_code_is_refused_unless_trusted(tmp_path, legacy):
    made = tmp_path / "made"
    path = tmp_path / "a.pth"
    torch.save({"w": Attack(made)}, path, _use_new_zipfile_serialization=not legacy)
    with pytest.raises(CheckpointError, match=r"(posix|nt|os).mkdir[\s\S]*--trust-checkpoint"):
        load_checkpoint(path)
    assert not made.exists()
    with trusted_checkpoints():
        load_checkpoint(path)
    assert made.is_dir()


class Color(enum.Enum):
    RED = 1


def write_tar(content, path):
    """Write the format of torch before version 0.1.10."""
    with tarfile.open(path, "w") as tar:
        for name, part in dict(sys_info={}, pickle=content, tensors=0, storages=0).items():
            data = pickle.dumps(part, 2)
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))


WRITERS = {
    "zip": torch.save,
    "legacy": functools.partial(torch.save, _use_new_zipfile_serialization=False),
    "legacy, protocol 4": functools.partial(
        torch.save, _use_new_zipfile_serialization=False, pickle_protocol=4
    ),
    "tar": write_tar,
    "pickle": lambda content, path: path.write_bytes(pickle.dumps(content)),
}


@pytest.mark.parametrize("kind", WRITERS)
def test_the_message_names_the_culprits_before_the_harmless(kind, tmp_path):
    harmless = dict(
        history=HistoryBuffer([1.0], [1]),
        scalar=np.float64(3),
        array=np.arange(3),
        half=torch.ones(2).half(),
        weight=torch.nn.Parameter(torch.ones(2)),
        color=Color.RED,
    )
    if kind == "tar":
        del harmless["half"], harmless["weight"]
    culprits = dict(first=Attack(tmp_path / "made"), second=Evaluate())
    path = tmp_path / "a.pth"
    WRITERS[kind](dict(**harmless, **culprits), path)
    with pytest.raises(CheckpointError) as raised:
        load_checkpoint(path)
    message = str(raised.value)
    assert "loading it would run os.mkdir, builtins.eval; it also names" in message
    assert "test_files.Color" in message and "--trust-checkpoint" in message
    assert "history" not in message and "numpy" not in message
    assert not (tmp_path / "made").exists()


def test_harmless_files_of_the_first_versions_of_torch(tmp_path):
    write_tar(dict(a=1), tmp_path / "a.pth")
    with pytest.raises(CheckpointError, match="its format, of torch before"):
        load_checkpoint(tmp_path / "a.pth")


def test_a_page_of_the_web_is_named(tmp_path):
    (tmp_path / "a.pth").write_bytes(b"\n<!DOCTYPE html><html>404</html>")
    with pytest.raises(CheckpointError, match=r"not a checkpoint at all .it is a page of the web"):
        load_checkpoint(tmp_path / "a.pth")


def test_a_bare_pickle_with_code(tmp_path):
    path = tmp_path / "a.pth"
    path.write_bytes(pickle.dumps(Attack(tmp_path / "made")))
    with pytest.raises(CheckpointError, match="would run"):
        load_checkpoint(path)
    assert not (tmp_path / "made").exists()


def test_getattr_serves_the_history_alone(tmp_path):
    path = tmp_path / "a.pth"
    torch.save({"w": Walk()}, path)
    with pytest.raises(CheckpointError):
        load_checkpoint(path)


@pytest.mark.parametrize("scheme", ["{}", "file://{}"])
def test_mmengine_loads_through_it(tmp_path, scheme):
    torch.save({"w": Attack(tmp_path / "made")}, tmp_path / "a.pth")
    with pytest.raises(CheckpointError):
        _load_checkpoint(scheme.format(tmp_path / "a.pth"))
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("url", ["s3://b/a.pth", "open-mmlab://resnet50", "pavi://a"])
def test_sources_that_mmengine_would_execute_are_refused(url):
    with pytest.raises(CheckpointError, match="Download the file"):
        _load_checkpoint(url)


def test_missing_and_damaged_files(tmp_path):
    with pytest.raises(CheckpointError, match="does not exist"):
        load_checkpoint(tmp_path / "a.pth")
    with pytest.raises(CheckpointError, match="is a directory"):
        load_checkpoint(tmp_path)
    whole = io.BytesIO()
    torch.save({"w": torch.ones(1000)}, whole)
    for name, content in (("cut", whole.getvalue()[:2000]), ("text", b"hello\n"), ("empty", b"")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(CheckpointError, match="damaged or not a checkpoint"):
            load_checkpoint(tmp_path / name)


def test_auto_resume_passes_over_weights_that_are_not_finite(tmp_path):
    for name, value in (("a.pth", 1.0), ("b.pth", float("nan"))):
        torch.save(dict(state_dict=dict(w=torch.tensor([value])), optimizer={}), tmp_path / name)
    (tmp_path / "last_checkpoint").write_text("b.pth")
    assert find_checkpoint(tmp_path) == tmp_path / "a.pth"
    (tmp_path / "a.pth").unlink()
    assert find_checkpoint(tmp_path) == tmp_path / "b.pth"


def test_auto_resume_takes_the_newest_that_can_be_read(tmp_path):
    assert find_checkpoint(tmp_path) is None
    for age, name in enumerate(("epoch_3", "epoch_2", "epoch_1")):
        path = save(tmp_path / f"{name}.pth", optimizer={})
        os.utime(path, (1000 - age, 1000 - age))
    save(tmp_path / "best_knn.pth")  # weights alone cannot be resumed
    pointer = tmp_path / "last_checkpoint"
    pointer.write_text(str(tmp_path / "epoch_2.pth"))
    assert find_checkpoint(tmp_path).name == "epoch_2.pth"
    pointer.write_text("/moved/from/here/epoch_1.pth")
    assert find_checkpoint(tmp_path).name == "epoch_1.pth"
    pointer.write_bytes(b"\0\0\xff")
    assert find_checkpoint(tmp_path).name == "epoch_3.pth"
    pointer.write_text(str(tmp_path / "epoch_3.pth"))
    (tmp_path / "epoch_3.pth").write_bytes((tmp_path / "epoch_3.pth").read_bytes()[:500])
    assert find_checkpoint(tmp_path).name == "epoch_2.pth"
    for path in tmp_path.glob("*.pth"):
        path.write_bytes(b"")
    with pytest.raises(CheckpointError, match="No checkpoint can be read"):
        find_checkpoint(tmp_path)
