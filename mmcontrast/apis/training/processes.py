"""Set up several processes, on GPUs with NCCL or on CPUs with gloo."""

import gc
import os
import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import torch
import torch.distributed.nn.functional  # its defaults would keep a group that exists before it
from mmengine.config import Config
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from torch import nn

from mmcontrast.utils.errors import ProcessLost, UserError

# A process that has lost another one ends later than that one, whose exit code says what happened.
_GRACE_SECONDS = 3.0
# Parts of gloo's messages when another process is gone, which are plain RuntimeErrors.
_GLOO = ("gloo/transport", "Connection closed by peer", "Connection reset by peer")

# For each launcher the script that starts it, and what it calls rank, world size and local rank.
_LAUNCHERS = {
    "pytorch": ("tools/dist_train.sh", ("RANK", "WORLD_SIZE", "LOCAL_RANK")),
    "slurm": ("tools/slurm_train.sh", ("SLURM_PROCID", "SLURM_NTASKS", "SLURM_LOCALID")),
    "mpi": (
        "mpirun",
        ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_RANK"),
    ),
}


def set_up_processes(cfg: Config, launcher: str) -> None:
    """Join the processes, and prepare what the Runner needs to run in them.

    The Runner finds the group and makes none. The config's ``env_cfg.dist_cfg`` says how long the
    processes wait for each other (``timeout``, in seconds) and, for GPUs, by which ``backend`` they
    communicate.

    Args:
        cfg: The config; its ``launcher`` and, on CPUs, its ``model_wrapper_cfg`` are set.
        launcher: How this process was started: ``none``, ``pytorch``, ``slurm`` or ``mpi``.

    Raises:
        UserError: The launcher does not fit the environment, or there are more processes than GPUs.
    """
    cfg.launcher = launcher
    if launcher == "none":
        if int(os.environ.get("WORLD_SIZE", 1)) > 1 and "LOCAL_RANK" in os.environ:
            raise UserError("This is one of several processes: add --launcher pytorch.")
        return
    _read_environment(launcher)
    settings = (cfg.get("env_cfg") or {}).get("dist_cfg") or {}
    if torch.cuda.is_available():
        _check_gpu(int(os.environ["LOCAL_RANK"]), torch.cuda.device_count())
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
        _join_group(settings.get("backend", "nccl"), settings.get("timeout"))
    else:
        _join_group("gloo", settings.get("timeout"))
        _wrap_for_cpus(cfg)


def _check_gpu(local_rank: int, num_gpus: int) -> None:
    if local_rank >= num_gpus:
        raise UserError(
            f"Process {local_rank + 1} of this machine has no GPU: it has only {num_gpus}. "
            "Start fewer processes, or use --device cpu."
        )


def _join_group(backend: str, seconds: float | None) -> None:
    """Join the group of all processes, which wait for each other for so many seconds.

    torchrun keeps one store of keys for all restarts, and keys of processes that have ended would
    be taken for those of their successors. So each restart has its own part of it.
    """
    if torch.distributed.is_initialized():
        return
    timeout = None if seconds is None else timedelta(seconds=seconds)
    options: dict[str, Any] = {} if timeout is None else dict(timeout=timeout)
    store, rank, world_size = next(torch.distributed.rendezvous("env://", **options))
    if os.environ.get("TORCHELASTIC_RUN_ID") == "none":
        # What torchrun calls every training on several machines; a job has a name of its own.
        name = store.compare_set("mmcontrast/job", "", str(uuid.uuid4()))
        os.environ["TORCHELASTIC_RUN_ID"] = name.decode()
    restart = os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")
    torch.distributed.init_process_group(
        backend,
        store=torch.distributed.PrefixStore(f"mmcontrast/restart_{restart}", store),
        rank=rank,
        world_size=world_size,
        timeout=timeout,
    )


def _wrap_for_cpus(cfg: Config) -> None:
    """Let the Runner wrap the model for processes on CPUs."""
    defaults = dict(
        type="MMDistributedDataParallel",
        device_ids=None,
        broadcast_buffers=False,
        find_unused_parameters=cfg.get("find_unused_parameters", False),
    )
    cfg.model_wrapper_cfg = defaults | (cfg.get("model_wrapper_cfg") or {})


@contextmanager
def lost_processes() -> Iterator[None]:
    """Turn what an operation over processes raises when one of them is gone into one message.

    Raises:
        ProcessLost: Another process has ended, or the GPU of this one has failed.
    """
    try:
        yield
    except RuntimeError as error:
        lost = torch.distributed.DistError
        failed = getattr(torch, "AcceleratorError", lost)  # before torch 2.8 there was none
        if not (isinstance(error, lost | failed) or any(part in str(error) for part in _GLOO)):
            raise
        time.sleep(_GRACE_SECONDS)
        reason = str(error).splitlines()[0]
        raise ProcessLost(
            f"The connection to another process is lost, or a device has failed ({reason}). "
            "Continue from the last checkpoint with --resume; tools/dist_train.sh does so by "
            "itself, as often as MAX_RESTARTS says."
        ) from error


def leave_processes(runner: Runner | None) -> None:
    """Leave the group of processes, if there is one, so that the interpreter can end.

    Gloo's threads release the last tensors that they sent when they next wake. If the interpreter
    is ending by then, they kill the process (``terminate called without an active exception``).
    They are joined when the group is destroyed, which happens as soon as nothing refers to it. The
    wrapper of the runner's model does, and so it is removed.

    Args:
        runner: The runner of the processes; None if it could not be built.
    """
    if not torch.distributed.is_initialized():
        return
    if runner is not None:
        runner.model = _unwrap(runner.model)
    torch.distributed.destroy_process_group()
    gc.collect()


def _unwrap(model: nn.Module) -> nn.Module:
    """Remove the wrapper of a model, or those of its parts (MMSeparateDistributedDataParallel)."""
    inner = model.get_submodule("module") if is_model_wrapper(model) else model
    for name, part in inner.named_children():
        if is_model_wrapper(part):
            setattr(inner, name, part.module)
    return inner


def _read_environment(launcher: str) -> None:
    """Translate what the launcher says about this process into the variables that torch reads."""
    start, names = _LAUNCHERS[launcher]
    missing = [name for name in names if name not in os.environ]
    if missing:
        raise UserError(
            f"--launcher {launcher} needs {', '.join(missing)} in the environment; "
            f"start with {start}."
        )
    for target, name in zip(("RANK", "WORLD_SIZE", "LOCAL_RANK"), names, strict=True):
        os.environ[target] = os.environ[name]
    if launcher == "slurm" and "MASTER_ADDR" not in os.environ:
        nodes = os.environ["SLURM_NODELIST"]
        hostnames = subprocess.run(
            ["scontrol", "show", "hostnames", nodes], capture_output=True, text=True, check=True
        )
        os.environ["MASTER_ADDR"] = hostnames.stdout.split()[0]
    os.environ.setdefault("MASTER_ADDR", "127.0.0.1")
    os.environ.setdefault("MASTER_PORT", "29500")
