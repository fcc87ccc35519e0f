"""Reading the config that a run has stored, as text and not as a program.

MMEngine writes the merged config of each run as Python: assignments of literals and ``dict(...)``,
into the run's folder and into its checkpoints. ``Config.fromfile`` would execute it, and both may
come from a stranger.
"""

import ast
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from mmcontrast.registry import SCOPE
from mmcontrast.renames import RemovedOptionError, modernize_part


def read_stored_config(text: str) -> dict[str, Any]:
    """Return a stored config as plain dicts; nothing in it is executed.

    Args:
        text: The content of the file, or of a checkpoint's ``meta['cfg']``.

    Returns:
        Plain values by name, as from :func:`plain_config`. An expression that is no literal is
        returned as its source text.

    Raises:
        ValueError: The text is no Python, for example because it was cut off.
    """
    try:
        body = ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ValueError(f"this is no config that a run has written ({error})") from error
    config = {
        target.id: _value(node.value)
        for node in body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    return plain_config(config)


def plain_config(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return a config as plain dicts, with the names of today and its own ones without scope.

    In a config whose ``default_scope`` is ``'mmcontrast'``, ``type='mmcontrast.ResNet'`` becomes
    ``'ResNet'``, while ``'mmdet.ResNet'`` stays. A part with an option that no longer exists is
    left as it is: what is built of it raises :class:`~mmcontrast.renames.RemovedOptionError`, and
    the rest of the config can be used.

    Args:
        config: A merged config. Without ``default_scope``, names with the scope of this package
            are the only ones that are taken for its own.
    """
    scope = config.get("default_scope") or ""
    return {name: _plain(value, str(scope)) for name, value in config.items()}


def type_names(value: Any) -> Iterator[str]:
    """Yield what settings name in ``type``, the outer ones first, with the scope of ``_scope_``.

    Args:
        value: Settings as from :func:`plain_config`, or a list of such.
    """
    if isinstance(value, list | tuple):
        for item in value:
            yield from type_names(item)
    elif isinstance(value, Mapping):
        kind, scope = value.get("type"), value.get("_scope_")
        if isinstance(kind, str):
            yield f"{scope}.{kind}" if isinstance(scope, str) and "." not in kind else kind
        for item in value.values():
            yield from type_names(item)


def _plain(value: Any, scope: str) -> Any:
    if isinstance(value, list | tuple):
        return type(value)(_plain(item, scope) for item in value)
    if not isinstance(value, Mapping):
        return value
    part = {key: _plain(item, scope) for key, item in value.items()}
    with suppress(RemovedOptionError):
        part = modernize_part(part, scope)
    kind = part.get("type")
    if isinstance(kind, str) and kind.startswith(f"{scope or SCOPE}."):
        # Configs in pure Python style hold the whole import path.
        part["type"] = kind.rsplit(".", 1)[-1]
    return part


def _value(node: ast.expr) -> Any:
    match node:
        case ast.Constant(value=value):
            return value
        case ast.List(elts=items):
            return [_value(item) for item in items]
        case ast.Tuple(elts=items):
            return tuple(_value(item) for item in items)
        case ast.Dict(keys=keys, values=values):
            return {
                _value(key): _value(value)
                for key, value in zip(keys, values, strict=True)
                if isinstance(key, ast.Constant)
            }
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as number)):
            return -number
        case ast.Call(func=ast.Name(id="dict"), args=[], keywords=keywords):
            return {word.arg: _value(word.value) for word in keywords if word.arg}
    return ast.unparse(node)
