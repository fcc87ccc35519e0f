"""Old names: each table leads to something that exists, and every use of one is a warning."""

import importlib
import subprocess
import sys
import warnings

import pytest

from mmcontrast import renames
from mmcontrast.apis.training.config import load_config
from mmcontrast.registry import MODELS, SCOPE, Registry
from mmcontrast.renames import RemovedOptionError, modernize, modernize_arguments
from mmcontrast.utils.errors import UserError
from tests.toy import ROOT


@pytest.fixture
def tables(monkeypatch):
    """Entries of each kind for a type that stays registered."""
    monkeypatch.setattr(renames, "TYPES", {"Projector": "Projection"})
    monkeypatch.setattr(renames, "OPTIONS", {("Projection", "out_dim"): "out_channels"})
    monkeypatch.setattr(renames, "REMOVED", {("Projection", "act"): "It is always ReLU."})
    monkeypatch.setattr(renames, "METRICS", {"pck/": "jhmdb/"})
    monkeypatch.setattr("mmcontrast.registry.TYPES", renames.TYPES)


OLD = dict(type="Projector", in_channels=8, hidden_channels=8, out_dim=4)
NEW = dict(type="Projection", in_channels=8, hidden_channels=8, out_channels=4)


@pytest.mark.parametrize(("old", "new"), sorted(renames.MODULES.items()))
def test_old_import_paths_lead_to_the_new_modules(old, new):
    if old == "mmcontrast.datasets.mini":
        old, new = f"{old}.make", f"{new}.make"
    sys.modules.pop(old, None)
    with pytest.warns(FutureWarning, match=f"import {new}"):
        assert importlib.import_module(old) is importlib.import_module(new)


@pytest.mark.parametrize(("old", "new"), sorted(renames.NAMES.items()))
def test_old_names_are_those_of_today(old, new):
    (old_path, old_name), (new_path, new_name) = (n.rsplit(".", 1) for n in (old, new))
    today = getattr(importlib.import_module(new_path), new_name)
    with pytest.warns(FutureWarning, match=f"write {new}"):
        assert getattr(importlib.import_module(old_path), old_name) is today
    with pytest.raises(AttributeError, match="no attribute 'Xyzzy'"):
        _ = importlib.import_module(old_path).Xyzzy


def test_a_name_of_an_old_module_in_a_new_process():
    code = "from mmcontrast.datasets.mini.make import make_mini; print(make_mini.__module__)"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert run.stdout.strip() == "mmcontrast.mini.make", run.stderr
    assert "import mmcontrast.mini" in run.stderr


def test_new_types_are_registered():
    registries = [value for value in vars(sys.modules[Registry.__module__]).values()]
    registries = [value for value in registries if isinstance(value, Registry)]
    for new in renames.TYPES.values():
        assert any(new in registry for registry in registries), new


def test_configs_are_brought_up_to_date_and_not_changed(tables):
    config = dict(
        model=dict(type="SimCLR", neck=OLD, stages=[OLD, 3]), hook=dict(save_best="pck/a")
    )
    before = repr(config)
    with pytest.warns(FutureWarning, match="type='Projection'"):
        modern = modernize(config)
    assert modern["model"] == dict(type="SimCLR", neck=NEW, stages=[NEW, 3])
    assert modern["hook"] == dict(save_best="jhmdb/a")
    assert repr(config) == before
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert modernize(modern) == modern


def test_other_projects_types_are_left_alone(tables):
    config = dict(default_scope="mmdet", head=OLD, neck={**OLD, "type": "mmcontrast.Projector"})
    with pytest.warns(FutureWarning):
        modern = modernize(config)
    assert modern["head"] == OLD
    assert modern["neck"] == {**NEW, "type": "mmcontrast.Projection"}


def test_removed_options_say_what_to_do(tables):
    with pytest.raises(RemovedOptionError, match="no option 'act' any more: It is always ReLU"):
        modernize({**NEW, "act": "gelu"})


def test_converters_see_settings_of_today(tables, monkeypatch):
    def convert(settings):
        return {**settings, "out_channels": 4} if settings["out_channels"] == "4" else settings

    monkeypatch.setattr(renames, "CONVERTERS", {"Projection": convert})
    with pytest.warns(FutureWarning, match="out_channels=4"):
        assert modernize({**OLD, "out_dim": "4"}) == NEW


def test_registries_build_old_types(tables):
    with pytest.warns(FutureWarning, match="type='Projection'"):
        built = MODELS.build({**OLD, "type": f"{SCOPE}.Projector"})
    assert type(built) is MODELS.get("Projection")
    with pytest.warns(FutureWarning):
        assert MODELS.get("Projector") is MODELS.get("Projection")


def test_config_files_and_options_with_old_names(tables, tmp_path):
    path = tmp_path / "old.py"
    path.write_text(f"default_scope = 'mmcontrast'\nmodel = dict(type='SimCLR', neck={OLD})\n")
    with pytest.warns(FutureWarning):
        cfg = load_config(path, ["model.neck.out_dim=16"])
    assert cfg.model.neck == {**NEW, "out_channels": 16}
    assert cfg.filename == str(path)
    with pytest.raises(UserError, match="always ReLU"):
        load_config(path, ["model.neck.act=gelu"])


def test_old_options_of_commands():
    with pytest.warns(FutureWarning, match="write --points"):
        assert modernize_arguments(["a.py", "--cells", "1", "--seeds=0"]) == [
            "a.py", "--points", "1", "--seeds=0"
        ]  # fmt: skip
    with pytest.warns(FutureWarning):
        assert modernize_arguments(["--cells=1"]) == ["--points=1"]
