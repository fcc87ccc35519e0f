import runpy
import sys

import pytest


def run(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["browse_dataset.py", *map(str, arguments)])
    runpy.run_path("tools/browse_dataset.py", run_name="__main__")


def test_help_names_the_options(monkeypatch, capsys):
    with pytest.raises(SystemExit, match="0"):
        run(monkeypatch, "--help")
    assert "--grid" in capsys.readouterr().out


def test_a_wrong_config_is_one_message(monkeypatch, capsys, tmp_path):
    with pytest.raises(SystemExit, match="2"):
        run(monkeypatch, tmp_path / "none.py", "--out", tmp_path / "a.png")
    error = capsys.readouterr().err
    assert "none.py does not exist" in error and "Traceback" not in error
