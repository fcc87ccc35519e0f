"""Start a tool in several processes.

``python -m mmcontrast.apis.training.launch PROCESSES TOOL ARGS...``

It calls torchrun, after checks whose messages are clearer than torchrun's. It reads these
environment variables: ``NNODES`` (default 1), ``NODE_RANK`` (0), ``MASTER_ADDR`` (this machine),
``PORT`` (a free one; 29500 with several nodes) and ``MAX_RESTARTS`` (3).

So often all processes are restarted when one of them was killed, and training resumes from the
newest checkpoint that this command has written. Errors of a config, of data or of code, and a
SIGTERM or SIGINT, end the command at once.
"""

import itertools
import os
import socket
import sys

from mmcontrast.utils.device import select_device
from mmcontrast.utils.errors import UserError, report_errors


def launcher_arguments(processes: str, arguments: list[str]) -> list[str]:
    """Check the request and return torchrun's arguments.

    Args:
        processes: Number of processes to start on this machine.
        arguments: Arguments of the tool; only its ``--device`` matters here.

    Raises:
        UserError: The number is not a positive integer, there are fewer GPUs, or the port is taken.
    """
    if not processes.isdigit() or int(processes) < 1:
        raise UserError(f"The number of processes must be 1 or more, got {processes!r}.")
    _check_devices(int(processes), arguments)
    restarts = [
        "--nproc-per-node",
        processes,
        "--max-restarts",
        os.environ.get("MAX_RESTARTS", "3"),
    ]
    num_nodes, node_rank = int(os.environ.get("NNODES", 1)), int(os.environ.get("NODE_RANK", 0))
    address, port = os.environ.get("MASTER_ADDR", "127.0.0.1"), os.environ.get("PORT")
    if num_nodes > 1 and "MASTER_ADDR" not in os.environ:
        raise UserError(f"NNODES={num_nodes} needs MASTER_ADDR, the address of node 0.")
    if num_nodes == 1 and port is None:
        return ["--standalone", *restarts]
    port = port or "29500"
    if node_rank == 0:
        _check_port(port)
    return [
        *("--nnodes", str(num_nodes), "--node-rank", str(node_rank)),
        *("--master-addr", address, "--master-port", port, *restarts),
    ]


def _check_devices(processes: int, arguments: list[str]) -> None:
    device = _device(arguments)
    if device is not None and device.startswith("cuda:"):
        raise UserError(
            f"--device {device} is one GPU, for one process; choose GPUs with "
            "CUDA_VISIBLE_DEVICES=0,1 instead."
        )
    select_device(device)
    import torch

    num_gpus = torch.cuda.device_count()
    if 0 < num_gpus < processes:
        raise UserError(
            f"{processes} processes need {processes} GPUs, this machine shows {num_gpus}. "
            f"Start {num_gpus}, or add --device cpu."
        )
    if num_gpus == 0:
        # Otherwise every process would use all cores.
        os.environ.setdefault("OMP_NUM_THREADS", str(max((os.cpu_count() or 1) // processes, 1)))


def _device(arguments: list[str]) -> str | None:
    """Return the value of the last ``--device``."""
    device = None
    for argument, following in itertools.zip_longest(arguments, arguments[1:]):
        if argument == "--device" and following is not None:
            device = following
        elif argument.startswith("--device="):
            device = argument.partition("=")[2]
    return device


def _check_port(port: str) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("", int(port)))
        except (OSError, ValueError, OverflowError) as error:
            raise UserError(
                f"PORT={port} cannot be used ({error}). Another training may be running: choose "
                "another port, or leave PORT unset on a single machine to get a free one."
            ) from error


def launch(processes: str, tool: str, arguments: list[str]) -> None:
    """Run a tool in several processes and exit with the code of the first that fails.

    While restarts are left, all processes are restarted if one was killed.

    Raises:
        SystemExit: With that code; 128 + n if this process was ended by signal n.
        UserError: The request cannot be met.
    """
    torchrun_arguments = launcher_arguments(processes, arguments)
    from torch.distributed import run
    from torch.distributed.elastic.multiprocessing import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError

    from mmcontrast.apis.training.agent import restarting_agent  # it imports torch

    command = [*torchrun_arguments, tool, *arguments, "--launcher", "pytorch"]
    try:
        with restarting_agent():
            run.run(run.parse_args(command))
    except SignalException as error:
        sys.exit(128 + error.sigval)
    except ChildFailedError as error:
        rank, failure = error.get_first_failure()
        print(f"\nprocess {rank} failed with exit code {failure.exitcode}", file=sys.stderr)
        sys.exit(failure.exitcode if failure.exitcode > 0 else 128 - failure.exitcode)


if __name__ == "__main__":
    with report_errors():
        launch(sys.argv[1], sys.argv[2], sys.argv[3:])
