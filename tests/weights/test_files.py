"""Checkpoints are read without running code, and damaged ones are told apart."""

import io
import os
import pickle

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
