"""Safe reading of checkpoint files: no code that may be in them is executed.

This module makes MMEngine's loader (``Runner.resume``, ``init_cfg``, ...) read every checkpoint
through :func:`load_checkpoint`. MMEngine itself falls back to executing a checkpoint's
code when a safe load fails.
"""

import pickle
import pickletools
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from mmengine.logging import HistoryBuffer, print_log
from torch import Tensor

from mmcontrast.utils.after_import import after_import
from mmcontrast.utils.errors import UserError


def _history_method(owner: Any, name: str) -> Any:
    """Stand in for ``getattr``, with which MMEngine's checkpoints name ``HistoryBuffer.mean``.

    The real one would let a checkpoint walk from any class to the functions it wants to have run.
    """
    if owner is HistoryBuffer and name in ("min", "max", "current", "mean"):
        return getattr(owner, name)
    raise pickle.UnpicklingError(f"getattr({owner}, {name!r})")


# Plain containers of numbers that MMEngine and torch put beside the weights.
_SAFE_GLOBALS: list[Any] = [
    (_history_method, "builtins.getattr"),
    HistoryBuffer,
    np._core.multiarray._reconstruct,  # type: ignore[attr-defined]
    np._core.multiarray.scalar,  # type: ignore[attr-defined]
    np.ndarray,
    np.dtype,
    *{type(np.dtype(kind)) for kind in ("f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u4", "?")},
]
_trusted = False


class CheckpointError(UserError):
    """A checkpoint is missing, damaged, unsafe or made for another network."""


@contextmanager
def trusted_checkpoints(trust: bool = True) -> Iterator[None]:
    """Allow checkpoints to run code inside the context (``--trust-checkpoint``)."""
    global _trusted
    before, _trusted = _trusted, trust
    try:
        yield
    finally:
        _trusted = before


def load_checkpoint(path: str | Path, map_location: Any = "cpu") -> dict[str, Any]:
    """Read a checkpoint file.

    Args:
        path: A file of safetensors (``.safetensors``) or of ``torch.save``. An ``https://`` address
            or a name such as ``torchvision://resnet50`` is downloaded into torch's cache once.
        map_location: Device of the tensors, as in ``torch.load``.

    Returns:
        What was saved; of safetensors ``dict(state_dict=...)``.

    Raises:
        CheckpointError: The file is missing, damaged, or needs code to be executed and
            :func:`trusted_checkpoints` is not active; or it is at an address of another kind.
    """
    path = _local_path(path)
    if not path.is_file():
        kind = "is a directory, not a checkpoint file" if path.is_dir() else "does not exist"
        raise CheckpointError(f"The checkpoint {path} {kind}.")
    if path.suffix == ".safetensors":
        return dict(state_dict=_load_safetensors(path, map_location))
    if _trusted:
        print_log(f"{path} is trusted: code in it runs.", logger="current", level=30)
        return torch.load(path, map_location=map_location, weights_only=False)
    try:
        with torch.serialization.safe_globals(_SAFE_GLOBALS):
            return torch.load(path, map_location=map_location, weights_only=True)
    except pickle.UnpicklingError as error:
        unsafe = _unsafe_globals(path)
        if not unsafe:
            raise _damaged(path, error) from error
        raise CheckpointError(
            f"The checkpoint {path} holds more than data: loading it would run {', '.join(unsafe)}."
            "\nA checkpoint from a stranger can do anything that way. If you know who made it, "
            "--trust-checkpoint loads it all the same; then save its weights as safetensors."
        ) from error
    except (RuntimeError, EOFError, KeyError, ValueError, OSError) as error:
        raise _damaged(path, error) from error


def _load_safetensors(path: Path, map_location: Any) -> dict[str, Tensor]:
    import safetensors
    from safetensors.torch import load_file

    try:
        return load_file(path, device=str(map_location or "cpu"))
    except (safetensors.SafetensorError, OSError) as error:
        raise _damaged(path, error) from error


def _unsafe_globals(path: Path) -> list[str]:
    try:
        with torch.serialization.safe_globals(_SAFE_GLOBALS):
            return torch.serialization.get_unsafe_globals_in_checkpoint(path)
    except Exception:  # not a zip file: a pickle of an old torch, or no checkpoint at all
        return _unsafe_globals_of_pickle(path)


def _unsafe_globals_of_pickle(path: Path) -> list[str]:
    """Names in a file of one pickle or, as old torch wrote, several; nothing is executed."""
    names: list[str] = []
    strings = ["", ""]
    # It ends at numbers behind the pickles, or at once in a file that is no pickle at all.
    with path.open("rb") as file, suppress(Exception):
        while file.peek(1):
            for opcode, argument, _ in pickletools.genops(file):
                if opcode.name == "GLOBAL":
                    names.append(str(argument).replace(" ", "."))
                elif opcode.name == "STACK_GLOBAL":
                    names.append(".".join(strings[-2:]))
                elif isinstance(argument, str):
                    strings.append(argument)
    return [
        name for name in dict.fromkeys(names) if not name.startswith(("collections.", "torch."))
    ]


def _damaged(path: Path, error: Exception) -> CheckpointError:
    reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    return CheckpointError(
        f"The checkpoint {path} is damaged or not a checkpoint at all ({reason}). "
        "--resume auto takes the newest one that can be read."
    )


def _local_path(path: str | Path) -> Path:
    """Return where a checkpoint is on this machine, after downloading it if it is elsewhere."""
    scheme, separator, name = str(path).partition("://")
    if not separator or scheme == "file":
        return Path(name or scheme).expanduser()
    if scheme in ("http", "https"):
        return _download(str(path))
    if scheme in ("torchvision", "modelzoo"):
        from mmengine.runner.checkpoint import get_torchvision_models

        urls = get_torchvision_models()
        if name not in urls:
            raise CheckpointError(f"torchvision has no weights named {name!r}.")
        return _download(urls[name])
    raise CheckpointError(
        f"{path}: checkpoints are not loaded from there, since MMEngine would run code in "
        "them. Download the file and give its path."
    )


def _download(url: str) -> Path:
    """Download a file into torch's cache, once for all processes."""
    from mmengine.dist import barrier, get_dist_info

    path = Path(torch.hub.get_dir(), "checkpoints", url.rsplit("/", 1)[-1])
    if get_dist_info()[0] == 0 and not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.hub.download_url_to_file(url, str(path))
    barrier()
    return path


# MMEngine cuts the first ten characters off the loader's name in its log.
def load_from_safe_reader(filename: str, map_location: Any = None) -> dict[str, Any]:
    """Read a checkpoint for MMEngine, which passes no device where it means the saved one."""
    return load_checkpoint(filename, map_location)


def _replace_loaders(module: ModuleType) -> None:
    """Make MMEngine's module of checkpoints read from all places with the safe reader."""
    for scheme in list(module.CheckpointLoader._schemes):
        module.CheckpointLoader.register_scheme(scheme, load_from_safe_reader, force=True)


# Importing the Runner takes half a second, and reading a checkpoint needs none.
after_import("mmengine.runner.checkpoint", _replace_loaders)


def find_checkpoint(work_dir: str | Path) -> Path | None:
    """Return the newest readable checkpoint of a run, or None if there is none at all.

    It is the one that ``last_checkpoint`` names; if that file or the checkpoint is damaged, the
    most recently written one that can be read.

    Raises:
        CheckpointError: There are checkpoints, but none can be read.
    """
    problems = []
    for path in _candidates(Path(work_dir)):
        try:
            checkpoint = load_checkpoint(path)
        except CheckpointError as error:
            problems.append(str(error))
            print_log(f"Skipped: {error}", logger="current", level=30)
            continue
        if "optimizer" in checkpoint:
            return path
    if problems:
        raise CheckpointError("No checkpoint can be read:\n" + "\n".join(problems))
    return None


def _candidates(work_dir: Path) -> list[Path]:
    """Return the one that ``last_checkpoint`` names, then the others, the newest first."""
    checkpoints = sorted(
        work_dir.glob("*.pth"), key=lambda path: (path.stat().st_mtime_ns, path.name), reverse=True
    )
    pointer = work_dir / "last_checkpoint"
    name = pointer.read_text(errors="replace").strip() if pointer.is_file() else ""
    if name and "\0" not in name:
        # A work dir may have been moved since.
        for path in (Path(name), work_dir / Path(name).name):
            if path.is_file():
                return [path, *(other for other in checkpoints if other != path)]
    return checkpoints
