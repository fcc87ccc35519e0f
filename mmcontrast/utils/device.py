"""Select the device of a process. It imports no torch, since it has to run before torch does."""

import os

from .errors import UserError

NO_MPS = "mps, Apple's GPU, is not supported, since nothing here is tested on it: use the CPU."


def select_device(name: str | None) -> None:
    """Make torch and MMEngine see one device only; call before torch is imported.

    Args:
        name: ``'cpu'``, ``'cuda'`` (all GPUs), ``'cuda:1'``, or None for the best there is.

    Raises:
        UserError: The name is none of these, or that GPU is not there.
    """
    if name is None:
        return
    kind, _, index = name.partition(":")
    if kind == "cpu" and not index:
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
        return
    if kind == "mps":
        raise UserError(f"--device {name}: {NO_MPS}")
    if kind != "cuda" or (index and not index.isdigit()):
        raise UserError(f"--device is cpu, cuda or cuda:N, got {name!r}.")
    if index:
        visible = os.environ.get("CUDA_VISIBLE_DEVICES")
        choices = visible.split(",") if visible else None
        if choices is not None and int(index) >= len(choices):
            raise UserError(
                f"--device {name}: CUDA_VISIBLE_DEVICES={visible} shows {len(choices)} GPU(s)."
            )
        os.environ["CUDA_VISIBLE_DEVICES"] = choices[int(index)] if choices else index
    import torch

    if not torch.cuda.is_available():
        raise UserError(f"--device {name}: torch {torch.__version__} finds no such GPU; use cpu.")


def num_cores() -> int:
    """Return the number of CPU cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
