"""Checkpoints that survive a kill, a full disk and a loss that is not finite."""

import inspect
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mmengine.dist import is_main_process
from mmengine.fileio import LocalBackend, register_backend
from mmengine.hooks import CheckpointHook
from mmengine.runner import Runner

from mmcontrast.registry import HOOKS
from mmcontrast.utils.atomic import write_atomically
from mmcontrast.utils.errors import TrainingStopped
from mmcontrast.utils.writing import UnwritableError, writing

INTERRUPTED = "interrupted.pth"
DIVERGED = ".diverged"
"""What is added to the name of a checkpoint after which no finite loss was seen."""


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
    """MMEngine's ``CheckpointHook``, except that there is a good checkpoint at every moment.

    Files are written atomically, ``last_checkpoint`` too, and the best weights (``save_best``)
    before the ones that they replace are removed. A checkpoint is *good* once a loss was finite
    that its weights gave, which is that of the next iteration. Until then the checkpoints stay that
    it replaces, and if that loss is not finite it is set aside, see :meth:`reject`.

    Args:
        **kwargs: Options of MMEngine's ``CheckpointHook``: ``interval``, ``by_epoch``,
            ``max_keep_ckpts``, ...

    Raises:
        TypeError: There is no such option; MMEngine's hook would fail when it first saves.
    """

    last_ckpt: str | None

    def __init__(self, **kwargs: Any):
        unknown = sorted(kwargs.keys() - inspect.signature(CheckpointHook).parameters.keys())
        if unknown:
            raise TypeError(
                f"SafeCheckpointHook.__init__() got an unexpected keyword argument {unknown[0]!r}"
            )
        kwargs.setdefault("backend_args", dict(backend="atomic"))
        super().__init__(**kwargs)
        self._unconfirmed: list[str] = []  # paths, written since the last finite loss
        self._outdated: list[str] = []  # names of files to remove when the next one is good
        self._resumed_from: str | None = None
        self._former_best: dict[str, str] = {}  # paths by metric

    def before_train(self, runner: Runner) -> None:
        """Prepare the folder of checkpoints, and continue with those of a resumed run."""
        super().before_train(runner)
        if runner.iter:
            self._outdated = list(runner.message_hub.runtime_info.get("outdated_ckpts", ()))
            self._resumed_from = runner._load_from and str(runner._load_from)

    def after_train_iter(self, runner: Runner, *args: Any, **kwargs: Any) -> None:
        """Save at the interval.

        It is reached only if the loss of the iteration is finite, so what was saved before is good:
        :class:`NonFiniteLossHook` comes first.
        """
        self._confirm(runner)
        super().after_train_iter(runner, *args, **kwargs)

    def after_train(self, runner: Runner) -> None:
        """Remove what the last checkpoint replaces."""
        self._remove_outdated(runner)
        super().after_train(runner)

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
        # Hooks on all ranks; MMEngine's before_save_checkpoint runs on the first rank alone.
        runner.call_hook("before_write_checkpoint")
        previous = self.last_ckpt or self._resumed_from
        self.last_ckpt = self.file_backend.join_path(self.out_dir, filename)
        self._outdated = [name for name in self._outdated if name != filename]
        runner.message_hub.update_info("last_ckpt", self.last_ckpt)
        kept = [name for name in self._outdated if name != INTERRUPTED]
        runner.message_hub.update_info("outdated_ckpts", kept)
        try:
            with writing(self.last_ckpt):
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
                    _point_to(runner, self.last_ckpt)
        except UnwritableError as error:
            raise TrainingStopped(
                f"{error}\nThe last whole one is {previous}. Continue with --resume auto."
                if previous
                else f"{error}\nThere is no checkpoint from this run yet."
            ) from error
        self._unconfirmed.append(self.last_ckpt)

    def reject(self, runner: Runner) -> tuple[str | None, list[str]]:
        """Set aside the checkpoints that this run has written since the last finite loss.

        Their names get the ending ``.diverged``, which ``--resume auto`` does not take, and
        ``last_checkpoint`` names the last good one. Call on all ranks.

        Returns:
            The path of the last good checkpoint, or None, and the new paths of the others.
        """
        good = runner.message_hub.runtime_info.get("last_good_ckpt")
        rejected, self._unconfirmed = list(dict.fromkeys(self._unconfirmed)), []
        if is_main_process():
            for path in rejected:
                os.replace(path, path + DIVERGED)
            if good and os.path.isfile(good):
                _point_to(runner, good)
            elif rejected:
                Path(runner.work_dir, "last_checkpoint").unlink(missing_ok=True)
        return good, [path + DIVERGED for path in rejected]

    def _confirm(self, runner: Runner) -> None:
        """Note that the loss was finite after the checkpoints that were written, or loaded."""
        latest = self._unconfirmed[-1] if self._unconfirmed else self._resumed_from
        if latest:
            runner.message_hub.update_info("last_good_ckpt", latest)
            self._unconfirmed, self._resumed_from = [], None
            self._remove_outdated(runner)

    def _remove_outdated(self, runner: Runner) -> None:
        self._remove(self._outdated)
        self._outdated = []
        runner.message_hub.update_info("outdated_ckpts", [])

    def _remove(self, names: Sequence[str]) -> None:
        if is_main_process():
            for name in names:
                path = self.file_backend.join_path(self.out_dir, name)
                if self.file_backend.isfile(path):
                    self.file_backend.remove(path)

    def _save_checkpoint_with_step(self, runner: Runner, step: int, meta: dict[str, int]) -> None:
        self._outdated += [*self._note(runner, step), *self._replaced_best(), INTERRUPTED]
        self.write(runner, self.filename_tmpl.format(step), meta, self.by_epoch)

    def _save_best_checkpoint(self, runner: Runner, metrics: dict[str, float]) -> None:
        """Save the best weights, and then remove the former ones.

        MMEngine removes first those that it knows, so they are hidden from it.
        """
        if not self.save_best:
            return
        self._former_best = {name: path for name, path in self._best().items() if path}
        self._set_best({})
        super()._save_best_checkpoint(runner, metrics)
        self._remove(self._replaced_best())  # no checkpoint was written that would do so
        self._set_best({**self._best(), **self._former_best})

    def _replaced_best(self) -> list[str]:
        """Return the names of former best weights for which there are new ones, once each."""
        if not self._former_best:  # nor need there be a save_best
            return []
        new = {name: path for name, path in self._best().items() if path}
        replaced = [self._former_best.pop(name) for name in new if name in self._former_best]
        return [os.path.basename(path) for path in replaced if path not in new.values()]

    def _best(self) -> dict[str, str | None]:
        """Return the paths of the best weights by metric, of a single one by an empty name."""
        if len(self.key_indicators) == 1:
            return {"": self.best_ckpt_path}
        return dict(self.best_ckpt_path_dict)

    def _set_best(self, paths: dict[str, str | None]) -> None:
        if len(self.key_indicators) == 1:
            self.best_ckpt_path = next(iter(paths.values()), None)
        else:
            self.best_ckpt_path_dict = {name: paths.get(name) for name in self.key_indicators}

    def _note(self, runner: Runner, step: int) -> list[str]:
        """Enter a step among those whose files are kept; return the names that are too many."""
        if self.max_keep_ckpts <= 0 or step in self.keep_ckpt_ids:
            return []
        outdated = []
        while len(self.keep_ckpt_ids) >= self.max_keep_ckpts:
            outdated.append(self.filename_tmpl.format(self.keep_ckpt_ids.popleft()))
        self.keep_ckpt_ids.append(step)
        runner.message_hub.update_info("keep_ckpt_ids", list(self.keep_ckpt_ids))
        return outdated


def _point_to(runner: Runner, path: str) -> None:
    """Make a checkpoint the one that ``--resume auto`` takes."""
    write_atomically(str(path).encode(), Path(runner.work_dir, "last_checkpoint"))
