"""YAML is read as data: configs of any way in, and everything else that MMEngine reads."""

import subprocess
import sys

import mmengine
import pytest
import yaml
from mmengine.config import Config

from mmcontrast.apis.training.config import load_config
from mmcontrast.apis.training.config_origins import find_origins, leaves
from mmcontrast.utils.errors import UserError

TAGS = (
    "!!python/object/apply:os.mkdir [made]",
    "!!python/object/new:os.mkdir [made]",
    "!!python/object/apply:os.mkdir {args: [made]}",
    "!!python/name:os.mkdir ''",
    "!!python/module:antigravity ''",
)


def attack(path, tag=TAGS[0]):
    path.write_text(f"model:\n  type: SimCLR\n  depth: {tag}\n")
    return path


@pytest.mark.parametrize("tag", TAGS)
def test_code_in_yaml_is_refused_with_file_and_line(tag, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = attack(tmp_path / "a.yaml", tag)
    with pytest.raises(UserError, match=rf"a\.yaml, line 3: the tag {tag.split()[0]} runs"):
        load_config(path)
    with pytest.raises(yaml.YAMLError, match="line 3"):
        mmengine.load(path)
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("child.py", "_base_ = 'a.yml'"),
        ("child.py", "_base_ = ['between.py']"),
        ("child.yaml", "_base_: a.yml"),
        ("child.json", '{"_base_": ["a.yml"]}'),
    ],
)
def test_code_in_a_base_is_refused_with_the_name_of_the_base(name, content, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    attack(tmp_path / "a.yml")
    (tmp_path / "between.py").write_text("_base_ = './a.yml'")
    (tmp_path / name).write_text(content)
    for read in (load_config, Config.fromfile):
        with pytest.raises(UserError, match=r"a\.yml, line 3: the tag !!python/object/apply"):
            read(name)
    assert not (tmp_path / "made").exists()


def test_an_earlier_import_of_mmengine_changes_nothing(tmp_path):
    attack(tmp_path / "a.yaml")
    code = "import mmengine, mmcontrast; mmengine.load('a.yaml')"
    run = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert "ConstructorError" in run.stderr and not (tmp_path / "made").exists()


def test_values_and_bases_in_yaml_and_json_are_read(tmp_path):
    (tmp_path / "a.yaml").write_text(
        "common: &common\n  rate: 1.0e-3\n  size: !!python/tuple [1, [2]]\n"
        "model:\n  <<: *common\n  rate: 2\ntrain_cfg: {max_epochs: 3}\n"
    )
    (tmp_path / "b.json").write_text('{\n\t"_base_": "a.yaml",\n\t"model": {"depth": null}\n}')
    (tmp_path / "c.py").write_text("_base_ = 'b.json'\ntrain_cfg = dict(max_epochs=4)")
    cfg = load_config(tmp_path / "c.py")
    model = dict(rate=2, size=(1, [2]), depth=None)
    assert cfg.model == model and cfg.train_cfg.max_epochs == 4
    origins = find_origins(cfg.filename, list(dict(leaves(cfg))))
    lines = {".".join(key): origin.rpartition("/")[2] for key, origin in origins.items()}
    assert lines == {
        "common.rate": "a.yaml:2",
        "common.size": "a.yaml:3",
        "model.rate": "a.yaml:6",
        "model.size": "a.yaml:3",
        "model.depth": "b.json:3",
        "train_cfg.max_epochs": "c.py:2",
    }
    cfg.dump(str(tmp_path / "d.yaml"))
    assert load_config(tmp_path / "d.yaml").model == model


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.yaml", "a: 1\nb: [1, 2\nc: 3\n", r"a\.yaml, line 3"),
        ("a.yaml", "a: !thing 1\n", r"a\.yaml, line 1: .*!thing"),
        ("a.json", '{\n"a": 1,,\n}', r"a\.json, line 2"),
    ],
)
def test_a_malformed_base_is_named_with_its_line(name, content, message, tmp_path):
    (tmp_path / name).write_text(content)
    (tmp_path / "child.py").write_text(f"_base_ = '{name}'")
    with pytest.raises(UserError, match=message):
        load_config(tmp_path / "child.py")


def test_yaml_files_that_inherit_each_other(tmp_path):
    (tmp_path / "a.yaml").write_text("_base_: [b.yaml]\n")
    (tmp_path / "b.yaml").write_text("_base_: a.yaml\n")
    with pytest.raises(UserError, match=r"a\.yaml -> b\.yaml -> a\.yaml"):
        load_config(tmp_path / "a.yaml")
