"""Measure what keeps this code readable, one line ``figure NAME VALUE UNIT`` each, with its goal.

  python tools/dev/measures.py                     # in seconds
  bash tools/test.sh && bash tools/test.sh --slow  # before it, for the minutes of the suite

An exit code of 1 says that a goal is missed. Needs the extra ``dev``.
"""

from __future__ import annotations

import ast
import io
import statistics
import subprocess
import sys
import tokenize
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from radon.complexity import cc_visit

ROOT = Path(__file__).resolve().parents[2]
WINDOW = 6
PARTS = ("ops", "models/losses", "models/modules", "models/necks", "models/heads")
"""Where a method's own parts stand; its backbone, transforms and the Runner are not counted."""


class Figure(NamedTuple):
    """A measured number.

    Attributes:
        name: What was measured.
        value: The number.
        unit: Its unit.
        goal: The most it may be, or the least where ``least`` is set.
        least: Whether more is better.
        detail: Where the number comes from.
    """

    name: str
    value: float
    unit: str
    goal: float
    least: bool = False
    detail: str = ""

    @property
    def reached(self) -> bool:
        """Whether the goal is reached."""
        return self.value >= self.goal if self.least else self.value <= self.goal

    def __str__(self) -> str:
        sign = ">=" if self.least else "<="
        verdict = "" if self.reached else "  MISSED"
        detail = f"  {self.detail}" if self.detail else ""
        line = f"figure {self.name} {self.value:g} {self.unit}"
        return f"{line}  (goal {sign} {self.goal:g}){detail}{verdict}"


def tracked(*patterns: str) -> list[Path]:
    """Return the files of git that match, in order."""
    command = ["git", "-C", str(ROOT), "ls-files", "--", *patterns]
    names = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    return [ROOT / name for name in names if (ROOT / name).is_file()]


def code_lines(source: str) -> set[int]:
    """Return the numbers of the lines that hold code: no blanks, comments and docstrings."""
    ignored = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    lines = {
        line
        for token in tokens
        if token.type not in ignored and token.string
        for line in range(token.start[0], token.end[0] + 1)
    }
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Expr(value=ast.Constant(value=str())):
                lines -= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return lines


def config_repetition(only_code: bool) -> Figure:
    """Share of the windows of six lines in ``configs/`` that stand there more than once."""
    windows: Counter[tuple[str, ...]] = Counter()
    for path in tracked("configs/*.py"):
        source = path.read_text()
        kept = code_lines(source) if only_code else range(1, source.count("\n") + 2)
        lines = [line.strip() for i, line in enumerate(source.splitlines(), 1) if i in kept]
        lines = [line for line in lines if line]
        windows.update(tuple(lines[i : i + WINDOW]) for i in range(len(lines) - WINDOW + 1))
    repeated = sum(count for count in windows.values() if count > 1)
    name, goal = ("config_repetition_code", 28) if only_code else ("config_repetition", 20)
    return Figure(name, round(100 * repeated / sum(windows.values()), 1), "%", goal)


def files_of_method(method: str, config: str, goal: int) -> Figure:
    """Number of files in which a method is read: its own, those of its parts, and its config."""
    files = {ROOT / "mmcontrast/models/methods/base.py"}
    waiting = [ROOT / f"mmcontrast/models/methods/{method}.py", *_files_of_types(ROOT / config)]
    while waiting:
        path = waiting.pop()
        if path not in files:
            files.add(path)
            waiting += [file for file in _imported(path) if _is_part(file)]
    names = sorted(path.stem for path in files)
    detail = f"{', '.join(names)} and the config"
    return Figure(f"files_{method}", len(files) + 1, "files", goal, detail=detail)


def _is_part(path: Path) -> bool:
    return any(path.parent == ROOT / "mmcontrast" / part for part in PARTS)


def _imported(path: Path) -> Iterator[Path]:
    """Yield the files of the package from which a file imports something."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            parents = path.parent.parts[: len(path.parent.parts) - node.level + 1]
            base = Path(*parents) if node.level else ROOT
            target = base / node.module.replace(".", "/")
            if not target.with_suffix(".py").is_file():
                yield from _reexported(target / "__init__.py", {a.name for a in node.names})
            else:
                yield target.with_suffix(".py")


def _reexported(package: Path, names: set[str]) -> Iterator[Path]:
    """Yield the files from which a package takes names."""
    if not package.is_file() or not package.is_relative_to(ROOT):
        return
    for name in names:
        if (package.parent / f"{name}.py").is_file():
            yield package.parent / f"{name}.py"
    for node in ast.walk(ast.parse(package.read_text())):
        if isinstance(node, ast.ImportFrom) and names & {alias.name for alias in node.names}:
            module = (node.module or "").removeprefix("mmcontrast.").replace(".", "/")
            base = package.parent if node.level else ROOT / "mmcontrast"
            yield (base / module).with_suffix(".py")


def _files_of_types(config: Path) -> Iterator[Path]:
    """Yield the files of a method's parts that a config names by ``type``."""
    words = [
        node for node in ast.walk(ast.parse(config.read_text())) if isinstance(node, ast.keyword)
    ]
    types = {
        word.value.value
        for word in words
        if word.arg == "type" and isinstance(word.value, ast.Constant)
    }
    for part in PARTS:
        for path in sorted((ROOT / "mmcontrast" / part).glob("*.py")):
            classes = {
                n.name for n in ast.parse(path.read_text()).body if isinstance(n, ast.ClassDef)
            }
            if classes & types:
                yield path


def sizes() -> list[Figure]:
    """Lines of files, functions and folders."""
    paths = tracked("mmcontrast/*.py")
    sources = {path: path.read_text() for path in paths}
    code = {path: len(code_lines(source)) for path, source in sources.items()}
    lines = {path: source.count("\n") for path, source in sources.items()}
    folders: Counter[Path] = Counter()
    for path, count in lines.items():
        folders[path.parent] += count
    functions = {}
    for path, source in sources.items():
        kept = code_lines(source)
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                own = kept & set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
                functions[f"{_relative(path)}:{node.name}"] = len(own)
    longest, function = max(code, key=code.__getitem__), max(functions, key=functions.__getitem__)
    folder = max(folders, key=folders.__getitem__)
    return [
        Figure("code_lines_max", code[longest], "lines", 550, detail=_relative(longest)),
        Figure("file_lines_p90", _p90(lines.values()), "lines", 250),
        Figure("function_lines_p90", _p90(functions.values()), "lines", 30),
        Figure("function_lines_max", functions[function], "lines", 60, detail=function),
        Figure("folder_lines_max", folders[folder], "lines", 3000, detail=_relative(folder)),
    ]


def _p90(values: object) -> float:
    return round(statistics.quantiles(list(values), n=10)[-1], 1)  # type: ignore[call-overload]


def _relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def public_names() -> list[Figure]:
    """Shares of the public functions, methods and classes that are documented and annotated."""
    undocumented, untyped, num_documented, num_typed = [], [], 0, 0
    for path in tracked("mmcontrast/*.py"):
        for name, node in _public(ast.parse(path.read_text()), _relative(path)):
            num_documented += 1
            if not ast.get_docstring(node):
                undocumented.append(name)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                num_typed += 1
                if not _is_typed(node):
                    untyped.append(name)
    return [
        _share("public_documented", undocumented, num_documented),
        _share("public_typed", untyped, num_typed),
    ]


def _share(name: str, without: list[str], total: int) -> Figure:
    share = round(100 * (1 - len(without) / total), 2)
    return Figure(name, share, "%", 100, least=True, detail=", ".join(without[:5]))


def _public(
    tree: ast.Module | ast.ClassDef, prefix: str
) -> Iterator[tuple[str, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef]]:
    for node in tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            if node.name.startswith("_"):
                continue
            # A property is documented where it is read.
            if any(ast.unparse(each).endswith(".setter") for each in node.decorator_list):
                continue
            yield f"{prefix}:{node.name}", node
            if isinstance(node, ast.ClassDef):
                yield from _public(node, f"{prefix}:{node.name}")


def _is_typed(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    arguments += [each for each in (node.args.vararg, node.args.kwarg) if each]
    named = [each for each in arguments if each.arg not in ("self", "cls")]
    return node.returns is not None and all(each.annotation for each in named)


def complexity() -> Figure:
    """Number of functions whose cyclomatic complexity is above 15."""
    worst = [
        f"{_relative(path)}:{block.name} {block.complexity}"
        for path in tracked("mmcontrast/*.py", "tools/*.py")
        for block in cc_visit(path.read_text())
        if block.letter in "FM" and block.complexity > 15
    ]
    detail = ", ".join(worst[:5])
    return Figure("functions_over_complexity_15", len(worst), "functions", 0, detail=detail)


def suite_minutes() -> Iterator[Figure]:
    """Minutes that ``tools/test.sh`` last took for the tests of each tier."""
    for tier, goal in (("fast", 5), ("slow", 35)):
        record = ROOT / ".pytest_cache" / f"seconds_{tier}"
        if record.is_file():
            seconds, commit = record.read_text().split()
            minutes = round(float(seconds) / 60, 1)
            yield Figure(f"suite_minutes_{tier}", minutes, "min", goal, detail=f"at {commit}")
        else:
            option = " --slow" * (tier == "slow")
            print(f"suite_minutes_{tier}: not measured here, run bash tools/test.sh{option}")


def main() -> int:
    """Print all figures."""
    figures = [
        config_repetition(only_code=False),
        config_repetition(only_code=True),
        files_of_method("mocov2", "configs/mocov2/r50_imagenet.py", 7),
        files_of_method("densecl", "configs/densecl/r50_coco.py", 8),
        *sizes(),
        *public_names(),
        complexity(),
        *suite_minutes(),
    ]
    print(*figures, sep="\n")
    return int(not all(figure.reached for figure in figures))


if __name__ == "__main__":
    sys.exit(main())
