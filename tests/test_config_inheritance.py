"""A folder states its settings in full once; its other configs state and say what differs."""

import re
from pathlib import Path

import pytest
from mmengine.config import Config

from mmcontrast.apis.training.config_origins import find_origins, leaves

ROOT = Path(__file__).parents[1]
CONFIGS = sorted(
    path for path in (ROOT / "configs").rglob("*.py") if "_base_" not in path.parts[:-1]
)


def parent(path):
    """The config, not a file of shared settings, that a config inherits; None for none."""
    match = re.search(r"^_base_ = (\[.*?\]|\S+)", path.read_text(), re.MULTILINE | re.DOTALL)
    bases = re.findall(r'"([^"]+)"', match[1]) if match else []
    configs = [base for base in bases if "_base_" not in base and "::" not in base]
    return (path.parent / configs[0]).resolve() if configs else None


SIBLINGS = [path for path in CONFIGS if parent(path)]


def name(path):
    return str(path.relative_to(ROOT))


def test_both_kinds_are_there():
    assert len(SIBLINGS) >= 20
    assert {parent(path).name for path in SIBLINGS} > {"r50_coco.py", "r18_kinetics400.py"}
    assert not [path for path in SIBLINGS if path.stem == "mini"]


@pytest.mark.parametrize("path", SIBLINGS, ids=name)
def test_the_header_says_from_what_it_differs(path):
    header = " ".join(path.read_text().split('"""')[1].split())
    base = parent(path)
    assert re.search(rf"[Dd]iffers from \S*(, \S*)?{re.escape(base.name)}", header)


@pytest.mark.parametrize("path", SIBLINGS, ids=name)
def test_only_what_differs_is_stated(path):
    before = {key: repr(value) for key, value in leaves(Config.fromfile(parent(path)))}
    after = dict(leaves(Config.fromfile(path)))
    origins = find_origins(path, list(after))
    own = [key for key, origin in origins.items() if origin.rpartition(":")[0] == str(path)]
    assert own
    restated = [key for key in own if before.get(key) == repr(after[key])]
    assert not restated


def test_headers_link_what_holds_for_all_configs():
    for path in CONFIGS:
        if path.stem not in (
            "color",
            "copy_first",
        ):  # which have no weights, and run in one process
            assert "docs/configs.md" in path.read_text().split('"""')[1], name(path)


def test_the_page_names_files_that_exist():
    page = (ROOT / "docs/configs.md").read_text()
    links = [ROOT / "docs" / link for link in re.findall(r"\]\(([^)#]+)", page)]
    paths = [ROOT / path for path in re.findall(r"\b(?:configs|tools)/[\w./-]+\.(?:py|sh)", page)]
    assert links and paths
    assert not [path for path in links + paths if not path.exists()]
    table = page.split("| folder |")[1].split("\n\n")[0]
    rows = re.findall(r"^\| `([\w/]+)` \| (.*?) \| (.*?) \|$", table, re.MULTILINE)
    assert len(rows) > 5
    for folder, full, inherited in rows:
        files = re.findall(r"`([\w*]+\.py)`", full + inherited)
        assert files
        for file in files:
            assert list((ROOT / folder).glob(file)), file
        for file in re.findall(r"`(\w+\.py)`", full):
            assert parent(ROOT / folder / file) is None, file
