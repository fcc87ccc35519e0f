"""Plain data that checkpoints hold beside tensors, rebuilt without calling what a file names.

A pickle is a list of calls. Those to NumPy, whose C code trusts its input, are recorded by
stand-ins, and the arrays are made from their bytes afterwards; those to a few classes of Python
that do nothing but hold values are made. Paths become pure paths, and dictionaries and lists with
extra behavior plain ones.
"""

import argparse
import collections
import datetime
import decimal
import fractions
import pathlib
import pickle
import re
import types
from typing import Any

import numpy as np
from mmengine.logging import HistoryBuffer

Names = list[tuple[Any, str]]


class _Dtype:
    """Stands for ``numpy.dtype``."""

    def __init__(self, kind: str, align: bool = False, copy: bool = False):
        self.kind = kind
        self.state: tuple = ()

    def __setstate__(self, state: tuple) -> None:
        self.state = state

    def build(self, done: dict[int, Any]) -> np.dtype:
        if not re.fullmatch(r"[?bifucSUMmOV]\d*", self.kind):
            raise pickle.UnpicklingError(f"an array of type {self.kind!r}")
        byte_order, sub_array, names, fields, size = (*self.state[1:6], *[None] * 5)[:5]
        if sub_array is not None:
            return np.dtype((sub_array[0].build(done), sub_array[1]))
        if names is not None:
            parts = [fields[name] for name in names]
            formats = [part[0].build(done) for part in parts]
            offsets = [part[1] for part in parts]
            return np.dtype(dict(names=names, formats=formats, offsets=offsets, itemsize=size))
        dtype = np.dtype(self.kind)
        if self.kind[0] in "Mm":
            unit, count = self.state[8][1][:2]
            unit = unit.decode() if isinstance(unit, bytes) else unit
            if unit != "generic":
                dtype = np.dtype(f"{self.kind}[{int(count)}{unit}]")
        swapped = dtype.newbyteorder(byte_order) if byte_order in ("<", ">") else dtype
        return dtype if swapped == dtype else swapped


class _Array:
    """Stands for the arrays that ``_reconstruct`` makes."""

    def __init__(self, *_: Any):
        self.state: tuple = ()

    def __setstate__(self, state: tuple) -> None:
        self.state = state

    def build(self, done: dict[int, Any]) -> np.ndarray:
        _, shape, dtype, is_fortran, content = self.state
        dtype = dtype.build(done)
        if isinstance(content, list):
            array = np.empty(len(content), dtype)
            for place, item in enumerate(content):
                array[place] = _resolve(item, done)
        elif content and not dtype.hasobject:
            array = np.frombuffer(content, dtype).copy()
        else:
            array = np.empty(0, dtype)
        return array.reshape(shape, order="F" if is_fortran else "C")


class _Scalar:
    """Stands for the numbers and texts that NumPy's ``scalar`` makes."""

    def __init__(self, dtype: _Dtype, content: Any):
        self.dtype, self.content = dtype, content

    def build(self, done: dict[int, Any]) -> Any:
        dtype = self.dtype.build(done)
        if dtype.hasobject:
            return _resolve(self.content, done)
        return np.frombuffer(self.content, dtype)[0] if self.content else dtype.type()


class LeftOut:
    """Stands for an object that is read over; it becomes None."""

    def __init__(self, *_: Any, **__: Any):
        return

    def __new__(cls, *_: Any, **__: Any) -> "LeftOut":
        """Take any arguments."""
        return super().__new__(cls)

    def __setstate__(self, state: Any) -> None:
        return

    def build(self, done: dict[int, Any]) -> None:
        """Return None."""


def _plain_dict(*content: Any) -> dict:
    """Stand for dictionaries with extra behavior; a default is dropped."""
    return dict(*(item for item in content if isinstance(item, dict | list)))


def _plain_list(content: Any = (), max_length: int | None = None) -> list:
    return list(content)


_HISTORY_METHODS = ("min", "max", "current", "mean")


def _history_method(owner: Any, name: str) -> Any:
    """Stand in for ``getattr``, with which MMEngine's checkpoints name ``HistoryBuffer.mean``.

    The real one would let a checkpoint walk from any class to the functions it wants to have run.
    """
    if owner is HistoryBuffer and name in _HISTORY_METHODS:
        return getattr(owner, name)
    raise pickle.UnpicklingError(f"getattr({owner}, {name!r})")


_HOLDERS = (argparse.Namespace, types.SimpleNamespace, HistoryBuffer)
_STAND_INS = (_Array, _Dtype, _Scalar, LeftOut)
_PURE_PATHS = {"Posix": pathlib.PurePosixPath, "Windows": pathlib.PureWindowsPath}

PLAIN_DATA: Names = [
    (_history_method, "builtins.getattr"),
    *((kind, f"{kind.__module__}.{kind.__qualname__}") for kind in (
        *_HOLDERS, collections.Counter, decimal.Decimal, fractions.Fraction,
        datetime.date, datetime.datetime, datetime.time, datetime.timedelta, datetime.timezone,
        bool, bytes, dict, float, frozenset, int, list, range, slice, str, tuple,
    )),
    *((part, f"numpy.{core}.multiarray.{name}") for core in ("core", "_core") for part, name in (
        (_Array, "_reconstruct"), (_Scalar, "scalar"),
    )),
    (_Array, "numpy.ndarray"),
    (_Dtype, "numpy.dtype"),
    *((kind, f"{module}.{pure}{name}Path") for module in ("pathlib", "pathlib._local")
      for name, kind in _PURE_PATHS.items() for pure in ("", "Pure")),
    (_plain_list, "collections.deque"),
    *((_plain_dict, name) for name in (
        "collections.defaultdict", "mmengine.config.config.ConfigDict", "addict.addict.Dict",
    )),
]  # fmt: skip
"""What is called instead, and the name in the file, as ``torch.serialization.safe_globals`` takes
them."""

HARMLESS = frozenset({
    *(name for _, name in PLAIN_DATA),
    *(f"{HistoryBuffer.__module__}.HistoryBuffer.{name}" for name in _HISTORY_METHODS),
    *(f"numpy.{core}.numeric._frombuffer" for core in ("core", "_core")),
})  # fmt: skip
"""Names of plain data: those above, and what newer protocols of pickles, which PyTorch does not
read, name in their place."""

LEFT_OUT = ("omegaconf.", "typing.")
"""Beginnings of names of configurations that are read over."""


def resolve(content: Any) -> Any:
    """Put what stand-ins stand for in their places.

    Args:
        content: What was unpickled with :data:`PLAIN_DATA`; changed in place.

    Raises:
        UnpicklingError: There is an array of a type that is not plain data.
    """
    return _resolve(content, {})


def _resolve(value: Any, done: dict[int, Any]) -> Any:
    if id(value) in done:
        return done[id(value)][1]
    result = value
    if isinstance(value, _STAND_INS):
        result = value.build(done)
    elif type(value) in (tuple, set, frozenset):
        items = [_resolve(item, done) for item in value]
        result = type(value)(items)
    elif isinstance(value, list):
        done[id(value)] = (value, value)
        value[:] = [_resolve(item, done) for item in value]
    elif isinstance(value, dict):
        done[id(value)] = (value, value)
        items = [(_resolve(key, done), _resolve(item, done)) for key, item in value.items()]
        value.clear()
        for key, item in items:
            value[key] = item
    elif isinstance(value, _HOLDERS):
        done[id(value)] = (value, value)
        _resolve(vars(value), done)
    else:
        return value
    # The original is kept, so that its id stays its own.
    done[id(value)] = (value, result)
    return result
