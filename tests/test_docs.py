"""The docs: links and paths in them exist, and the page of renamed things is the table's."""

import re

import pytest

from mmcontrast import renames
from tests.toy import ROOT

PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("configs/*/README.md")])
LINK = re.compile(r"\]\((?!https?:|mailto:)([^)#\s]+)")
PATH = re.compile(r"`((?:mmcontrast|configs|tools|tests|docs|benchmarks)/[\w./-]+)`")


def test_there_are_pages():
    assert {"README.md", "architecture.md", "renames.md"} <= {page.name for page in PAGES}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_and_paths_exist(page):
    text = page.read_text()
    missing = [link for link in LINK.findall(text) if not (page.parent / link).exists()]
    if page.name != "CHANGELOG.md":  # it speaks of files of its time
        prose = re.sub(r"\[[^]]*\]\([^)]*\)", "", text)
        missing += [path for path in PATH.findall(prose) if not (ROOT / path).exists()]
    assert not missing


def test_architecture_answers_in_one_line_each_with_a_path():
    lines = (ROOT / "docs/architecture.md").read_text().splitlines()
    start = lines.index("| question | answer |") + 2
    answers = {}
    for line in lines[start:]:
        if not line.startswith("|"):
            break
        _, question, answer, _ = line.split("|")
        answers[question.strip()] = LINK.findall(answer)
    assert list(answers) == [
        "Where does a new loss go?",
        "Who decides what a checkpoint covers?",
        "How is a DAVIS score made?",
        "What would I touch to add a modality?",
        "Which command trains?",
    ]
    for paths in answers.values():
        assert paths and all((ROOT / "docs" / path).exists() for path in paths)


def test_every_package_is_in_the_architecture_and_says_what_it_holds():
    page = (ROOT / "docs/architecture.md").read_text()
    packages = [path.parent for path in ROOT.glob("mmcontrast/**/__init__.py")]
    assert len(packages) > 20
    for package in packages:
        first = (package / "__init__.py").read_text().splitlines()[0]
        assert first.startswith('"""') and len(first) > 20, package
    for package in packages:
        name = package.relative_to(ROOT / "mmcontrast").parts[:1]
        assert not name or f"mmcontrast/{name[0]}/" in page, package


def test_the_page_of_renamed_things_has_every_entry():
    page = (ROOT / "docs/renames.md").read_text()
    rows = [line for line in page.splitlines() if line.startswith("| `")]

    def has(old: str, new: str) -> bool:
        return any(f"`{old}`" in row and (f"`{new}`" in row or not new) for row in rows)

    for table in (
        renames.MODULES,
        renames.NAMES,
        renames.TYPES,
        renames.METRICS,
        renames.ARGUMENTS,
    ):
        for old, new in table.items():
            assert has(old, new), old
    for (kind, old), new in renames.OPTIONS.items():
        assert has(f"{kind}({old}=...)", f"{new}=..."), (kind, old)
    for kind, old in renames.REMOVED:
        assert has(f"{kind}({old}=...)", ""), (kind, old)
    for kind in renames.CONVERTERS:
        assert any(f"`{kind}(" in row for row in rows), kind
    for old, new in renames.COMMANDS.items():
        assert any(f" {old}`" in row and f" {new}`" in row for row in rows), old
