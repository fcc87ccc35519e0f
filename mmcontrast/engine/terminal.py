"""What of a run's log the terminal shows; the log file has all of it."""

import logging
import re
import sys
from contextlib import suppress
from copy import copy
from functools import partial
from pathlib import Path
from typing import Any

from mmengine.logging import MMLogger
from mmengine.logging.logger import MMFormatter
from mmengine.runner import Runner

import mmcontrast
from mmcontrast.engine.log_folder import make_log_folder
from mmcontrast.utils.writing import is_write_error, writing

_OWN_CODE = str(Path(mmcontrast.__file__).parent)
# MMEngine's notes about its own code, and what the user knows.
_NOISE = (
    '"FileClient" will be deprecated',
    '"HardDiskBackend" is the alias',
    "Loads checkpoint by",
    "Exp name: ",
    "Command: ",
)
_PROGRESS = re.compile(r"((?:Epoch|Iter)\(train\)\s*[][\d/ ]+?)  +(.*)", re.DOTALL)
# The first two of a line that has more: collapse, then how hard the task is.
_HEALTH = ("embedding_std", "acc1", "pos_sim", "accuracy", "acc", "grad_norm")
_NO_HEALTH = {"lr", "base_lr", "eta", "time", "data_time", "memory", "loss"}


class TerminalFilter(logging.Filter):
    """Let through what a user of a terminal needs.

    Warnings and errors pass always, apart from MMEngine's about its own code. Before the first
    iteration, of the other records those of mmcontrast pass, and what any package says through
    ``print_log``: neither the environment, nor the config, nor the hooks.

    Attributes:
        started: Whether training or evaluation has begun, from where on all records pass.
    """

    def __init__(self) -> None:
        super().__init__()
        self.started = False

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether a record is shown."""
        if str(record.msg).startswith(_NOISE):
            return False
        if record.levelno >= logging.WARNING or self.started:
            return True
        return record.funcName == "print_log" or record.pathname.startswith(_OWN_CODE)


class TerminalFormatter(MMFormatter):
    """MMEngine's format, with progress lines shortened by :func:`shorten_progress`."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the text of a record."""
        shown = copy(record)  # other handlers format it too
        shown.msg, shown.args = shorten_progress(record.getMessage()), None
        return super().format(shown)


def shorten_progress(line: str) -> str:
    """Shorten MMEngine's line of a training iteration.

    Args:
        line: ``Epoch(train) [1][20/50]  lr: 1.0e-02  eta: 0:01:00  ...``; any other text is
            returned as it is.

    Returns:
        The place in the training, the total loss, two metrics that tell whether it is healthy, the
        remaining time and the speed.
    """
    match = _PROGRESS.fullmatch(line)
    if match is None:
        return line
    pairs = re.findall(r"(\S+): (\d+ days?, \S+|\S+)", match[2])
    metrics = dict(pairs)
    if "loss" not in metrics:
        return line
    others = [name for name in metrics if name not in _NO_HEALTH and "loss" not in name]
    ranked = [name for name in _HEALTH if name in metrics]
    health = [*ranked, *(name for name in others if name not in ranked)][:2]
    parts = [f"{name}: {metrics[name]}" for name in ("loss", *health, "eta") if name in metrics]
    if "time" in metrics:
        parts.append(f"{float(metrics['time']):.3g} s/step")
    return "  ".join((match[1], *parts))


class QuietRunner(Runner):
    """A Runner whose terminal shows what :class:`TerminalFilter` lets through.

    Its log folder is its own, see :func:`~mmcontrast.engine.log_folder.make_log_folder`. A log
    file that cannot be written stops it.
    """

    def setup_env(self, env_cfg: dict[str, Any]) -> None:
        """Set up what MMEngine does, and make the log folder."""
        super().setup_env(env_cfg)
        self._timestamp: str = make_log_folder(self.work_dir, self.timestamp)

    def dump_config(self) -> None:
        """Leave the config of an earlier run in the work dir: this start may fail, or be a test."""

    def build_logger(self, *args: Any, **kwargs: Any) -> MMLogger:
        """Build the logger as MMEngine does; the environment and the config are logged next."""
        logger = super().build_logger(*args, **kwargs)
        for handler in logger.handlers:
            if _is_terminal(handler) and terminal_filter(logger) is None:
                handler.addFilter(TerminalFilter())
                handler.setFormatter(TerminalFormatter(color=True, datefmt="%m/%d %H:%M:%S"))
            if isinstance(handler, logging.StreamHandler):
                stop_at_errors(logger, handler)
        return logger


def stop_at_errors(logger: logging.Logger, handler: logging.StreamHandler) -> None:
    """Let a handler raise the error of a log that cannot be written.

    Python's own handler prints a traceback at each record and goes on without the log.

    Args:
        logger: The logger of the handler, which has it no more after the first error, so that the
            run can say why it ends.
        handler: A handler for a file or for the standard output.
    """
    handler.handleError = partial(_raise_error, logger, handler)  # type: ignore[method-assign]


def _raise_error(
    logger: logging.Logger, handler: logging.StreamHandler, record: logging.LogRecord
) -> None:
    error = sys.exc_info()[1]
    name = getattr(handler, "baseFilename", None)
    if not isinstance(error, OSError) or (name is None and not is_write_error(error)):
        logging.Handler.handleError(handler, record)
        return
    logger.removeHandler(handler)
    with suppress(OSError):
        handler.close()
    with writing(name or "the standard output"):
        raise error


def terminal_filter(logger: logging.Logger) -> TerminalFilter | None:
    """Return the filter of a logger that :class:`QuietRunner` has built, or None."""
    filters = (each for handler in logger.handlers for each in handler.filters)
    return next((each for each in filters if isinstance(each, TerminalFilter)), None)


def _is_terminal(handler: logging.Handler) -> bool:
    is_stream = isinstance(handler, logging.StreamHandler)
    return is_stream and not isinstance(handler, logging.FileHandler)
