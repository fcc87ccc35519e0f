"""One of several networks in a file, named behind the path: ``CHECKPOINT#teacher``.

Self-distillation writes a student and a teacher, other trainings weights and their moving average.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmcontrast.weights.coverage import first_names
from mmcontrast.weights.files import CheckpointError, load_checkpoint
from mmcontrast.weights.layouts import find_tensors, tensors_behind, without_wrappers


def split_part(path: str) -> tuple[str, str]:
    """Return path and part of ``CHECKPOINT#PART``; the part is empty where none is named.

    Args:
        path: Path or address of a file. One whose own name has a ``#`` is not split.
    """
    file, _, part = path.rpartition("#")
    return (path, "") if not file or Path(path).exists() else (file, part)


def load_part(path: str, map_location: Any = "cpu") -> Any:
    """Read ``CHECKPOINT`` or ``CHECKPOINT#PART``.

    Args:
        path: Path or address of a file, and which part of it.
        map_location: Device of the tensors, as in ``torch.load``.

    Raises:
        CheckpointError: See :func:`~mmcontrast.weights.load_checkpoint` and :func:`select_part`.
    """
    file, part = split_part(path)
    content = load_checkpoint(file, map_location)
    if not part:
        return content
    try:
        return select_part(content, part)
    except CheckpointError as error:
        raise CheckpointError(f"{file}: {error}") from error


def select_part(content: Any, part: str) -> dict[str, Any]:
    """Return a checkpoint of one part of a checkpoint, with the ``meta`` of the whole.

    Args:
        content: What was saved in the file.
        part: Name of a container in it, such as ``'teacher'`` or ``'state_dict_ema'``, with dots
            between containers inside each other; or what the keys of the wanted network begin
            with, such as ``'momentum_encoder'``.

    Raises:
        CheckpointError: There is no such part.
    """
    content = content if isinstance(content, Mapping) else {}
    inner: Any = content
    for name in [part] if part in content else part.split("."):
        inner = inner.get(name) if isinstance(inner, Mapping) else None
    if not isinstance(inner, Mapping):
        missing = f"There is no {part!r} in this checkpoint."
        try:
            tensors = without_wrappers(find_tensors(content))
        except CheckpointError as error:
            raise CheckpointError(f"{missing} {error}") from error
        inner = tensors_behind(f"{part}.", tensors)
        if not inner:
            raise CheckpointError(
                f"{missing} It holds {first_names(content)}; its tensors begin with "
                f"{first_names(tensors)}."
            )
    meta = dict(meta=content["meta"]) if "meta" in content else {}
    return dict(**meta, state_dict=inner)
