"""Where each key of a merged config was written."""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from mmengine.config import Config

from mmcontrast.utils.safe_yaml import SafeLoader
from mmcontrast.utils.text import read_text

Key = tuple[str, ...]


def leaves(config: Mapping[str, Any], prefix: Key = ()) -> Iterator[tuple[Key, Any]]:
    """Yield the path and the value of everything in a config that is not a dict with content."""
    for name, value in config.items():
        path = (*prefix, str(name))
        if isinstance(value, Mapping) and value:
            yield from leaves(value, path)
        else:
            yield path, value


def find_origins(config: str | Path, keys: Iterator[Key] | list[Key]) -> dict[Key, str]:
    """Find the file and line that a key of the merged config comes from.

    Args:
        config: Path of the config file; the files of its ``_base_`` are searched after it.
        keys: Paths as from :func:`leaves`.

    Returns:
        ``'path/to/file.py:12'`` for each key, or ``'computed'`` where no file simply states it.
    """
    files = [(file, _statements(file)) for file in _inheritance(Path(config))]
    return {key: _origin(key, files) for key in keys}


def _origin(key: Key, files: list[tuple[Path, dict[Key, int]]]) -> str:
    for file, statements in files:
        for length in range(len(key), 0, -1):
            if key[:length] in statements:
                return f"{file}:{statements[key[:length]]}"
    return "computed"


def _inheritance(file: Path) -> Iterator[Path]:
    """Yield a config and what it is based on, the overriding ones first."""
    yield file
    for base in base_files(file):
        yield from _inheritance(base)


def base_files(file: Path) -> Iterator[Path]:
    """Yield the files of a config's ``_base_``, the last one first."""
    for bases in _bases_in_python(file) if file.suffix == ".py" else _bases_in_yaml(file):
        for base in reversed([bases] if isinstance(bases, str) else bases):
            path, _ = Config._get_cfg_path(base, str(file))
            yield Path(path)


def _bases_in_python(file: Path) -> Iterator[str | list[str]]:
    for statement in ast.parse(read_text(file)).body:
        if isinstance(statement, ast.Assign) and _name(statement) == "_base_":
            yield ast.literal_eval(statement.value)


def _bases_in_yaml(file: Path) -> Iterator[str | list[str]]:
    for key, value in _nodes(file):
        if key.value == "_base_":
            is_list = isinstance(value, yaml.SequenceNode)
            yield [item.value for item in value.value] if is_list else value.value


def _nodes(file: Path) -> list[tuple[yaml.Node, yaml.Node]]:
    """Return the keys and values of a file of YAML or of JSON, which is read as YAML too."""
    # JSON may be indented by tabs, YAML may not.
    document = yaml.compose(read_text(file).expandtabs(), Loader=SafeLoader)
    return document.value if isinstance(document, yaml.MappingNode) else []


def _statements(file: Path) -> dict[Key, int]:
    """Map each key that a file states, other than by a dict of further keys, to its line."""
    if file.suffix == ".py":
        return _statements_in_python(file)
    return dict(_stated_in_yaml(_nodes(file), ()))


def _stated_in_yaml(
    nodes: list[tuple[yaml.Node, yaml.Node]], prefix: Key
) -> Iterator[tuple[Key, int]]:
    # What << merges in gives way to the keys beside it, wherever it stands.
    for key, value in sorted(nodes, key=lambda pair: pair[0].value != "<<"):
        path = prefix if key.value == "<<" else (*prefix, key.value)
        merged = value.value if isinstance(value, yaml.SequenceNode) and path == prefix else [value]
        for node in reversed(merged):
            if isinstance(node, yaml.MappingNode) and node.value:
                yield from _stated_in_yaml(node.value, path)
            else:
                yield path, key.start_mark.line + 1


def _statements_in_python(file: Path) -> dict[Key, int]:
    lines: dict[Key, int] = {}
    for statement in ast.parse(read_text(file)).body:
        if isinstance(statement, ast.Assign) and (name := _name(statement)):
            stated = dict(_stated(statement.value, (name,), lines))
            lines = {key: line for key, line in lines.items() if key[0] != name} | stated
    return lines


def _name(statement: ast.Assign) -> str:
    target = statement.targets[0]
    return target.id if isinstance(target, ast.Name) else ""


def _stated(value: ast.expr, key: Key, lines: dict[Key, int]) -> Iterator[tuple[Key, int]]:
    """Yield the keys that an expression states under ``key``, with the line of each.

    ``lines`` has those of the statements before. A variable that one of them assigned stands for
    its keys, which have their lines there.
    """
    if isinstance(value, ast.Name):
        variable = [(path, line) for path, line in lines.items() if path[0] == value.id]
        yield from [((*key, *path[1:]), line) for path, line in variable] or [(key, value.lineno)]
        return
    items = _items(value)
    # What ** adds is known if it is a variable.
    if not items or any(name is None and not isinstance(item, ast.Name) for name, item in items):
        yield key, value.lineno
    for name, item in items:
        if name is not None:
            yield from _stated(item, (*key, name), lines)
        elif isinstance(item, ast.Name):
            yield from _stated(item, key, lines)


def _items(value: ast.expr) -> list[tuple[str | None, ast.expr]]:
    """List the keys and values of ``dict(...)`` and ``{...}``, with None for ``**``."""
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "dict":
        return [(keyword.arg, keyword.value) for keyword in value.keywords]
    if isinstance(value, ast.Dict):
        return [
            (str(name.value) if isinstance(name, ast.Constant) else None, item)
            for name, item in zip(value.keys, value.values, strict=True)
        ]
    return []
