"""What is said where memory does not suffice."""

import numpy as np
import pytest
import torch

from mmcontrast.utils.errors import UserError, report_errors
from mmcontrast.utils.memory import OutOfMemory, describe_shortage, memory_errors

CUDA = (
    "CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 139.81 GiB of "
    "which 1.25 GiB is free. Including non-PyTorch memory, this process has 138.00 GiB in use."
)
WORKER = "DataLoader worker (pid 1234) is killed by signal: Killed. "
SHARED = (
    "DataLoader worker (pid 12) is killed by signal: Bus error. It is possible that dataloader's "
    "workers are out of shared memory. Please try to raise your shared memory limit."
)


def raised(function):
    with pytest.raises((RuntimeError, MemoryError)) as caught:
        function()
    return caught.value


def test_the_size_that_was_asked_for_is_named():
    for error, words in (
        (torch.OutOfMemoryError(CUDA), "GPU 0 does not suffice: 2.00 GiB .* 1.25 GiB of its 139"),
        (raised(lambda: torch.empty(2**50)), "this machine does not suffice: 4.00 PiB were asked"),
        (raised(lambda: np.zeros(2**50)), "this machine does not suffice: 8.00 PiB were asked"),
        (raised(lambda: bytearray(2**60)), "this machine does not suffice[.]"),
        (OSError(12, "Cannot allocate memory"), "this machine does not suffice[.]"),
        (RuntimeError(SHARED), "shared memory .*--shm-size"),
        (RuntimeError(WORKER), "ended a worker that loads data"),
    ):
        with pytest.raises(OutOfMemory, match=f"{words}.* Lower it[.]"), memory_errors(
            lambda _: "Lower it."
        ):  # fmt: skip
            raise error


def test_the_cause_tells_what_ended_a_worker():
    error = RuntimeError("DataLoader worker (pid(s) 1234) exited unexpectedly")
    assert describe_shortage(error) is None
    error.__cause__ = RuntimeError(WORKER)
    assert "ended a worker" in describe_shortage(error)


def test_other_errors_pass():
    for error in (RuntimeError("shapes differ"), UserError("use b"), OSError("7.jpg is cut off")):
        assert describe_shortage(error) is None
        with pytest.raises(type(error), match=str(error)), memory_errors(lambda _: ""):
            raise error


def test_the_terminal_shows_one_sentence(capsys):
    with pytest.raises(SystemExit) as stopped, report_errors():
        torch.empty(2**50)
    assert stopped.value.code == 1
    err = capsys.readouterr().err
    assert "4.00 PiB were asked for" in err and "Traceback" not in err
