"""tools/extract_features.py, visualize.py and report.py as users call them; the page about them."""

import re
import runpy
import shlex
import subprocess
import sys

import numpy as np
import pytest
import torch
from mmengine.config import Config

from mmcontrast.cli.main import parse
from mmcontrast.cli.parsers import make_parser
from mmcontrast.registry import MODELS
from tests.toy import ROOT, write_config

PAGE = (ROOT / "docs/inference.md").read_text()
TOOLS = ("extract_features", "visualize", "report")


@pytest.fixture
def run(monkeypatch):
    def run(tool, *arguments):
        monkeypatch.setattr(sys, "argv", [f"{tool}.py", *map(str, arguments)])
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
        runpy.run_path(str(ROOT / f"tools/{tool}.py"), run_name="__main__")

    return run


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    """A checkpoint with its config inside, in a folder with images of two classes."""
    folder = tmp_path_factory.mktemp("toy")
    cfg = Config.fromfile(write_config(folder))
    method = MODELS.build(cfg.model)
    torch.save(
        dict(state_dict=method.state_dict(), meta=dict(cfg=cfg.pretty_text)), folder / "a.pth"
    )
    return folder


@pytest.mark.parametrize("tool", TOOLS)
def test_help_imports_neither_torch_nor_mmengine(tool):
    command = [sys.executable, "-X", "importtime", f"tools/{tool}.py", "--help"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0 and "usage:" in done.stdout
    imported = {line.rsplit("|", 1)[-1].strip() for line in done.stderr.splitlines()}
    assert not imported & {"torch", "mmengine", "matplotlib", "torchvision"}


def test_extract(run, toy, tmp_path, capsys):
    out = tmp_path / "f.npz"
    run("extract_features", toy / "a.pth", toy / "images", "--out", out, "--workers", 0,
        "--device", "cpu")  # fmt: skip
    printed = capsys.readouterr()
    assert f"Written: {out}, 24 rows" in printed.out and "24/24" in printed.err
    with np.load(out) as table:
        trained = table["global"]
    run("extract_features", "none", toy / "images", "--out", out, "--config", toy / "toy.py",
        "--size", 64, "--dense", "--workers", 0)  # fmt: skip
    with np.load(out) as table:
        assert table["dense"].shape == (24, 24, 4, 4)
        assert not np.allclose(table["global"], trained)


def test_figures_of_a_table(run, toy, tmp_path):
    table = tmp_path / "f.npz"
    run("extract_features", toy / "a.pth", toy / "images", "--out", table, "--workers", 0)
    for number, command in enumerate((
        ("embedding", table, "--method", "pca", "--thumbnails"), ("neighbors", table, 3),
    )):  # fmt: skip
        run("visualize", *command, "--out", tmp_path / f"{number}.png")
        assert (tmp_path / f"{number}.png").stat().st_size > 1000


@pytest.mark.slow
def test_visualize(run, toy, tmp_path):
    network = ("--checkpoint", toy / "a.pth", "--size", 64, "--device", "cpu")
    images = toy / "images"
    first, second = images / "dark/00.png", images / "light/01.png"
    for command in (
        ("correspondence", first, second, "--threshold", 0.5), ("correspondence", first),
        ("similarity", first, second, "--point", 20, 10), ("pca", images, "--num", 3),
        ("embedding", images, "--method", "pca", "--thumbnails"),
    ):  # fmt: skip
        run("visualize", *command, *network, "--out", tmp_path / f"{command[0]}.png")
        assert (tmp_path / f"{command[0]}.png").stat().st_size > 1000


@pytest.mark.parametrize(
    ("tool", "arguments", "message"),
    [
        ("extract_features", ("none.pth", "none", "--out", "a.npz"), "no image or folder none"),
        ("extract_features", ("none.pth", "tests", "--out", "a.csv"), ".npz or .parquet"),
        ("visualize", ("pca", "tests", "--out", "a.png"), "needs a config"),
        ("visualize", ("neighbors", "a.npz", "3", "--out", "a.png"), "There is no table a.npz"),
        ("visualize", ("confusion", "nowhere.py", "--out", "a.png"), "nowhere.py does not exist"),
        ("visualize", ("curves", "tests", "--out", "a.png"), "no logged metrics"),
        ("report", ("tests",), "There is no run in tests"),
    ],
)
def test_wrong_input_is_one_message(run, tool, arguments, message, capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    with pytest.raises(SystemExit, match="2"):
        run(tool, *arguments)
    error = capsys.readouterr().err
    assert message in error and "Traceback" not in error


def test_the_pages_commands_exist():
    shown = "\n".join(re.findall(r"```bash\n(.*?)```", PAGE, re.DOTALL)).replace("\\\n", " ")
    commands = [shlex.split(line, comments=True) for line in shown.splitlines()]
    commands = [words for words in commands if words[:1] == ["python"]]
    assert {words[1] for words in commands} >= {f"tools/{tool}.py" for tool in TOOLS}
    for tool in TOOLS:
        parser = make_parser(tool.replace("_", "-"))
        for words in commands:
            if words[1] == f"tools/{tool}.py":
                parse(parser, words[2:])


def test_the_pages_python_runs(toy, capsys):
    pytest.importorskip("av", reason="needs the extra 'video'")
    from tests.datasets.video.files import write_video

    code = "\n".join(re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL))
    code = code.replace("work_dirs/densecl/mini/epoch_18.pth", str(toy / "a.pth"))
    video = write_video(toy / "clip.mp4", "mpeg4", length=25, rate=10)
    code = code.replace("clip.mp4", str(video))
    exec(code.replace("/my/photos", str(toy / "images")), {})
    printed = capsys.readouterr().out
    assert "torch.Size([24, 24]) torch.Size([24, 24, 2, 2])" in printed
    assert "torch.Size([2, 24])\n[(0.0, 2.0), (2.0, 2.5)]" in printed
