"""What ``mmcontrast.apis`` lists: each name resolves, is described, and is imported at its use."""

import ast
import importlib
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

from mmcontrast import apis


@pytest.mark.parametrize("name", apis.__all__)
def test_each_name_resolves_and_is_documented(name):
    value = getattr(apis, name)
    assert value.__name__ == name
    assert inspect.getdoc(value)
    (line,) = [line for line in apis.__doc__.splitlines() if line.split()[:1] == [name]]
    assert line.endswith(".")


def test_the_description_lists_nothing_else():
    rows = [line.split()[0] for line in apis.__doc__.splitlines() if line.startswith("    ")]
    assert sorted(rows) == sorted(apis.__all__) == dir(apis)


def test_type_checkers_see_the_same_names():
    tree = ast.parse(Path(apis.__file__).read_text())
    (block,) = [node for node in tree.body if isinstance(node, ast.If)]
    imported = {alias.asname: node.module for node in block.body for alias in node.names}
    assert imported == apis._MODULES


def test_a_name_that_is_not_there():
    with pytest.raises(AttributeError, match="has no attribute 'tarin'"):
        _ = apis.tarin


def test_importing_an_old_path_hides_no_function():
    for name in ("train", "test", "launch"):
        sys.modules.pop(f"mmcontrast.apis.{name}", None)
        with pytest.warns(FutureWarning, match="is an old path"):
            old = importlib.import_module(f"mmcontrast.apis.{name}")
        assert getattr(apis, name) is getattr(old, name)


def test_importing_the_package_imports_no_torch():
    code = "import sys, mmcontrast.apis; sys.exit(bool({'torch', 'mmengine'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_module_that_became_the_package_of_exports():
    with pytest.warns(FutureWarning, match=r"import mmcontrast\.apis\.export\.weights"):
        from mmcontrast.apis.export import export_weights
    assert export_weights is apis.export_weights
