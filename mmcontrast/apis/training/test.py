"""Evaluate what a config describes."""

from collections.abc import Iterable
from pathlib import Path

from mmengine.config import Config
from mmengine.dist import is_main_process
from mmengine.hooks import LoggerHook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner, set_random_seed

from mmcontrast.apis.training.config import default_work_dir, load_config, use_data_root
from mmcontrast.apis.training.config_values import check_values
from mmcontrast.apis.training.processes import leave_processes, set_up_processes
from mmcontrast.apis.training.runner import build_runner, check_labels, judges_classes
from mmcontrast.apis.training.stops import explained_stops
from mmcontrast.apis.training.train import set_randomness
from mmcontrast.apis.training.work_dir import removed_on_failure, store_config
from mmcontrast.datasets.classes import refuse_other_classes
from mmcontrast.registry import MODELS, SCOPE
from mmcontrast.utils.atomic import write_atomically
from mmcontrast.utils.errors import UserError, input_errors
from mmcontrast.weights import Checkpoint, trusted_checkpoints


def test(
    config: str,
    checkpoint: str | None = None,
    *,
    work_dir: str | None = None,
    seed: int | None = None,
    data_root: str | None = None,
    trust_checkpoint: bool = False,
    cfg_options: Iterable[str] = (),
    launcher: str = "none",
) -> dict[str, float | None]:
    """Run the config's evaluation (``test_*``, or ``val_*`` where it has no other).

    Args:
        config: Path of the config file. If it sets ``compare_untrained = True``, the network is
            also evaluated as it was before its training.
        checkpoint: Path of the weights to evaluate; None for the untrained network.
        work_dir: Folder in which a folder of the log is made; by default that of the training,
            of which nothing is changed.
        seed: Replaces the config's ``randomness.seed``.
        data_root: Replaces ``test_dataloader.dataset.data_root``, or that of ``val_dataloader``
            where the config has no other.
        trust_checkpoint: Whether the checkpoint may run code.
        cfg_options: ``key=value`` options.
        launcher: How this process was started: ``none``, ``pytorch``, ``slurm`` or ``mpi``.

    Returns:
        The metrics by name, None where the data have no annotation to score by; those of the
        untrained network are prefixed with ``untrained/``.

    Raises:
        UserError: The config, the checkpoint or the data do not fit.
    """
    cfg = load_config(config, cfg_options)
    check_values(cfg)
    _fall_back_on_validation(cfg, config)
    use_data_root(cfg, data_root, ("test_dataloader",))
    cfg.work_dir = work_dir or cfg.get("work_dir") or default_work_dir(config)
    frozen = _trains_nothing(cfg)
    if frozen and checkpoint:
        cfg.model.pretrained, checkpoint = checkpoint, None
    cfg.load_from, cfg.resume = checkpoint or cfg.get("load_from"), False
    set_randomness(cfg, seed, deterministic=False)
    set_up_processes(cfg, launcher)
    runner = None
    with trusted_checkpoints(trust_checkpoint):
        try:
            with removed_on_failure(cfg.work_dir):
                runner = build_runner(cfg)
                with input_errors(f"{cfg.filename}"):
                    metrics_of_test = runner.test_loop.evaluator.metrics
                    check_labels(runner.test_dataloader.dataset, metrics_of_test)
                store_config(runner, replace=False)
            _log_often(runner)
            if cfg.load_from is None:
                _initialize(runner, warn=not frozen)
            elif judges_classes(metrics_of_test):
                _compare_classes(runner, cfg.load_from)
            with explained_stops(runner):
                metrics = runner.test()
                if cfg.get("compare_untrained") and cfg.load_from:
                    metrics |= _compare_with_untrained(runner, cfg.load_from, metrics)
        finally:
            leave_processes(runner)
    values = ", ".join(
        f"{name} {'none' if value is None else f'{value:.2f}'}" for name, value in metrics.items()
    )
    runner.logger.info(f"{_subject(cfg, frozen)}: {values}")
    return metrics


def _fall_back_on_validation(cfg: Config, config: str) -> None:
    """Evaluate as the validation does where the config has no test of its own."""
    for part in ("dataloader", "cfg", "evaluator"):
        cfg[f"test_{part}"] = cfg.get(f"test_{part}") or cfg.get(f"val_{part}")
        if cfg[f"test_{part}"] is None:
            raise UserError(f"{config} describes no evaluation: it has no test_{part}.")
    # A validation loop of a training is the plain one of a test.
    cfg.test_cfg.type = cfg.test_cfg.get("type", "TestLoop").replace("ValLoop", "TestLoop")


def _trains_nothing(cfg: Config) -> bool:
    """Whether the model is a protocol that judges the backbone of any checkpoint as it is."""
    kind = cfg.model.type
    if cfg.get("default_scope", SCOPE) != SCOPE and "." not in str(kind):
        return False  # a detector or segmenter
    with input_errors(f"{cfg.filename}"):
        model = MODELS.get(kind) if isinstance(kind, str) else kind
    return not getattr(model, "trains", True)


def _subject(cfg: Config, frozen: bool) -> str:
    """Return how the log calls what was evaluated."""
    if frozen:
        return cfg.load_from or cfg.model.get("pretrained") or "without weights"
    return cfg.load_from or "the untrained network"


def _initialize(runner: Runner, warn: bool) -> None:
    """Initialize the weights, which the Runner does for training only."""
    if warn:
        runner.logger.warning("No checkpoint given: this is the UNTRAINED network.")
    model = runner.model.module if is_model_wrapper(runner.model) else runner.model
    model.init_weights()


def _compare_classes(runner: Runner, checkpoint: str) -> None:
    """Refuse a checkpoint whose classifier was trained on other classes than those of the test."""
    trained = dict(classes=Checkpoint.read(checkpoint).classes)
    tested = runner.test_dataloader.dataset.metainfo
    refuse_other_classes(trained, tested, f"{checkpoint} was trained on")


def _compare_with_untrained(
    runner: Runner, checkpoint: str, metrics: dict[str, float]
) -> dict[str, float]:
    """Log the metrics beside those of the untrained network, and return the latter, prefixed."""
    descriptions = [
        metric.description
        for metric in runner.test_loop.evaluator.metrics
        if getattr(metric, "description", "")
    ]
    untrained = _test_untrained(runner)
    table = "\n".join([comparison(metrics, untrained), *descriptions])
    runner.logger.info(f"{checkpoint}:\n{table}")
    return {f"untrained/{name}": value for name, value in untrained.items() if not _is_raw(name)}


def _log_often(runner: Runner) -> None:
    """Log ten times at least, since an iteration may be a whole video."""
    for hook in runner.hooks:
        if isinstance(hook, LoggerHook):
            hook.interval = min(hook.interval, max(len(runner.test_dataloader) // 10, 1))


def comparison(trained: dict[str, float], untrained: dict[str, float]) -> str:
    """Return a Markdown table of metrics, those of the untrained network, and of raw features.

    Args:
        trained: Metrics by name; ``part/raw_name`` is ``part/name`` of raw features.
        untrained: The metrics of the untrained network.
    """
    rows = ["| | trained | untrained | raw features |", "|---|---|---|---|"]
    for name in (name for name in trained if not _is_raw(name)):
        part, _, own = name.rpartition("/")
        values = (trained[name], untrained.get(name), trained.get(f"{part}/raw_{own}"))
        cells = ["" if value is None else f"{value:.2f}" for value in values]
        rows.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(rows)


def _is_raw(name: str) -> bool:
    return name.rpartition("/")[2].startswith("raw_")


def _test_untrained(runner: Runner) -> dict[str, float]:
    """Return the metrics of the run's network as it was before its training."""
    runner.logger.info("The same for the untrained network:")
    # MMEngine writes the metrics of each test into the same file; the checkpoint's are to stay.
    record = Path(runner.log_dir, f"{runner.timestamp}.json")
    written = record.read_text() if is_main_process() and record.is_file() else None
    set_random_seed(runner.seed)
    trained, fresh = runner.model, runner.build_model(runner.cfg.model)
    fresh.init_weights()
    runner.model = runner.wrap_model(runner.cfg.get("model_wrapper_cfg"), fresh)
    try:
        return runner.test_loop.run()
    finally:
        runner.model = trained
        if written is not None:
            write_atomically(written.encode(), record)
