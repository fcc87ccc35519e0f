"""The names in pickles are found without running them, whatever writes them."""

import io
import os
import pickle
import subprocess
import tarfile

import pytest
import torch

from mmcontrast.utils.pickles import describe_globals, named_globals


class Call:
    def __init__(self, function, *arguments):
        self.function, self.arguments = function, arguments

    def __reduce__(self):
        return self.function, self.arguments


# The same texts again and again, so that newer protocols take them from the memo.
CONTENT = [Call(os.mkdir, "os"), "mkdir", Call(os.system, "posix"), Call(subprocess.run, ["os"])]
NAMES = [f"{os.name}.mkdir", f"{os.name}.system", "subprocess.run"]
# Protocol 2 by hand: ``posix``, something else that is taken away again, ``system``.
HIDDEN = b"\x80\x02U\x05posix(U\x01x1N0U\x06systemq\x000h\x00\x93U\x02ls\x85R."


@pytest.mark.parametrize("protocol", range(6))
def test_names_in_every_protocol(protocol, tmp_path):
    path = tmp_path / "a.pkl"
    path.write_bytes(pickle.dumps(CONTENT, protocol))
    assert named_globals(path) == NAMES
    path.write_bytes(path.read_bytes() * 2 + b"\x12numbers")
    assert named_globals(path) == NAMES


@pytest.mark.parametrize("is_zip", [True, False])
def test_names_in_files_of_torch(is_zip, tmp_path):
    torch.save(CONTENT, tmp_path / "a.pth", _use_new_zipfile_serialization=is_zip)
    assert named_globals(tmp_path / "a.pth") == NAMES


def test_names_in_a_tar_of_the_first_versions_of_torch(tmp_path):
    write_tar(tmp_path / "a.pth", CONTENT)
    assert named_globals(tmp_path / "a.pth") == NAMES


def write_tar(path, content):
    with tarfile.open(path, "w") as tar:
        for name, part in dict(sys_info={}, pickle=content, tensors=0, storages=0).items():
            data = pickle.dumps(part, 2)
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))


def test_names_that_are_hidden(tmp_path):
    path = tmp_path / "a.pkl"
    path.write_bytes(HIDDEN)
    assert named_globals(path) == ["posix.system"]
    path.write_bytes(b"(S'ls'\niposix\nsystem\n.")  # the old opcode of instances
    assert named_globals(path) == ["posix.system"]
    path.write_bytes(b"\x80\x02N\x85U\x06system\x93.")
    assert named_globals(path) == ["?.system"]


def test_what_names_nothing(tmp_path):
    path = tmp_path / "a.pkl"
    for content in (b"", b"text\n", pickle.dumps([1, "a"]), b"PK\x03\x04", bytes(600)):
        path.write_bytes(content)
        assert named_globals(path) == []


def test_culprits_come_first():
    harmless = ["models.Color", "collections.deque", "builtins.complex", "numpy.f"]
    assert describe_globals([*harmless[:3], "posix.system", harmless[3], "builtins.eval"]) == (
        "os.system, builtins.eval; it also names models.Color, collections.deque, "
        "builtins.complex, numpy.f"
    )
    assert describe_globals(harmless[:2]) == "models.Color, collections.deque"
    many = describe_globals([f"a.f{n}" for n in range(8)])
    assert many == "a.f0, a.f1, a.f2, a.f3, a.f4 and 3 more"
    assert describe_globals(["a.\x1b[2J"]) == r"'a.\x1b[2J'"
    assert len(describe_globals(["a" * 500])) < 100
