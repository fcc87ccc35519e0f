"""Whether the values in a config fit a constructor: types by its annotations, ranges by limits."""

import collections.abc
import inspect
import numbers
import os
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar

T = TypeVar("T")

_PLAIN = (str, int, float, bool, list, tuple, type(None))
_SEQUENCES = (list, tuple, set, collections.abc.Sequence, collections.abc.Iterable)
_SCALARS: dict[Any, Any] = {
    None: type(None),
    type(None): type(None),
    bool: bool,
    int: numbers.Integral,
    float: numbers.Real,
    str: str | os.PathLike,
}
_MAPPINGS = (dict, collections.abc.Mapping)


class _Parameter(NamedTuple):
    annotation: Any
    default: Any


def check_types(owner: Callable, arguments: Mapping[str, Any]) -> None:
    """Compare arguments with the annotations of a class's constructor, or of a function.

    Only what is certain is refused: a value whose annotation consists of numbers, texts, sequences,
    dictionaries and classes and that is none of them. An integer is a ``float`` too, a list a
    tuple; None fits where it is the default.

    Args:
        owner: Class or function.
        arguments: Values by the names of parameters. Unknown names are left to the call.

    Raises:
        TypeError: A value does not fit. The message names owner, parameter, type and value.
    """
    parameters = _parameters(owner)
    for name, value in arguments.items():
        parameter = parameters.get(name)
        if parameter is None or (value is None and parameter.default is None):
            continue
        if not fits(value, parameter.annotation):
            raise TypeError(
                f"{owner.__name__}: {name} must be {describe(parameter.annotation)}, "
                f"got {_shorten(value)} ({type(value).__name__})"
            )


def fits(value: Any, annotation: Any) -> bool:
    """Whether a value may be meant by an annotation; True for those that say nothing."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (typing.Union, types.UnionType):
        return any(fits(value, argument) for argument in arguments)
    if origin is typing.Literal:
        return value in arguments
    kind = origin or annotation
    if kind in _SEQUENCES:
        return _fits_sequence(value, kind, arguments)
    if kind in _SCALARS:
        # bool is an int for Python, and rarely meant as one.
        return isinstance(value, _SCALARS[kind]) and (kind is bool or not isinstance(value, bool))
    if kind in _MAPPINGS:
        return isinstance(value, collections.abc.Mapping)
    return not isinstance(kind, type) or _fits_class(value, kind, bool(origin))


def _fits_class(value: Any, kind: type, is_generic: bool) -> bool:
    if issubclass(kind, os.PathLike):
        return isinstance(value, str | os.PathLike)
    says_nothing = is_generic or kind in (object, Any)
    return says_nothing or not isinstance(value, _PLAIN) or isinstance(value, kind)


def _fits_sequence(value: Any, kind: Any, arguments: tuple[Any, ...]) -> bool:
    if isinstance(value, str | numbers.Number | collections.abc.Mapping) or value is None:
        return False
    if not isinstance(value, list | tuple) or not arguments:
        return True
    if kind is not tuple or arguments[-1] is Ellipsis:
        return all(fits(item, arguments[0]) for item in value)
    return len(value) == len(arguments) and all(map(fits, value, arguments))


def describe(annotation: Any) -> str:
    """Return an annotation as a message names it: ``int``, ``int or tuple[int, int]``."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (typing.Union, types.UnionType):
        return " or ".join(dict.fromkeys(describe(argument) for argument in arguments))
    if annotation is type(None):
        return "None"
    if origin is None:
        return getattr(annotation, "__name__", str(annotation))
    inner = ", ".join("..." if item is Ellipsis else describe(item) for item in arguments)
    return f"{getattr(origin, '__name__', origin)}[{inner}]"


def check_number(
    name: str, value: float, lowest: float, highest: float | None = None, above: bool = False
) -> None:
    """Refuse a number outside of its range.

    Args:
        name: Owner and parameter, such as ``'Resize: size'``.
        value: The number.
        lowest: Smallest value.
        highest: Largest value; None for any.
        above: Whether ``lowest`` itself is too small.

    Raises:
        ValueError: It is outside, or not a number at all (NaN).
    """
    is_low = not (value > lowest if above else value >= lowest)
    if is_low or (highest is not None and value > highest):
        limits = f"above {lowest}" if above else f"at least {lowest}"
        if highest is not None:
            limits = f"{limits} and at most {highest}" if above else f"from {lowest} to {highest}"
        raise ValueError(f"{name} must be {limits}, got {value}.")


def check_given(name: str, value: T | None) -> T:
    """Return a value, after a check that there is one.

    Raises:
        ValueError: It is None.
    """
    if value is None:
        raise ValueError(f"{name} must be given here, got None.")
    return value


def check_probability(name: str, value: float) -> None:
    """Refuse what is no probability; see :func:`check_number`."""
    check_number(name, value, 0, 1)


def check_sizes(owner: str, **sizes: float | Sequence[float] | None) -> None:
    """Refuse sizes and numbers of things below 1; see :func:`check_number`.

    Args:
        owner: Name of the class or function that has these parameters.
        **sizes: Values by the names of the parameters: numbers, sequences of numbers, or None.
    """
    for name, values in sizes.items():
        for value in values if isinstance(values, Sequence) else (values,):
            if value is not None:
                check_number(f"{owner}: {name}", value, 1)


@lru_cache(maxsize=1024)
def _parameters(owner: Callable) -> dict[str, _Parameter]:
    """Return the annotated parameters by name; those that ``**kwargs`` hands to bases too."""
    result: dict[str, _Parameter] = {}
    for function in _constructors(owner):
        try:
            signature = inspect.signature(function)
        except (TypeError, ValueError):
            break  # of a class in C
        hints = _hints(function)
        for name, parameter in signature.parameters.items():
            if name in hints and parameter.kind is not inspect.Parameter.VAR_KEYWORD:
                result.setdefault(name, _Parameter(hints[name], parameter.default))
        if all(p.kind is not inspect.Parameter.VAR_KEYWORD for p in signature.parameters.values()):
            break
    return result


def _hints(function: Callable) -> dict[str, Any]:
    """Return the annotations, without names that exist for type checkers alone."""
    hints: dict[str, Any] = {}
    for name, annotation in getattr(function, "__annotations__", {}).items():
        holder = types.SimpleNamespace(__annotations__={name: annotation})
        with suppress(TypeError, NameError, AttributeError):
            hints |= typing.get_type_hints(holder, getattr(function, "__globals__", {}))
    return hints


def _constructors(owner: Callable) -> list[Callable]:
    if not isinstance(owner, type):
        return [owner]
    return [vars(base)["__init__"] for base in owner.__mro__ if "__init__" in vars(base)]


def _shorten(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
