"""The package as a whole: what an import costs, where dependencies point, the set-up scripts."""

import ast
import importlib.metadata
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import mmcontrast

ROOT = Path(__file__).parents[1]
HEAVY = ("torchvision", "cv2", "torch_geometric", "sklearn", "matplotlib", "mmdet", "mmseg")


def test_import_is_light():
    code = f"import sys, mmcontrast; print(*set(sys.modules) & set({HEAVY}))"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert run.stdout.split() == []


# What takes long to import, and public names that do without.
RUNNER = ("mmengine.model", "mmengine.runner", "mmengine.optim", "torch._dynamo", "sympy")
STARTS = [
    (
        "FeatureExtractor, MethodOnData, load_backbone, extract_features, export_weights, "
        "propagate, subset_of_images, probe_videos",
        {*HEAVY, *RUNNER, "scipy.sparse"} - {"cv2"},
    ),
    ("load_config, print_config, launch", {*HEAVY, *RUNNER, "torch", "scipy"}),
    ("write_report, run_sweep", {"torch", "torchvision", "sklearn", "scipy"}),
    ("visualize_pca", {*RUNNER, "torchvision", "sklearn", "scipy.sparse"}),
    ("train, test", {"torchvision", "sklearn", "matplotlib", "mmdet", "mmseg"}),
]


@pytest.mark.parametrize(("names", "heavy"), STARTS, ids=[names for names, _ in STARTS])
def test_public_names_are_imported_without_what_they_do_not_need(names, heavy):
    code = f"import sys; from mmcontrast.apis import {names}; print(*set(sys.modules) & {heavy!r})"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert run.stdout.split() == []


def test_version_is_the_installed_one():
    assert mmcontrast.__version__ == importlib.metadata.version("mmcontrast")


def test_dependencies_point_one_way():
    cli = pytest.importorskip("importlinter.cli")
    assert cli.lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True) == 0


def test_constraints_lie_in_the_ranges():
    """Every pin that is tried together is allowed by the metadata, on both Pythons."""
    requirements = pytest.importorskip("packaging.requirements")
    lines = (ROOT / "requirements" / "constraints.txt").read_text().splitlines()
    pins = [requirements.Requirement(line.partition("#")[0]) for line in lines if line[0] != "#"]
    pinned = {pin.name: str(pin.specifier).removeprefix("==") for pin in pins if "==" in str(pin)}
    declared = [
        requirements.Requirement(text) for text in importlib.metadata.requires("mmcontrast") or []
    ]
    checked = {need.name for need in declared if need.name in pinned}
    assert {"torch", "onedl-mmcv", "onedl-mmdetection", "onedl-mmsegmentation"} <= checked
    for need in declared:
        if need.name in pinned:
            assert need.specifier.contains(pinned[need.name]), f"{need} against {pinned[need.name]}"


def test_all_has_every_extra_and_the_page_names_each():
    """What is not in ``all`` is not installed in CI, where its tests are skipped unseen."""
    metadata = tomllib.loads((ROOT / "pyproject.toml").read_text())
    extras = dict(metadata["project"]["optional-dependencies"])
    (everything,) = extras.pop("all")
    named = set(everything.removeprefix("mmcontrast[").removesuffix("]").split(","))
    # downstream has it in itself.
    assert extras["downstream"][0] == "mmcontrast[segmentation]"
    assert named | {"segmentation"} == set(extras)
    page = (ROOT / "docs/installation.md").read_text()
    table = page[page.index("| extra | for |") :].split("\n\n")[0]
    cells = [line.split("|")[1] for line in table.splitlines()[2:]]
    assert {name.strip(" `") for cell in cells for name in cell.split(",")} == {*extras, "all"}


@pytest.mark.parametrize("script", sorted((ROOT / "benchmarks").glob("*.py")), ids=lambda p: p.stem)
def test_benchmarks_name_their_extra(script):
    tree = ast.parse(script.read_text())
    imported = {
        alias.name.partition(".")[0] for node in ast.walk(tree) if isinstance(node, ast.Import)
        for alias in node.names
    } | {
        (node.module or "").partition(".")[0]
        for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)
    }  # fmt: skip
    needs_extra = bool(imported & {"lightly", "step_time", "av", "decord"})  # step_time: lightly
    assert ("mmcontrast[bench]" in (ast.get_docstring(tree) or "")) == needs_extra


SCRIPTS = [path.relative_to(ROOT) for path in ROOT.glob("tools/**/*.sh")]


@pytest.mark.parametrize(
    "script",
    [*sorted(SCRIPTS), Path(".ci/run")],
    ids=str,
)
def test_shell_script_parses(script):
    run = subprocess.run(["bash", "-n", ROOT / script], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr


def test_scripts_refuse_an_unknown_argument():
    run = subprocess.run(
        ["bash", ROOT / "tools" / "test.sh", "--fast"], capture_output=True, text=True
    )
    assert run.returncode == 1
    assert "unknown argument --fast" in run.stderr
    assert "usage: bash tools/test.sh" in run.stderr


def test_an_environment_with_another_python_is_refused(tmp_path):
    """An active environment whose interpreter is too old or missing is named, with the remedy."""
    run = subprocess.run(
        ["bash", ROOT / "tools" / "test.sh", "--install"],
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "VIRTUAL_ENV": str(tmp_path / "gone")},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 1
    assert f"{tmp_path / 'gone'} has no Python 3.11 or 3.12" in run.stderr
    assert "Deactivate it" in run.stderr
