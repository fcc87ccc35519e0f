"""The mini-world is written where a config reads it and it is missing."""

import subprocess
import sys
from pathlib import Path

import pytest

from mmcontrast import mini
from mmcontrast.cli.mini_world import write_missing_mini_world
from mmcontrast.utils.errors import UserError
from tests.toy import ROOT, write_config


@pytest.fixture
def written(tmp_path, monkeypatch):
    """Layouts that were asked for, and whose folders have been made."""
    names = []

    def make_mini(root, layouts):
        for name in layouts:
            Path(root, name).mkdir(parents=True)
        names.extend(layouts)

    monkeypatch.setattr(mini, "make_mini", make_mini)
    monkeypatch.chdir(tmp_path)
    return names


@pytest.mark.parametrize(
    ("config", "layouts"),
    [
        ("densecl/mini", ["imagenet"]),
        ("vfs/mini", ["videos"]),
        ("crisscross/mini", ["audiovisual"]),
        ("mvgrl/mini_node", ["graphs"]),
        ("cegzsl/mini", ["zeroshot"]),
        ("downstream/mmseg/fcn_r18_mini", ["voc"]),
        ("downstream/mmdet/mask-rcnn_r18_mini", ["coco"]),
        ("benchmarks/davis2017/mini", ["davis"]),
        ("densecl/r50_coco", []),
    ],
)
def test_the_layouts_that_a_config_reads(config, layouts, written, capsys):
    for module, prefix in (("mmseg", "downstream/mmseg"), ("mmdet", "downstream/mmdet")):
        if config.startswith(prefix):
            pytest.importorskip(module)
    write_missing_mini_world(config)
    assert set(written) == set(layouts)
    assert bool(capsys.readouterr().out.count("\n")) == bool(layouts)
    written.clear()
    write_missing_mini_world(config)
    assert not written and not capsys.readouterr().out


def test_other_data_leave_nothing_to_write(written):
    config = write_config(Path.cwd())
    write_missing_mini_world(str(config))
    assert not written
    # The evaluation reads the world still.
    write_missing_mini_world("densecl/mini", data_root="/my/photos")
    assert written == ["imagenet"]


def test_the_others_of_several_processes_say_nothing(written, monkeypatch, capsys):
    monkeypatch.setenv("RANK", "1")
    write_missing_mini_world("densecl/mini")
    assert written == ["imagenet"] and not capsys.readouterr().out


def test_a_folder_that_is_no_mini_world_is_left_alone(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data/mini").mkdir(parents=True)
    (tmp_path / "data/mini/precious.jpg").touch()
    with pytest.raises(UserError, match=r"cannot write the mini-world: .*holds no mini-world"):
        write_missing_mini_world("densecl/mini")


PROCESS = """
from mmcontrast import mini
from mmcontrast.cli.mini_world import write_missing_mini_world
make = mini.make_mini
few = dict(imagenet=(20, 20))
mini.make_mini = lambda root, layouts: make(root, layouts=layouts, num_images=few)
write_missing_mini_world("densecl/mini")
assert len(list(__import__("pathlib").Path("data/mini/imagenet/train").glob("*/*.jpg"))) == 20
"""


def test_several_processes_write_it_once_and_all_find_it(tmp_path):
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{PROCESS}"]
    processes = [
        subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) for _ in range(2)
    ]
    for process in processes:
        _, error = process.communicate()
        assert process.returncode == 0, error
