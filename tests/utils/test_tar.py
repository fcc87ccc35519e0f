"""Tar files read past damage."""

import gzip
import io
import itertools
import random
import tarfile

import pytest

from mmcontrast.utils.tar import Damage, read_members

CONTENTS = {f"{number}.txt": bytes([number]) * (300 * number) for number in range(1, 7)}
LONG = "folder/" * 30


class Pipe(io.BytesIO):
    """Gives a few bytes at a time and does not seek."""

    def seekable(self):
        return False

    def read(self, size=-1):
        return super().read(min(size, 700) if size >= 0 else -1)

    def seek(self, *_):
        raise AssertionError


def tar_of(contents, kind=tarfile.PAX_FORMAT, mode="w"):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=mode, format=kind) as tar:
        for name, content in contents.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return file.getvalue()


def read(content, stream=io.BytesIO, **kwargs):
    items = list(read_members(lambda: stream(content), "a.tar", **kwargs))
    return (
        dict(item for item in items if not isinstance(item, Damage)),
        [item for item in items if isinstance(item, Damage)],
    )


@pytest.mark.parametrize("stream", [io.BytesIO, Pipe])
@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
@pytest.mark.parametrize("kind", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_whole_files_are_read_as_tarfile_reads_them(kind, mode, stream):
    contents = CONTENTS | ({} if kind == tarfile.USTAR_FORMAT else {LONG + "ä.txt": b"x"})
    assert read(tar_of(contents, kind, mode), stream) == (contents, [])


@pytest.mark.parametrize("stream", [io.BytesIO, Pipe])
def test_each_damaged_header_loses_its_member_only(stream):
    content = tar_of(CONTENTS)
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        offsets = {member.name: member.offset for member in tar}
    for name, offset in offsets.items():
        for bad in (b"\xff", bytes(512)):  # a changed byte, and a block of zeros
            damaged = content[:offset] + bad + content[offset + len(bad) :]
            members, (damage,) = read(damaged, stream)
            assert members == {n: c for n, c in CONTENTS.items() if n != name}
            assert f"at byte {offset} of a.tar" in damage
            names, headers = read(damaged, stream, contents=False)
            assert list(names) == list(members) and headers == [damage]


def test_a_damaged_header_behind_a_long_name():
    content = tar_of({LONG + "1.txt": b"x", "2.txt": b"y"}, tarfile.GNU_FORMAT)
    damaged = content[:1024] + b"\xff" + content[1025:]
    members, (damage,) = read(damaged)
    assert members == {"2.txt": b"y"} and "at byte 0" in damage


@pytest.mark.parametrize("stream", [io.BytesIO, Pipe])
def test_files_that_are_cut_off(stream):
    content = tar_of(CONTENTS)
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        members = tar.getmembers()
    for length in range(0, members[-1].offset + 2000, 100):
        whole = [m.name for m, n in itertools.pairwise(members) if n.offset <= length]
        for contents in (True, False):
            names, damage = read(content[:length], stream, contents=contents)
            assert list(names) == whole
            assert bool(damage) == (length not in {m.offset for m in members[1:]})


def test_what_follows_the_end_is_not_damage():
    assert read(tar_of(CONTENTS) + b"\xff" * 2000) == (CONTENTS, [])
    assert read(tar_of(CONTENTS, mode="w:gz") + b"\xff" * 2000)[0] == CONTENTS


def test_members_behind_the_end_are_read_and_named():
    members, (damage,) = read(tar_of({"a": b"a"}) + tar_of({"b": b"b"}))
    assert members == dict(a=b"a", b=b"b")
    assert "there are zeros at byte 1024 of a.tar" in damage


def test_damaged_compression():
    content = tar_of({"a": random.Random(0).randbytes(50_000), "b": b"b"})
    _, (damage,) = read(gzip.compress(content)[:-300])
    assert "a.tar cannot be read" in damage
