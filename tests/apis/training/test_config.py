"""Reading configs: what is misspelt, missing or has no effect is said."""

import inspect

import pytest
from mmengine.config import Config
from mmengine.runner import Runner

from mmcontrast.apis.training.config import (
    KNOWN_KEYS,
    check_keys,
    default_work_dir,
    load_config,
)
from mmcontrast.apis.training.config_origins import find_origins, leaves
from mmcontrast.utils.errors import UserError


@pytest.fixture
def config(tmp_path):
    (tmp_path / "base.py").write_text(
        "train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=2)\n"
        "model = dict(\n    depth=18,\n    neck=dict(width=1, bias=True))\n"
        "views = [dict(type='A')]\n"
    )
    path = tmp_path / "child.py"
    path.write_text(
        "_base_ = './base.py'\n"
        "model = dict(\n    neck=dict(width=2),\n    views=_base_.views)\n"
        "train_cfg = dict(max_epochs=5)\n"
    )
    return path


def test_the_keys_of_the_runner_are_known():
    parameters = set(inspect.signature(Runner.__init__).parameters) - {"self"}
    assert parameters < KNOWN_KEYS


def test_options_are_merged(config):
    cfg = load_config(
        config, ["train_cfg.max_epochs=7", "model.neck.new=[1,2]", "randomness.seed=3"]
    )
    assert cfg.train_cfg.max_epochs == 7
    assert cfg.model.neck == dict(width=2, bias=True, new=[1, 2])
    assert cfg.randomness.seed == 3


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("train_cgf.max_epochs=7", "Did you mean train_cfg"),
        ("modle.depth=7", "Did you mean model"),
        ("model.depth", "takes key=value"),
        ("views.7.type=B", "views"),
    ],
)
def test_options_without_effect(config, option, message):
    with pytest.raises(UserError, match=message):
        load_config(config, [option])


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("train_dataloder", "train_dataloader"),
        ("param_schedulers", "param_scheduler"),
        ("traincfg", "train_cfg"),
        ("custom_hook", "custom_hooks"),
        ("optim_wraper", "optim_wrapper"),
        ("modle", "model"),
        ("load_form", "load_from"),
    ],
)
def test_misspelt_keys(config, wrong, right):
    config.write_text(config.read_text() + f"{wrong} = dict(a=1)\n")
    with pytest.raises(UserError, match=f"would ignore the key '{wrong}'. Did you mean '{right}'"):
        load_config(config)


@pytest.mark.parametrize(
    "name", ["view", "views", "dataloader", "bank_dataloader", "train_pipeline", "optimizer",
             "test_dataset", "base_lr", "eval_pipeline", "data_root", "custom_imports"]
)  # fmt: skip
def test_helper_variables(name):
    check_keys(Config({name: dict(a=1)}))


def test_a_directory_and_missing_files(config, tmp_path):
    with pytest.raises(UserError, match=r"is a directory. Choose one of: .*child.py"):
        load_config(tmp_path)
    with pytest.raises(UserError, match="does not exist"):
        load_config(tmp_path / "chid.py")
    with pytest.raises(UserError, match=r"Did you mean .*configs/densecl/r50_coco.py"):
        load_config("configs/densecl/r50_cocoo.py")
    config.write_text("_base_ = './nothing.py'\n")
    with pytest.raises(UserError, match=r"nothing.py"):
        load_config(config)
    config.write_text("model = dict(\n")
    with pytest.raises(UserError, match=r"cannot be read: SyntaxError"):
        load_config(config)


def test_work_dirs_of_two_methods_differ():
    assert default_work_dir("configs/densecl/mini.py") == "work_dirs/densecl/mini"


def test_each_key_has_its_file_and_line(config):
    keys = dict(leaves(load_config(config)))
    origins = {".".join(k): v.rsplit("/", 1)[-1] for k, v in find_origins(config, keys).items()}
    assert origins == {
        "train_cfg.type": "base.py:1",
        "train_cfg.max_epochs": "child.py:5",
        "model.depth": "base.py:3",
        "model.neck.width": "child.py:3",
        "model.neck.bias": "base.py:4",
        "model.views": "child.py:4",
        "views": "base.py:5",
    }


def test_keys_of_a_variable_have_the_file_and_line_that_state_them(tmp_path):
    (tmp_path / "base.py").write_text(
        "source = dict(layout='a', features='b')\n"
        "loader = dict(num=1, source=source, **{'raw': True})\n"
        "adam = dict(lr=1, decay=0)\n"
        "adam = dict(lr=2)\n"
        "optim = dict(parts=['x'], **adam)\n"
        "same = optim\n"
    )
    path = tmp_path / "child.py"
    path.write_text(
        "_base_ = './base.py'\n"
        "source = dict(features='c')\n"
        "loader = dict(source=source)\n"
        "steps = [1]\n"
        "optim = dict(steps=steps)\n"
    )
    origins = find_origins(path, dict(leaves(Config.fromfile(path))))
    assert {".".join(key): value.rsplit("/", 1)[-1] for key, value in origins.items()} == {
        "source.layout": "base.py:1",
        "source.features": "child.py:2",
        "loader.num": "base.py:2",
        "loader.source.layout": "base.py:1",
        "loader.source.features": "child.py:2",
        "loader.raw": "base.py:2",
        "adam.lr": "base.py:4",
        "optim.parts": "base.py:5",
        "optim.lr": "base.py:4",
        "optim.steps": "child.py:4",
        "same.parts": "base.py:5",
        "same.lr": "base.py:4",
        "steps": "child.py:4",
    }


def test_configs_that_inherit_each_other(tmp_path):
    for name, base in (("a", "b"), ("b", "c"), ("c", "b")):
        (tmp_path / f"{name}.py").write_text(f"_base_ = './{base}.py'\n")
    with pytest.raises(UserError, match=r"a.py inherits itself: b.py -> c.py -> b.py\."):
        load_config(tmp_path / "a.py")


@pytest.mark.parametrize("code", [0, 1])
def test_a_config_that_exits(config, code):
    config.write_text(f"import sys\nsys.exit({code})\n")
    with pytest.raises(UserError, match=rf"it calls sys.exit\({code}\)"):
        load_config(config)
