"""Where a training starts: at a checkpoint that it resumes from, or from a trained backbone."""

from collections.abc import Collection

from mmengine.config import Config
from mmengine.dist import broadcast_object_list, is_main_process

from mmcontrast.utils.errors import UserError
from mmcontrast.utils.job import restarts_by_job
from mmcontrast.weights.files import find_checkpoint


def choose_checkpoint(cfg: Config, resume: str | None) -> None:
    """Set ``load_from`` and ``resume`` in the config.

    A training that torchrun or Slurm has restarted resumes from the newest checkpoint that it has
    written itself. Before it has written any, it starts again as it was asked to.
    """
    jobs = [name for name, restarts in restarts_by_job().items() if restarts]
    path = _newest_checkpoint(cfg.work_dir, jobs) if jobs else None
    if path is not None:
        _print_once(f"Restarted: the training resumes from {path}.")
        cfg.load_from, cfg.resume = path, True
        return
    if resume is None and cfg.get("resume") and not cfg.get("load_from"):
        resume = "auto"
    if resume is None:
        return
    path = _newest_checkpoint(cfg.work_dir) if resume == "auto" else resume
    if path is None:
        _print_once(f"Nothing to resume in {cfg.work_dir}: starting from the beginning.")
        return
    cfg.load_from, cfg.resume = path, True


def _newest_checkpoint(work_dir: str, jobs: Collection[str] | None = None) -> str | None:
    """Return the path that the first process finds, since others may see other files yet."""
    paths = [find_checkpoint(work_dir, jobs)] if is_main_process() else [None]
    broadcast_object_list(paths)
    return None if paths[0] is None else str(paths[0])


def _print_once(message: str) -> None:
    if is_main_process():
        print(message)


def start_from(cfg: Config, checkpoint: str) -> None:
    """Let a training start from the backbone in a checkpoint.

    Args:
        cfg: The config, whose ``model.pretrained`` is set; of a detector or segmenter
            ``load_from``, from which its :class:`~mmcontrast.engine.hooks.PretrainedBackboneHook`
            takes the backbone.
        checkpoint: Path of the checkpoint.

    Raises:
        UserError: The config starts from a whole checkpoint already.
    """
    if cfg.get("resume"):
        print(f"The run resumes from {cfg.load_from}: {checkpoint} is not loaded again.")
    elif cfg.get("load_from"):
        raise UserError(
            f"--init-from {checkpoint} and load_from={cfg.load_from} in the config both say where "
            "the training starts: choose one of them."
        )
    hooks = (cfg.get("default_hooks") or {}).values()
    if any(str(hook and hook.get("type")).endswith("PretrainedBackboneHook") for hook in hooks):
        if not cfg.get("resume"):
            cfg.load_from = checkpoint
    else:
        cfg.model.pretrained = checkpoint
