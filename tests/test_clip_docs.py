"""docs/clips_with_sound.md: its Python runs and its commands exist."""

import re
import shlex

import pytest

from mmcontrast.cli.parsers import make_parser
from mmcontrast.registry import DATASETS
from tests.toy import ROOT

for package in ("av", "soundfile", "soxr"):
    pytest.importorskip(package)
from tests.datasets.sound.files import noise, write_av  # noqa: E402

BLOCKS = re.findall(
    r"```(\w+)\n(.*?)```", (ROOT / "docs/clips_with_sound.md").read_text(), re.DOTALL
)


def test_the_python_runs(tmp_path):
    file = str(write_av(tmp_path / "v.mp4", noise(4.0), seconds=4))
    names = dict(FOLDER=str(tmp_path), FILE=file)
    for text in (text for language, text in BLOCKS if language == "python"):
        exec(text, names)
    inputs = DATASETS.build(names["dataset"])[0]["inputs"]
    assert {name: tuple(view.shape) for name, view in inputs.items()} == dict(
        video0=(3, 8, 112, 112), audio0=(1, 80, 201), video1=(3, 8, 112, 112), audio1=(1, 80, 201)
    )
    assert names["samples"].shape == (1, 32000) and names["valid_seconds"] == 2.0


def test_the_commands_exist():
    lines = [line for kind, text in BLOCKS if kind == "bash" for line in text.splitlines()]
    assert len(lines) == 3
    for _, name, *words in map(shlex.split, lines):
        make_parser(name).parse_args(words)
