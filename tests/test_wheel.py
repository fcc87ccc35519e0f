"""The wheel: installed away from the source tree, it has its command, its configs and trains."""

import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from mmcontrast.utils.config_files import CONFIGS, config_names
from tests.toy import ROOT

SOURCES = (
    "setup.py", "pyproject.toml", "README.md", "LICENSE", "model-index.yml", "mmcontrast",
    "configs",
)  # fmt: skip
# Two steps of half a batch, and a validation.
SHORT = (
    "train_dataloader.batch_size=32", "train_dataloader.dataset.indices=64",
    "train_dataloader.num_workers=0", "train_dataloader.persistent_workers=False",
    "train_cfg.max_epochs=1", "train_cfg.val_interval=1", "param_scheduler.T_max=1",
    "val_dataloader.num_workers=0", "auto_scale_lr.base_batch_size=32",
)  # fmt: skip
FOREIGN = """
_base_ = 'mmcontrast::densecl/mini.py'
model = dict(queue_size=64)
"""
# Nothing answers there, and no source tree is on the path.
OFFLINE = {
    **{name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
    "http_proxy": "http://127.0.0.1:9",
    "https_proxy": "http://127.0.0.1:9",
    "PIP_NO_INDEX": "1",
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
}


def call(*command, cwd):
    run = subprocess.run(
        [str(word) for word in command], cwd=cwd, env=OFFLINE, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-3000:]
    return run.stdout + run.stderr


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Build the wheel from a copy: a build leaves its folders in the source tree."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    source.mkdir()
    for name in SOURCES:
        if (ROOT / name).is_dir():
            ignore = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / name, source / name, symlinks=True, ignore=ignore)
        else:
            shutil.copy(ROOT / name, source / name)
    pip = (sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation")
    call(*pip, "--wheel-dir", folder, ".", cwd=source)
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """Folder of programs of an environment with the wheel, and this environment's dependencies."""
    folder = tmp_path_factory.mktemp("installed")
    call(sys.executable, "-m", "venv", "--without-pip", folder / "venv", cwd=folder)
    python = folder / "venv/bin/python"
    call(sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", wheel, cwd=folder)
    (packages,) = (folder / "venv/lib").glob("python*/site-packages")
    # A folder that a .pth file names is searched, but the .pth files in it are not read: that of an
    # editable installation is one.
    dependencies = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (packages / "dependencies.pth").write_text("\n".join(sorted(dependencies)))
    return python.parent


@pytest.mark.slow
def test_what_is_in_it(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    package = {name.removeprefix("mmcontrast/") for name in names if name.startswith("mmcontrast/")}
    assert {"py.typed", "cli/main.py", ".mim/model-index.yml"} <= package
    assert any(name.endswith(".html") for name in package)
    files = {
        path.relative_to(CONFIGS).as_posix() for path in CONFIGS.glob("**/*") if path.is_file()
    }
    files = {name for name in files if "__pycache__" not in name}
    assert {f".mim/configs/{name}" for name in files} <= package


@pytest.mark.slow
def test_the_command_away_from_the_source_tree(installed, tmp_path):
    where = "import mmcontrast; print(mmcontrast.__file__)"
    path = Path(call(installed / "python", "-c", where, cwd=tmp_path).strip())
    assert path.is_relative_to(installed.parent) and not path.is_relative_to(ROOT)
    program = (installed / "python", "-X", "importtime", installed / "mmcontrast")
    output = call(*program, "--help", cwd=tmp_path)
    assert "example: mmcontrast train densecl/mini" in output
    imported = {line.rsplit("|", 1)[-1].strip() for line in output.splitlines()}
    assert "argparse" in imported and not imported & {"torch", "mmengine"}
    names = "from mmcontrast.utils.config_files import *; print(*config_names())"
    assert call(installed / "python", "-c", names, cwd=tmp_path).split() == config_names()


@pytest.mark.slow
def test_it_trains(installed, tmp_path):
    command = (installed / "mmcontrast", "train")
    options = ("--device", "cpu", "--cfg-options", *SHORT)
    output = call(*command, "densecl/mini", *options, cwd=tmp_path)
    assert "mini-world, which is not in data/mini yet: writing imagenet" in output
    assert (tmp_path / "work_dirs/densecl/mini/epoch_1.pth").is_file()
    (tmp_path / "foreign.py").write_text(FOREIGN)
    output = call(*command, "foreign.py", "--work-dir", "foreign", *options, cwd=tmp_path)
    assert "mini-world" not in output
    assert (tmp_path / "foreign/epoch_1.pth").is_file()
