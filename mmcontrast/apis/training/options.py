"""What ``key=value`` on the command line means for a config.

A value is read by what the config holds under its key: a text stays as it was typed, blanks and
digits included; ``V1,V2`` is a list where the config has a list. Nothing is evaluated as code.
"""

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mmengine.config import Config

from mmcontrast.utils.errors import UserError

_NUMBER = re.compile(r"[+-]?(0|[1-9]\d*|(\d+\.\d*|\.\d+|\d+(?=[eE]))([eE][+-]?\d+)?)")
_WORDS = {"true": True, "false": False}
_CLOSING = {"(": ")", "[": "]", "{": "}"}


def split_option(option: str) -> tuple[str, str]:
    """Split ``key=value`` at the first ``=``.

    Raises:
        UserError: It has no key or no ``=``.
    """
    key, equals, text = option.partition("=")
    if not (key and equals) or key != key.strip():
        raise UserError(
            f"--cfg-options takes key=value, got {option!r}. A value with blanks needs quotes in a "
            "shell: 'key=my value'."
        )
    return key, text


def current_value(config: Any, key: str) -> Any:
    """Return what a config has under a key such as ``view.0.size``; None if it has nothing."""
    for name in key.split("."):
        if isinstance(config, Mapping | Config):
            config = config.get(name)
        elif isinstance(config, list | tuple) and name.isdigit() and int(name) < len(config):
            config = config[int(name)]
        else:
            return None
    return config


def parse_value(text: str, current: Any = None) -> Any:
    """Read a value that was typed.

    Args:
        text: What stands behind ``key=``. Lists are ``[1,2]``, tuples ``(1,2)``, dictionaries
            ``dict(a=1)`` or ``{'a': 1}``; texts in them need no quotes. ``'...'`` and ``"..."``
            are always texts, ``None`` is always None.
        current: What the config has there. Where it is a text, so is the value, unless that is a
            dictionary or a list of quoted texts. Where it is a list or tuple, ``1,2`` is one too.

    Raises:
        UserError: ``1,2`` where there is neither a list, a tuple nor a text.
    """
    stripped = text.strip()
    quoted = _literal(stripped) if stripped[:1] in ("'", '"') else None
    if isinstance(quoted, str):
        return quoted
    if stripped == "None":
        return None
    container = _parse_container(stripped, current)
    if isinstance(current, str):
        is_text = container is None or (
            isinstance(container, list | tuple) and not _holds_texts(_literal(stripped))
        )
        return text if is_text else container
    if container is not None:
        return container
    if "," in text:
        if isinstance(current, list | tuple):
            return type(current)(_parse_items(stripped, current))
        raise UserError(
            f"is {text} a list or a text? Write [{text}] for a list, or \"'{text}'\" for a text."
        )
    return _parse_scalar(text, current)


def format_value(value: Any) -> str:
    """Write a value so that :func:`parse_value` reads it back.

    Args:
        value: Number, text, None, or a list, tuple or dictionary of such. A text that holds what
            would be read otherwise is put in quotes.
    """
    if not isinstance(value, str):
        return repr(value)
    try:
        return value if parse_value(value) == value else repr(value)
    except UserError:
        return repr(value)


def _parse_scalar(text: str, current: Any) -> Any:
    stripped = text.strip()
    if stripped.lower() in _WORDS:
        return _WORDS[stripped.lower()]
    is_number = isinstance(current, int | float) and not isinstance(current, bool)
    if _NUMBER.fullmatch(stripped) or is_number:
        for number in (int, float):
            try:
                return number(stripped)
            except ValueError:
                continue
    return text


def _parse_container(text: str, current: Any) -> Any:
    """Read a list, a tuple or a dictionary; None if the text is none of them."""
    opening = "(" if text.startswith("dict(") else text[:1]
    if opening not in _CLOSING or not _encloses(text.removeprefix("dict")):
        return None
    inner = text.removeprefix("dict")[1:-1]
    if text.startswith("dict("):
        return _parse_pairs(inner, "=", current)
    if opening == "{":
        return _parse_pairs(inner, ":", current)
    items = list(_parse_items(inner, current))
    return tuple(items) if opening == "(" else items


def _parse_items(text: str, current: Any) -> Iterator[Any]:
    """Read the items of a list, each like the first one that the config has."""
    like = current[0] if isinstance(current, list | tuple) and current else None
    for item in _split(text):
        yield parse_value(item.strip(), like)


def _parse_pairs(text: str, separator: str, current: Any) -> dict[str, Any] | None:
    """Read the items of a dictionary; None if one of them is no pair of a name and a value."""
    pairs = {}
    for item in _split(text):
        name, sign, value = item.partition(separator)
        key = name.strip().strip("'\"")
        if not sign or not key:
            return None
        pairs[key] = parse_value(value.strip(), current_value(current, key))
    return pairs


def _split(text: str) -> list[str]:
    """Split at the commas that are in no brackets and no quotes; a last comma adds nothing."""
    parts, start = [], 0
    for end in _outer_commas(text):
        parts.append(text[start:end])
        start = end + 1
    return [*parts, text[start:]] if text[start:].strip() else parts


def _outer_commas(text: str) -> Iterator[int]:
    for position, depth in _depths(text):
        if text[position] == "," and depth == 0:
            yield position


def _encloses(text: str) -> bool:
    """Whether the bracket that a text begins with is closed by its last character."""
    closed = next((position for position, depth in _depths(text) if depth == 0), None)
    return closed == len(text) - 1 and text[-1:] == _CLOSING.get(text[:1])


def _depths(text: str) -> Iterator[tuple[int, int]]:
    """Yield each position outside quotes, and in how many brackets one is behind it."""
    depth, quote = 0, ""
    for position, character in enumerate(text):
        if quote:
            quote = "" if character == quote else quote
            continue
        # An apostrophe within a word, as in "Anna's photos", opens nothing.
        if character in "'\"" and text[:position].rstrip()[-1:] in ("", *"([{,=:"):
            quote = character
            continue
        depth += (character in _CLOSING) - (character in _CLOSING.values())
        yield position, depth


def _literal(text: str) -> Any:
    try:
        return ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None


def _holds_texts(value: Any) -> bool:
    return isinstance(value, Sequence) and all(isinstance(item, str | dict) for item in value)
