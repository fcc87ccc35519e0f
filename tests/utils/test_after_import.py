import importlib
import subprocess
import sys

import pytest

from mmcontrast.utils.after_import import after_import
from tests.toy import ROOT


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Name of a module that can be imported and has not been."""
    (tmp_path / "late_module.py").write_text("calls = []")
    monkeypatch.syspath_prepend(tmp_path)
    yield "late_module"
    sys.modules.pop("late_module", None)


def test_a_module_that_is_imported_is_extended_at_once(module):
    importlib.import_module(module)
    after_import(module, lambda module: module.calls.append("now"))
    assert sys.modules[module].calls == ["now"]


def test_another_is_extended_when_it_is_imported_and_once(module):
    for name in ("first", "second"):
        after_import(module, lambda module, name=name: module.calls.append(name))
    assert module not in sys.modules
    loaded = importlib.import_module(module)
    assert loaded.calls == ["first", "second"]
    assert importlib.reload(loaded).calls == []


# Whatever is imported first, MMEngine reads no checkpoint by itself.
@pytest.mark.parametrize(
    "imports",
    [
        "import mmcontrast.weights.files, mmengine.runner.checkpoint",
        "import mmengine.runner.checkpoint, mmcontrast.weights.files",
    ],
)
def test_mmengines_loader_is_replaced_in_either_order(imports):
    code = f"""
{imports}
from mmengine.runner.checkpoint import CheckpointLoader
names = {{loader.__name__ for loader in CheckpointLoader._schemes.values()}}
assert names == {{"load_from_safe_reader"}}, names
"""
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
