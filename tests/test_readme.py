"""What the README shows is run as it stands there."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmcontrast.cli.parsers import COMMANDS
from mmcontrast.utils.config_files import config_names

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", README, re.DOTALL)


def commands():
    """Shell commands of the README, continued lines joined, comments dropped."""
    for language, text in BLOCKS:
        if language == "bash":
            for line in text.replace("\\\n", " ").splitlines():
                words = shlex.split(line, comments=True)
                if words:
                    yield words


def test_every_command_and_config_that_it_names_is_there():
    shown = re.findall(r"`(mmcontrast [a-z][^`]*)`", README)
    calls = [text.split() for text in shown] + [c for c in commands() if c[0] == "mmcontrast"]
    assert len(calls) > 15
    for _, name, *words in calls:
        assert name in COMMANDS
        if name in ("train", "test") and words and words[0] != "CONFIG":
            assert words[0] in config_names()


def test_every_file_that_it_names_is_there():
    links = re.findall(r"\]\(((?!http)[^)#]+)", README)
    words = [word for command in commands() for word in command]
    named = [word for word in words if word.startswith(("tools/", "configs/"))]
    assert named
    missing = [name for name in {*links, *named} if not (ROOT / name).exists()]
    assert not missing


@pytest.mark.slow
def test_own_images_and_the_backbone(tmp_path):
    photos = tmp_path / "photos"
    photos.mkdir()
    generator = np.random.default_rng(0)
    for i in range(32):
        coarse = generator.integers(0, 256, (6, 8, 3), dtype=np.uint8)
        Image.fromarray(coarse).resize((320, 240)).save(photos / f"{i}.jpg")
    command = next(words for words in commands() if {"/my/photos", "--fit-data"} <= set(words))
    command = [str(photos) if word == "/my/photos" else word for word in command]
    result = subprocess.run(
        [sys.executable, "-m", *command, "--work-dir", str(tmp_path / "run"), "--device", "cpu"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr
    assert "Fitted to 32 samples" in result.stdout
    assert (tmp_path / "run/curves.png").exists()

    code = next(text for language, text in BLOCKS if language == "python")
    code = code.replace("work_dirs/densecl/r50_coco/epoch_800.pth", f"{tmp_path}/run/epoch_2.pth")
    code = code.replace("/my/photos", str(photos))
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert result.returncode == 0, result.stderr
    assert "[32, 2048]) torch.Size([32, 2048, 7, 7])" in result.stdout
