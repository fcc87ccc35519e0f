"""Safe reading of checkpoint files: no code that may be in them is executed.

This module makes MMEngine's loader (``Runner.resume``, ``init_cfg``, ...) read every checkpoint
through :func:`load_checkpoint`. MMEngine itself falls back to executing a checkpoint's
code when a safe load fails.
"""

import logging
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from mmengine.logging import print_log
from torch import Tensor
from torch._weights_only_unpickler import _get_allowed_globals

from mmcontrast.utils.after_import import after_import
from mmcontrast.utils.errors import UserError
from mmcontrast.utils.file_kinds import TORCH_FILE, kind_of_file
from mmcontrast.utils.pickles import describe_globals, holds_whole_pickle, named_globals
from mmcontrast.weights.download import download
from mmcontrast.weights.plain_data import HARMLESS, LEFT_OUT, PLAIN_DATA, LeftOut, Names, resolve

# What reading a file that was cut off or overwritten raises.
_READ_ERRORS = (RuntimeError, EOFError, OSError)
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


def is_trusted() -> bool:
    """Return whether :func:`trusted_checkpoints` is active."""
    return _trusted


def load_checkpoint(path: str | Path, map_location: Any = "cpu") -> dict[str, Any]:
    """Read a checkpoint file.

    Args:
        path: A file of safetensors (``.safetensors``) or of ``torch.save``. An ``https://`` address
            or a name such as ``torchvision://resnet50`` is downloaded once, see
            :func:`~mmcontrast.weights.download.download`.
        map_location: Device of the tensors, as in ``torch.load``.

    Returns:
        What was saved; of safetensors ``dict(state_dict=...)``.

    Raises:
        CheckpointError: The file is missing, damaged, or needs code to be executed and
            :func:`trusted_checkpoints` is not active; or it is at an address of another kind.
        DownloadError: It cannot be downloaded.
    """
    path = _local_path(path)
    if not path.is_file():
        kind = "is a directory, not a checkpoint file" if path.is_dir() else "does not exist"
        raise CheckpointError(f"The checkpoint {path} {kind}.")
    if path.suffix == ".safetensors":
        return dict(state_dict=_load_safetensors(path, map_location))
    if _trusted:
        print_log(f"{path} is trusted: code in it runs.", logger="current", level=logging.WARNING)
        return torch.load(path, map_location=map_location, weights_only=False)
    try:
        return _load_plain(path, map_location, PLAIN_DATA)
    except Exception as error:  # whatever an unpickler raises for content that it does not expect
        unsafe = unsafe_globals(path, HARMLESS)
        left_out: Names = [(LeftOut, name) for name in unsafe if name.startswith(LEFT_OUT)]
        if not unsafe or len(left_out) < len(unsafe):
            raise _refusal(path, unsafe, error) from error
    try:
        content = _load_plain(path, map_location, [*PLAIN_DATA, *left_out])
    except Exception as error:
        raise _refusal(path, unsafe, error) from error
    names = ", ".join(name for _, name in left_out)
    print_log(f"Left out of {path}: {names}.", logger="current")
    return content


def _load_plain(path: Path, map_location: Any, names: Names) -> dict[str, Any]:
    with _safe_names(names):
        return resolve(torch.load(path, map_location=map_location, weights_only=True))


@contextmanager
def _safe_names(names: Names) -> Iterator[None]:
    """Allow these names while the context lasts, in place of other libraries' entries for them.

    PyTorch keeps one list of a process; what a user has added to it under other names stays.
    """
    serialization = torch.serialization
    before = serialization.get_safe_globals()
    ours = {name for _, name in names}
    others = [entry for entry in before if _name_of(entry) not in ours]
    serialization.clear_safe_globals()
    serialization.add_safe_globals([*others, *names])
    try:
        yield
    finally:
        serialization.clear_safe_globals()
        serialization.add_safe_globals(before)


def _name_of(entry: Any) -> str:
    """Return the name that an entry of PyTorch's list of safe globals allows."""
    return entry[1] if isinstance(entry, tuple) else f"{entry.__module__}.{entry.__qualname__}"


def _refusal(path: Path, unsafe: list[str], error: Exception) -> CheckpointError:
    """Return why a checkpoint is not read, after ``error``: more than data, or damaged."""
    if "TorchScript" in str(error):
        return CheckpointError(
            f"{path} is a program of TorchScript, not a checkpoint. Save the state_dict() of "
            "torch.jit.load(path) with torch.save."
        )
    if unsafe:
        more = f"loading it would run {describe_globals(unsafe)}"
    elif "legacy .tar format" in str(error):
        more = "its format, of torch before 0.1.10, cannot be read without running code"
    elif "magic number" in str(error) and holds_whole_pickle(path):
        return CheckpointError(
            f"{path} is a pickle that torch.save has not written. Save its weights as tensors, "
            "with torch.save or as safetensors."
        )
    elif isinstance(error, _READ_ERRORS) or not holds_whole_pickle(path):
        return _damaged(path, error)
    else:
        reason = re.search(r"WeightsUnpickler error:\s*(.+)", str(error))
        more = f"reading it without running code fails at this: {reason[1] if reason else error}"
    return CheckpointError(
        f"The checkpoint {path} holds more than data: {more}."
        "\nA checkpoint from a stranger can do anything that way. If you know who made it, "
        "--trust-checkpoint loads it all the same; then save its weights as safetensors."
    )


def _load_safetensors(path: Path, map_location: Any) -> dict[str, Tensor]:
    import safetensors
    from safetensors.torch import load_file

    try:
        return load_file(path, device=str(map_location or "cpu"))
    except (safetensors.SafetensorError, OSError) as error:
        raise _damaged(path, error) from error


def unsafe_globals(path: Path, allowed: Iterable[str]) -> list[str]:
    """Return the functions and classes that a file of ``torch.save`` names and that are not safe.

    Args:
        path: The file; nothing in it is executed.
        allowed: Names that are safe beside PyTorch's own and those that the user has added to them.
    """
    by_user = {_name_of(entry) for entry in torch.serialization.get_safe_globals()}
    safe = {*_get_allowed_globals(), *by_user, *allowed}
    return [name for name in named_globals(path) if name not in safe]


def _damaged(path: Path, error: Exception) -> CheckpointError:
    kind = kind_of_file(path)
    reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    reason = f"it is {kind}" if kind not in ("", TORCH_FILE) else reason
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
        return download(str(path))
    if scheme in ("torchvision", "modelzoo"):
        from mmengine.runner.checkpoint import get_torchvision_models

        urls = get_torchvision_models()
        if name not in urls:
            raise CheckpointError(f"torchvision has no weights named {name!r}.")
        return download(urls[name])
    raise CheckpointError(
        f"{path}: checkpoints are not loaded from there, since MMEngine would run code in "
        "them. Download the file and give its path."
    )


# MMEngine cuts the first ten characters off the loader's name in its log.
def load_from_safe_reader(filename: str, map_location: Any = None) -> dict[str, Any]:
    """Read a checkpoint for MMEngine, which passes no device where it means the saved one."""
    from mmcontrast.weights.parts import load_part  # it imports this module

    return load_part(filename, map_location)


def _replace_loaders(module: ModuleType) -> None:
    """Make MMEngine's module of checkpoints read from all places with the safe reader."""
    for scheme in list(module.CheckpointLoader._schemes):
        module.CheckpointLoader.register_scheme(scheme, load_from_safe_reader, force=True)


# Importing the Runner takes half a second, and reading a checkpoint needs none.
after_import("mmengine.runner.checkpoint", _replace_loaders)


def find_checkpoint(work_dir: str | Path, jobs: Collection[str] | None = None) -> Path | None:
    """Return the newest usable checkpoint of a run, or None if there is none at all.

    It is the one that ``last_checkpoint`` names; if that file or the checkpoint is damaged, or
    weights in it are not finite, the most recently written one where neither is so. One whose
    weights are not finite is returned where there is no other.

    Args:
        work_dir: The folder of the run.
        jobs: Names of a job, see :mod:`mmcontrast.utils.job`. If given, checkpoints that no job
            with one of these names has written are passed over.

    Raises:
        CheckpointError: There are checkpoints, but none can be read; with ``jobs`` None is
            returned, since they may be another's.
    """
    problems, diverged = [], None
    for path in _candidates(Path(work_dir)):
        try:
            checkpoint = load_checkpoint(path)
        except CheckpointError as error:
            problems.append(str(error))
            print_log(f"Skipped: {error}", logger="current", level=logging.WARNING)
            continue
        if "optimizer" not in checkpoint or not _is_of(checkpoint, jobs):
            continue
        not_finite = not_finite_names(checkpoint.get("state_dict") or {})
        if not not_finite:
            return path
        diverged = diverged or path
        print_log(
            f"{path}: {not_finite[0]} is not finite.", logger="current", level=logging.WARNING
        )
    if diverged:
        return diverged
    if problems and jobs is None:
        raise CheckpointError("No checkpoint can be read:\n" + "\n".join(problems))
    return None


def _is_of(checkpoint: Mapping[str, Any], jobs: Collection[str] | None) -> bool:
    """Return whether a checkpoint was written by a job; by any if there is none."""
    if jobs is None:
        return True
    meta = checkpoint.get("meta")
    own = meta.get("jobs") if isinstance(meta, Mapping) else None
    return isinstance(own, list) and any(name in own for name in jobs)


def not_finite_names(state_dict: Mapping[str, Any]) -> list[str]:
    """Return the names of the tensors that hold infinity or NaN."""
    return [
        name
        for name, tensor in state_dict.items()
        if torch.is_tensor(tensor) and tensor.is_floating_point() and not tensor.isfinite().all()
    ]


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
