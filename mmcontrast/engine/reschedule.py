"""Schedules of a resumed run whose settings were changed.

MMEngine restores a schedule with all its settings: a run of 2 epochs that is resumed for 4 would
keep the learning rate of its last epoch. Here the new schedule holds from where the run stands.
"""

import copy
from types import SimpleNamespace
from typing import Any

from mmengine.optim import _ParamScheduler
from mmengine.runner import Runner

# What a step changes; all else are settings.
_PROGRESS = {"last_step", "_global_step", "_last_value", "verbose"}


class FreshSchedules:
    """Schedules as a config describes them, before those of a checkpoint are restored.

    Args:
        runner: The runner, whose schedules are built and have taken no step.
        checkpoint: The checkpoint that is about to be restored.
    """

    def __init__(self, runner: Runner, checkpoint: dict[str, Any]):
        saved = checkpoint.get("param_schedulers") or []
        self._parts = {}
        for name, schedulers in _by_optimizer(runner).items():
            states = saved.get(name, []) if isinstance(saved, dict) else saved
            changes = _changes(schedulers, states)
            self._parts[name] = (_detached(schedulers), changes)

    def hold(self, runner: Runner, moved: bool) -> None:
        """Let schedules whose settings differ from the checkpoint's hold from the present step.

        Learning rates and momenta are those after as many steps of the new schedule. Schedules that
        wait for a metric cannot be repeated, and stay as they were.

        Args:
            runner: The runner, with the checkpoint restored.
            moved: Whether the number of the present iteration differs from the checkpoint's, so
                that unchanged schedules have to take another number of steps as well.
        """
        for name, schedulers in _by_optimizer(runner).items():
            fresh, changes = self._parts[name]
            if not (changes or moved):
                continue
            if any(getattr(scheduler, "need_val_args", False) for scheduler in schedulers):
                runner.logger.warning(
                    f"The schedule differs from the checkpoint's ({', '.join(changes)}), but one "
                    "that waits for a metric keeps what the checkpoint holds."
                )
                continue
            _take_steps(fresh, runner)
            groups = schedulers[0].optimizer.param_groups
            names = {scheduler.param_name for scheduler in schedulers}
            before = {key: groups[0][key] for key in sorted(names)}
            _copy_values(fresh[0].optimizer.param_groups, groups, names)
            for scheduler, new in zip(schedulers, fresh, strict=True):
                optimizer = scheduler.optimizer
                vars(scheduler).clear()
                vars(scheduler).update(vars(new), optimizer=optimizer)
            if changes:
                values = ", ".join(
                    f"{key} {groups[0][key]:.4g} (the checkpoint's: {value:.4g})"
                    for key, value in before.items()
                )
                runner.logger.warning(
                    f"The schedule differs from the checkpoint's: {', '.join(changes)}. The new "
                    f"one holds from epoch {runner.epoch}, iteration {runner.iter} on: {values}."
                )


def _by_optimizer(runner: Runner) -> dict[str, list[_ParamScheduler]]:
    """Return the schedules of each optimizer that has any; '' is the only optimizer."""
    schedulers = runner.param_schedulers
    parts = schedulers if isinstance(schedulers, dict) else {"": schedulers}
    return {
        name: part
        for name, part in parts.items()
        if part and isinstance(part, list) and isinstance(part[0], _ParamScheduler)
    }


def _changes(schedulers: list[_ParamScheduler], states: list[dict[str, Any]]) -> list[str]:
    """List the settings that differ from those of a checkpoint."""
    if len(schedulers) != len(states):
        return [f"{len(states)} schedules -> {len(schedulers)}"]
    changes = []
    for scheduler, state in zip(schedulers, states, strict=True):
        new, old = (
            {key: value for key, value in settings.items() if _is_setting(key, value)}
            for settings in (scheduler.state_dict(), state)
        )
        keys = [key for key in {**old, **new} if old.get(key) != new.get(key)]
        changes += [
            f"{type(scheduler).__name__}.{key} {_show(old.get(key))} -> {_show(new.get(key))}"
            for key in keys
        ]
    return changes


def _is_setting(key: str, value: Any) -> bool:
    return key not in _PROGRESS and not callable(value)


def _show(value: Any) -> str:
    """Shorten a list of base values, one for each group of parameters."""
    if isinstance(value, list) and len(set(map(str, value))) == 1:
        value = value[0]
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _detached(schedulers: list[_ParamScheduler]) -> list[_ParamScheduler]:
    """Copy schedules that share an optimizer, for a stand-in that has its settings alone."""
    optimizer = schedulers[0].optimizer
    groups = [
        {key: copy.deepcopy(value) for key, value in group.items() if key != "params"}
        for group in optimizer.param_groups
    ]
    # MMEngine warns where a schedule takes a step and its optimizer took none.
    step = SimpleNamespace(_with_counter=True)
    stand_in = SimpleNamespace(param_groups=groups, step=step, _global_step=1)
    copies = []
    for scheduler in schedulers:
        copied = copy.copy(scheduler)
        vars(copied).update(copy.deepcopy(scheduler.state_dict()), optimizer=stand_in)
        copies.append(copied)
    return copies


def _take_steps(schedulers: list[_ParamScheduler], runner: Runner) -> None:
    """Take the steps of all epochs and iterations that are done, in the order of a training."""
    by_epoch = [scheduler for scheduler in schedulers if scheduler.by_epoch]
    by_iter = [scheduler for scheduler in schedulers if not scheduler.by_epoch]
    epoch_length = len(runner.train_dataloader)
    for _ in range(runner.epoch):
        _step(by_iter, epoch_length)
        _step(by_epoch, 1)
    _step(by_iter, runner.iter - runner.epoch * epoch_length)


def _step(schedulers: list[_ParamScheduler], times: int) -> None:
    for _ in range(times if schedulers else 0):
        for scheduler in schedulers:
            scheduler.step()


def _copy_values(source: list[dict], groups: list[dict], names: set[str]) -> None:
    """Copy the values of the scheduled parameters, their initial ones and Adam's betas."""
    for new, group in zip(source, groups, strict=True):
        for key, value in new.items():
            if any(key.endswith(name) for name in names) or (
                key == "betas" and "momentum" in names
            ):
                group[key] = value
