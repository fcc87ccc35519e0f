"""Reading the config that a run has left behind, as text and not as a program.

MMEngine writes the merged config of each run as Python: assignments of literals and ``dict(...)``.
``Config.fromfile`` would run it, and a run's folder or checkpoint may come from a stranger.
"""

import ast
from typing import Any


def parse_dumped_config(text: str) -> dict[str, Any]:
    """Return the assignments of a dumped config; nothing in it is executed.

    Args:
        text: Of the file, or of a checkpoint's ``meta['cfg']``.

    Returns:
        Plain values by name. An expression that is no literal is returned as its source text.

    Raises:
        ValueError: The text is no Python, because it was cut off, say.
    """
    try:
        body = ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ValueError(f"this is no config that a run has written ({error})") from error
    return {
        target.id: _value(node.value)
        for node in body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


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
