"""Errors of missing memory, on GPUs and CPUs: how much was asked for, and what to do."""

import errno
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from mmcontrast.utils.errors import UserError, explain

_GPU = re.compile(
    r"CUDA out of memory|CUDA error: out of memory|CUBLAS_STATUS_ALLOC_FAILED|"
    r"CUDNN_STATUS_ALLOC_FAILED|HIP out of memory"
)
_CPU = re.compile(r"can't allocate memory|Unable to allocate|Cannot allocate memory|bad_alloc")
# Memory that the workers of a data loader share, and a worker that the system has ended.
_SHARED = re.compile(r"out of shared memory|unable to \w+(?: to)? (?:file|shared memory).*torch_")
_WORKER = re.compile(r"DataLoader worker .* is killed by signal: Killed")
_GPU_SIZES = re.compile(
    r"(GPU \d+) has a total capacity of ([\d.]+ \w+) of which ([\d.]+ \w+) is free"
)
_ASKED = re.compile(r"(?:[Tt]ried to allocate|Unable to allocate) ([\d.]+ \w+)")


class OutOfMemory(UserError):
    """The memory does not suffice; the message says what was asked for, and what to lower."""

    exit_code = 1


@contextmanager
def memory_errors(remedy: Callable[[BaseException], str]) -> Iterator[None]:
    """Turn errors of missing memory into :class:`OutOfMemory`.

    Args:
        remedy: Returns, for an error, the sentences that follow what was asked for: the sizes that
            can be lowered, with their present values.

    Raises:
        OutOfMemory: The memory does not suffice.
    """
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        shortage = describe_shortage(error)
        if shortage is None:
            raise
        raise OutOfMemory(f"{shortage} {remedy(error)}") from error


def describe_shortage(error: BaseException) -> str | None:
    """Return in a sentence what memory was asked for; None for errors of another kind."""
    # torch tells what ended a worker in the cause of the error alone.
    text = "\n".join(explain(each) for each in (error, error.__cause__) if each and str(each))
    asked = _ASKED.search(text)
    size = f": {_readable(asked[1])} were asked for" if asked else ""
    if _GPU.search(text):
        sizes = _GPU_SIZES.search(text)
        free = f", {sizes[3]} of its {sizes[2]} were free" if sizes else ""
        return f"The memory of {sizes[1] if sizes else 'the GPU'} does not suffice{size}{free}."
    if _SHARED.search(text):
        return (
            "The shared memory (/dev/shm) does not suffice for the workers that load data: enlarge "
            "it (docker run --shm-size), or take fewer workers (num_workers, --workers)."
        )
    if _WORKER.search(text):
        return (
            "The system has ended a worker that loads data, for lack of memory most likely: take "
            "fewer workers (num_workers, --workers)."
        )
    has_number = isinstance(error, OSError) and error.errno == errno.ENOMEM
    if isinstance(error, MemoryError) or has_number or _CPU.search(text):
        return f"The memory of this machine does not suffice{size}."
    return None


def _readable(size: str) -> str:
    """Write bytes in binary units, and leave other units as they are."""
    number, unit = size.split()
    if unit != "bytes":
        return size
    value, units = float(number), ["bytes", "KiB", "MiB", "GiB", "TiB", "PiB"]
    while value >= 1024 and len(units) > 1:
        value /= 1024
        del units[0]
    return f"{value:.2f} {units[0]}" if units[0] != "bytes" else size
