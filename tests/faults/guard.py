"""Calls in a process of their own, which a hang or a crash of native code ends alone."""

import gc
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from typing import Any

HANG, CRASH = "hang", "crash"


def guarded(
    function: Callable[[Any], Any], arguments: Sequence[Any], seconds: float
) -> Iterator[Any]:
    """Call a function for each argument, one after the other, in a forked process.

    Yields:
        The results in order; ``HANG`` for a call of more than ``seconds``, after which its process
        is killed and the next call has a new one, and ``CRASH`` where the process ended.
    """
    # An encoder that is left of the writing has threads, which the child would wait for in vain.
    gc.collect()
    context = multiprocessing.get_context("fork")
    done = 0
    while done < len(arguments):
        receiver, sender = context.Pipe(duplex=False)
        process = context.Process(target=_serve, args=(sender, function, arguments[done:]))
        process.start()
        sender.close()
        try:
            while done < len(arguments):
                result = receiver.recv() if receiver.poll(seconds) else HANG
                done += 1
                yield result
                if result == HANG:
                    break
        except EOFError:
            done += 1
            yield CRASH
        finally:
            os.kill(process.pid, signal.SIGKILL)
            process.join()
            receiver.close()


def _serve(sender: Any, function: Callable[[Any], Any], arguments: Sequence[Any]) -> None:
    for argument in arguments:
        sender.send(function(argument))
