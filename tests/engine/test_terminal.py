"""What of a log the terminal shows."""

import logging
import os

import pytest

from mmcontrast.engine.terminal import (
    TerminalFilter,
    TerminalFormatter,
    shorten_progress,
    stop_at_errors,
)
from mmcontrast.utils.writing import UnwritableError
from tests.toy import unique_run, write_config

LINE = (
    "Epoch(train)  [1][2/3]  lr: 2.0000e-02  eta: 1 day, 0:00:48  time: 12.0184  data_time: 0.2523"
    "  loss: 2.0560  loss_global: 0.8700  acc1: 0.0000  pos_sim: 0.9235  embedding_std: 0.1902"
)
SHORT = (
    "Epoch(train)  [1][2/3]  loss: 2.0560  embedding_std: 0.1902  acc1: 0.0000  "
    "eta: 1 day, 0:00:48  12 s/step"
)


def make_record(message, level=logging.INFO, path="/lib/mmengine/runner.py", function="info"):
    return logging.LogRecord("mmengine", level, path, 1, message, None, None, function)


def test_a_progress_line_is_short():
    assert shorten_progress(LINE) == SHORT
    by_iterations = "Iter(train) [ 20/100]  lr: 1.0e-02  loss: 1.0000  a: 2.0000  b: 3  c: 4"
    assert shorten_progress(by_iterations) == "Iter(train) [ 20/100]  loss: 1.0000  a: 2.0000  b: 3"


@pytest.mark.parametrize(
    "text", ["Epoch(val) [1][2/2]  knn/top1: 50.0  time: 0.1", "A message: of any kind"]
)
def test_other_lines_stay_as_they_are(text):
    assert shorten_progress(text) == text


def test_the_formatter_leaves_the_record_to_the_log_file():
    record = make_record(LINE)
    assert TerminalFormatter(color=False).format(record).endswith(SHORT)
    assert record.msg == LINE


def test_before_the_first_iteration_mmengine_is_silent():
    shown = TerminalFilter()
    assert not shown.filter(make_record("Config:\nmodel = ..."))
    assert shown.filter(make_record("The data have no labels.", logging.WARNING))
    assert not shown.filter(make_record('"FileClient" will be deprecated in', logging.WARNING))
    assert shown.filter(make_record("100 of 100 tensors are loaded.", function="print_log"))
    shown.started = True
    assert shown.filter(make_record("Saving checkpoint at 1 epochs"))
    assert not shown.filter(make_record("Exp name: toy"))


def test_a_training_fits_a_screen(tmp_path, capsys):
    from mmcontrast.apis.training.train import train

    config = str(write_config(tmp_path))
    train(config, work_dir=str(tmp_path / "run"), cfg_options=[unique_run()])
    lines = capsys.readouterr().out.splitlines()
    first = next(i for i, line in enumerate(lines) if "Epoch(train)" in line)
    assert first <= 30
    start, end = "\n".join(lines[:first]), "\n".join(lines[-8:])
    for text in ("24 samples of Images in", "DenseCL, ", "SGD, learning rate 0.05", "3 x 6 steps"):
        assert text in start
    assert "Finished after 18 steps" in end and "epoch_3.pth" in end
    assert "mmcontrast test" in end
    assert all("queue_age" not in line for line in lines)
    log = next((tmp_path / "run").glob("*/*.log")).read_text()
    assert "System environment" in log and "queue_age" in log and "Config:" in log


def test_an_output_that_cannot_be_written_stops_the_run_once():
    logger = logging.Logger("full")
    handler = logging.StreamHandler(os.fdopen(os.open("/dev/full", os.O_WRONLY), "w"))
    logger.addHandler(handler)
    stop_at_errors(logger, handler)
    with pytest.raises(UnwritableError, match="cannot write the standard output: No space left"):
        logger.warning("first")
    logger.warning("second")
    with pytest.raises(OSError, match="No space left"):
        handler.stream.close()
