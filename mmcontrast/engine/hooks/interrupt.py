"""Save a checkpoint at SIGTERM and SIGINT, and exit."""

import os
import signal
import threading
import time
from types import FrameType
from typing import Any

from mmengine.dist import barrier
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmcontrast.ops.distributed import max_over_ranks
from mmcontrast.registry import HOOKS

from .checkpoint import INTERRUPTED, SafeCheckpointHook

_SIGNALS = (signal.SIGTERM, signal.SIGINT)
# Ctrl-C reaches a process twice under torchrun: from the terminal and from the launcher.
_IMPATIENT_SECONDS = 3.0


def _hold_signals() -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)


def _release_signals() -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)


def _end_on_sigterm() -> None:
    """Restore the default effect of SIGTERM in a child process, which inherits the hook's handlers.

    Where Python handles the signal, it is lost if it arrives while the child is being created or is
    about to wait for a lock. A pool of processes, such as mmdet computes VOC's AP in, sends it once
    and waits.
    """
    if isinstance(getattr(signal.getsignal(signal.SIGTERM), "__self__", None), InterruptHook):
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
    _release_signals()


os.register_at_fork(
    before=_hold_signals, after_in_parent=_release_signals, after_in_child=_end_on_sigterm
)


@HOOKS.register_module()
class InterruptHook(Hook):
    """On SIGTERM or SIGINT, save a checkpoint at the next iteration's end and exit.

    All ranks exit together, at the same iteration, even if the signal reached only one. The exit
    code is 128 plus the signal's number. A second Ctrl-C, some seconds later, exits at once.
    """

    priority = "LOWEST"

    def __init__(self) -> None:
        self._signal = 0
        self._received_at = 0.0
        self._process = 0
        self._previous: dict[signal.Signals, Any] = {}

    def before_train(self, runner: Runner) -> None:
        """Install the signal handlers; outside of training the signals keep their usual effect."""
        if threading.current_thread() is not threading.main_thread():
            runner.logger.warning("Not in the main thread: SIGTERM will not save a checkpoint.")
            return
        self._process = os.getpid()
        self._previous = {number: signal.signal(number, self._receive) for number in _SIGNALS}

    def after_train(self, runner: Runner) -> None:
        """Restore the signal handlers."""
        self.release()

    def release(self) -> None:
        """Restore the signal handlers, also after training has failed."""
        for number, handler in self._previous.items():
            signal.signal(number, handler)
        self._previous = {}

    def after_train_iter(self, runner: Runner, **kwargs: Any) -> None:
        """Save and exit if a signal has arrived.

        The epoch that a resumed run continues is the current one, even if this was its last
        iteration: what comes at the end of an epoch is still to be done then.
        """
        self._exit_after_signal(runner, dict(epoch=runner.epoch, iter=runner.iter + 1))

    def after_val_iter(self, runner: Runner, **kwargs: Any) -> None:
        """Save and exit if a signal has arrived; a resumed run continues with the next epoch."""
        if self._previous:
            self._exit_after_signal(runner, dict(epoch=runner.epoch, iter=runner.iter))

    def _exit_after_signal(self, runner: Runner, meta: dict[str, int]) -> None:
        number = max_over_ranks(self._signal)
        if not number:
            return
        name = signal.Signals(number).name
        runner.logger.warning(
            f"{name} received: saving a checkpoint after iteration {meta['iter']}."
        )
        for hook in runner.hooks:
            if isinstance(hook, SafeCheckpointHook):
                hook.write(runner, INTERRUPTED, meta, by_epoch=False)
                runner.logger.warning(
                    f"Saved {hook.last_ckpt}. To continue exactly here, add --resume auto to the "
                    "same command."
                )
                break
        # A rank that exited earlier would make the launcher kill the one that is still writing.
        barrier()
        self.release()
        raise SystemExit(128 + number)

    def _receive(self, number: int, frame: FrameType | None) -> None:
        if os.getpid() != self._process:
            # Ctrl-C reaches a data-loader worker too, which has to serve until the end.
            return
        now = time.monotonic()
        if (
            number == signal.SIGINT
            and self._signal
            and now - self._received_at > _IMPATIENT_SECONDS
        ):
            raise KeyboardInterrupt
        if not self._signal:
            self._signal, self._received_at = number, now
