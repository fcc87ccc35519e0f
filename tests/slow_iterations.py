"""A hook for tests that have to catch a run at work; they import it through ``custom_imports``."""

import os
import time
from pathlib import Path

from mmengine.hooks import Hook

from mmcontrast.registry import HOOKS


@HOOKS.register_module()
class SlowIterations(Hook):
    """Take a moment for each iteration, and write down the process's id."""

    def before_train(self, runner):
        Path(runner.work_dir, f"pid_{runner.rank}").write_text(str(os.getpid()))

    def after_train_iter(self, runner, **kwargs):
        time.sleep(0.3)
