"""CIFAR-10's binary archive, in small."""

import io
import subprocess
import sys
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

SCRIPT = Path(__file__).parents[3] / "tools/data/prepare_cifar10.py"


def write_archive(path, files):
    with tarfile.open(path, "w:gz") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))


def run(archive, out):
    command = [sys.executable, str(SCRIPT), str(archive), "--out", str(out)]
    return subprocess.run(command, capture_output=True, text=True)


def record(label, color):
    plane = [np.full(1024, value, np.uint8) for value in color]
    return np.concatenate([[label], *plane]).astype(np.uint8).tobytes()


def test_images_and_classes(tmp_path):
    archive = tmp_path / "cifar.tar.gz"
    files = {
        "batches.meta.txt": b"cat\ndog\n",
        "data_batch_1.bin": record(1, (10, 20, 30)) + record(0, (1, 2, 3)),
        "test_batch.bin": record(0, (4, 5, 6)),
    }
    write_archive(archive, files)
    result = run(archive, tmp_path / "out")
    assert result.returncode == 0, result.stderr
    assert "2 images" in result.stdout
    image = Image.open(tmp_path / "out/train/dog/00000.png")
    assert image.size == (32, 32)
    assert image.getpixel((3, 4)) == (10, 20, 30)
    assert (tmp_path / "out/test/cat/00000.png").exists()


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"data_batch_1": b"pickle"}, "binary version"),
        ({"batches.meta.txt": b"cat", "data_batch_1.bin": b"123"}, "cut off"),
    ],
)
def test_other_archives_are_refused(tmp_path, files, message):
    archive = tmp_path / "cifar.tar.gz"
    write_archive(archive, files)
    result = run(archive, tmp_path / "out")
    assert result.returncode != 0
    assert message in result.stderr
