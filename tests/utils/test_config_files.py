"""Configs by their names, and as bases of configs of others."""

import subprocess
import sys

import pytest
import yaml
from mmengine.config import Config

from mmcontrast.apis.training.config import default_work_dir, load_config
from mmcontrast.utils.config_files import CONFIGS, config_names, find_config
from tests.toy import ROOT

MINI = ROOT / "configs/densecl/mini.py"


def test_they_lie_in_the_source_tree():
    assert CONFIGS == ROOT / "configs"
    assert "densecl/mini" in config_names() and "downstream/mmseg/fcn_r18_mini" in config_names()
    assert not [name for name in config_names() if "_base_" in name]


@pytest.mark.parametrize(
    "name", ["densecl/mini", "densecl/mini.py", "configs/densecl/mini.py", str(MINI)]
)
def test_a_config_is_found_by_its_name_from_anywhere(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert find_config(name) == MINI
    assert default_work_dir(name) == "work_dirs/densecl/mini"
    assert load_config(name).to_dict() == load_config(MINI).to_dict()


def test_a_file_comes_first(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "densecl").mkdir()
    assert find_config("densecl/mini") == MINI
    (tmp_path / "densecl/mini").write_text("a = 1")
    assert find_config("densecl/mini").resolve() == tmp_path / "densecl/mini"


def test_a_folder_and_what_is_not_there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert find_config("densecl") == CONFIGS / "densecl"
    assert str(find_config("densecl/none")) == "densecl/none"


def test_the_index_names_configs_that_are_there():
    index = yaml.safe_load((ROOT / "model-index.yml").read_text())
    for name in index["Import"]:
        content = yaml.safe_load((ROOT / name).read_text())
        collections = {collection["Name"] for collection in content["Collections"]}
        for model in content["Models"]:
            assert model["Config"] == f"configs/{model['Name']}.py"
            assert (ROOT / model["Config"]).is_file()
        assert {model["In Collection"] for model in content["Models"]} == collections


@pytest.mark.parametrize(
    "imports",
    [
        "import mmcontrast\nfrom mmengine.config import Config",
        "from mmengine.config import Config\nimport mmcontrast",
    ],
)
def test_configs_of_others_inherit_from_ours_in_either_order_of_imports(imports, tmp_path):
    (tmp_path / "mine.py").write_text("_base_ = 'mmcontrast::densecl/mini.py'\nmodel = dict(a=1)")
    code = f"""
{imports}
config = Config.fromfile("mine.py").to_dict()
assert config["model"].pop("a") == 1
assert config == Config.fromfile({str(MINI)!r}).to_dict()
"""
    run = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr


def test_downstream_configs_are_inherited_as_by_a_path(tmp_path):
    pytest.importorskip("mmseg")
    name = "downstream/mmseg/fcn_r50_cityscapes.py"
    (tmp_path / "mine.py").write_text(f"_base_ = 'mmcontrast::{name}'")
    ours, theirs = (
        Config.fromfile(path) for path in (ROOT / "configs" / name, tmp_path / "mine.py")
    )
    assert theirs.to_dict() == ours.to_dict()


def test_the_old_module_can_still_be_imported():
    code = "import importlib; importlib.import_module('mmcontrast.utils.external_configs')"
    command = [sys.executable, "-W", "error::UserWarning", "-c", code]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0 and "mmcontrast.utils.config_files" in run.stderr


def test_importing_the_package_imports_no_mmengine():
    code = "import sys, mmcontrast; assert not {'mmengine', 'torch'} & set(sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
