"""The export tool, as users call it."""

import os
import subprocess
import sys

import torch

from mmcontrast.models.backbones import ResNet
from tests.toy import ROOT


def call(*arguments):
    return subprocess.run(
        [sys.executable, "tools/export_weights.py", *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip


def test_export_and_refusal(tmp_path):
    weights = ResNet(18, base_channels=4).state_dict()
    torch.save({f"backbone.{name}": t for name, t in weights.items()}, tmp_path / "a.pth")
    done = call(tmp_path / "a.pth", "--to", "mmseg", "--out", tmp_path / "b.pth")
    assert done.returncode == 0, done.stderr
    assert "prefix='backbone.'" in done.stdout
    assert set(torch.load(tmp_path / "b.pth")["state_dict"]) == {f"backbone.{k}" for k in weights}
    done = call(tmp_path / "a.pth", "--to", "torchvision", "--out", tmp_path / "c.pth")
    assert done.returncode == 2
    assert "error: torchvision's ResNet-18 has base_channels=64" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert not (tmp_path / "c.pth").exists()
