"""The measures of the code, and that it keeps to their goals."""

import importlib.util
import sys

import pytest

from tests.toy import ROOT

pytest.importorskip("radon")


@pytest.fixture(scope="module")
def measures():
    spec = importlib.util.spec_from_file_location("measures", ROOT / "tools/dev/measures.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["measures"] = module
    spec.loader.exec_module(module)
    return module


def test_code_lines_leave_out_blanks_comments_and_docstrings(measures):
    source = (
        '"""Doc\n\nstring."""\n\n# comment\nx = [\n    1,\n\n    2,  # two\n]\n\n\n'
        'def f():\n    "Doc."\n    return """a\nb"""\n'
    )
    assert measures.code_lines(source) == {6, 7, 9, 10, 13, 15, 16}


def test_repeated_windows_are_counted(measures, monkeypatch, tmp_path):
    body = "\n".join(f"line{i} = {i}" for i in range(7))
    for name, text in (("a", f'"""A."""\n\n{body}\n'), ("b", f'"""B."""\n{body}\n')):
        (tmp_path / f"{name}.py").write_text(text)
    monkeypatch.setattr(measures, "tracked", lambda *_: sorted(tmp_path.glob("*.py")))
    # Seven lines are two windows, in both files; the docstring's line makes a third of its own.
    assert measures.config_repetition(only_code=True).value == 100
    assert measures.config_repetition(only_code=False).value == pytest.approx(66.7)


def test_private_and_nested_names_are_not_public(measures):
    import ast

    tree = ast.parse(
        "def f(x: int) -> int: ...\n"
        "def _g(x): ...\n"
        "class A:\n    def m(self, *args): ...\n    def __init__(self, x): ...\n"
    )
    public = dict(measures._public(tree, "file"))
    assert list(public) == ["file:f", "file:A", "file:A:m"]
    assert measures._is_typed(public["file:f"])
    assert not measures._is_typed(public["file:A:m"])


def test_every_goal_is_reached(measures, capsys):
    code = measures.main()
    lines = capsys.readouterr().out.splitlines()
    figures = [line for line in lines if line.startswith("figure ")]
    assert len(figures) >= 12
    missed = [line for line in figures if "MISSED" in line and "suite_minutes" not in line]
    assert not missed and (code == 0 or any("suite_minutes" in line for line in figures))
