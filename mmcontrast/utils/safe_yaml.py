"""YAML as data: what a file could run while it is read is refused.

YAML knows tags for Python's objects, such as ``!!python/object/apply:os.system``, and MMEngine's
loader executes them. The one here constructs plain values, and the tuples that MMEngine writes.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import yaml

from .errors import UserError

_PYTHON = "tag:yaml.org,2002:python/"


class SafeLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Loader of plain values and ``!!python/tuple``; every other tag of Python is an error."""


def _make_tuple(loader: Any, node: yaml.SequenceNode) -> tuple:
    return tuple(loader.construct_sequence(node))


def _refuse(loader: Any, name: str, node: yaml.Node) -> NoReturn:
    raise yaml.constructor.ConstructorError(
        problem=f"the tag !!python/{name} runs Python code, which is refused. Write a plain value "
        "in its place; a tuple is !!python/tuple [1, 2]",
        problem_mark=node.start_mark,
    )


SafeLoader.add_constructor(f"{_PYTHON}tuple", _make_tuple)
SafeLoader.add_multi_constructor(_PYTHON, _refuse)


@contextmanager
def syntax_errors(path: str) -> Iterator[None]:
    """Turn what a YAML or JSON file is refused for into a sentence that names file and line.

    Args:
        path: The file that is read inside the context.
    """
    try:
        yield
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f", line {mark.line + 1}" if mark else ""
        raise UserError(f"{path}{line}: {error.problem or error.context}.") from error
    except yaml.YAMLError as error:
        raise UserError(f"{path} is not YAML: {error}") from error
    except json.JSONDecodeError as error:
        raise UserError(f"{path}, line {error.lineno}: {error.msg}.") from error
