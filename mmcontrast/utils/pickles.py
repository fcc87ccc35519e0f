"""What a pickle would run, found by reading its opcodes; nothing in it is executed.

A pickle is a program that may call any function by its name. It stands alone in a file, several
times in a row (as torch wrote it before version 1.6), or in a zip or tar archive of torch.
"""

import builtins
import os
import pickletools
import sys
import tarfile
import zipfile
from _compat_pickle import IMPORT_MAPPING, NAME_MAPPING
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

# Members of torch's tar archives, before version 0.1.10, that are pickles.
_IN_TAR = ("pickle", "tensors", "storages")
# Modules of Python that pickles of harmless objects name.
_INERT = {
    "_codecs", "abc", "array", "collections", "copyreg", "dataclasses", "datetime", "enum",
    "logging", "re", "typing", "uuid", "zoneinfo",
}  # fmt: skip
_SHOWN, _MAX_LENGTH = 5, 80
_STRINGS = ("UNICODE", "STRING")
_MARK = object()


def holds_whole_pickle(path: str | os.PathLike) -> bool:
    """Return whether the first pickle of a file or of torch's archive can be read to its end."""
    with suppress(ValueError, OSError, zipfile.BadZipFile, tarfile.TarError):
        for file in _pickles_of(path):
            return any(code.name == "STOP" for code, _, _ in pickletools.genops(file))
    return False


def named_globals(path: str | os.PathLike) -> list[str]:
    """Return the functions and classes that the pickles of a file name, in their order, each once.

    Args:
        path: A pickle, several in a row, or an archive of torch; anything else names nothing.

    Returns:
        Names such as ``'posix.system'``, in the spelling of Python 3. ``'?'`` stands for what the
        file computes while it is read.
    """
    names: dict[str, None] = {}
    # It ends at the numbers behind the pickles, or at once in what is none.
    with suppress(OSError, zipfile.BadZipFile, tarfile.TarError, RuntimeError):
        for file in _pickles_of(path):
            with suppress(Exception):
                while True:
                    for name in _globals_of(file):
                        names[name] = None
    return list(names)


def describe_globals(names: Iterable[str]) -> str:
    """Write names as a list for a message, those of Python's own functions first.

    Args:
        names: Names that are not allowed, as from :func:`named_globals`.

    Returns:
        For instance ``'os.system; it also names models.Color'``: what anybody's machine can run
        comes before the classes of the project that wrote the file.
    """
    unique = list(dict.fromkeys(names))
    culprits = [name for name in unique if _is_culprit(name)]
    others = [name for name in unique if not _is_culprit(name)]
    if not culprits or not others:
        return _join(culprits or others)
    return f"{_join(culprits)}; it also names {_join(others)}"


def _is_culprit(name: str) -> bool:
    module, _, rest = name.partition(".")
    if module == "builtins" and isinstance(getattr(builtins, rest, None), type):
        return False
    return module == "?" or (module in sys.stdlib_module_names and module not in _INERT)


def _join(names: list[str]) -> str:
    rest = len(names) - _SHOWN
    return ", ".join(map(_shown, names[:_SHOWN])) + (f" and {rest} more" if rest > 0 else "")


def _shown(name: str) -> str:
    """Return a name as readers know it, and without what a terminal would obey."""
    module, _, rest = name.partition(".")
    name = f"os.{rest}" if module in ("posix", "nt") else name
    name = name if name.isprintable() else ascii(name)
    return name if len(name) <= _MAX_LENGTH else f"{name[:_MAX_LENGTH]}..."


def _pickles_of(path: str | os.PathLike) -> Iterator[IO[bytes]]:
    """Yield the files that pickles stand in: the file itself, or members of an archive."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                if name.endswith("data.pkl"):
                    yield archive.open(name)
    elif tarfile.is_tarfile(path):
        with tarfile.open(path) as tar:
            for member in tar:
                if Path(member.name).name in _IN_TAR and (content := tar.extractfile(member)):
                    yield content
    else:
        with open(path, "rb") as file:
            yield file


def _globals_of(file: IO[bytes]) -> Iterator[str]:
    """Yield the names in one pickle, and leave the file behind it.

    The stack is simulated, of which only texts are kept: newer protocols name a global by two texts
    on it, which may come from the memo.

    Raises:
        ValueError: The pickle ends before its end, or is none.
    """
    stack: list[Any] = []
    memo: dict[Any, Any] = {}
    for opcode, argument, _ in pickletools.genops(file):
        top = stack[-1] if stack else None
        if opcode.name in ("GLOBAL", "INST"):
            module, _, name = str(argument).partition(" ")
            yield _modern_name(module, name)
        elif opcode.name == "STACK_GLOBAL":
            yield ".".join(part if isinstance(part, str) else "?" for part in stack[-2:])
        elif opcode.name == "MEMOIZE":
            memo[len(memo)] = top
        elif opcode.name.endswith("PUT"):
            memo[argument] = top
        _pop(stack, opcode)
        if opcode.name in ("DUP", "MEMOIZE"):
            value = top
        elif opcode.name.endswith("GET"):
            value = memo.get(argument)
        else:
            value = argument if any(kind in opcode.name for kind in _STRINGS) else None
        pushed = opcode.stack_after
        stack += [_MARK if kind is pickletools.markobject else value for kind in pushed]


def _pop(stack: list[Any], opcode: pickletools.OpcodeInfo) -> None:
    """Take from a stack what an opcode takes."""
    count = len(opcode.stack_before)
    if pickletools.markobject in opcode.stack_before:
        while stack and stack.pop() is not _MARK:
            continue
        count = opcode.stack_before.index(pickletools.markobject)
    del stack[max(len(stack) - count, 0) :]


def _modern_name(module: str, name: str) -> str:
    module, name = NAME_MAPPING.get((module, name), (IMPORT_MAPPING.get(module, module), name))
    return f"{module}.{name}"
