"""How errors reach the user."""

import errno
import logging
import os
import threading

import pytest
from mmengine.logging import MMLogger
from torch.utils.data import DataLoader, Dataset

from mmcontrast.registry import MODELS
from mmcontrast.utils.errors import (
    Diverged,
    TrainingStopped,
    UserError,
    explain,
    input_errors,
    report_errors,
)


def test_user_errors_are_one_message(capsys):
    for error, code in (
        (UserError("use b"), 2), (TrainingStopped("gone"), 1), (Diverged("nan"), 3),
    ):  # fmt: skip
        with pytest.raises(SystemExit) as stopped, report_errors():
            raise error
        assert stopped.value.code == code
        err = capsys.readouterr().err
        assert f"error: {error}" in err
        assert "Traceback" not in err


def test_the_log_file_has_the_traceback(tmp_path, capsys):
    log = tmp_path / "run.log"
    MMLogger.get_instance("errors", log_file=str(log), log_level=logging.INFO)
    with pytest.raises(SystemExit), report_errors(), input_errors("model"):
        raise TypeError("wrong width")
    assert f"full traceback: {log}" in capsys.readouterr().err
    assert "TypeError: wrong width" in log.read_text()
    assert "Traceback" in log.read_text()
    # What data cause in a running training is short on the screen as well.
    with pytest.raises(SystemExit) as stopped, report_errors():
        raise OSError("7.jpg is cut off")
    assert stopped.value.code == 1
    assert "Traceback" not in capsys.readouterr().err
    assert "OSError: 7.jpg is cut off" in log.read_text()


def test_faults_of_ours_keep_their_traceback():
    with pytest.raises(ZeroDivisionError), report_errors():
        _ = 1 / 0
    with pytest.raises(ZeroDivisionError), input_errors("model"):
        _ = 1 / 0


class Broken(Dataset):
    def __len__(self):
        return 2

    def __getitem__(self, index):
        raise OSError("/data/7.jpg is cut off")


def test_errors_of_workers_are_what_the_worker_said():
    with pytest.raises(OSError, match="cut off") as caught:
        next(iter(DataLoader(Broken(), num_workers=1)))
    assert "Original Traceback" in str(caught.value)
    assert explain(caught.value) == "/data/7.jpg is cut off"


def test_errors_without_words():
    assert explain(KeyError("lr")) == "lr"
    try:
        assert not explain
    except AssertionError as error:
        assert "assert not explain" in explain(error) or "AssertionError" in explain(error)


def test_a_part_without_a_type_is_named_in_one_line():
    message = r"a\.py: a part of the config has no type: \{'a': 1\}$"
    with pytest.raises(UserError, match=message), input_errors("a.py"):
        MODELS.build(dict(a=1))


def test_a_thread_that_cannot_write_says_so_in_a_line(capsys):
    def write(filepath):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with report_errors():
        thread = threading.Thread(target=write, args=("/runs/events",))
        thread.start()
        thread.join()
    assert capsys.readouterr().err.strip().startswith("error: cannot write /runs/events: No space")
