"""torchrun's agent, which here restarts processes only where a restart can help."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from torch.distributed.elastic.agent.server.api import RunResult, WorkerGroup, WorkerState
from torch.distributed.elastic.agent.server.local_elastic_agent import LocalElasticAgent
from torch.distributed.launcher import api

from mmcontrast.utils.errors import ProcessLost

_FINAL = "mmcontrast/final"
_STOPPED = (signal.SIGTERM, signal.SIGINT)


class RestartingAgent(LocalElasticAgent):
    """Restart the processes after one was killed or lost the others, and after no other failure.

    A process that ends with an exit code of its own, such as that of a wrong config or of a signal
    it was stopped by, would do so again, or is not meant to go on. The agents of other machines,
    whose processes only lose the connection, are told.
    """

    def _monitor_workers(self, worker_group: WorkerGroup) -> RunResult:
        result = super()._monitor_workers(worker_group)
        if result.state == WorkerState.FAILED and self._remaining_restarts > 0:
            rank, failure = min(result.failures.items(), key=lambda item: item[1].timestamp)
            store: Any = worker_group.store
            if not can_restart(failure.exitcode):
                store.set(_FINAL, str(rank))
                self._remaining_restarts = 0
            elif store.check([_FINAL]):
                self._remaining_restarts = 0
            else:
                total = worker_group.spec.max_restarts
                number = total - self._remaining_restarts + 1
                reason = _describe(failure.exitcode)
                message = f"process {rank} {reason}: restart {number} of {total} of all processes"
                print(f"\n{message}", file=sys.stderr, flush=True)
        return result


def can_restart(exit_code: int) -> bool:
    """Return whether processes are worth restarting after one ended so.

    Args:
        exit_code: The exit code of the process; -n if signal n ended it.
    """
    return exit_code == ProcessLost.exit_code or (exit_code < 0 and -exit_code not in _STOPPED)


@contextmanager
def restarting_agent() -> Iterator[None]:
    """Let torchrun use :class:`RestartingAgent` inside the context."""
    before = api.LocalElasticAgent
    api.LocalElasticAgent = RestartingAgent  # type: ignore[misc]
    try:
        yield
    finally:
        api.LocalElasticAgent = before  # type: ignore[misc]


def _describe(exit_code: int) -> str:
    if exit_code < 0:
        return f"was ended by {signal.Signals(-exit_code).name}"
    return "lost the connection to another one"
