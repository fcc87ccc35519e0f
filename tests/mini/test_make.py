"""Writing the mini-world: once, whole, and never over somebody's files."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from mmcontrast.mini import make, make_mini

FEW = {"imagenet": (20, 20), "coco": (3, 2), "voc": (3, 2)}
TOOL = Path(__file__).parents[2] / "tools/data/make_mini.py"


def digests(root):
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(Path(root).rglob("*"))
        if path.is_file() and not path.name.startswith(".")
    }


def test_the_same_seed_gives_the_same_bytes(tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        make_mini(tmp_path / name, seed=seed, num_images=FEW)
    a, b, c = (digests(tmp_path / name) for name in "abc")
    assert len(a) > 50 and a == b
    assert a.keys() == c.keys()
    images = [name for name in a if name.endswith(".jpg")]
    assert all(a[name] != c[name] for name in images)
    assert len({a[name] for name in images}) == len(images), "no image comes twice"


def test_more_images_keep_the_first_ones(tmp_path):
    few = make_mini(tmp_path / "few", layouts=["coco"], num_images={"coco": (2, 1)})
    more = make_mini(tmp_path / "more", layouts=["coco"], num_images={"coco": (4, 1)})
    name = "train2017/000000000002.jpg"
    assert (few["coco"].folder / name).read_bytes() == (more["coco"].folder / name).read_bytes()


def test_a_second_call_leaves_everything_alone(tmp_path):
    first = make_mini(tmp_path, layouts=["voc"], num_images={"voc": (2, 1)})
    assert first["voc"].fresh and first["voc"].folder == tmp_path / "voc"
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    assert not make_mini(tmp_path, layouts=["voc"], num_images={"voc": (2, 1)})["voc"].fresh
    assert before == {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}


@pytest.mark.parametrize("change", ["seed", "number", "version"])
def test_other_options_or_another_version_make_it_anew(tmp_path, monkeypatch, change):
    make_mini(tmp_path, layouts=["coco", "voc"], num_images={"coco": (2, 1), "voc": (1, 1)})
    if change == "version":
        monkeypatch.setattr(make, "VERSION", make.VERSION + 1)
    made = make_mini(
        tmp_path,
        seed=int(change == "seed"),
        layouts=["coco"],
        num_images={"coco": (3 if change == "number" else 2, 1)},
    )
    assert made["coco"].fresh
    images = list((tmp_path / "coco/train2017").iterdir())
    assert len(images) == (3 if change == "number" else 2)
    assert (tmp_path / "voc/mini.json").exists(), "the layout that was not asked for stays"


def test_an_interrupted_run_leaves_nothing_half_made(tmp_path, monkeypatch):
    def interrupted(folder, seed, num_train, num_val):
        (folder / "half.jpg").touch()
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setitem(make.LAYOUTS, "voc", make.Layout(interrupted, 1, 1))
        with pytest.raises(KeyboardInterrupt):
            make_mini(tmp_path, layouts=["voc"])
    assert not (tmp_path / "voc").exists()
    make_mini(tmp_path, layouts=["voc"], num_images={"voc": (1, 1)})
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == ["voc"]


def test_foreign_folders_are_refused_untouched(tmp_path):
    (tmp_path / "coco").mkdir()
    (tmp_path / "coco/precious.jpg").touch()
    with pytest.raises(FileExistsError, match=r"coco .*no mini\.json"):
        make_mini(tmp_path, layouts=["coco"])
    with pytest.raises(FileExistsError, match="not empty and holds no mini-world"):
        make_mini(tmp_path, layouts=["voc"])
    assert [path.name for path in tmp_path.rglob("*")] == ["coco", "precious.jpg"]


def test_a_root_that_cannot_be_a_folder(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(FileExistsError, match="is a file"):
        make_mini(tmp_path / "file")
    with pytest.raises(OSError, match=r"cannot write the mini-world to .*file/inside"):
        make_mini(tmp_path / "file/inside")


def test_wrong_options_are_named(tmp_path):
    with pytest.raises(ValueError, match="unknown layout 'kitti'; there are imagenet"):
        make_mini(tmp_path, layouts=["kitti"])
    with pytest.raises(ValueError, match="voc needs at least one sample"):
        make_mini(tmp_path, num_images={"voc": (0, 1)})
    with pytest.raises(ValueError, match="num_images names voc"):
        make_mini(tmp_path, layouts=["coco"], num_images={"voc": (1, 1)})
    assert not list(tmp_path.iterdir())


def run_tool(*args):
    return subprocess.run(
        [sys.executable, str(TOOL), *map(str, args)], capture_output=True, text=True, check=False
    )


def test_the_tool_says_what_it_made(tmp_path):
    args = ("--out", tmp_path / "world", "--layouts", "imagenet", "--num-images", "imagenet=20,20")
    done = run_tool(*args, "--preview", tmp_path / "sheet.png")
    assert done.returncode == 0, done.stderr
    assert "20 train    20 val" in done.stdout and " MB " in done.stdout
    assert (tmp_path / "sheet.png").stat().st_size > 10_000
    manifest = json.loads((tmp_path / "world/imagenet/mini.json").read_text())
    assert manifest["seed"] == 0 and manifest["version"] == make.VERSION
    assert "(already there)" in run_tool(*args).stdout


def test_the_tool_refuses_with_one_line(tmp_path):
    (tmp_path / "mine.txt").touch()
    refused = run_tool("--out", tmp_path)
    assert refused.returncode == 1
    assert refused.stderr.startswith("error: ") and refused.stderr.count("\n") == 1
    assert "entries like" in run_tool("--num-images", "imagenet").stderr
