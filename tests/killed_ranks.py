"""A hook for the test of restarts, which kills one process after another."""

import os
import signal

from mmengine.hooks import Hook

from mmcontrast.engine.hooks import checkpoint as checkpoint_hook
from mmcontrast.registry import HOOKS
from mmcontrast.utils.atomic import open_atomically

RESTART = int(os.environ.get("TORCHELASTIC_RESTART_COUNT", 0))
RANK = int(os.environ.get("RANK", 0))


def _kill():
    os.kill(os.getpid(), signal.SIGKILL)


def _write_half(content, path):
    with open_atomically(path) as file:
        file.write(content[: len(content) // 2])
        file.flush()
        _kill()


@HOOKS.register_module()
class KillOneRankAfterAnother(Hook):
    """Kill a process at each start: in set-up, at iteration 3, in validation, while it saves."""

    def __init__(self):
        if (RESTART, RANK) == (0, 1):
            _kill()

    def after_train_iter(self, runner, **kwargs):
        if (RESTART, RANK, runner.iter + 1) == (1, 1, 3):
            _kill()

    def before_val_iter(self, runner, **kwargs):
        if (RESTART, RANK) == (2, 1):
            _kill()

    def before_save_checkpoint(self, runner, checkpoint):
        if RESTART == 3:  # the first process alone saves
            checkpoint_hook.write_atomically = _write_half
