"""Checkpoints that survive a kill and a full disk."""

from pathlib import Path
from typing import Any

from mmengine.dist import is_main_process
from mmengine.fileio import LocalBackend, register_backend
from mmengine.hooks import CheckpointHook
from mmengine.runner import Runner

from mmcontrast.registry import HOOKS
from mmcontrast.utils.atomic import write_atomically
from mmcontrast.utils.errors import TrainingStopped

INTERRUPTED = "interrupted.pth"


@register_backend("atomic", force=True)
class AtomicBackend(LocalBackend):
    """MMEngine's local file backend with atomic writes: ``backend_args=dict(backend='atomic')``."""

    def put(self, obj: bytes, filepath: str | Path) -> None:
        """Write bytes to a file, atomically."""
        write_atomically(obj, filepath)

    def put_text(self, obj: str, filepath: str | Path, encoding: str = "utf-8") -> None:
        """Write text to a file, atomically."""
        write_atomically(obj.encode(encoding), filepath)


@HOOKS.register_module()
class SafeCheckpointHook(CheckpointHook):
    """MMEngine's ``CheckpointHook``, except that there is a whole checkpoint at every moment.

    Files are written atomically, ``last_checkpoint`` too, and an old checkpoint is removed after
    the new one is on the disk, not before.

    Args:
        **kwargs: Options of MMEngine's ``CheckpointHook``: ``interval``, ``by_epoch``,
            ``max_keep_ckpts``, ...
    """

    last_ckpt: str | None

    def __init__(self, **kwargs: Any):
        kwargs.setdefault("backend_args", dict(backend="atomic"))
        super().__init__(**kwargs)

    def write(self, runner: Runner, filename: str, meta: dict[str, int], by_epoch: bool) -> None:
        """Save a checkpoint and make it the one that ``--resume auto`` takes; call on all ranks.

        Args:
            runner: The runner of the training.
            filename: Name in the folder of checkpoints.
            meta: The ``epoch`` and ``iter`` at which a resumed run goes on.
            by_epoch: Whether an epoch has just ended.

        Raises:
            TrainingStopped: It could not be written; the message names the last whole one.
        """
        previous = self.last_ckpt
        self.last_ckpt = self.file_backend.join_path(self.out_dir, filename)
        runner.message_hub.update_info("last_ckpt", self.last_ckpt)
        # Hooks on all ranks; MMEngine's before_save_checkpoint runs on the first rank alone.
        runner.call_hook("before_write_checkpoint")
        try:
            runner.save_checkpoint(
                self.out_dir,
                filename,
                save_optimizer=self.save_optimizer,
                save_param_scheduler=self.save_param_scheduler,
                meta=meta,
                by_epoch=by_epoch,
                backend_args=self.backend_args,
                **self.args,
            )
            if is_main_process():
                write_atomically(
                    str(self.last_ckpt).encode(), Path(runner.work_dir, "last_checkpoint")
                )
        except OSError as error:
            raise TrainingStopped(
                f"The checkpoint {self.last_ckpt} could not be written: {error}.\n"
                + (
                    f"The last whole one is {previous}. Make room and go on with --resume auto."
                    if previous
                    else "There is none from this run yet."
                )
            ) from error

    def _save_checkpoint_with_step(self, runner: Runner, step: int, meta: dict[str, int]) -> None:
        outdated = self._note(runner, step)
        self.write(runner, self.filename_tmpl.format(step), meta, self.by_epoch)
        if is_main_process():
            for path in [*outdated, self.file_backend.join_path(self.out_dir, INTERRUPTED)]:
                if self.file_backend.isfile(path):
                    self.file_backend.remove(path)

    def _note(self, runner: Runner, step: int) -> list[str]:
        """Enter a step among those whose files are kept; return the files that are too many."""
        if self.max_keep_ckpts <= 0 or step in self.keep_ckpt_ids:
            return []
        outdated = []
        while len(self.keep_ckpt_ids) >= self.max_keep_ckpts:
            name = self.filename_tmpl.format(self.keep_ckpt_ids.popleft())
            outdated.append(self.file_backend.join_path(self.out_dir, name))
        self.keep_ckpt_ids.append(step)
        runner.message_hub.update_info("keep_ckpt_ids", list(self.keep_ckpt_ids))
        return outdated
