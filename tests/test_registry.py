"""Registries: lazy, and helpful where a name is unknown."""

import subprocess
import sys

import mmengine.registry
import pytest
import torch

from mmcontrast.registry import DATASETS, MODELS, TRANSFORMS, Registry, UnknownTypeError


@pytest.mark.parametrize(
    ("registry", "name", "suggestion"),
    [
        (MODELS, "DensCL", "'DenseCL'"),
        (MODELS, "mocov2", "'MoCoV2'"),
        (MODELS, "mmcontrast.SimClr", "'SimCLR'"),
        (DATASETS, "ImageFolders", "'ImageFolder'"),
        (TRANSFORMS, "RandomResizeCrop", "'RandomResizedCrop'"),
    ],
)
def test_unknown_name_is_answered_with_the_closest(registry, name, suggestion):
    with pytest.raises(UnknownTypeError) as raised:
        registry.build(dict(type=name))
    assert f"{name!r} is not a registered {registry.name}." in str(raised.value)
    assert suggestion in str(raised.value)


def test_unlike_all_names_it_lists_what_there_is():
    with pytest.raises(UnknownTypeError, match=r"Registered in mmcontrast: .*DenseCL.*SimCLR"):
        MODELS.get("Xyzzy")


def test_what_is_built_already_is_returned():
    network, transform = torch.nn.Linear(2, 2), len
    assert MODELS.build(network) is network
    assert TRANSFORMS.build(transform) is transform
    for wrong in (torch.nn.Linear, "Linear", None):
        with pytest.raises(TypeError, match="cfg should be a dict"):
            MODELS.build(wrong)


def test_membership():
    assert "DenseCL" in MODELS
    assert "ImgDataPreprocessor" in MODELS  # MMEngine's parent registry has it
    assert "Xyzzy" not in MODELS


def test_a_failed_import_is_named_and_breaks_nothing_else(tmp_path, monkeypatch):
    package = tmp_path / "leaves"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "good.py").write_text("LOADED = True\n")
    (package / "needs_more.py").write_text("import a_package_that_is_not_there\n")
    monkeypatch.syspath_prepend(tmp_path)
    root = mmengine.registry.Registry("root", scope="tests")
    registry = Registry("leaf", parent=root, locations=("leaves",))
    with pytest.raises(UnknownTypeError) as raised:
        registry.get("Anything")
    assert "leaves.needs_more (No module named 'a_package_that_is_not_there')" in str(raised.value)
    assert sys.modules["leaves.good"].LOADED


def test_nothing_is_imported_before_the_first_look_up():
    code = (
        "import sys, mmcontrast.registry as r\n"
        "assert 'mmcontrast.models.methods.densecl' not in sys.modules\n"
        "r.MODELS.get('DenseCL')\n"
        "assert 'mmcontrast.models.methods.densecl' in sys.modules\n"
        "assert 'mmcontrast.datasets.images' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


_EVERYTHING = """
import importlib, pkgutil
import mmcontrast
from mmcontrast import registry

kinds = {n: r for n, r in vars(registry).items() if isinstance(r, registry.Registry)}
for kind in kinds.values():
    kind.import_from_location()
names = {name: set(kind.module_dict) for name, kind in kinds.items()}
for module in pkgutil.walk_packages(mmcontrast.__path__, "mmcontrast."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
print({n: late for n, kind in kinds.items() if (late := set(kind.module_dict) - names[n])})
"""


@pytest.mark.slow
def test_a_look_up_finds_what_any_module_registers():
    pytest.importorskip("mmdet")
    result = subprocess.run(
        [sys.executable, "-c", _EVERYTHING], capture_output=True, text=True, check=True
    )
    assert result.stdout.splitlines()[-1] == "{}"
