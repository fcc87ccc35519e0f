"""The length of a training in its config: that of the loop and those of the schedules."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from mmengine.config import Config
from mmengine.runner import Runner

from mmcontrast.utils.errors import UserError

_SPANS = ("T_max", "total_steps")  # numbers of steps, counted from the schedule's begin
_STEPS = ("milestones", "restarts")  # steps, counted in the same way
_OPEN = (*_STEPS, "step_size", "gamma", "patience")  # of schedules that have no length of their own
_WARM_UPS = ("Linear", "Constant")


@dataclass(frozen=True)
class Loop:
    """Length of a training loop.

    Attributes:
        key: ``'max_epochs'`` or ``'max_iters'``: what the loop counts.
        length: Number of epochs or iterations.
        epoch_length: Number of iterations of an epoch; ``None`` before the data are there.
    """

    key: str
    length: int
    epoch_length: int | None = None

    @classmethod
    def of(cls, cfg: Config) -> "Loop | None":
        """Read the length of a config's loop; ``None`` if it has neither epochs nor iterations."""
        train_cfg = cfg.train_cfg
        keys = [key for key in ("max_epochs", "max_iters") if train_cfg.get(key) is not None]
        if len(keys) == 2:
            by_epoch = train_cfg.get("by_epoch", "IterBased" not in str(train_cfg.get("type")))
            keys = ["max_epochs" if by_epoch else "max_iters"]
        return cls(keys[0], train_cfg[keys[0]]) if keys else None

    @property
    def by_epoch(self) -> bool:
        """Whether the loop counts epochs."""
        return self.key == "max_epochs"

    def steps(self, schedule: dict[str, Any]) -> float | None:
        """Length in the unit of a schedule's settings; ``None`` if it needs ``epoch_length``."""
        by_epoch = schedule.get("by_epoch", True)
        if by_epoch == self.by_epoch:
            return self.length
        if self.epoch_length is None:
            return None
        return self.length / self.epoch_length if by_epoch else self.length * self.epoch_length

    def __str__(self) -> str:
        return f"train_cfg.{self.key}={self.length}"


def set_length(cfg: Config, epochs: int | None, iters: int | None) -> str:
    """Set the length of the loop, and of every schedule and interval that had the loop's length.

    Milestones, restarts and stages move in proportion; warm-ups keep their length. Schedules in
    another unit than the loop's are left to :func:`fit_schedules`.

    Args:
        cfg: The config, which is changed.
        epochs: Number of epochs, for a loop that counts epochs.
        iters: Number of iterations, for a loop that counts iterations.

    Returns:
        What was changed.

    Raises:
        UserError: The loop counts something else, or a warm-up leaves nothing of the length.
    """
    old = Loop.of(cfg)
    if old is None:
        raise UserError(f"{cfg.filename}: train_cfg has neither max_epochs nor max_iters to set.")
    length, other = (epochs, iters) if old.by_epoch else (iters, epochs)
    option = "--epochs" if old.by_epoch else "--iters"
    if length is None or other is not None:
        unit = "epochs" if old.by_epoch else "iterations"
        raise UserError(f"The training counts {unit} ({old}): set its length with {option}.")
    if length < 1:
        raise UserError(f"{option} takes a positive number, got {length}.")
    new = replace(old, length=length)
    changes = [_set(cfg.train_cfg, old.key, length, "train_cfg")]
    if cfg.train_cfg.get("val_interval") == old.length:
        changes.append(_set(cfg.train_cfg, "val_interval", length, "train_cfg"))
    changes += _fit_schedules(cfg, old, new)
    changes += _fit_hooks(cfg, old, new)
    return f"{option} {length}: {', '.join(changes)}."


def fit_schedules(runner: Runner, former: Loop | None) -> None:
    """Fit schedules that count iterations in a loop of epochs, or epochs in one of iterations.

    Args:
        runner: The runner with its loop, whose schedules are not built yet.
        former: Length of the loop before :func:`set_length`.
    """
    if former is None or former == Loop.of(runner.cfg):
        return
    loop = replace(
        former, length=runner.cfg.train_cfg[former.key], epoch_length=_epoch_length(runner)
    )
    old = replace(former, epoch_length=loop.epoch_length)
    changes = set_other_units(runner.cfg, old, loop)
    if changes:
        runner.param_schedulers = runner.cfg.param_scheduler
        runner.logger.info(f"{loop}: {', '.join(changes)}.")


def set_other_units(cfg: Config, old: Loop, new: Loop) -> list[str]:
    """Change the schedules of a config that count in another unit than its loop.

    Args:
        cfg: The config, which is changed.
        old: The loop's former length, with ``epoch_length``.
        new: Its present length, with ``epoch_length``.

    Returns:
        What was changed.
    """
    return _fit_schedules(cfg, old, new, other_units=True)


def warn_of_lengths(runner: Runner) -> None:
    """Log a warning for each schedule that disagrees with the loop."""
    loop = Loop.of(runner.cfg)
    if loop is None:
        return
    for statement in disagreements(runner.cfg, replace(loop, epoch_length=_epoch_length(runner))):
        runner.logger.warning(
            f"{statement} --{'epochs' if loop.by_epoch else 'iters'} N, in place of "
            f"train_cfg.{loop.key}=N, sets both."
        )


def _epoch_length(runner: Runner) -> int | None:
    return len(runner.train_dataloader) or None


def _fit_schedules(cfg: Config, old: Loop, new: Loop, other_units: bool = False) -> list[str]:
    changes = []
    for path, schedule in _schedules(cfg.get("param_scheduler")):
        before, after = old.steps(schedule), new.steps(schedule)
        is_other = schedule.get("by_epoch", True) != old.by_epoch
        if is_other == other_units and before is not None and after is not None:
            changes += _fit(schedule, path, before, after)
    return changes


def _fit(schedule: dict[str, Any], path: str, old: float, new: float) -> list[str]:
    """Change a schedule of a loop of ``old`` steps to one of ``new`` steps."""
    begin = schedule.get("begin", 0)
    values: dict[str, Any] = {}
    for name in _SPANS:
        span = schedule.get(name) or 0
        if span and _same(begin + span, old):
            values[name] = _whole(new - begin)
        elif _same(span, old):
            values[name] = _whole(new)
    if _same(schedule.get("end", 0), old):
        values["end"] = _whole(new)
    if old > begin:
        values |= _fit_parts(schedule, begin, old, new)
    if values and begin >= new:
        raise UserError(
            f"{path}.begin={begin} leaves nothing of a training of {new:g}: shorten what comes "
            "before it as well."
        )
    return [_set(schedule, name, value, path) for name, value in values.items()]


def _fit_parts(schedule: dict[str, Any], begin: float, old: float, new: float) -> dict[str, Any]:
    """Return periods, milestones, restarts and decays in proportion, where they were the loop's."""
    values: dict[str, Any] = {}
    ratio = (new - begin) / (old - begin)
    if _same(begin + sum(schedule.get("periods", ())), old):
        values["periods"] = _in_proportion(schedule["periods"], ratio)
    if not _same(schedule.get("end", old), old):
        return values
    for name in _STEPS:
        if schedule.get(name):
            values[name] = [max(1, round(step * ratio)) for step in schedule[name]]
    if "Exponential" in str(schedule.get("type")) and _decays_by_tens(schedule["gamma"], old):
        values["gamma"] = schedule["gamma"] ** (old / new)
    return values


def _decays_by_tens(gamma: float, steps: float) -> bool:
    """Whether a decay over all steps is by 10, 100, ..., and thus was chosen for their number."""
    tens = -steps * math.log10(gamma)
    return round(tens) > 0 and abs(tens - round(tens)) < 1e-3


def _fit_hooks(cfg: Config, old: Loop, new: Loop) -> list[str]:
    """Change the stages of a training, and an interval of checkpoints as long as all of it."""
    changes = []
    named = [(f"default_hooks.{key}", hook) for key, hook in cfg.get("default_hooks", {}).items()]
    listed = [(f"custom_hooks.{i}", hook) for i, hook in enumerate(cfg.get("custom_hooks") or [])]
    for path, hook in named + listed:
        kind = str((hook or {}).get("type"))
        if kind.endswith("StageHook") and old.by_epoch:
            begins = [max(1, round(begin * new.length / old.length)) for begin in hook["begins"]]
            changes.append(_set(hook, "begins", begins, path))
        elif (
            kind.endswith("CheckpointHook")
            and hook.get("interval") == old.length
            and hook.get("by_epoch", True) == old.by_epoch
        ):
            changes.append(_set(hook, "interval", new.length, path))
    return changes


def disagreements(cfg: Config, loop: Loop) -> list[str]:
    """Compare the schedules of a config with the length of its loop.

    Args:
        cfg: The config.
        loop: The loop's length, with ``epoch_length``.

    Returns:
        One statement for each schedule that ends before or after the loop, with both lengths.
    """
    statements = []
    last: dict[str, tuple[float, str]] = {}  # by parameter; infinite for a schedule without end
    for path, schedule in _schedules(cfg.get("param_scheduler")):
        length = loop.steps(schedule)
        if length is None:
            continue
        if _counts_epochs_in_vain(schedule, loop):
            statements.append(
                f"{path} counts epochs, but {loop} counts iterations: it would never take a step. "
                "Set by_epoch=False, or convert_to_iter_based=True."
            )
            continue
        late = [option for option, stop in _stops(schedule) if stop > length and option]
        statements += [
            f"{path}.{option}={schedule[option]} reaches beyond {_length(loop, schedule)}: the "
            "schedule does not come to its end."
            for option in late
        ]
        parameter = path.rpartition(".")[0] + ("m" if "Momentum" in str(schedule["type"]) else "")
        option, stop = _end(schedule)
        if not option or not str(schedule["type"]).startswith(_WARM_UPS):
            statement = (
                f"{path}.{option}={schedule.get(option)} ends before {_length(loop, schedule)}: "
                "the training goes on after its schedule."
            )
            share = stop / length
            last[parameter] = max(last.get(parameter, (0.0, "")), (share, statement))
    statements += [text for share, text in last.values() if share < 1 and not _same(share, 1)]
    return statements


def _counts_epochs_in_vain(schedule: dict[str, Any], loop: Loop) -> bool:
    converted = schedule.get("convert_to_iter_based", False)
    return schedule.get("by_epoch", True) and not loop.by_epoch and not converted


def _end(schedule: dict[str, Any]) -> tuple[str, float]:
    """Return the option that says when a schedule ends, and the step; ('', inf) if none does."""
    begin = schedule.get("begin", 0)
    for name in _SPANS:
        if schedule.get(name):
            return name, begin + schedule[name]
    if "periods" in schedule:
        return "periods", begin + sum(schedule["periods"])
    if "end" in schedule and not any(name in schedule for name in _OPEN):
        return "end", schedule["end"]
    return "", math.inf


def _stops(schedule: dict[str, Any]) -> Iterator[tuple[str, float]]:
    """Yield options and the steps that a training has to reach for them to take effect."""
    option, stop = _end(schedule)
    if option:
        yield option, stop
    for name in _STEPS:
        if schedule.get(name):
            yield name, schedule.get("begin", 0) + max(schedule[name])


def _length(loop: Loop, schedule: dict[str, Any]) -> str:
    """Describe the length of the loop in the unit of a schedule."""
    by_epoch = schedule.get("by_epoch", True)
    if by_epoch == loop.by_epoch:
        return str(loop)
    return f"{loop} ({loop.steps(schedule):g} {'epochs' if by_epoch else 'iterations'})"


def _schedules(settings: Any, path: str = "param_scheduler") -> Iterator[tuple[str, Any]]:
    """Yield the schedules of ``param_scheduler``: one, a list, or such for each optimizer."""
    if isinstance(settings, dict):
        if "type" in settings:
            yield path, settings
        else:
            for name, part in settings.items():
                yield from _schedules(part, f"{path}.{name}")
    elif isinstance(settings, list | tuple):
        for number, part in enumerate(settings):
            yield from _schedules(part, f"{path}.{number}")


def _in_proportion(periods: list[int], ratio: float) -> list[int]:
    """Scale periods; their ends are rounded, so that their sum is right."""
    ends = [round(sum(periods[: i + 1]) * ratio) for i in range(len(periods))]
    return [end - begin for begin, end in zip([0, *ends], ends, strict=False)]


def _set(settings: dict[str, Any], name: str, value: Any, path: str) -> str:
    change = f"{path}.{name} {_show(settings[name])} -> {_show(value)}"
    settings[name] = value
    return change


def _show(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _whole(value: float) -> float:
    return round(value) if _same(value, round(value)) else value


def _same(a: float, b: float) -> bool:
    return math.isclose(a, b, rel_tol=1e-9)
