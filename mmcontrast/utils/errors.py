"""Errors that a user can act on, and how the command-line tools show them."""

import difflib
import inspect
import logging
import os
import re
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


class UserError(Exception):
    """The input is wrong, and the message says what to change; no traceback is shown."""

    exit_code = 2


class TrainingStopped(UserError):
    """A run that had started cannot continue; the message says what of it was saved."""

    exit_code = 1


class ProcessLost(TrainingStopped):
    """Another process ended, or a device failed: the run can continue from its last checkpoint."""

    exit_code = 75  # EX_TEMPFAIL: the same command may succeed


class Diverged(TrainingStopped):
    """A loss is not a finite number: the same run would end the same way again."""

    exit_code = 3


# What constructors, files and configs raise for input that does not fit.
_INPUT_ERRORS = (OSError, ImportError, LookupError, TypeError, ValueError, AssertionError)

# What MMEngine says of a part without a type, before a second line of default arguments.
_NO_TYPE = r'`cfg` or `default_args` must contain the key "type", but got (.*)'

# What MMEngine's data sets raise, through NumPy, when no sample is left, and what it means.
_EMPTY_DATASET = "need at least one array to concatenate"
_EMPTY_DATASET_REMEDY = (
    "No sample is left of the annotations. Do they (ann_file) have the classes of the config "
    "(metainfo.classes), and objects in some image (filter_cfg)?"
)


@contextmanager
def input_errors(context: str) -> Iterator[None]:
    """Turn the exceptions that wrong input causes into a :class:`UserError`.

    For code that builds what a config describes: there, a ``TypeError`` is a misspelt key and a
    ``FileNotFoundError`` a wrong path. The original exception stays attached, for the log file.

    Args:
        context: The first words of the message, which say what was being done.
    """
    try:
        yield
    except UserError:
        raise
    except _INPUT_ERRORS as error:
        from mmcontrast.utils.writing import is_write_error, unwritable  # it imports this module

        if isinstance(error, OSError) and is_write_error(error):
            raise unwritable(error) from error
        raise UserError(f"{context}: {explain(error)}{_nearest_parameter(error)}") from error


def explain(error: BaseException) -> str:
    """Return the message of an exception, without the tracebacks of data-loader workers.

    That of a file that cannot be written names the file and a remedy.
    """
    from mmcontrast.utils.writing import is_write_error, unwritable  # it imports this module

    if isinstance(error, OSError) and is_write_error(error) and not isinstance(error, UserError):
        return str(unwritable(error))
    # str() of a KeyError is the repr of its key.
    plain_key = isinstance(error, KeyError) and type(error).__str__ is KeyError.__str__
    text = str(error.args[0]) if plain_key and error.args else str(error)
    if "Original Traceback" in text:
        raised = re.findall(
            r"^(?:[\w.]+\.)?\w*(?:Error|Exception|Interrupt): ?", text, re.MULTILINE
        )
        text = text.rsplit(raised[-1], 1)[-1].strip() if raised else text
    without_type = re.match(_NO_TYPE, text)
    if without_type:
        return f"a part of the config has no type: {without_type[1]}"
    if text:
        return _EMPTY_DATASET_REMEDY if text == _EMPTY_DATASET else text
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} at {frame.filename}:{frame.lineno}: {frame.line}"


def _nearest_parameter(error: BaseException) -> str:
    """For a call with an unknown keyword, return what the callee has instead."""
    match = re.search(
        r"(\w+)(?:\.__init__)?\(\) got an unexpected keyword argument '(\w+)'", str(error)
    )
    if not isinstance(error, TypeError) or match is None:
        return ""
    owner, wrong = match.groups()
    names: set[str] = set()
    for frame, _ in traceback.walk_tb(error.__traceback__):
        # MMEngine's builder calls what it builds `obj_cls`; DataLoader is called by its name.
        for callee in (frame.f_locals.get("obj_cls"), frame.f_globals.get(owner)):
            bases = inspect.getmro(callee) if inspect.isclass(callee) else (callee,)
            if any(getattr(base, "__name__", None) == owner for base in bases):
                for base in bases:
                    function = base.__init__ if inspect.isclass(base) else base
                    names |= set(inspect.signature(function).parameters)  # type: ignore[arg-type]
    names -= {"self", "args", "kwargs"}
    close = difflib.get_close_matches(wrong, names, n=3, cutoff=0.5)
    if close:
        return f". Did you mean {' or '.join(close)}?"
    return f". It has: {', '.join(sorted(names))}." if names else ""


@contextmanager
def report_errors() -> Iterator[None]:
    """Show a :class:`UserError`, and what bad data causes later, as one message and exit.

    The full traceback goes to the log file of the run. Errors that no input explains, or for which
    there is no log file, keep their traceback on the screen: they are faults of this package.

    Raises:
        SystemExit: With the error's ``exit_code``.
    """
    threading.excepthook = _show_error_of_thread
    try:
        yield
    except UserError as error:
        _show(error)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        # The reader of the output, such as `head`, has closed it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except (OSError, ValueError) as error:
        # Unreadable data, or data of a shape that a method cannot use.
        _show(error)
        sys.exit(1)
    except Exception as error:
        from mmcontrast.utils.memory import describe_shortage  # it imports this module

        shortage = describe_shortage(error)
        if shortage is None:
            _write_traceback()
            raise
        _show(
            UserError(
                f"{shortage} Take a smaller network or smaller inputs, or fewer of them at once."
            )
        )
        sys.exit(1)


def _show_error_of_thread(args: threading.ExceptHookArgs) -> None:
    """Show the traceback of a thread, or one line where it cannot write a file.

    TensorBoard writes in a thread, and raises the error once more when it is called next.
    """
    from mmcontrast.utils.writing import is_write_error  # it imports this module

    if args.exc_value is None or not is_write_error(args.exc_value):
        threading.__excepthook__(args)
    else:
        print(f"\nerror: {explain(args.exc_value)}", file=sys.stderr)


def _show(error: Exception) -> None:
    from mmcontrast.utils.writing import is_write_error  # it imports this module

    log_file = _write_traceback()
    if log_file is None and not isinstance(error, UserError) and not is_write_error(error):
        traceback.print_exc()
        return
    rank = os.environ.get("RANK", "0")
    prefix = "error" if rank == "0" else f"error (rank {rank})"
    message = f"\n{prefix}: {explain(error)}"
    if log_file is not None:
        message += f"\n(full traceback: {log_file})"
    with suppress(OSError):  # the message may be that it cannot be written
        sys.stdout.flush()
    print(message, file=sys.stderr)


def _write_traceback() -> Path | None:
    """Append the current exception to the file of MMEngine's current logger; return its path.

    It is None if there is no such file, or if it cannot be written.
    """
    if "mmengine.logging" not in sys.modules:
        return None
    from mmengine.logging import MMLogger

    for handler in MMLogger.get_current_instance().handlers:
        path = Path(getattr(handler, "baseFilename", ""))
        # The folder of a run may be gone by now, if it was a temporary one.
        if isinstance(handler, logging.FileHandler) and path.is_file():
            with suppress(OSError):
                handler.flush()
                with path.open("a") as log:
                    log.write(traceback.format_exc())
                return path
    return None
